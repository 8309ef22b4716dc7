"""XLSX, XLSM, XLS and ODS workbooks, sheet by sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl
import python_calamine

from hotpass.errors import BadInput
from hotpass.sources.guard import refuse_what_is_no_workbook
from hotpass.sources.merged import Range, banner_rows, fill_merged
from hotpass.sources.open_document import is_open_document, merged_ranges
from hotpass.sources.package import PACKAGE, SheetFacts, examine_package, sheet_names
from hotpass.sources.password import unlocked
from hotpass.sources.sheet import Sheet

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods", ".xlsb")
"""What is looked at; of the last kind, which is not read, nothing is lost in silence."""


def read_workbook(path: Path, file: str, passwords: Mapping[str, str]) -> Iterator[Sheet]:
    """Every worksheet of a workbook, hidden ones too; an empty one has no cells.

    `passwords` are those of protected workbooks, by variable (see `hotpass.sources.password`).

    Raises BadInput, naming `file`, for what cannot be opened or would take too much memory.
    """
    book = _open(path, file, passwords)
    for name in book.reader.sheet_names:
        if book.facts is None or name in book.facts:
            yield _read_sheet(book, name)


def list_sheets(path: Path, file: str, passwords: Mapping[str, str]) -> tuple[str, ...]:
    """The names of a workbook's sheets; raises BadInput, naming `file`, as reading it does."""
    content = _content_of(path, file, passwords)
    if content.startswith(PACKAGE) and not is_open_document(content):
        return sheet_names(io.BytesIO(content), file)
    return tuple(_reader(content, file).sheet_names)


@dataclass(frozen=True)
class _Workbook:
    """A workbook that was found safe to read; `facts` are those of an XLSX package."""

    file: str
    content: bytes
    reader: fastexcel.ExcelReader
    facts: dict[str, SheetFacts] | None
    merged: dict[str, list[Range]] | None


def _open(path: Path, file: str, passwords: Mapping[str, str]) -> _Workbook:
    content = _content_of(path, file, passwords)
    facts = merged = None
    if is_open_document(content):
        merged = merged_ranges(io.BytesIO(content))
    elif content.startswith(PACKAGE):
        facts = examine_package(io.BytesIO(content), file)
    return _Workbook(file, content, _reader(content, file), facts, merged)


def _content_of(path: Path, file: str, passwords: Mapping[str, str]) -> bytes:
    """The bytes of a workbook, those of a protected one as they are without its password."""
    refuse_what_is_no_workbook(path, file, may_be_protected=True)
    content = path.read_bytes()
    return content if content.startswith(PACKAGE) else unlocked(content, file, passwords)


def _reader(content: bytes, file: str) -> fastexcel.ExcelReader:
    try:
        # By its content: a workbook of the newer kind may well be named .xls.
        return fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise BadInput(_why(error, file)) from None


def _why(error: Exception, place: str) -> str:
    reason = str(error).partition("\n")[0]
    if "password" in reason.casefold():
        return f"{place} is protected with a password; save a copy without one and use that."
    return f"{place} cannot be read ({reason}); save it once more in a spreadsheet program."


def _read_sheet(book: _Workbook, name: str) -> Sheet:
    facts = book.facts[name] if book.facts else None
    try:
        # skip_rows=0 keeps the blank rows above, so that row numbers are the sheet's own.
        sheet = book.reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        cells = _tidied(sheet.to_polars())
    except fastexcel.FastExcelError as error:
        raise BadInput(_why(error, f"Sheet '{name}' of {book.file}")) from None
    own_values = pl.Series(dtype=pl.UInt32)
    if cells.width:
        filled = pl.sum_horizontal(pl.all().is_not_null()).cast(pl.UInt32)
        own_values = cells.select(filled).to_series()
    first_column, banners = 0, frozenset[int]()
    plain = facts and facts.begins_in_first_column and not facts.has_merged_cells
    if cells.height and not plain:
        first_column, ranges = _layout(book, name)
        banners = banner_rows(cells, ranges)
        cells = fill_merged(cells, ranges)
    return Sheet(
        file=book.file,
        name=name,
        cells=cells,
        row_numbers=pl.int_range(1, cells.height + 1, dtype=pl.UInt32, eager=True),
        own_values=own_values,
        first_column=first_column,
        banners=banners,
        warnings=_warnings(book.file, name, sheet.visible, facts),
    )


def _layout(book: _Workbook, name: str) -> tuple[int, list[Range]]:
    """The column in which the cells begin, and the merged ranges counted from it."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.content))
        sheet = workbook.get_sheet_by_name(name)
    except python_calamine.CalamineError as error:
        raise BadInput(_why(error, f"Sheet '{name}' of {book.file}")) from None
    first_column = sheet.start[1] if sheet.start else 0
    ranges = sheet.merged_cell_ranges if book.merged is None else book.merged.get(name)
    return first_column, [
        ((top, left - first_column), (bottom, right - first_column))
        for (top, left), (bottom, right) in ranges or []
    ]


def _tidied(cells: pl.DataFrame) -> pl.DataFrame:
    """Spaces around a text are gone, an empty text is null, a day has no time of day."""
    texts = cells.select(pl.all().str.strip_suffix(" 00:00:00").str.strip_chars())
    return texts.select(pl.when(pl.all() != "").then(pl.all()))


def _warnings(file: str, name: str, visible: str, facts: SheetFacts | None) -> tuple[str, ...]:
    place = f"Sheet '{name}' of {file}"
    warnings = []
    if visible != "visible":
        warnings.append(f"{place} is hidden; it was read all the same.")
    if facts and facts.formulas_without_value:
        cells = _some(facts.formulas_without_value)
        warnings.append(
            f"{place} has formulas whose result was never saved ({cells}), read as blank; "
            "open it in a spreadsheet program and save it."
        )
    if facts and facts.error_cells:
        cells = _some(facts.error_cells)
        warnings.append(f"{place} has cells that show an error ({cells}), read as blank.")
    return tuple(warnings)


def _some(cells: tuple[str, ...]) -> str:
    more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
    return ", ".join(cells[:3]) + more
