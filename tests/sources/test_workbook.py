"""Workbooks are read cell by cell as canonical text, wherever in the sheet the cells are."""

from __future__ import annotations

import struct
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from hotpass.sources.folder import list_sheets, read_sheets
from hotpass.sources.sheet import Sheet, column_index, column_letters


def write(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook with the given rows; a day becomes a formatted date cell."""
    book = xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return path


def read(path: Path) -> list[Sheet]:
    return list(read_sheets(path, path.parent))


def first_row(path: Path) -> tuple[str | None, ...]:
    return tuple(read(path)[0].cells.row(0))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (12.5, "12.5"),
        (27215550123.0, "27215550123"),
        (215550123.0, "215550123"),
        (81, "81"),
        (1e15, "1000000000000000"),
        (-5, "-5"),
        (date(2024, 2, 3), "2024-02-03"),
        (datetime(2024, 2, 3, 14, 30), "2024-02-03 14:30:00"),
        (" Karoo \u00a0", "Karoo"),
        ("0081", "0081"),
        (True, "true"),
        ("   ", None),
    ],
)
def test_a_cell_is_canonical_text(tmp_path: Path, value: object, text: str | None) -> None:
    path = write(tmp_path / "a.xlsx", S=[["x", value]])

    assert (*first_row(path), None)[1] == text


def test_row_numbers_and_cell_addresses_are_those_of_the_spreadsheet(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write(6, 3, "far in")
    book.close()

    (read_sheet,) = read(tmp_path / "a.xlsx")

    position = read_sheet.cells.to_series(0).to_list().index("far in")
    assert read_sheet.row_numbers[position] == 7
    assert read_sheet.cell(position, 0) == "D7"


def test_a_merged_cell_fills_every_cell_that_it_covers(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.merge_range("C3:D5", "Limpopo")
    sheet.write("E5", "end")
    book.close()

    (read_sheet,) = read(tmp_path / "a.xlsx")

    rows = read_sheet.cells.rows()
    assert rows[2:5] == [
        ("Limpopo", "Limpopo", None),
        ("Limpopo", "Limpopo", None),
        ("Limpopo", "Limpopo", "end"),
    ]
    assert read_sheet.own_values.to_list() == [0, 0, 1, 0, 1]


def test_every_worksheet_is_read_and_a_hidden_one_is_warned_about(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name in ("Shown", "Hidden", "Very"):
        book.add_worksheet(name).write(0, 0, name)
    book.get_worksheet_by_name("Hidden").hide()
    book.get_worksheet_by_name("Very").very_hidden()
    book.close()

    sheets = {sheet.name: sheet for sheet in read(tmp_path / "a.xlsx")}

    assert {name: sheet.cells.item() for name, sheet in sheets.items()} == {
        name: name for name in ("Shown", "Hidden", "Very")
    }
    assert sheets["Shown"].warnings == ()
    assert sheets["Hidden"].warnings == (
        "Sheet 'Hidden' of a.xlsx is hidden; it was read all the same.",
    )
    assert len(sheets["Very"].warnings) == 1


def test_a_formula_whose_result_was_never_saved_is_warned_about_with_its_cell(
    tmp_path: Path,
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "Staff"])
    for row in range(2, 7):
        sheet.append(["A", f"=1+{row}"])
    book.save(tmp_path / "a.xlsx")

    (read_sheet,) = read(tmp_path / "a.xlsx")

    (warning,) = read_sheet.warnings
    assert "never saved (B2, B3, B4 and 2 more)" in warning


def test_a_formula_with_a_saved_result_is_read_as_that_result(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write_formula(0, 0, "=1+1", None, 2)
    sheet.write_formula(0, 1, '="a"&"b"', None, "ab")
    book.close()

    (read_sheet,) = read(tmp_path / "a.xlsx")

    assert read_sheet.cells.row(0) == ("2", "ab")
    assert read_sheet.warnings == ()


def test_a_cell_that_shows_an_error_is_blank_and_warned_about(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write(0, 0, "x")
    sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
    sheet.write(2, 0, "y")
    book.close()

    (read_sheet,) = read(tmp_path / "a.xlsx")

    assert read_sheet.cells.to_series(0).to_list() == ["x", None, "y"]
    assert "cells that show an error (A2)" in read_sheet.warnings[0]


def test_a_newer_workbook_named_as_an_old_one_is_read_by_its_content(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet("S").merge_range("A1:B1", "x")
    book.close()
    path = (tmp_path / "a.xlsx").rename(tmp_path / "a.xls")

    assert first_row(path) == ("x",)


def test_an_old_workbook_named_as_a_newer_one_is_read_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "old.xlsx"
    path.write_bytes(old_workbook([["Name"], ["Karoo"]]))

    assert read(path)[0].cells.rows() == [("Name",), ("Karoo",)]


def test_days_counted_from_1904_are_the_days_that_are_shown(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    book.add_worksheet("S").write_datetime(0, 0, datetime(2024, 2, 3), day)
    book.close()

    assert first_row(tmp_path / "a.xlsx") == ("2024-02-03",)


def test_a_sheet_that_is_a_chart_is_passed_over(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet("S").write_column(0, 0, [1, 2])
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=S!$A$1:$A$2"})
    book.add_chartsheet("Chart").set_chart(chart)
    book.close()

    assert [sheet.name for sheet in read(tmp_path / "a.xlsx")] == ["S"]


def test_a_workbook_of_the_old_kind_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    path.write_bytes(old_workbook([["Name", "Staff"], ["Karoo", 12.0]]))

    (sheet,) = read(path)

    assert sheet.name == "Old"
    assert sheet.cells.rows() == [("Name", "Staff"), ("Karoo", "12")]
    assert list_sheets(path, "old.xls") == ("Old",)


def test_the_sheets_of_a_workbook_are_listed_without_reading_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", One=[["x"]], Two=[])

    assert list_sheets(path, "a.xlsx") == ("One", "Two")


@given(st.integers(min_value=0, max_value=16_383))
def test_column_letters_and_index_are_each_others_inverse(index: int) -> None:
    assert column_index(column_letters(index)) == index


def old_workbook(rows: list[list[str | float]]) -> bytes:
    """A workbook of 1997: one sheet, named Old, in one stream of a compound file."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 0) + value.encode("latin-1")
                cells += record(0x0204, place + text)
            else:
                cells += record(0x0203, place + struct.pack("<d", value))
    begin = struct.pack("<HHHII", 0x0600, 0x0005, 0, 0, 0x0600)
    opening = record(0x0809, begin)
    named = len(opening) + 4 + 8 + 3 + 4
    bound = record(0x0085, struct.pack("<IHBB", named, 0, 3, 0) + b"Old")
    book = opening + bound + record(0x000A, b"")
    sheet = record(0x0809, begin[:2] + struct.pack("<H", 0x0010) + begin[4:])
    stream = (book + sheet + cells + record(0x000A, b"")).ljust(4096, b"\0")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        links = struct.pack("<iii", -1, -1, child)
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1) + links
        return (head + bytes(36) + struct.pack("<iQ", start, size)).ljust(128, b"\0")

    sectors = len(stream) // 512
    table = [-3, -2, *range(3, 2 + sectors), -2]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIiIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, -2, 0, -2, 0
    )
    header += struct.pack("<109i", 0, *[-1] * 108)
    directory = entry("Root Entry", 5, 1, -2, 0) + entry("Workbook", 2, -1, 2, len(stream))
    fat = struct.pack(f"<{len(table)}i", *table).ljust(512, b"\xff")
    return header + fat + directory.ljust(512, b"\0") + stream
