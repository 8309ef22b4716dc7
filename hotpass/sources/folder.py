"""All tables of an input folder, in the order of their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hotpass.errors import BadInput
from hotpass.sources import delimited, parquet, workbook
from hotpass.sources.apart import read_apart
from hotpass.sources.password import passwords
from hotpass.sources.sheet import Sheet

SUFFIXES = (*workbook.SUFFIXES, *delimited.SUFFIXES, *parquet.SUFFIXES)


def find_inputs(input_dir: Path) -> tuple[list[Path], tuple[str, ...]]:
    """The files that can hold a table, and a warning for each other file.

    Hidden files and a spreadsheet program's lock files (`~$...`) are passed over. Raises
    BadInput when the folder does not exist, cannot be listed, or holds no such file.
    """
    if not input_dir.is_dir():
        what = "is a file, not a folder" if input_dir.exists() else "does not exist"
        raise BadInput(f"The input folder {input_dir} {what}; name a folder of workbooks.")
    found, warnings = [], []
    for path in sorted(input_dir.rglob("*")):
        inside = path.relative_to(input_dir)
        if path.is_dir() or any(part.startswith((".", "~$")) for part in inside.parts):
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
        raise BadInput(f"The input folder {input_dir} holds no table; put {kinds} files into it.")
    return found, tuple(warnings)


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
