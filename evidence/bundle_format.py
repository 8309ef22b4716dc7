"""The bytes of a bundle: a tar archive whose every file is also the file of a zip archive.

Nothing is compressed. In front of each file stands a pax header, whose comment is where a zip
entry begins; the rest of the header is the extra field of that entry. After the end of the tar
archive comes the zip directory. So GNU tar and unzip read one and the same file, and its bytes
follow from the names, the contents and one time: there is no second way to write it.

    pax header                   512 bytes
    pax records: path, comment   the comment is a zip entry: header, name, extra field ↓
    zeros to 512                 │
    tar header                   512 bytes ↓
    content, zeros to 512
    … the next file …
    1024 zeros                   the end for tar
    zip directory, its end       the end for zip

Sources: POSIX.1-2017, pax (ustar and pax interchange formats); PKWARE APPNOTE 6.3.10,
4.3 to 4.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

BLOCK_BYTES = 512
# The largest offset and count that a zip archive without its 64-bit extension can hold.
LARGEST_BUNDLE_BYTES = 2**32 - 2
MOST_FILES = 2**16 - 2

_READ_ONLY_FILE = 0o100444
# Unix wrote it, and 2.0 of the specification is enough to read it.
_MADE_BY, _NEEDED = 3 << 8 | 20, 20
_NAMES_ARE_UTF8 = 1 << 11
# An extra field of no registered kind, which every reader passes over.
_EXTRA_KIND = 0x6865
_ENTRY = struct.Struct("<4sHHHHHIIIHH")
_DIRECTORY_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_DIRECTORY_END = struct.Struct("<4sHHHHIIH")
_EXTRA_HEAD = struct.Struct("<HH")
_CHECKSUM_PLACE = 14


@dataclass(frozen=True)
class Entry:
    """A file of a bundle: its whole name, its size in bytes, the CRC-32 stated for it."""

    name: str
    size: int
    checksum: int


def laid_out(entries: Sequence[Entry], modified: datetime) -> Iterator[bytes | Entry]:
    """A bundle from its first byte to its last; an entry stands where its content goes."""
    at = 0
    starts = []
    for entry in entries:
        head, start = _head(entry, modified)
        starts.append(at + start)
        yield head
        yield entry
        padding = bytes(-entry.size % BLOCK_BYTES)
        yield padding
        at += len(head) + entry.size + len(padding)
    yield bytes(2 * BLOCK_BYTES)
    at += 2 * BLOCK_BYTES
    length = 0
    for entry, start in zip(entries, starts, strict=True):
        line = _directory_entry(entry, start, modified)
        length += len(line)
        yield line
    count = len(entries)
    yield _DIRECTORY_END.pack(b"PK\5\6", 0, 0, count, count, length, at, 0)


def stated_checksum(records: bytes, name: str) -> int:
    """The CRC-32 that the zip entry in a file's pax records states for its content."""
    place = len(records) - 1 - _zip_head_size(name.encode()) + _CHECKSUM_PLACE
    return int.from_bytes(records[max(0, place) : max(0, place) + 4], "little")


def pax_record(key: bytes, value: bytes) -> bytes:
    """A record of a pax header, which begins with its own length in decimal digits."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest)
    while length != len(b"%d" % length) + len(rest):
        length = len(b"%d" % length) + len(rest)
    return b"%d%b" % (length, rest)


def tar_header(name: bytes, size: int, kind: bytes, modified: datetime) -> bytes:
    """A ustar header; a longer name than fits is cut, and stands whole in the pax records."""
    fields = (
        (0, name[:100]),
        (100, b"%07o\0" % (_READ_ONLY_FILE & 0o777)),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, b"%011o\0" % size),
        (136, b"%011o\0" % int(modified.timestamp())),
        (148, b" " * 8),
        (156, kind),
        (257, b"ustar\x0000"),
    )
    header = bytearray(BLOCK_BYTES)
    for place, value in fields:
        header[place : place + len(value)] = value
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _head(entry: Entry, modified: datetime) -> tuple[bytes, int]:
    """All that stands before a file's content, and where in it the zip entry begins."""
    name = entry.name.encode()
    path = pax_record(b"path", name)
    zip_head = _zip_head_size(name)
    records_size = len(path) + len(pax_record(b"comment", bytes(zip_head)))
    padding = bytes(-records_size % BLOCK_BYTES)
    # The line break that ends the record, the padding and the tar header.
    extra_size = 1 + len(padding) + BLOCK_BYTES
    zip_entry = (
        _ENTRY.pack(b"PK\3\4", *_facts(entry, modified), len(name), _EXTRA_HEAD.size + extra_size)
        + name
        + _EXTRA_HEAD.pack(_EXTRA_KIND, extra_size)
    )
    records = path + pax_record(b"comment", zip_entry)
    head = (
        tar_header(b"PaxHeaders/" + name, records_size, b"x", modified)
        + records
        + padding
        + tar_header(name, entry.size, b"0", modified)
    )
    return head, BLOCK_BYTES + records_size - 1 - zip_head


def _zip_head_size(name: bytes) -> int:
    """How much of a zip entry stands in the pax records: up to what its extra field holds."""
    return _ENTRY.size + len(name) + _EXTRA_HEAD.size


def _directory_entry(entry: Entry, start: int, modified: datetime) -> bytes:
    name = entry.name.encode()
    rest = (len(name), 0, 0, 0, 0, _READ_ONLY_FILE << 16, start)
    return _DIRECTORY_ENTRY.pack(b"PK\1\2", _MADE_BY, *_facts(entry, modified), *rest) + name


def _facts(entry: Entry, modified: datetime) -> tuple[int, ...]:
    """What a zip archive says of a file twice: in front of it and in its directory."""
    date = (modified.year - 1980) << 9 | modified.month << 5 | modified.day
    time = modified.hour << 11 | modified.minute << 5 | modified.second // 2
    stored = 0
    sizes = (entry.checksum, entry.size, entry.size)
    return (_NEEDED, _NAMES_ARE_UTF8, stored, time, date, *sizes)
