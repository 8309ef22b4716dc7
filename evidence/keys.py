"""The key that signs evidence here.

Where the signing key comes from, the first of these that is named:

    1. the source that the caller names
    2. the source in $HOTPASS_SIGNING_KEY
    3. the local key in the configuration folder, made at first use

A source is one of

    path/to/key.pem                   a file that its owner alone can read
    env://NAME                        a variable that holds the PEM
    awskms:///…  gcpkms://…  azurekms://…  hashivault://…    a key that never leaves its service
    keyless                           the identity of this CI job, certified by Sigstore
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from evidence.configuration import KEY_VARIABLE, KEYLESS, local_key_path
from evidence.errors import BadKey

KEY_SERVICES = ("awskms", "gcpkms", "azurekms", "hashivault")


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
