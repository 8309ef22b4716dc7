"""Check a sealed run against its own seal: every finding, each in one sentence.

Integrity needs nothing but the run. Who sealed it is another question: the run brings its
signer's public key along, and only someone who knows that key can answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from evidence.errors import EvidenceError
from evidence.findings import Finding, file_findings, record_findings, signature_findings
from evidence.inventory import (
    ATTESTATION_NAME,
    JOURNAL_NAME,
    SIGNER_NAME,
    digests_of,
    one_line,
    take_inventory,
)
from evidence.keys import local_fingerprint, trusted_keys
from evidence.models import Frozen, Mode, Verdict
from evidence.statement import Attestation, MalformedAttestation, read_attestation

Trust = Literal["local", "trusted", "unknown"]


class Signer(Frozen):
    """Whose key the signature is by, as far as this machine knows.

    `local` is the key that signs here, `trusted` one of the trusted-keys file, `whose` what
    that file says. `signed_with` is the signer's own word and proves nothing.
    """

    fingerprint: str
    trust: Trust
    whose: str
    signed_with: str


class Verification(Frozen):
    """What verifying found. Verdict, mode, digest and signer are None when not even read."""

    path: Path
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    signer: Signer | None = None
    verdict: Verdict | None = None
    mode: Mode | None = None
    run_id: str | None = None
    digest: str | None = None

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.findings


def verify(
    path: Path,
    *,
    require_mode: Mode | None = None,
    signer: str | None = None,
    config_dir: Path | None = None,
) -> Verification:
    """Check the sealed run in the directory `path`.

    `require_mode` refuses the other mode; `signer` refuses every key but the one of that
    fingerprint (SHA-256 hex of its DER form). Raises EvidenceError when `path` is no
    directory of a run that was sealed.
    """
    if not path.is_dir():
        raise EvidenceError(f"{path} is not a directory; name the directory of one run.")
    inventory = take_inventory(path)
    if ATTESTATION_NAME not in inventory.files:
        if JOURNAL_NAME in inventory.files:
            raise EvidenceError(f"{path} is not sealed: it has no {ATTESTATION_NAME}.")
        raise EvidenceError(f"{path} holds no run: it has no {ATTESTATION_NAME}.")
    there = digests_of(path, (name for name in inventory.files if name != ATTESTATION_NAME))
    try:
        attestation = read_attestation((path / ATTESTATION_NAME).read_bytes())
    except MalformedAttestation as error:
        unreadable = Finding(kind="attestation", path=ATTESTATION_NAME, detail=str(error))
        return Verification(path=path, findings=(unreadable, *record_findings(path, there, None)))
    predicate = attestation.predicate
    findings, key = signature_findings(path, there, attestation)
    if signer is not None and key != signer.lower():
        detail = f"signed by {key or 'no usable key'}; expected {signer.lower()}"
        findings.append(Finding(kind="signer", path=SIGNER_NAME, detail=detail))
    if require_mode is not None and predicate.mode != require_mode:
        detail = f"this evidence is {predicate.mode}; {require_mode} was asked for"
        findings.append(Finding(kind="mode", path=None, detail=detail))
    findings += file_findings(path, inventory, there, attestation)
    findings += record_findings(path, there, attestation)
    whose, notes = _identify(key, attestation, config_dir) if key else (None, ())
    return Verification(
        path=path,
        findings=tuple(findings),
        notes=notes,
        signer=whose,
        verdict=predicate.verdict,
        mode=predicate.mode,
        run_id=f"{predicate.kind}/{predicate.timestamp}",
        digest=attestation.digest,
    )


def verify_and_tell(
    path: Path,
    *,
    require: str | None = None,
    signer: str | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Verify a run for a person at the terminal; returns the exit code: 1 on any finding."""
    modes: dict[str | None, Mode | None] = {None: None, "live": "live", "embedded": "embedded"}
    if require not in modes:
        raise EvidenceError(f"--require takes live or embedded, not {require}.")
    result = verify(path, require_mode=modes[require], signer=signer)
    for line in describe(result):
        say(line)
    return 0 if result.ok else 1


def describe(result: Verification) -> Iterator[str]:
    """The result in lines for a terminal; nothing of the run can break or colour one."""
    return map(one_line, _lines(result))


def _lines(result: Verification) -> Iterator[str]:
    for finding in result.findings:
        place = f"{finding.path}: " if finding.path else ""
        yield f"✕ {finding.kind:<11} {place}{finding.detail}"
    if result.signer is not None:
        yield f"signer   {result.signer.fingerprint}"
        yield f"         {result.signer.whose}"
    for note in result.notes:
        yield f"note     {note}"
    if result.run_id is not None:
        drawn = "sealed as" if result.ok else "claims to be"
        embedded = " (simulated, not live)" if result.mode == "embedded" else ""
        yield f"{result.run_id}: {drawn} {result.verdict}, {result.mode}{embedded}"
    count = len(result.findings)
    plural = "" if count == 1 else "s"
    yield "unchanged since it was sealed" if result.ok else f"NOT VERIFIED: {count} finding{plural}"


def _identify(
    key_fingerprint: str, attestation: Attestation, config_dir: Path | None
) -> tuple[Signer, tuple[str, ...]]:
    local = local_fingerprint(config_dir)
    trusted = trusted_keys(config_dir)
    notes: tuple[str, ...] = ()
    trust: Trust
    if key_fingerprint == local:
        trust, whose = "local", "the key that signs on this machine; identity not verified"
    elif key_fingerprint in trusted:
        trust, whose = "trusted", f"trusted here as {trusted[key_fingerprint]}"
    else:
        trust, whose = "unknown", "a key that is not known here"
        notes = (
            "whoever sealed this run could also have made it anew: compare the fingerprint with "
            "one that its signer gave you another way, or pass it as --signer",
        )
    if local is not None and key_fingerprint != local:
        notes = (f"the key that signs on this machine is another one: {local}", *notes)
    said = attestation.predicate.signed_with
    return Signer(fingerprint=key_fingerprint, trust=trust, whose=whose, signed_with=said), notes
