"""All tables of an input folder, in the order of their names."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator
from pathlib import Path

from hotpass.errors import BadInput
from hotpass.sources import delimited, parquet, workbook
from hotpass.sources.apart import read_apart
from hotpass.sources.password import passwords
from hotpass.sources.sheet import Sheet

SUFFIXES = (*workbook.SUFFIXES, *delimited.SUFFIXES, *parquet.SUFFIXES)


def folder_of(input_dir: Path) -> Path:
    """The folder from which the names of the inputs are told: what comes before a wildcard."""
    return _located(input_dir)[0]


def find_inputs(input_dir: Path) -> tuple[list[Path], tuple[str, ...]]:
    """The files that can hold a table, and a warning for each other file.

    `input_dir` is a folder, which is looked through with all its subfolders, one file, or a
    pattern of files and folders (`data/2024-*/*.xlsx`, `**` for any depth). Hidden files and a
    spreadsheet program's lock files (`~$...`) are passed over. Raises BadInput when there is no
    such folder or no such file, when it cannot be listed, and when no file can hold a table.
    """
    folder, pattern = _located(input_dir)
    if not folder.is_dir():
        raise BadInput(f"The input folder {folder} does not exist; name a folder of workbooks.")
    found, warnings = [], []
    for path in _matching(folder, pattern):
        inside = path.relative_to(folder)
        if any(part.startswith((".", "~$")) for part in inside.parts):
            continue
        if not _is_unicode(inside.as_posix()):
            raise BadInput(f"The file name {inside.as_posix()!a} is not UTF-8; rename it.")
        if path.suffix.casefold() in SUFFIXES:
            found.append(path)
        else:
            warnings.append(
                f"{inside.as_posix()} is not a kind of table that is read; passed over."
            )
    if not found:
        kinds = ", ".join(SUFFIXES)
        if pattern is not None:
            raise BadInput(f"No table fits {input_dir}; name files that end in {kinds}.")
        raise BadInput(f"The input folder {input_dir} holds no table; put {kinds} files into it.")
    return found, tuple(warnings)


def would_be_read(path: Path, input_dir: Path) -> bool:
    """Whether a file of this path would be among the inputs."""
    folder, pattern = _located(input_dir)
    home, parts = folder.resolve().parts, path.resolve().parts
    if parts[: len(home)] != home:
        return False
    return _fits(parts[len(home) :], tuple((pattern or "**").split("/")))


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return True  # what is inside a folder that fits is read as well
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        return any(_fits(parts[at:], rest) for at in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], first) and _fits(parts[1:], rest)


def _located(input_dir: Path) -> tuple[Path, str | None]:
    """The folder, and the pattern of what is read in it; None stands for everything."""
    if input_dir.is_dir():
        return input_dir, None
    if input_dir.is_file():
        return input_dir.parent, glob.escape(input_dir.name)
    parts = input_dir.parts
    first = next((at for at, part in enumerate(parts) if glob.has_magic(part)), None)
    if first is None:
        return input_dir, None
    return Path(*parts[:first]), "/".join(parts[first:])


def _matching(folder: Path, pattern: str | None) -> list[Path]:
    matches = set(folder.glob(pattern or "*"))
    inside = {path for match in matches if match.is_dir() for path in match.rglob("*")}
    return sorted(path for path in matches | inside if not path.is_dir())


def _is_unicode(name: str) -> bool:
    # The system gives bytes that are no UTF-8 as lone surrogates, which no frame can hold.
    return not any("\ud800" <= character <= "\udfff" for character in name)


def read_sheets(path: Path, input_dir: Path) -> Iterator[Sheet]:
    """The sheets of one file; raises BadInput, naming it as seen from the folder."""
    file = path.relative_to(input_dir).as_posix()
    try:
        if path.suffix.casefold() in delimited.SUFFIXES:
            yield delimited.read_delimited(path, file)
        else:
            yield from read_apart(path, file)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None


def list_sheets(path: Path, file: str) -> tuple[str, ...]:
    """The names of a workbook's sheets, found without reading them; none for a text.

    Raises BadInput, naming `file`, for what is no workbook.
    """
    if path.suffix.casefold() not in workbook.SUFFIXES:
        return ()
    return workbook.list_sheets(path, file, passwords(os.environ))
