"""A secret that is in a file, however it is packed there, is found before the seal."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import SealRefused
from evidence.leaks import Leak, Limits, find_leaks
from evidence.redact import Redactor

PLANTED = "correct-horse-battery"
TEXT = f"first\nwith {PLANTED} in it\nlast\n".encode()


def zipped(data: bytes, name: str = "inner.txt") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("harmless.txt", "nothing")
        archive.writestr(name, data)
    return packed.getvalue()


def tarred(data: bytes, name: str = "inner.txt") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for part, content in (("harmless.txt", b"nothing"), (name, data)):
            member = tarfile.TarInfo(part)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "gzip": gzip.compress,
    "bzip2": partial(bz2.compress, compresslevel=1),
    "xz": lzma.compress,
}


def leaks_in(folder: Path, data: bytes, limits: Limits | None = None) -> list[Leak]:
    """What is found in a file of that content by whoever knows the secret."""
    (folder / "artefact").write_bytes(data)
    return list(find_leaks(folder, ["artefact"], Redactor({"TOKEN": PLANTED}), limits))


def test_a_leak_names_file_and_line_and_not_the_secret(tmp_path: Path) -> None:
    (leak,) = leaks_in(tmp_path, TEXT)

    assert str(leak) == "artefact, line 2"


def test_only_what_has_a_secret_is_named(tmp_path: Path) -> None:
    assert leaks_in(tmp_path, b"first\nsecond <redacted:TOKEN>\n") == []


@given(
    before=st.binary(max_size=200),
    lines=st.lists(st.integers(0, 400_000), max_size=5),
    place=st.integers(0, 5),
)
def test_a_leak_is_on_the_line_on_which_it_stands(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, lines: list[int], place: int
) -> None:
    texts = [b"." * length for length in lines]
    place = min(place, len(texts))
    texts.insert(place, before.replace(b"\n", b" ") + b" " + PLANTED.encode())

    (leak,) = leaks_in(tmp_path_factory.mktemp("run"), b"\n".join(texts))

    assert leak.line == place + 1


@pytest.mark.parametrize("kind", sorted(PACKED))
def test_a_secret_in_what_is_packed_is_found(tmp_path: Path, kind: str) -> None:
    (leak,) = leaks_in(tmp_path, PACKED[kind](TEXT * 2))

    assert leak.line == 2
    assert leak.member in (None, "inner.txt")


@pytest.mark.parametrize("kind", sorted(PACKED))
def test_what_is_packed_without_a_secret_is_not_named(tmp_path: Path, kind: str) -> None:
    assert leaks_in(tmp_path, PACKED[kind](b"nothing of it\n" * 1000)) == []


@pytest.mark.parametrize("outer", sorted(PACKED))
@pytest.mark.parametrize("inner", sorted(PACKED))
def test_a_secret_in_what_is_packed_twice_is_found(tmp_path: Path, outer: str, inner: str) -> None:
    (leak,) = leaks_in(tmp_path, PACKED[outer](PACKED[inner](TEXT)))

    assert leak.line == 2


def test_the_place_in_nested_archives_is_named(tmp_path: Path) -> None:
    data = gzip.compress(tarred(zipped(TEXT, "letters/one.txt"), "backup.zip"))

    (leak,) = leaks_in(tmp_path, data)

    assert str(leak) == "artefact (in its part backup.zip/letters/one.txt), line 2"


def test_a_secret_in_the_name_of_a_part_is_found(tmp_path: Path) -> None:
    (leak,) = leaks_in(tmp_path, gzip.compress(tarred(b"nothing", f"{PLANTED}.txt")))

    assert PLANTED not in str(leak)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_of_what_is_cut_off_the_part_that_can_be_read_is_looked_through(
    tmp_path: Path, kind: str
) -> None:
    noise = b"".join(b"%d of something else\n" % (number * 7919) for number in range(20_000))

    (leak,) = leaks_in(tmp_path, PACKED[kind](TEXT + noise)[:-200])

    assert leak.line == 2


@pytest.mark.parametrize("kind", sorted(PACKED))
def test_what_only_begins_like_something_packed_is_looked_through_as_it_is(
    tmp_path: Path, kind: str
) -> None:
    (leak,) = leaks_in(tmp_path, PACKED[kind](b"x")[:300] + b"\n" + TEXT)

    assert leak.member is None


@pytest.mark.parametrize("kind", sorted(PACKED))
def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SealRefused, match="unpacks to more than 100000 bytes"):
        leaks_in(tmp_path, PACKED[kind](bytes(200_000)), Limits(unpacked_bytes=100_000))


def test_what_is_packed_too_many_times_over_is_refused(tmp_path: Path) -> None:
    data = TEXT
    for _ in range(4):
        data = gzip.compress(data)

    with pytest.raises(SealRefused, match="more than 3 times"):
        leaks_in(tmp_path, data, Limits(depth=3))


def test_xz_that_asks_for_very_much_memory_is_refused(tmp_path: Path) -> None:
    data = bytearray(lzma.compress(TEXT))
    # The size of the dictionary stands in the header of the block, before its checksum: 1 GiB.
    data[16] = 36
    data[20:24] = zlib.crc32(data[12:20]).to_bytes(4, "little")

    with pytest.raises(SealRefused, match="bytes of memory"):
        leaks_in(tmp_path, bytes(data))


def test_a_secret_of_a_workbook_is_found_in_its_sheet(tmp_path: Path) -> None:
    sheet = f"<row><c><t>{PLANTED}</t></c></row>".encode()

    (leak,) = leaks_in(tmp_path, zipped(sheet, "xl/worksheets/sheet1.xml"))

    assert leak.member == "xl/worksheets/sheet1.xml"
