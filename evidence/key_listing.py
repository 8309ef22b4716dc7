"""`invoke evidence.key`: the key that seals here, and a colleague's key trusted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from evidence.configuration import KEY_VARIABLE, local_key_path
from evidence.errors import BadKey, BadOption
from evidence.inventory import SIGNER_NAME, one_line
from evidence.keys import load_signing_key
from evidence.public_keys import fingerprint, load_public_key
from evidence.trusted_keys import TrustedKey, trust, trusted_keys


def key_and_tell(
    trusted_as: str | None = None,
    file: Path | None = None,
    *,
    config_dir: Path | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Show the key that seals here, made if there is none; or trust the key in `file`.

    `file` is a public key in PEM, or the folder of a run that the key sealed. Raises BadOption
    when only one of name and file is given, BadKey when the key cannot be read.
    """
    if (trusted_as is None) != (file is None):
        raise BadOption('to trust a key, name both: --trust "whose key it is" --file signer.pub.')
    if trusted_as is not None and file is not None:
        say(_trust(trusted_as, file, config_dir))
    else:
        for line in _key_lines(config_dir):
            say(line)
    return 0


def _trust(whose: str, file: Path, config_dir: Path | None) -> str:
    path = file / SIGNER_NAME if file.is_dir() else file
    try:
        key = fingerprint(load_public_key(path.read_bytes(), str(path)))
    except OSError as error:
        raise BadKey(f"{path} cannot be read ({error.strerror}).") from None
    return f"{key} is trusted as {whose.strip()} from now on ({trust(key, whose, config_dir)})"


def _key_lines(config_dir: Path | None) -> Iterator[str]:
    key = load_signing_key(config_dir)
    yield f"fingerprint  {key.fingerprint}"
    yield f"label        {one_line(key.label)}"
    yield f"source       {key.source}"
    yield f"lies in      {os.environ.get(KEY_VARIABLE) or local_key_path(config_dir)}"
    yield from key.public_pem.decode().splitlines()
    for entry in trusted_keys(config_dir):
        yield one_line(f"trusted      {entry.key}  {entry.whose}{_limits(entry)}")


def _limits(entry: TrustedKey) -> str:
    said = entry.model_dump(mode="json", exclude_defaults=True, exclude={"key", "whose"})
    shown = (
        f"{name.replace('_', '-')}={','.join(value) if isinstance(value, list) else value}"
        for name, value in said.items()
    )
    return f" ({' '.join(shown)})" if said else ""
