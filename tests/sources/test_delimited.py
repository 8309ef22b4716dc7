"""Delimited text is read whatever its encoding, delimiter and line ends."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.errors import BadInput
from hotpass.sources.delimited import read_delimited

TABLE = [
    ["Naam", "Adres", "Dorp"],
    ["Flügschule Môreson", "Kerkstraat 4, agter", "Pofadder"],
    ["Zoë's Crèche", "Café René", "Ceres"],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(TABLE)
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))

    sheet = read_delimited(path, "a.csv")

    assert [list(row) for row in sheet.cells.rows()] == TABLE


def test_a_row_number_is_the_line_where_the_record_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'List\r\n\r\nName,Address\r\nA,"1 Main Rd\r\nCeres"\r\n\r\nB,x\r\n')

    sheet = read_delimited(path, "a.csv")

    numbered = dict(zip(sheet.row_numbers, sheet.cells.to_series(0), strict=True))
    assert numbered == {1: "List", 2: None, 3: "Name", 4: "A", 6: None, 7: "B"}


def test_a_record_longer_than_all_before_it_loses_no_field(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" * 300 + "a,b,c,d\n")

    sheet = read_delimited(path, "a.csv")

    assert sheet.cells.row(-1) == ("a", "b", "c", "d")


def test_line_ends_of_an_old_mac_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Name,Town\rA,Ceres\r")

    assert read_delimited(path, "a.csv").cells.rows() == [("Name", "Town"), ("A", "Ceres")]


@pytest.mark.parametrize(("text", "line"), [('a,b\n1,2\n"open,3\n4,5\n', 3), ('a,b\n"x"y,2\n', 2)])
def test_a_stray_quotation_mark_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)

    with pytest.raises(BadInput, match=rf"a\.csv cannot be read from line {line} on"):
        read_delimited(path, "a.csv")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"%PDF-1.7\0\0\x01binary")

    with pytest.raises(BadInput, match=r"a\.csv is no text"):
        read_delimited(path, "a.csv")


FIELD = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="\ufeff"),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(FIELD, min_size=width, max_size=width), min_size=2, max_size=6
        )
    ),
    delimiter=st.sampled_from(";\t|"),
)
def test_what_was_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(text.getvalue().encode())

    assert [list(row) for row in read_delimited(path, "a.csv").cells.rows()] == rows
