"""Whether a file is what its name says, against files that are not and against Pillow."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from evidence.content import content_problem, png_size, stream_problem

BAD = Path(__file__).parent / "bad" / "content"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a-page.png", "is not a PNG picture"),
        ("a-page.xlsx", "is not a readable zip archive"),
        ("blank.log", "holds nothing but white space"),
        ("bytes-after-the-end.png", "has bytes after the end"),
        ("cut-off.json", "is not JSON"),
        ("cut-off.parquet", "is not a whole Parquet file"),
        ("cut-off.png", "it is cut off"),
        ("empty.log", "is empty"),
        ("forged-size.png", "is not a picture's"),
        ("missing-rows.png", "pixels are missing"),
        ("more-rows-than-its-header-says.png", "more pixels than its header says"),
        ("no-end.png", "ends before the picture does"),
        ("no-header.png", "does not begin with a header"),
        ("no-pixels-inside.png", "do not decompress"),
        ("not-json-in-line-2.jsonl", "is not JSON in line 2"),
        ("unknown-filter.png", "no known filter"),
        ("unknown-format.png", "no known format"),
        ("wrong-checksum.png", "checksum of its IDAT part is wrong"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told_apart(name: str, said: str) -> None:
    assert said in (content_problem(BAD / name) or "nothing found")


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    assert content_problem(tmp_path / "none.log") == "cannot be read (No such file or directory)"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_format_that_pillow_writes_is_a_picture(tmp_path: Path, mode: str) -> None:
    Image.effect_noise((61, 37), 80).convert(mode).save(tmp_path / "page.png")

    assert content_problem(tmp_path / "page.png") is None
    assert png_size(tmp_path / "page.png") == (61, 37)


def _page() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((61, 37), 80).convert("RGB").save(file, "PNG")
    return file.getvalue()


PAGE = _page()


@given(st.integers(0, len(PAGE) - 1), st.integers(1, 255))
def test_no_byte_of_a_picture_can_change_unseen(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    damaged = bytearray(PAGE)
    damaged[place] ^= change
    path = tmp_path_factory.getbasetemp() / "damaged.png"
    path.write_bytes(damaged)

    assert content_problem(path) is not None


def _workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/é.xml", "<sheet>" * 20)
    return file.getvalue()


WORKBOOK = _workbook()


@given(
    st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), max_size=4),
    st.integers(1, len(WORKBOOK)),
)
@example([(WORKBOOK.rindex("é".encode()), 0xFF)], len(WORKBOOK))
@example([(WORKBOOK.rindex(b"PK\5\6") + 14, 0xFF)], len(WORKBOOK))
def test_no_damage_of_a_workbook_crashes_the_reader(
    changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(WORKBOOK)
    for place, byte in changes:
        damaged[place] = byte

    problem = stream_problem("book.xlsx", io.BytesIO(damaged[:end]))

    assert problem is None or problem.startswith(("is ", "claims "))


def test_a_damaged_part_of_a_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/sheet1.xml", "<sheet>12345</sheet>")
    path.write_bytes(path.read_bytes().replace(b"12345", b"12346"))

    assert content_problem(path) == "is damaged in its part xl/sheet1.xml"


def test_a_workbook_that_would_unpack_without_end_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sheet1.xml", bytes(10**6))
    small, huge = (10**6).to_bytes(4, "little"), (0xFFFFFFF0).to_bytes(4, "little")
    directory = path.read_bytes().replace(small, huge)
    two = directory.rfind(b"PK\x01\x02"), directory.rfind(b"PK\x05\x06")
    entry = directory[two[0] : two[1]]
    end = bytearray(directory[two[1] :])
    end[8:12], end[12:16] = b"\2\0\2\0", (2 * len(entry)).to_bytes(4, "little")
    path.write_bytes(directory[: two[1]] + entry + end)

    assert content_problem(path) == "claims to unpack to 8589934560 bytes, more than is read"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_in_a_compression_without_bounds_is_refused(tmp_path: Path, method) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w", method) as book:
        book.writestr("xl/sheet1.xml", "<sheet/>")

    assert content_problem(path) == "is compressed by a method other than deflate"


def test_good_files_have_no_problem(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("xl/sheet1.xml", "<sheet/>")
    (tmp_path / "facts.json").write_text('{"a": [1, 2]}')
    (tmp_path / "run.log").write_text("done\n")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1" + b"\0" * 20 + b"PAR1")
    (tmp_path / "events.jsonl").write_text('{"a": 1}\n{"b": 2}\n')

    assert [content_problem(path) for path in sorted(tmp_path.iterdir())] == [None] * 5
