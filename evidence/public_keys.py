"""Public keys: read, named by their fingerprint, and held against a signature.

A fingerprint is the SHA-256 (hex) of the key's DER form, as openssl and cosign have it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from evidence.errors import BadKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


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
