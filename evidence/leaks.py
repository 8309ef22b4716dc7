"""Look through everything that is about to be sealed for a secret that was not taken out.

What a command wrote by itself never passed through the redactor; this is where it would show.
Archives and workbooks are zip files: their members are looked through too. Other compressed
files (Parquet, pictures) are seen only as the bytes that they are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from evidence.content import UNREADABLE_ZIP
from evidence.redact import Redactor

_BLOCK = 1 << 20
# A secret across the border of two blocks lies whole in the second one.
_OVERLAP = 1 << 14


@dataclass(frozen=True)
class Leak:
    """Where a secret stands; never what it is."""

    file: str
    line: int
    member: str | None = None

    def __str__(self) -> str:
        inside = f" (in its part {self.member})" if self.member else ""
        return f"{self.file}{inside}, line {self.line}"


def find_leaks(directory: Path, names: Iterable[str], redactor: Redactor) -> Iterator[Leak]:
    """The first place in each named file where the redactor would have taken something out."""
    for name in names:
        path = directory / name
        with path.open("rb") as file:
            line = _line_of_leak(file, redactor)
        if line is not None:
            yield Leak(name, line)
        elif zipfile.is_zipfile(path):
            yield from _leaks_inside(path, name, redactor)


def _leaks_inside(path: Path, name: str, redactor: Redactor) -> Iterator[Leak]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    line = _line_of_leak(file, redactor)
                if line is not None:
                    yield Leak(name, line, member.filename)
                    return
    except UNREADABLE_ZIP:
        return  # no archive that anyone could read; its bytes were looked through


def _line_of_leak(file: IO[bytes], redactor: Redactor) -> int | None:
    kept, lines_before = b"", 0
    while block := file.read(_BLOCK):
        window = kept + block
        clean = redactor.bytes(window)
        if clean != window:
            return 1 + lines_before + window.count(b"\n", 0, _first_difference(window, clean))
        kept = window[-_OVERLAP:]
        # What gives a secret away may stand before it on its line.
        kept = kept[kept.find(b"\n") + 1 :]
        lines_before += window.count(b"\n") - kept.count(b"\n")
    return None


def _first_difference(one: bytes, other: bytes) -> int:
    """The index of the first byte that differs, found by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
