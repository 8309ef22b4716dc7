"""XLSX, XLSM and XLS workbooks, sheet by sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fastexcel
import polars as pl
import python_calamine

from hotpass.errors import BadInput
from hotpass.sources.guard import refuse_what_is_no_workbook
from hotpass.sources.merged import Range, banner_rows, fill_merged
from hotpass.sources.package import SheetFacts, examine_package, is_package, sheet_names
from hotpass.sources.sheet import Sheet

SUFFIXES = (".xlsx", ".xlsm", ".xls")


def read_workbook(path: Path, file: str) -> Iterator[Sheet]:
    """Every worksheet of a workbook, hidden ones too; an empty one has no cells.

    Raises BadInput, naming `file`, for what cannot be opened or would take too much memory.
    """
    refuse_what_is_no_workbook(path, file)
    facts = examine_package(path, file) if is_package(path) else None
    reader = _open(path, file)
    for name in reader.sheet_names:
        if facts is None or name in facts:
            yield _read_sheet(reader, path, file, name, facts[name] if facts else None)


def list_sheets(path: Path, file: str) -> tuple[str, ...]:
    """The names of a workbook's sheets; raises BadInput, naming `file`, as reading it does."""
    refuse_what_is_no_workbook(path, file)
    if is_package(path):
        return sheet_names(path, file)
    return tuple(_open(path, file).sheet_names)


def _open(path: Path, file: str) -> fastexcel.ExcelReader:
    try:
        # By its content: a workbook of the newer kind may well be named .xls.
        return fastexcel.read_excel(path.read_bytes())
    except fastexcel.FastExcelError as error:
        raise BadInput(_why(error, file)) from None


def _why(error: Exception, place: str) -> str:
    reason = str(error).partition("\n")[0]
    if "password" in reason.casefold():
        return f"{place} is protected with a password; save a copy without one and use that."
    return f"{place} cannot be read ({reason}); save it once more in a spreadsheet program."


def _read_sheet(
    reader: fastexcel.ExcelReader, path: Path, file: str, name: str, facts: SheetFacts | None
) -> Sheet:
    try:
        # skip_rows=0 keeps the blank rows above, so that row numbers are the sheet's own.
        sheet = reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
        cells = _tidied(sheet.to_polars())
    except fastexcel.FastExcelError as error:
        raise BadInput(_why(error, f"Sheet '{name}' of {file}")) from None
    own_values = cells.select(
        pl.sum_horizontal(pl.all().is_not_null()).cast(pl.UInt32)
        if cells.width
        else pl.lit(0, pl.UInt32)
    ).to_series()
    first_column, banners = 0, frozenset[int]()
    plain = facts and facts.begins_in_first_column and not facts.has_merged_cells
    if cells.height and not plain:
        first_column, ranges = _layout(path, file, name)
        banners = banner_rows(cells, ranges)
        cells = fill_merged(cells, ranges)
    return Sheet(
        file=file,
        name=name,
        cells=cells,
        row_numbers=pl.int_range(1, cells.height + 1, dtype=pl.UInt32, eager=True),
        own_values=own_values,
        first_column=first_column,
        banners=banners,
        warnings=_warnings(file, name, sheet.visible, facts),
    )


def _layout(path: Path, file: str, name: str) -> tuple[int, list[Range]]:
    """The column in which the cells begin, and the merged ranges counted from it."""
    try:
        with path.open("rb") as stream:
            sheet = python_calamine.CalamineWorkbook.from_filelike(stream).get_sheet_by_name(name)
    except python_calamine.CalamineError as error:
        raise BadInput(_why(error, f"Sheet '{name}' of {file}")) from None
    first_column = sheet.start[1] if sheet.start else 0
    return first_column, [
        ((top, left - first_column), (bottom, right - first_column))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
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
