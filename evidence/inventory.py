"""Which files a run's directory holds, and their digests as `sha256sum -c` reads them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SUMS_NAME = "SHA256SUMS"
ATTESTATION_NAME = "attestation.json"
RECORD_NAME = "run.json"
JOURNAL_NAME = "journal.jsonl"
REPORT_NAME = "report.html"
PICTURE_NAME = "report.png"
SCRIPT_NAME = "cli.sh"
SIGNER_NAME = "signer.pub"
TIME_STAMP_NAME = "attestation.tsr"
CERTIFICATION_NAME = "attestation.sigstore.json"
# What comes after the statement, so that no list of digests and no subject can hold it.
AFTER_THE_STATEMENT = (ATTESTATION_NAME, TIME_STAMP_NAME, CERTIFICATION_NAME)


@dataclass(frozen=True)
class Inventory:
    """What a directory holds: names are relative, with `/` between folders, sorted by bytes.

    `strange` has what no digest can stand for: links, devices, empty folders, names that are
    not UTF-8, each with what it is.
    """

    files: tuple[str, ...]
    strange: tuple[tuple[str, str], ...]


def take_inventory(directory: Path) -> Inventory:
    """List everything below a directory, following no link. Raises OSError where it cannot."""
    files: list[str] = []
    strange: list[tuple[str, str]] = []
    for folder, folders, names in os.walk(directory, onerror=_raise):
        if not folders and not names and Path(folder) != directory:
            strange.append((_relative(folder, directory), "an empty folder"))
        for name in (*folders, *names):
            path = Path(folder, name)
            relative = _relative(path, directory)
            kind = _kind(path.lstat().st_mode)
            if not _is_utf8(relative):
                strange.append((relative, "a name that is not UTF-8"))
            elif kind == "a file":
                files.append(relative)
            elif kind != "a folder":
                strange.append((relative, kind))
    return Inventory(tuple(sorted(files, key=os.fsencode)), tuple(sorted(strange)))


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests_of(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 (hex) of each named file."""
    return {name: digest_of(directory / name) for name in names}


def sums_text(digests: Mapping[str, str]) -> bytes:
    """`SHA256SUMS`: a line a file, a name with a line break or backslash escaped as GNU does."""
    lines = []
    for name, digest in digests.items():
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n")
    return "".join(lines).encode()


def one_line(text: str) -> str:
    """The text as it can be told: a name may hold line breaks and terminal sequences."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a whole file or none: under a temporary name first, on the disk, then renamed."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _relative(path: str | Path, directory: Path) -> str:
    return Path(path).relative_to(directory).as_posix()


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a symbolic link" if stat.S_ISLNK(mode) else "a special file"


def _raise(error: OSError) -> None:
    raise error
