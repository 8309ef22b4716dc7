"""The files of a run: where they may lie, how they are written, and what is recorded of each."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from evidence.clock import Clock
from evidence.errors import BadName, CannotRecord, MissingArtefact
from evidence.journal import sync_directory
from evidence.json_values import json_value, printable
from evidence.redact import Redactor

# Says in a run's folder why its seal was refused.
REFUSAL_NAME = "not-sealed.txt"
# Written by the recorder and the seal alone.
OWN_FILES = frozenset(
    {
        "journal.jsonl",
        "run.json",
        "cli.sh",
        "report.html",
        "report.png",
        "signer.pub",
        "SHA256SUMS",
        "attestation.json",
        REFUSAL_NAME,
    }
)
_ATTEMPTS = 120


def make_run_directory(root: Path, kind: str, clock: Clock) -> Path:
    """Make `<root>/<kind>/<timestamp>`, mode 700, for one run alone and return it.

    Where the second is taken, by a run on any machine that shares the folder, the next is.
    """
    if not is_artefact_name(kind) or "/" in kind:
        raise BadName(f"'{kind}' cannot be a kind's name: it has to be a single folder's name.")
    home = root / kind
    try:
        home.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            now = clock.now()
            directory = home / f"{now:%Y%m%dT%H%M%SZ}"
            with contextlib.suppress(FileExistsError):
                directory.mkdir(mode=0o700)
                return directory
            clock.sleep(1 - now.microsecond / 1_000_000)
    except OSError as error:
        raise CannotRecord(home, error) from error
    raise BadName(f"{home} has a run in each of the last {_ATTEMPTS} seconds; wait and run again.")


def artefact_path(directory: Path, name: str) -> Path:
    """Where the artefact of that name lies; its folder is made. Raises BadName."""
    if not is_artefact_name(name) or name in OWN_FILES:
        raise BadName(
            f"'{name}' cannot be an artefact's name: give a path below the run's directory, "
            "other than the evidence's own files."
        )
    path = directory / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotRecord(path.parent, error) from error
    if not path.parent.resolve().is_relative_to(directory.resolve()):
        raise BadName(f"'{name}' leads out of the run's directory through a link.")
    return path


def is_artefact_name(name: str) -> bool:
    """Whether it is a path that stays below, written in the one way that every system reads."""
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and str(path) == name
    inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    return plain and inside and path.suffix != ".partial"


def save_file(path: Path, content: object, redactor: Redactor) -> None:
    """Write text, bytes, or anything else as JSON, without secrets; whole or not at all."""
    if isinstance(content, bytes):
        clean = redactor.bytes(content)
    elif isinstance(content, str):
        clean = redactor.text(printable(content)).encode()
    else:
        value = redactor.data(json_value(content))
        clean = json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb", opener=_private) as file:
            file.write(clean)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise CannotRecord(path, error) from error


def measure_file(path: Path, name: str) -> tuple[int, str]:
    """An artefact's size in bytes and its SHA-256 in hex; its owner alone may read it from now on.

    Raises MissingArtefact when it is not there or is not a plain file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MissingArtefact(f"Artefact '{name}' cannot be captured: {reason}.") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise MissingArtefact(f"Artefact '{name}' cannot be captured: it is no plain file.")
        os.fchmod(descriptor, 0o600)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return status.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        os.close(descriptor)


def sync_files(paths: Iterable[Path]) -> None:
    """Put files and their folders on the disk, so that they outlive a power cut.

    Raises MissingArtefact for one that is gone.
    """
    folders = set()
    for path in paths:
        try:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except FileNotFoundError as error:
            raise MissingArtefact(f"{path} is gone after it was captured.") from error
        except OSError as error:
            raise CannotRecord(path, error) from error
        folders.add(path.parent)
    for folder in folders:
        sync_directory(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
