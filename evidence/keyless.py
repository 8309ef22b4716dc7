"""Sign with the identity of a CI job, which Sigstore certifies: no key has to be kept.

A key is made for the run alone and signs the attestation as any other does. The same statement
is signed once more through Sigstore: Fulcio certifies whose job it was, Rekor logs it for
everyone to see, and the bundle of both lies beside the attestation as `attestation.sigstore.json`.
The public instance is used, or the one that $HOTPASS_SIGSTORE_TRUST_CONFIG describes: a client
trust configuration as sigstore's own command line takes it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.configuration import KEYLESS
from evidence.errors import BadKey, MissingPackage
from evidence.key_services import told_by
from evidence.private_keys import PrivateKey
from evidence.trusted_keys import CertifiedIdentity

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken

TRUST_CONFIG_VARIABLE = "HOTPASS_SIGSTORE_TRUST_CONFIG"
# The extension of Fulcio's certificates that names who vouched for the identity.
_ISSUER_EXTENSION = "1.3.6.1.4.1.57264.1.8"


@dataclass(frozen=True)
class KeylessKey:
    """A key of this run alone, and whose job it is as the CI said when it was opened."""

    own: PrivateKey
    identity: str
    issuer: str

    @property
    def label(self) -> str:
        """What is sealed of it; the bundle beside the attestation is what proves it."""
        return f"key of this run alone, certified for {self.identity} by {self.issuer}"

    @property
    def source(self) -> str:
        """Where it came from."""
        return KEYLESS

    @property
    def public_pem(self) -> bytes:
        """The public key as the PEM file that is sealed with the run."""
        return self.own.public_pem

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the public key in DER form."""
        return self.own.fingerprint

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature over SHA-256, DER."""
        return self.own.sign(message)

    def certify(self, statement: bytes) -> bytes:
        """The Sigstore bundle around the statement, JSON.

        Asks the CI for a fresh token, for those end within minutes. Raises BadKey when Sigstore
        cannot be reached or refuses; there is no other key to fall back on.
        """
        from sigstore.dsse import Statement
        from sigstore.sign import SigningContext

        token = _identity_token()
        if (token.identity, token.issuer) != (self.identity, self.issuer):
            raise BadKey(f"the CI identity changed during the run: it is now {token.identity}.")
        try:
            context = SigningContext.from_trust_config(_trust_config(offline=False))
            with context.signer(token) as signer:
                return signer.sign_dsse(Statement(statement)).to_json().encode()
        except BadKey:
            raise
        except Exception as error:
            raise BadKey(
                f"Sigstore did not certify the run: {told_by(error)} Seal it again when Sigstore "
                "can be reached, or name a key."
            ) from None


def open_keyless_key() -> KeylessKey:
    """A key for one run of this CI job.

    Raises BadKey where no CI identity is present, MissingPackage where Sigstore's is not.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    token = _identity_token()
    own = PrivateKey(generate_private_key(SECP256R1()), "key of this run alone", KEYLESS)
    return KeylessKey(own, token.identity, token.issuer)


def certified_identity(bundle: bytes, statement: bytes) -> CertifiedIdentity:
    """Whom a bundle certifies to have signed the statement; no network is needed.

    Raises BadKey when it certifies nobody or something else, MissingPackage where that
    cannot be told.
    """
    try:
        from sigstore.models import Bundle
        from sigstore.verify import Verifier
    except ImportError:
        raise MissingPackage("a CI identity", "keyless") from None
    try:
        read = Bundle.from_json(bundle)
        verifier = Verifier(trusted_root=_trust_config(offline=True).trusted_root)
        kind, payload = verifier.verify_dsse(read, _AnyIdentity())
        identity = _identity_in(read.signing_certificate)
    except BadKey:
        raise
    except Exception as error:
        raise BadKey(f"Sigstore's bundle certifies nobody: {told_by(error)}") from None
    if kind != "application/vnd.in-toto+json" or payload != statement:
        raise BadKey(f"Sigstore's bundle certifies another statement, by {identity.name}.")
    return identity


class _AnyIdentity:
    """Accepts whoever it is; whether that one may seal is asked of the trusted keys."""

    def verify(self, cert: Certificate) -> None:
        return


def _identity_in(certificate: Certificate) -> CertifiedIdentity:
    from cryptography.x509 import (
        ObjectIdentifier,
        RFC822Name,
        SubjectAlternativeName,
        UniformResourceIdentifier,
        UnrecognizedExtension,
    )

    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    found = [
        *names.get_values_for_type(UniformResourceIdentifier),
        *names.get_values_for_type(RFC822Name),
    ]
    issuer = certificate.extensions.get_extension_for_oid(ObjectIdentifier(_ISSUER_EXTENSION)).value
    if len(found) != 1 or not isinstance(issuer, UnrecognizedExtension):
        raise BadKey("Sigstore's certificate does not name one identity and its issuer.")
    # DER: a tag, a byte of length or of how many bytes of length follow, the text.
    length = issuer.value[1]
    start = 2 if length < 0x80 else 2 + (length & 0x7F)
    return CertifiedIdentity(name=found[0], issuer=issuer.value[start:].decode())


def _identity_token() -> IdentityToken:
    try:
        from sigstore.oidc import IdentityToken, detect_credential
    except ImportError:
        raise MissingPackage("a CI identity", "keyless") from None
    try:
        credential = detect_credential()
        token = IdentityToken(credential) if credential else None
    except Exception as error:
        raise BadKey(f"the CI gave no identity to sign with: {told_by(error)}") from None
    if token is None:
        raise BadKey(
            "keyless signing was asked for, but this is no CI job with an identity; on GitHub "
            "give the job `permissions: id-token: write`, elsewhere name a key."
        )
    return token


def _trust_config(*, offline: bool) -> ClientTrustConfig:
    """What the instance consists of; offline, as it was last seen or came with the package."""
    from sigstore.models import ClientTrustConfig

    path = os.environ.get(TRUST_CONFIG_VARIABLE)
    if not path:
        return ClientTrustConfig.production(offline=offline)
    try:
        return ClientTrustConfig.from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadKey(
            f"{TRUST_CONFIG_VARIABLE} names {path}, which cannot be read: {told_by(error)}"
        ) from None
