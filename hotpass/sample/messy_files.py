"""A small sample as people keep it: titles, merged cells, notes, mixed types, hidden sheets.

The same rows give the same bytes.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from hotpass.sample.tables import (
    AFRIKAANS,
    EXPORT,
    LAPSED,
    MAILING,
    NORTH,
    REGISTER,
    SOUTH,
    Table,
    cells_of,
    rows_of,
)

Places = pl.DataFrame
"""`id`, `file`, `sheet`, `row` of every row that was written."""

_CREATED = datetime(2024, 11, 4, 8, 30)
_ROWS_A_PAGE = 24


def write_messy_files(mentions: pl.DataFrame, folder: Path) -> list[Places]:
    """Write the files of a sample into an existing folder and say where each row went."""
    places: list[Places] = []
    with _workbook(folder / REGISTER.file) as book:
        places.append(_write_register(book, rows_of(REGISTER, mentions)))
        places.append(_write_lapsed(book, rows_of(LAPSED, mentions)))
        _write_lookups(book)
    with _workbook(folder / NORTH.file) as book:
        places.append(_write_north(book, rows_of(NORTH, mentions)))
        places.append(_write_south(book, rows_of(SOUTH, mentions)))
        book.add_worksheet("Sheet3")
    with _workbook(folder / AFRIKAANS.file) as book:
        places.append(_write_afrikaans(book, rows_of(AFRIKAANS, mentions)))
    places.append(_write_export(folder, rows_of(EXPORT, mentions)))
    places.append(_write_mailing_list(folder, rows_of(MAILING, mentions)))
    return places


def _workbook(path: Path) -> Any:
    book = xlsxwriter.Workbook(path)
    book.set_properties({"author": "Secretariat", "created": _CREATED})
    return book


def _write_register(book: Any, rows: pl.DataFrame) -> Places:
    """Title merged across, a blank column at the left, the header in row 5, notes below."""
    sheet = book.add_worksheet(REGISTER.sheet)
    title = book.add_format({"bold": True, "font_size": 14, "align": "center"})
    width = len(REGISTER.columns)
    sheet.merge_range(0, 1, 0, width, "Register of Organisations", title)
    sheet.merge_range(1, 1, 1, width, "Not for distribution - see notes below the table")
    sheet.write(2, 1, "Date:")
    sheet.write_datetime(2, 2, _CREATED, book.add_format({"num_format": "yyyy-mm-dd"}))
    places = _write_table(book, sheet, REGISTER, rows, header_row=4, first_column=1)
    below = 5 + rows.height
    sheet.write(below, 1, "Total")
    sheet.write_formula(below, 2, f"=COUNTA(C6:C{below})", None, rows.height)
    sheet.write(below + 2, 1, "Notes:")
    sheet.write(below + 3, 1, "1) Telephone numbers are as given by the organisation.")
    sheet.write(below + 4, 1, "2) Postal codes that begin with a zero may have lost it.")
    return places


def _write_lapsed(book: Any, rows: pl.DataFrame) -> Places:
    """A hidden sheet under a title."""
    sheet = book.add_worksheet(LAPSED.sheet)
    sheet.hide()
    sheet.write(0, 0, "Lapsed - do not mail")
    return _write_table(book, sheet, LAPSED, rows, header_row=1)


def _write_lookups(book: Any) -> None:
    """A sheet that holds no organisations."""
    sheet = book.add_worksheet("Lookups")
    codes = {"WC": "Western Cape", "GP": "Gauteng", "KZN": "KwaZulu-Natal", "FS": "Free State"}
    for row, (code, province) in enumerate(codes.items()):
        sheet.write_row(row, 0, [code, province])


def _write_north(book: Any, rows: pl.DataFrame) -> Places:
    """Provinces merged down their rows, and a header that is merged in its first of two rows."""
    sheet = book.add_worksheet(NORTH.sheet)
    middle = book.add_format({"valign": "vcenter", "bold": True})
    rows = rows.sort("true_province", maintain_order=True).with_columns(province="true_province")
    places = _write_table(book, sheet, NORTH, rows, header_row=3)
    sheet.merge_range(0, 0, 0, len(NORTH.columns) - 1, "MEMBERS 2024 - NORTHERN REGION", middle)
    headers = list(NORTH.columns)
    groups = {"Contact person": "E-mail address", "Town / City": "Code"}
    for first, last in groups.items():
        text = "Contact" if first == "Contact person" else "Location"
        sheet.merge_range(2, headers.index(first), 2, headers.index(last), text, middle)
    for column in (0, 1, 2):
        sheet.merge_range(2, column, 3, column, headers[column], middle)
    top = 4
    for province, group in groupby(rows.get_column("true_province").to_list()):
        bottom = top + len(list(group)) - 1
        if bottom > top:
            sheet.merge_range(top, 0, bottom, 0, province, middle)
        top = bottom + 1
    return places


def _write_south(book: Any, rows: pl.DataFrame) -> Places:
    """The header again on every page, as printed lists have it."""
    sheet = book.add_worksheet(SOUTH.sheet)
    sheet.write(0, 0, "MEMBERS 2024 - SOUTHERN REGION")
    places, row = [], 2
    for page in list(rows.iter_slices(_ROWS_A_PAGE)) or [rows]:
        places.append(_write_table(book, sheet, SOUTH, page, header_row=row))
        row += 1 + page.height
    sheet.write(row + 1, 0, "* Members in arrears are not listed.")
    return pl.concat(places)


def _write_afrikaans(book: Any, rows: pl.DataFrame) -> Places:
    """Headers in another language, and remarks beside the table."""
    sheet = book.add_worksheet(AFRIKAANS.sheet)
    sheet.write(1, 0, "Kontaklys van organisasies")
    places = _write_table(book, sheet, AFRIKAANS, rows, header_row=3)
    for row in range(4, 4 + rows.height, 11):
        sheet.write(row, len(AFRIKAANS.columns) + 1, "gebel")
    sheet.write(4 + rows.height, 1, f"Totaal: {rows.height}")
    sheet.write(6 + rows.height, 1, "Bron: takkantore")
    return places


def _write_export(folder: Path, rows: pl.DataFrame) -> Places:
    """Semicolons and the old encoding of Windows, under a line that says what it is."""
    text = io.StringIO(newline="")
    text.write("Contact export;;;\r\n\r\n")
    _write_csv(text, EXPORT, rows, delimiter=";")
    (folder / EXPORT.file).write_bytes(text.getvalue().encode("cp1252"))
    return _places(EXPORT, rows, 4)


def _write_mailing_list(folder: Path, rows: pl.DataFrame) -> Places:
    """Commas and UTF-8."""
    text = io.StringIO(newline="")
    _write_csv(text, MAILING, rows, delimiter=",")
    (folder / MAILING.file).write_bytes(text.getvalue().encode())
    return _places(MAILING, rows, 2)


def _write_csv(text: io.StringIO, table: Table, rows: pl.DataFrame, delimiter: str) -> None:
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(rows.select(table.columns.values()).iter_rows())


def _write_table(
    book: Any,
    sheet: Any,
    table: Table,
    rows: pl.DataFrame,
    *,
    header_row: int,
    first_column: int = 0,
) -> Places:
    """Header and rows, each cell as the kind that it is; rows and columns count from 0."""
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    bold = book.add_format({"bold": True})
    sheet.write_row(header_row, first_column, table.columns, bold)
    for row, cells in enumerate(cells_of(table, rows), start=header_row + 1):
        for column, (text, kind) in enumerate(cells, start=first_column):
            if text is None:
                continue
            if kind == "number":
                sheet.write_number(row, column, float(text))
            elif kind == "date":
                sheet.write_datetime(row, column, date.fromisoformat(text), day)
            else:
                sheet.write_string(row, column, text)
    return _places(table, rows, header_row + 2)


def _places(table: Table, rows: pl.DataFrame, first_row: int) -> Places:
    return rows.select(
        "id",
        file=pl.lit(table.file),
        sheet=pl.lit(table.sheet),
        row=pl.int_range(first_row, first_row + pl.len()),
    )
