"""Whose signature a run bears: whether it holds, whose key it is here, and what that may seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.errors import BadKey
from evidence.findings import Finding
from evidence.inventory import ATTESTATION_NAME, SIGNER_NAME
from evidence.keys import local_fingerprint
from evidence.public_keys import fingerprint, load_public_key, public_pem, signature_holds
from evidence.run_files import RunFiles, read_start
from evidence.statement import PAYLOAD_TYPE, Attestation, pre_authentication_encoding
from evidence.trusted_keys import (
    CertifiedIdentity,
    entries_for,
    permission_problem,
    trusted_keys,
    unknown_keys_are_refused,
)
from evidence.verification import Signer, Trust
from evidence.vouchers import Vouchers

_LARGEST_KEY_BYTES = 2**14


@dataclass(frozen=True)
class SignatureJudgement:
    """What is wrong with a signature; by whom it is, when it holds; what a reader should know."""

    findings: tuple[Finding, ...]
    signer: Signer | None = None
    notes: tuple[str, ...] = ()


def judge_signature(
    files: RunFiles,
    there: Mapping[str, str],
    attestation: Attestation,
    *,
    expected: str | None,
    vouchers: Vouchers,
    config_dir: Path | None,
) -> SignatureJudgement:
    """Check the signature with the key that lies beside it, and that key with what is known here.

    `there` has the digest of each file; `expected` is the fingerprint of the one key that is
    accepted, None for any; `vouchers` say whose it is and when it signed.
    """
    findings, key = _signature_findings(files, there, attestation)
    if expected is not None and key != expected.lower():
        detail = f"signed by {key or 'no usable key'}; expected {expected.lower()}"
        findings.append(Finding(kind="signer", path=SIGNER_NAME, detail=detail))
    if key is None:
        return SignatureJudgement(tuple(findings))
    findings += _permission_findings(key, attestation, vouchers, config_dir)
    signer, notes = _identify(key, attestation, vouchers.identity, config_dir)
    return SignatureJudgement(tuple(findings), signer, notes)


def _signature_findings(
    files: RunFiles, there: Mapping[str, str], attestation: Attestation
) -> tuple[list[Finding], str | None]:
    """What is wrong with the signature, and the fingerprint of the key that it was checked with."""
    if SIGNER_NAME not in there:
        detail = "the signer's public key is missing, so the signature cannot be checked"
        return [Finding(kind="signature", path=SIGNER_NAME, detail=detail)], None
    pem = read_start(files, SIGNER_NAME, _LARGEST_KEY_BYTES)
    try:
        key = load_public_key(pem, SIGNER_NAME)
    except BadKey as error:
        return [Finding(kind="signature", path=SIGNER_NAME, detail=str(error))], None
    found = []
    message = pre_authentication_encoding(PAYLOAD_TYPE, attestation.payload)
    if not signature_holds(key, attestation.signature, message):
        detail = f"the signature is not one by the key in {SIGNER_NAME} over this statement"
        found.append(Finding(kind="signature", path=ATTESTATION_NAME, detail=detail))
    if pem != public_pem(key):
        detail = "this key is not in the form in which it was sealed"
        found.append(Finding(kind="signature", path=SIGNER_NAME, detail=detail))
    return found, None if found else fingerprint(key)


def _permission_findings(
    key: str, attestation: Attestation, vouchers: Vouchers, config_dir: Path | None
) -> Iterator[Finding]:
    """What the key may not seal; one that is unknown here is refused only where that is asked."""
    trusted, said = trusted_keys(config_dir), attestation.predicate
    judged = unknown_keys_are_refused() or entries_for(trusted, key, vouchers.identity)
    if judged and (
        problem := permission_problem(
            trusted,
            key,
            kind=said.kind,
            target=said.target,
            mode=said.mode,
            when=vouchers.time_stamp.time if vouchers.time_stamp else said.finished or said.started,
            identity=vouchers.identity,
        )
    ):
        yield Finding(kind="signer", path=SIGNER_NAME, detail=problem)


def _identify(
    key: str,
    attestation: Attestation,
    identity: CertifiedIdentity | None,
    config_dir: Path | None,
) -> tuple[Signer, tuple[str, ...]]:
    local = local_fingerprint(config_dir)
    entries = entries_for(trusted_keys(config_dir), key, identity)
    notes: tuple[str, ...] = ()
    trust: Trust
    if key == local:
        trust, whose = "local", "the key that signs on this machine; identity not verified"
    elif entries:
        trust, whose = "trusted", f"trusted here as {entries[0].whose}"
    elif identity is not None:
        trust = "certified"
        whose = f"certified by Sigstore for {identity.name}, vouched for by {identity.issuer}"
        notes = (
            "anyone can be certified for a job of their own: write the identity that may seal "
            "into trusted-keys",
        )
    else:
        trust, whose = "unknown", "a key that is not known here"
        notes = (
            "whoever sealed this run could also have made it anew: compare the fingerprint with "
            "one that its signer gave you another way, or pass it as --signer",
        )
    if local is not None and key != local and identity is None:
        notes = (f"the key that signs on this machine is another one: {local}", *notes)
    said = attestation.predicate.signed_with.label
    return Signer(
        fingerprint=key, trust=trust, whose=whose, signed_with=said, identity=identity
    ), notes
