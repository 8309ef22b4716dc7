"""The key that signs evidence here, and the keys that are trusted to have signed elsewhere.

The folder is `$XDG_CONFIG_HOME/hotpass`, or `~/.config/hotpass`:

    signing-key.pem    ECDSA P-256, PKCS #8, made at first use, readable by its owner alone
    trusted-keys       lines of `<fingerprint> <whose key it is>`; `#` starts a comment

A fingerprint is the SHA-256 (hex) of the public key's DER form, as openssl and cosign have it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.errors import BadKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

KEY_VARIABLE = "HOTPASS_SIGNING_KEY"
LOCAL_LABEL = "local key, identity not verified"
CONFIGURED_LABEL = "configured key, identity not verified"

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class SigningKey:
    """A private key with what may be said of it; its repr shows the fingerprint alone."""

    private: EllipticCurvePrivateKey
    label: str

    @property
    def public_pem(self) -> bytes:
        """The public key as the PEM file that is sealed with a run."""
        return public_pem(self.private.public_key())

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the public key in DER form."""
        return fingerprint(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature over SHA-256, DER: the same bytes for the same message."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        return _low_form(self.private.sign(message, ECDSA(SHA256(), deterministic_signing=True)))

    def __repr__(self) -> str:
        return f"SigningKey({self.fingerprint}, {self.label!r})"


def load_signing_key(config_dir: Path | None = None) -> SigningKey:
    """The key named by $HOTPASS_SIGNING_KEY, else the local key, made at first use.

    Raises BadKey for a key that others can read, is not P-256, or cannot be read.
    """
    configured = os.environ.get(KEY_VARIABLE)
    if configured:
        return SigningKey(_read_private(Path(configured)), CONFIGURED_LABEL)
    path = _local_key_path(config_dir)
    if not path.exists():
        _make_key(path)
    _refuse_writable_by_others(path.parent)
    return SigningKey(_read_private(path), LOCAL_LABEL)


def local_fingerprint(config_dir: Path | None = None) -> str | None:
    """The fingerprint of the key that would sign here; None where there is none to be read."""
    configured = os.environ.get(KEY_VARIABLE)
    path = Path(configured) if configured else _local_key_path(config_dir)
    try:
        return fingerprint(_read_private(path).public_key())
    except BadKey:
        return None


def trusted_keys(config_dir: Path | None = None) -> dict[str, str]:
    """Whose key each trusted fingerprint is. Raises BadKey naming a line that cannot be read."""
    path = (config_dir or config_directory()) / "trusted-keys"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadKey(f"{path} cannot be read ({error}).") from None
    found = {}
    for number, line in enumerate(lines, start=1):
        written, _, whose = line.partition("#")[0].strip().partition(" ")
        if not written:
            continue
        if not re.fullmatch("[0-9a-f]{64}", written) or not whose.strip():
            raise BadKey(
                f"{path}, line {number}: expected 64 lower-case hexadecimal digits and whose "
                "key it is, with a space between."
            )
        found[written] = whose.strip()
    return found


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
    """Whether the signature is this key's, in the one form that `SigningKey.sign` writes.

    For every ECDSA signature (r, s) the pair (r, n-s) holds as well, and DER can be padded;
    both are refused, so that no byte of a signature can be changed unseen.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, ECDSA(SHA256()))
        return _low_form(signature) == signature
    except (InvalidSignature, ValueError):
        return False


def config_directory() -> Path:
    """Where Hotpass keeps a person's own settings."""
    base = os.environ.get("XDG_CONFIG_HOME")
    # The XDG specification has a relative path ignored.
    home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return home / "hotpass"


def _local_key_path(config_dir: Path | None) -> Path:
    return (config_dir or config_directory()) / "signing-key.pem"


def _make_key(path: Path) -> None:
    """Write a new key unless another process was first; a half-written one is never seen."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would overwrite: whoever comes second uses the first's key.
        try:
            os.link(partial, path)
        except FileExistsError:
            return
    except OSError as error:
        raise BadKey(
            f"a signing key could not be made at {path} ({error.strerror}); make that folder "
            f"writable, or name a key file in {KEY_VARIABLE}."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _read_private(path: Path) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise BadKey(f"the signing key {path} can be read by others; run: chmod 600 {path}")
            pem = file.read()
    except OSError as error:
        raise BadKey(f"the signing key {path} cannot be read ({error.strerror}).") from None
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise BadKey(
            f"the signing key {path} is encrypted; write one without a passphrase: "
            f"openssl pkcs8 -topk8 -nocrypt -in {path} -out plain.pem"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(f"the signing key {path} is not a private key in PEM form.") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise BadKey(
            f"the signing key {path} is not ECDSA P-256; make one: openssl genpkey -algorithm EC "
            "-pkeyopt ec_paramgen_curve:P-256 -out key.pem"
        )
    return key


def _refuse_writable_by_others(directory: Path) -> None:
    if directory.stat().st_mode & 0o022:
        raise BadKey(
            f"others can replace the signing key in {directory}; run: chmod 700 {directory}"
        )


def _low_form(signature: bytes) -> bytes:
    """The DER form of a signature with the smaller of its two equivalent s."""
    from cryptography.hazmat.primitives.asymmetric.utils import (
        decode_dss_signature,
        encode_dss_signature,
    )

    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, P256_ORDER - s))
