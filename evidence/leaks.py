"""Look through everything that is about to be sealed for a secret that was not taken out.

What a command wrote by itself never passed through the redactor; this is where it would show.
What is packed is looked through as well: zip, and with it workbooks, tar, gzip, bzip2 and xz,
in each other too. Parquet, pictures and what is encrypted are seen as the bytes that they are.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evidence.errors import SealRefused
from evidence.packed import (
    HEAD_BYTES,
    PACKED_ERRORS,
    Part,
    Readable,
    TooMuch,
    opened_parts,
    zip_parts,
)
from evidence.redact import Redactor

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Leak:
    """Where a secret stands; never what it is. `member` is the part of what is packed."""

    file: str
    line: int
    member: str | None = None

    def __str__(self) -> str:
        inside = f" (in its part {self.member})" if self.member else ""
        return f"{self.file}{inside}, line {self.line}"


@dataclass(frozen=True)
class Limits:
    """How far what is packed is followed: in bytes unpacked of one file, and in each other."""

    unpacked_bytes: int = 4 << 30
    depth: int = 5


def find_leaks(
    directory: Path, names: Iterable[str], redactor: Redactor, limits: Limits | None = None
) -> Iterator[Leak]:
    """The first place in each named file where the redactor would have taken something out.

    Raises SealRefused for a file that holds more than the limits, for what is not looked
    through must not be sealed.
    """
    for name in names:
        with (directory / name).open("rb") as file:
            try:
                leak = _Search(redactor, limits or Limits()).in_file(name, file)
            except TooMuch as error:
                raise SealRefused(
                    f"{directory / name} cannot be looked through for secrets: {error}; "
                    "keep it out of the evidence, or unpack it there."
                ) from None
        if leak is not None:
            yield leak


class _Search:
    """A search through one file and all that is packed in it."""

    def __init__(self, redactor: Redactor, limits: Limits) -> None:
        self._redactor = redactor
        self._limits = limits
        self._unpacked = 0

    def in_file(self, name: str, file: BinaryIO) -> Leak | None:
        """The first leak in a file: in its bytes or, if there is none, in a part of it."""
        watched = _Watched(file, self._redactor)
        leak = self._in_stream(name, watched, "", 0)
        if leak is None and zipfile.is_zipfile(file):
            leak = self._in_parts(name, zip_parts(file), "", 0)
        return leak

    def _in_stream(self, name: str, watched: _Watched, member: str, depth: int) -> Leak | None:
        is_whole_zip = depth == 0 and watched.head.startswith(b"PK")
        parts = () if is_whole_zip else opened_parts(watched, watched.head)
        leak = self._in_parts(name, parts, member, depth)
        line = watched.line_of_leak()
        return leak if line is None else Leak(name, line, member or None)

    def _in_parts(self, name: str, parts: Iterable[Part], member: str, depth: int) -> Leak | None:
        for part_name, part in parts:
            if depth == self._limits.depth:
                raise TooMuch(f"it is packed more than {depth} times over")
            inner = _Watched(part, self._redactor, self._count)
            place = "/".join(filter(None, (member, part_name)))
            leak = self._in_stream(name, inner, place, depth + 1)
            if leak is not None:
                return leak
        return None

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._limits.unpacked_bytes:
            raise TooMuch(f"it unpacks to more than {self._limits.unpacked_bytes} bytes")


class _Watched:
    """A stream that is looked through as it is read, whatever it is read for.

    Of a part of what is packed `count` gets the size of what is read; where it is damaged, it
    ends.
    """

    def __init__(
        self, file: Readable, redactor: Redactor, count: Callable[[int], None] | None = None
    ) -> None:
        self._file = file
        self._count = count
        self._looking = _Looking(redactor)
        self.head = self._take(HEAD_BYTES)
        self._waiting = self.head

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; without a size a block of them."""
        size = size if size >= 0 else _BLOCK
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        data = data or self._take(size)
        self._looking.look(data)
        return data

    def line_of_leak(self) -> int | None:
        """The line of the first secret, once all that is left is read."""
        while self._looking.line is None and self.read(_BLOCK):
            pass
        return self._looking.finished()

    def _take(self, size: int) -> bytes:
        if self._count is None:
            return self._file.read(size)
        try:
            data = self._file.read(size)
        except PACKED_ERRORS:
            return b""
        self._count(len(data))
        return data


class _Looking:
    """Compares what a redactor is given with what it hands on, for the first difference."""

    def __init__(self, redactor: Redactor) -> None:
        self.line: int | None = None
        self._stream = redactor.stream(self)
        self._given = bytearray()
        self._lines_before = 0

    def look(self, data: bytes) -> None:
        """Look at the next bytes."""
        if self.line is None:
            self._given += data
            self._stream.write(data)

    def finished(self) -> int | None:
        """The line, from 1, of the first secret; None when there is none."""
        if self.line is None:
            self._stream.close()
        return self.line

    def write(self, clean: bytes, /) -> None:
        """Take what the redactor hands on."""
        if self.line is not None:
            return
        given = bytes(self._given[: len(clean)])
        lines = given.count(b"\n", 0, _first_difference(given, clean))
        if given != clean:
            self.line = 1 + self._lines_before + lines
            return
        self._lines_before += lines
        del self._given[: len(clean)]


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
