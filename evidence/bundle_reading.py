"""Read a bundle in place: nothing is unpacked, and nothing is believed that it says of itself.

A bundle has one form. Its files are found by walking the tar headers; then the bytes that such
files must have around them are made anew and compared, to the last one. So what tar, unzip and
this reader see is the same, and no byte can be hidden between.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from evidence.bundle_format import (
    BLOCK_BYTES,
    LARGEST_BUNDLE_BYTES,
    MOST_FILES,
    Entry,
    laid_out,
    stated_checksum,
)
from evidence.bundle_names import collisions, name_problem, root_time
from evidence.errors import BadBundle
from evidence.inventory import Inventory

_COPY_BYTES = 1 << 20
# Two records, each with a name of at most 1,024 bytes, and what stands around it.
_LARGEST_RECORDS_BYTES = 4096
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a named pipe",
}


@contextlib.contextmanager
def open_bundle(path: Path) -> Iterator[BundleFiles]:
    """The files of a bundle, which stays open meanwhile.

    Raises BadBundle, naming the entry, for anything that is not a bundle to the byte. Memory
    holds names, never contents.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise BadBundle(f"it cannot be read: {error.strerror}.") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadBundle("it is not a plain file.")
        yield _read(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _Member:
    """An entry, where its content stands, the SHA-256 (hex) of that, and its real CRC-32."""

    entry: Entry
    start: int
    digest: str
    checksum: int


class BundleFiles:
    """The files of an open bundle, by their names below its one folder, `root`.

    `damaged` are those whose content is not what the bundle's own checksum was made of.
    """

    def __init__(self, descriptor: int, root: str, members: dict[str, _Member]) -> None:
        self.root = root
        self.inventory = Inventory(tuple(members), ())
        self.damaged = tuple(
            name for name, member in members.items() if member.checksum != member.entry.checksum
        )
        self._descriptor = descriptor
        self._members = members

    def open(self, name: str) -> BinaryIO:
        """A file's bytes from its start; it can seek."""
        member = self._members[name]
        return io.BufferedReader(_Slice(self._descriptor, member.start, member.entry.size))

    def digest(self, name: str) -> str:
        """SHA-256 (hex) of a file, taken when the bundle was opened."""
        return self._members[name].digest


def _read(descriptor: int) -> BundleFiles:
    size = os.fstat(descriptor).st_size
    if size > LARGEST_BUNDLE_BYTES:
        raise BadBundle(f"it is larger than any bundle, {LARGEST_BUNDLE_BYTES} bytes.")
    found = list(_walk(descriptor, size))
    names = [entry.name for entry, _ in found]
    root, modified = _root(names)
    for one, other in collisions(names):
        raise BadBundle(f"{other} and {one} are one name where it is unpacked.")
    if names != sorted(names, key=str.encode):
        raise BadBundle("its files are not in the order of their names.")
    _compare(descriptor, size, [entry for entry, _ in found], modified)
    below = {
        entry.name[len(root) + 1 :]: _measured(descriptor, entry, start) for entry, start in found
    }
    return BundleFiles(descriptor, root, below)


def _walk(descriptor: int, size: int) -> Iterator[tuple[Entry, int]]:
    """Each file as its headers have it, and where its content starts."""
    at, count = 0, 0
    while (header := os.pread(descriptor, BLOCK_BYTES, at)).strip(b"\0"):
        count += 1
        where = f"entry {count}"
        if count > MOST_FILES:
            raise BadBundle(f"it has more than {MOST_FILES} files.")
        records_size = _size(header, b"x", where)
        if records_size > _LARGEST_RECORDS_BYTES:
            raise BadBundle(f"{where} has a header of {records_size} bytes, longer than any.")
        records = os.pread(descriptor, records_size, at + BLOCK_BYTES)
        name = _path(records, where)
        if problem := name_problem(name):
            raise BadBundle(f"{where}, {name}, {problem}.")
        at += BLOCK_BYTES + records_size + -records_size % BLOCK_BYTES
        length = _size(os.pread(descriptor, BLOCK_BYTES, at), b"0", f"{where}, {name},")
        at += BLOCK_BYTES
        if length > size - at:
            left = max(0, size - at)
            raise BadBundle(f"{where}, {name}, claims {length} bytes where {left} are left.")
        yield Entry(name, length, stated_checksum(records, name)), at
        at += length + -length % BLOCK_BYTES
    if count == 0:
        raise BadBundle("it is not a bundle; invoke evidence.bundle makes one of a sealed run.")


def _size(header: bytes, kind: bytes, where: str) -> int:
    """The size that a tar header gives what follows it."""
    known = len(header) == BLOCK_BYTES and header[257:265] == b"ustar\x0000"
    if known and (what := _KINDS.get(header[156:157])):
        raise BadBundle(f"{where} is {what}; a bundle holds plain files alone.")
    if not known or header[156:157] != kind:
        raise BadBundle(
            f"{where} does not begin as invoke evidence.bundle writes it; an archive of another "
            "program has to be unpacked, and its folder verified."
        )
    digits = header[124:135]
    if not digits.isdigit() or max(digits) > ord("7"):
        raise BadBundle(f"{where} has no size that can be read.")
    return int(digits, 8)


def _path(records: bytes, where: str) -> str:
    """The name in the first of the records of a pax header."""
    digits, _, _ = records.partition(b" ")
    length = int(digits) if digits.isdigit() and len(digits) < 5 else 0
    record = records[len(digits) : length]
    if not record.startswith(b" path=") or not record.endswith(b"\n"):
        raise BadBundle(f"{where} does not begin with its name.")
    try:
        return record[6:-1].decode()
    except UnicodeDecodeError:
        raise BadBundle(f"{where} has a name that is not UTF-8.") from None


def _root(names: list[str]) -> tuple[str, datetime]:
    root = names[0].partition("/")[0]
    modified = root_time(root)
    if modified is None:
        raise BadBundle(f"its folder, {root}, is not a run's: <kind>-<timestamp>.")
    for name in names:
        if not name.startswith(f"{root}/"):
            raise BadBundle(f"{name} lies outside the run's folder, {root}.")
    return root, modified


def _measured(descriptor: int, entry: Entry, start: int) -> _Member:
    digest, checksum, end = hashlib.sha256(), 0, start + entry.size
    for at in range(start, end, _COPY_BYTES):
        block = os.pread(descriptor, min(_COPY_BYTES, end - at), at)
        digest.update(block)
        checksum = zlib.crc32(block, checksum)
    return _Member(entry, start, digest.hexdigest(), checksum)


def _compare(descriptor: int, size: int, entries: list[Entry], modified: datetime) -> None:
    """Refuse any byte around the contents that such a bundle does not have there."""
    at = 0
    for piece in laid_out(entries, modified):
        if isinstance(piece, Entry):
            at += piece.size
            continue
        there = os.pread(descriptor, len(piece), at)
        if there != piece:
            pairs = enumerate(zip(there, piece, strict=False))
            first = next((place for place, (a, b) in pairs if a != b), len(there))
            raise BadBundle(f"byte {at + first} is not what a bundle of these files has there.")
        at += len(piece)
    if at != size:
        raise BadBundle(f"{size - at} bytes follow the end of the bundle.")


class _Slice(io.RawIOBase):
    """A part of an open file, read without moving in it."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        self._descriptor, self._start, self._size, self._at = descriptor, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._size - self._at))
        block = os.pread(self._descriptor, wanted, self._start + self._at)
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)
