"""Private keys that are at hand as PEM: in a file, in a variable, or made here at first use.

The local key lies in the configuration folder as `signing-key.pem`: ECDSA P-256, PKCS #8,
readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.configuration import KEY_VARIABLE
from evidence.errors import BadKey
from evidence.public_keys import fingerprint, low_form, public_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

PASSWORD_VARIABLE = "HOTPASS_SIGNING_KEY_PASSWORD"  # nosec B105
LOCAL_LABEL = "local key, identity not verified"
CONFIGURED_LABEL = "configured key, identity not verified"


@dataclass(frozen=True)
class PrivateKey:
    """A private key with what may be said of it; its repr shows the fingerprint alone."""

    private: EllipticCurvePrivateKey
    label: str
    source: str

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

        return low_form(self.private.sign(message, ECDSA(SHA256(), deterministic_signing=True)))

    def __repr__(self) -> str:
        return f"PrivateKey({self.fingerprint}, {self.label!r})"


def local_key(path: Path) -> PrivateKey:
    """The key at `path`, made if there is none. Raises BadKey where others could replace it."""
    if not path.exists():
        _make_key(path)
    _refuse_writable_by_others(path.parent)
    return PrivateKey(_read_file(path), LOCAL_LABEL, "key file made at first use")


def key_from_file(path: Path) -> PrivateKey:
    """The key in a PEM file, which its owner alone may be able to read. Raises BadKey."""
    return PrivateKey(_read_file(path), CONFIGURED_LABEL, "key file")


def key_from_variable(name: str) -> PrivateKey:
    """The key whose PEM is the value of an environment variable. Raises BadKey."""
    pem = os.environ.get(name)
    if not pem:
        raise BadKey(f"the signing key is to come from the variable {name}, which is not set.")
    return PrivateKey(
        _read_pem(pem.encode(), f"in the variable {name}"),
        CONFIGURED_LABEL,
        f"environment variable {name}",
    )


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


def _refuse_writable_by_others(directory: Path) -> None:
    if directory.stat().st_mode & 0o022:
        raise BadKey(
            f"others can replace the signing key in {directory}; run: chmod 700 {directory}"
        )


def _read_file(path: Path) -> EllipticCurvePrivateKey:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise BadKey(f"the signing key {path} can be read by others; run: chmod 600 {path}")
            pem = file.read()
    except OSError as error:
        raise BadKey(f"the signing key {path} cannot be read ({error.strerror}).") from None
    return _read_pem(pem, str(path))


def _read_pem(pem: bytes, place: str) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    password = None
    if encrypted := b"ENCRYPTED" in pem:
        password = os.environ.get(PASSWORD_VARIABLE, "").encode()
        if not password:
            raise BadKey(
                f"the signing key {place} is encrypted; put its passphrase into the variable "
                f"{PASSWORD_VARIABLE}."
            )
    try:
        key = load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted:
            raise BadKey(
                f"the signing key {place} does not open with the passphrase in {PASSWORD_VARIABLE}."
            ) from None
        raise BadKey(f"the signing key {place} is not a private key in PEM form.") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise BadKey(
            f"the signing key {place} is not ECDSA P-256; make one: openssl genpkey -algorithm EC "
            "-pkeyopt ec_paramgen_curve:P-256 -out key.pem"
        )
    return key
