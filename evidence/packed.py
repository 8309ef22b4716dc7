"""Open what is packed in a stream, part by part: zip, tar, gzip, bzip2, xz; with bounded memory.

Nothing is unpacked to a place of its own, and no name in an archive is taken for a path.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Protocol, cast

# So much of a stream tells what is packed in it.
HEAD_BYTES = 512
# What cannot be unpacked raises one of these, wherever it breaks.
PACKED_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_BLOCK = 1 << 20
# A nested zip up to this size is kept in memory while it is read, a larger one in a nameless file.
_KEPT_IN_MEMORY = 8 << 20
# What the strongest setting of `xz` needs, four times over.
_MOST_MEMORY = 256 << 20


class Readable(Protocol):
    """What bytes can be read from, in one direction."""

    def read(self, size: int, /) -> bytes: ...


class TooMuch(Exception):
    """What is packed asks for more than anyone would pack; the message says for what."""


Part = tuple[str, Readable]


def opened_parts(stream: Readable, head: bytes) -> Iterator[Part]:
    """Each part of what is packed in a stream: its name and a stream; none where nothing is.

    `head` is how the stream, which is read from its start, begins. A part is to be read before
    the next is asked for. What is damaged ends early. Reading a part can raise `PACKED_ERRORS`.
    """
    for magic, offset, opened in _KINDS:
        if head.startswith(magic, offset):
            with contextlib.suppress(*PACKED_ERRORS):
                yield from opened(stream)
            return


def zip_parts(file: IO[bytes]) -> Iterator[Part]:
    """Each part of a zip in a file that can be read anywhere; none where it is damaged."""
    with contextlib.suppress(*PACKED_ERRORS), zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            is_encrypted = member.flag_bits & 1
            if not member.is_dir() and not is_encrypted:
                with archive.open(member) as part:
                    yield member.filename, part


def _nested_zip_parts(stream: Readable) -> Iterator[Part]:
    with tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY) as whole:
        shutil.copyfileobj(cast(IO[bytes], stream), whole, _BLOCK)
        whole.seek(0)
        yield from zip_parts(cast(IO[bytes], whole))


def _tar_parts(stream: Readable) -> Iterator[Part]:
    with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as archive:
        for member in archive:
            part = archive.extractfile(member) if member.isreg() else None
            if part is not None:
                yield member.name, part
            # It would keep every header otherwise.
            archive.members = []  # type: ignore[attr-defined]


def _gzip_parts(stream: Readable) -> Iterator[Part]:
    yield "", gzip.GzipFile(fileobj=cast(IO[bytes], stream))


def _bzip2_parts(stream: Readable) -> Iterator[Part]:
    yield "", bz2.BZ2File(cast(IO[bytes], stream))


def _xz_parts(stream: Readable) -> Iterator[Part]:
    yield "", _Xz(stream)


class _Xz:
    """What xz unpacks to; unlike the standard library's it never takes more memory than told."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._unpacking = lzma.LZMADecompressor(memlimit=_MOST_MEMORY)

    def read(self, size: int, /) -> bytes:
        unpacked = b""
        while not unpacked:
            if self._unpacking.eof:
                rest = self._unpacking.unused_data or self._stream.read(_BLOCK)
                if not rest.strip(b"\0"):
                    return b""
                self._unpacking = lzma.LZMADecompressor(memlimit=_MOST_MEMORY)
            else:
                rest = self._stream.read(_BLOCK) if self._unpacking.needs_input else b""
                if not rest and self._unpacking.needs_input:
                    raise EOFError("the end is missing")
            try:
                unpacked = self._unpacking.decompress(rest, size)
            except lzma.LZMAError as error:
                if "emory" in str(error):
                    raise TooMuch(f"it needs more than {_MOST_MEMORY} bytes of memory") from None
                raise
        return unpacked


_KINDS: tuple[tuple[bytes, int, Callable[[Readable], Iterator[Part]]], ...] = (
    (b"PK\x03\x04", 0, _nested_zip_parts),
    (b"\x1f\x8b", 0, _gzip_parts),
    (b"BZh", 0, _bzip2_parts),
    (b"\xfd7zXZ\0", 0, _xz_parts),
    (b"ustar", 257, _tar_parts),
)
