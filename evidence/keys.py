"""Keys: the one that signs evidence here, and what a public key says when it is read elsewhere.

Where the signing key comes from, the first of these that is named:

    1. the source that the caller names
    2. the source in $HOTPASS_SIGNING_KEY
    3. the local key in the configuration folder, made at first use

A source is one of

    path/to/key.pem                   a file that its owner alone can read
    env://NAME                        a variable that holds the PEM
    awskms:///…  gcpkms://…  azurekms://…  hashivault://…    a key that never leaves its service
    keyless                           the identity of this CI job, certified by Sigstore

The configuration folder is `$XDG_CONFIG_HOME/hotpass`, or `~/.config/hotpass`. A fingerprint is
the SHA-256 (hex) of the public key's DER form, as openssl and cosign have it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evidence.errors import BadKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

KEY_VARIABLE = "HOTPASS_SIGNING_KEY"
KEYLESS = "keyless"
KEY_SERVICES = ("awskms", "gcpkms", "azurekms", "hashivault")

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class SigningKey(Protocol):
    """What signs evidence: an ECDSA P-256 key, wherever it is kept.

    `label` says what the key is worth and `source` where it came from; both are sealed.
    """

    @property
    def label(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def public_pem(self) -> bytes: ...

    @property
    def fingerprint(self) -> str: ...

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature over SHA-256 in DER, in the form that `low_form` gives."""
        ...


def load_signing_key(config_dir: Path | None = None, *, source: str | None = None) -> SigningKey:
    """The key of `source`, else of $HOTPASS_SIGNING_KEY, else the local key.

    Never another one than was named. Raises BadKey for a key that others can read, is not
    P-256, cannot be had, or needs packages that are not installed.
    """
    from evidence.private_keys import key_from_file, key_from_variable, local_key

    source = source or os.environ.get(KEY_VARIABLE)
    if not source:
        return local_key(local_key_path(config_dir))
    if source == KEYLESS:
        from evidence.keyless import open_keyless_key

        return open_keyless_key()
    scheme, separator, rest = source.partition("://")
    if not separator:
        return key_from_file(Path(source).expanduser())
    if scheme == "env":
        return key_from_variable(rest)
    if scheme in KEY_SERVICES:
        from evidence.key_services import open_service_key

        return open_service_key(source)
    known = ", ".join(f"{name}://" for name in ("env", *KEY_SERVICES))
    raise BadKey(
        f"the signing key {scheme}://… is of no known kind; name a file, {known} or {KEYLESS}."
    )


def local_fingerprint(config_dir: Path | None = None) -> str | None:
    """The fingerprint of the key that would sign here; None where none is at hand.

    A key that a service keeps is not asked for, so that verifying needs no network.
    """
    source = os.environ.get(KEY_VARIABLE)
    if not source and not local_key_path(config_dir).exists():
        return None
    if source and (source == KEYLESS or source.partition("://")[0] in KEY_SERVICES):
        return None
    try:
        return load_signing_key(config_dir).fingerprint
    except BadKey:
        return None


def signing_secrets() -> dict[str, str]:
    """The secret values by name that the environment holds for signing, to be redacted."""
    from evidence.private_keys import PASSWORD_VARIABLE

    names = [PASSWORD_VARIABLE]
    scheme, _, name = os.environ.get(KEY_VARIABLE, "").partition("://")
    if scheme == "env":
        names.append(name)
    return {name: value for name in names if (value := os.environ.get(name))}


def load_public_key(pem: bytes, place: str) -> EllipticCurvePublicKey:
    """Read a P-256 public key from PEM. Raises BadKey naming `place`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(f"{place} is not a public key in PEM form.") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise BadKey(f"{place} is not an ECDSA P-256 key.")
    return key


def public_pem(key: EllipticCurvePublicKey) -> bytes:
    """A public key as PEM, SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: EllipticCurvePublicKey) -> str:
    """SHA-256 (hex) of a public key in DER form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def signature_holds(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's, in the one form that `low_form` gives.

    For every ECDSA signature (r, s) the pair (r, n-s) holds as well, and DER can be padded;
    both are refused, so that no byte of a signature can be changed unseen.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, ECDSA(SHA256()))
        return low_form(signature) == signature
    except (InvalidSignature, ValueError):
        return False


def low_form(signature: bytes) -> bytes:
    """The DER form of a signature with the smaller of its two equivalent s."""
    from cryptography.hazmat.primitives.asymmetric.utils import (
        decode_dss_signature,
        encode_dss_signature,
    )

    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, P256_ORDER - s))


def config_directory() -> Path:
    """Where Hotpass keeps a person's own settings."""
    base = os.environ.get("XDG_CONFIG_HOME")
    # The XDG specification has a relative path ignored.
    home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return home / "hotpass"


def local_key_path(config_dir: Path | None = None) -> Path:
    """Where the local key lies."""
    return (config_dir or config_directory()) / "signing-key.pem"
