"""Whether a file is what its name says: a picture that decodes, JSON that parses, a log with words.

Sources: PNG, third edition (W3C): chunk layout 5.3, IHDR 11.2.1, filter types 9.2,
interlacing 8.1.
"""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from evidence.run_files import LARGEST_HELD_BYTES, read_at_most

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Larger than any page that can be pictured; bounds the time spent on a forged header.
PNG_LARGEST_BYTES = 2**30
# What a zip may unpack to; a bomb claims more, or lies and is cut off at what it claims.
ZIP_LARGEST_BYTES = 2**32
# What zipfile raises on a damaged archive, by its own word and by those of what it calls.
UNREADABLE_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 1 << 20


def content_problem(path: Path) -> str | None:
    """Why a file is not what its name says, as the end of "<name> …"; None when it is."""
    try:
        with path.open("rb") as file:
            return stream_problem(path.name, file)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def stream_problem(name: str, file: BinaryIO) -> str | None:
    """Why a stream that can seek is not what its name says, as the end of "<name> …".

    Known by suffix: png, json, jsonl, xlsx and zip, parquet. Any other must not be empty.
    Memory and time are bounded, whatever the stream claims of itself.
    """
    if file.seek(0, os.SEEK_END) == 0:
        return "is empty"
    file.seek(0)
    suffix = PurePosixPath(name).suffix.lower()
    return _EXAMINERS.get(suffix, _words_problem)(file)


def png_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels from a PNG's header; None when it has none."""
    with path.open("rb") as file:
        head = file.read(24)
    if head[:8] != PNG_SIGNATURE or head[12:16] != b"IHDR" or len(head) < 24:
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _png_problem(file: BinaryIO) -> str | None:
    if file.read(8) != PNG_SIGNATURE:
        return "is not a PNG picture"
    try:
        pixels: _Pixels | None = None
        for kind, data in _png_chunks(file):
            if pixels is None:
                pixels = _Pixels(kind, data)
            elif kind == b"IDAT":
                pixels.add(data)
            elif kind == b"IEND":
                pixels.finish()
                return "has bytes after the end of the picture" if file.read(1) else None
        return "ends before the picture does"
    except ValueError as error:
        return f"is a damaged PNG picture: {error}"


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while head := file.read(8):
        if len(head) < 8:
            raise ValueError("it is cut off")
        length, kind = struct.unpack(">I4s", head)
        if length > LARGEST_HELD_BYTES:
            raise ValueError(f"a part of it claims to be {length} bytes long")
        data = file.read(length)
        check = file.read(4)
        if len(data) < length or len(check) < 4:
            raise ValueError("it is cut off")
        if zlib.crc32(kind + data) != int.from_bytes(check, "big"):
            raise ValueError(f"the checksum of its {kind.decode('latin-1')} part is wrong")
        yield kind, data


_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Adam7: first column, first row, column step, row step of each pass.
_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4),
    (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
)  # fmt: skip


class _Pixels:
    """The compressed rows of a PNG, counted as they come and never held."""

    def __init__(self, kind: bytes, data: bytes) -> None:
        if kind != b"IHDR" or len(data) != 13:
            raise ValueError("it does not begin with a header")
        width, height, depth, colour, *methods, interlaced = _header(data)
        if depth not in _DEPTHS.get(colour, ()) or methods != [0, 0] or interlaced > 1:
            raise ValueError("its header names no known format")
        bits = depth * _CHANNELS[colour]

        def row(pixels: int) -> int:
            return 1 + (pixels * bits + 7) // 8

        if interlaced:
            sizes = [
                (max(0, -(-(width - x) // dx)), max(0, -(-(height - y) // dy)))
                for x, y, dx, dy in _PASSES
            ]
            self._expected = sum(row(columns) * rows for columns, rows in sizes if columns)
        else:
            self._expected = row(width) * height
        if not 0 < self._expected <= PNG_LARGEST_BYTES:
            raise ValueError(f"its size, {width} × {height}, is not a picture's")
        self._stride = None if interlaced else row(width)
        self._seen = 0
        self._stream = zlib.decompressobj()

    def add(self, data: bytes) -> None:
        try:
            while True:
                rows = self._stream.decompress(data, _BLOCK)
                self._count(rows)
                data = self._stream.unconsumed_tail
                if not data and len(rows) < _BLOCK:
                    return
        except zlib.error:
            raise ValueError("its pixels do not decompress") from None

    def finish(self) -> None:
        if self._seen != self._expected or not self._stream.eof:
            raise ValueError("pixels are missing")

    def _count(self, rows: bytes) -> None:
        if self._stride is not None:
            filters = rows[-self._seen % self._stride :: self._stride]
            if filters and max(filters) > 4:
                raise ValueError("a row has no known filter")
        self._seen += len(rows)
        if self._seen > self._expected:
            raise ValueError("it has more pixels than its header says")


def _header(data: bytes) -> tuple[int, ...]:
    return struct.unpack(">IIBBBBB", data)


def _json_problem(file: BinaryIO) -> str | None:
    content = read_at_most(file, LARGEST_HELD_BYTES + 1)
    if len(content) > LARGEST_HELD_BYTES:
        return f"is JSON longer than is read, {LARGEST_HELD_BYTES} bytes"
    try:
        json.loads(content)
    except ValueError as error:
        return f"is not JSON ({error})"
    except RecursionError:
        return "is not JSON that can be read (nested too deeply)"
    return None


def _json_lines_problem(file: BinaryIO) -> str | None:
    number = 0
    while line := file.readline(LARGEST_HELD_BYTES + 1):
        number += 1
        if len(line) > LARGEST_HELD_BYTES:
            return f"has a line longer than is read, {LARGEST_HELD_BYTES} bytes: line {number}"
        try:
            json.loads(line)
        except (ValueError, RecursionError) as error:
            return f"is not JSON in line {number} ({error})"
    return None


def _zip_problem(file: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if unpacked > ZIP_LARGEST_BYTES:
                return f"claims to unpack to {unpacked} bytes, more than is read"
            # The other methods decompress a block in one go, however large it gets.
            if any(part.compress_type not in _BOUNDED_METHODS for part in parts):
                return "is compressed by a method other than deflate"
            damaged = archive.testzip()
    except UNREADABLE_ZIP:
        return "is not a readable zip archive"
    return f"is damaged in its part {damaged}" if damaged else None


def _parquet_problem(file: BinaryIO) -> str | None:
    first = file.read(4)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 4))
    whole = first == file.read(4) == b"PAR1" and size >= 12
    return None if whole else "is not a whole Parquet file"


def _words_problem(file: BinaryIO) -> str | None:
    while block := file.read(_BLOCK):
        if block.strip():
            return None
    return "holds nothing but white space"


_EXAMINERS: dict[str, Callable[[BinaryIO], str | None]] = {
    ".png": _png_problem,
    ".json": _json_problem,
    ".jsonl": _json_lines_problem,
    ".xlsx": _zip_problem,
    ".zip": _zip_problem,
    ".parquet": _parquet_problem,
}
