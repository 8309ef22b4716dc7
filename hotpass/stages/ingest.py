"""Read every table of an input folder into one frame of fields, each row with its place."""

from __future__ import annotations

import fnmatch
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.errors import BadInput
from hotpass.progress import Progress, silent
from hotpass.sources.folder import find_inputs, folder_of, read_sheets
from hotpass.sources.sheet import Sheet
from hotpass.stages.columns import map_columns
from hotpass.stages.headers import Vocabulary, find_header
from hotpass.stages.refined import KNOWN, accounts_beside, known_organisations
from hotpass.stages.rows import find_data_rows

BYTES_A_READER = 4_000_000
"""Below this size of the input one more reader takes longer to start than it saves."""


@dataclass(frozen=True)
class SheetRead:
    """What became of one sheet; `header_row` is None when no table was read from it."""

    file: str
    sheet: str
    header_row: int | None
    rows: int
    columns: dict[str, str]
    ignored_columns: tuple[str, ...]
    notes_skipped: int


@dataclass(frozen=True)
class Ingested:
    """Every data row of the input.

    `frame` has the place (`source_file` relative to the input folder, `source_sheet`,
    `source_row` as the spreadsheet program shows it or the line of a text) and every input
    field as text, null where blank. `known` has the place, `organisation_id` and `source_count`
    of the rows that come from a list that was refined before.
    """

    frame: pl.DataFrame
    known: pl.DataFrame
    sheets: tuple[SheetRead, ...]
    warnings: tuple[str, ...]
    metrics: dict[str, int | float]


def ingest(input_dir: Path, profile: Profile, *, report: Progress = silent) -> Ingested:
    """Read the tables of a folder, or those that fit a pattern, as the profile says.

    Raises BadInput, naming file, sheet and cell, for what cannot be read as a table.
    """
    paths, warnings = find_inputs(input_dir)
    folder = folder_of(input_dir)
    vocabulary = Vocabulary.of(profile)
    tables: list[_Table] = []
    # Workbooks are read by processes of their own, so files are read side by side.
    pool = ThreadPoolExecutor(_readers_for(paths))
    try:
        reading = [pool.submit(_read_file, path, folder, profile, vocabulary) for path in paths]
        for done, future in enumerate(reading):
            report("ingest", done, len(paths))
            tables += future.result()
    finally:
        pool.shutdown(cancel_futures=True)
    report("ingest", len(paths), len(paths))
    frame = pl.concat([_empty_frame(), *(table.frame for table in tables)])
    if frame.is_empty():
        raise BadInput(f"No row of data in any table of the input folder {input_dir}.")
    sheets = tuple(table.read for table in tables)
    return Ingested(
        frame=frame,
        known=pl.concat([pl.DataFrame(schema=KNOWN), *(table.known for table in tables)]),
        sheets=sheets,
        warnings=(*warnings, *(text for table in tables for text in table.warnings)),
        metrics={
            "files": len(paths),
            "sheets": len(sheets),
            "rows_read": frame.height,
            "notes_skipped": sum(sheet.notes_skipped for sheet in sheets),
            "columns_ignored": sum(len(sheet.ignored_columns) for sheet in sheets),
            "values_set_aside": sum(table.values_set_aside for table in tables),
        },
    )


def _readers_for(paths: list[Path]) -> int:
    size = sum(path.stat().st_size for path in paths)
    return min(1 + size // BYTES_A_READER, os.cpu_count() or 1)


@dataclass(frozen=True)
class _Table:
    frame: pl.DataFrame
    read: SheetRead
    warnings: tuple[str, ...]
    known: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=KNOWN))
    values_set_aside: int = 0


def _empty_frame() -> pl.DataFrame:
    place = {name: pl.UInt32 if name == "source_row" else pl.String for name in PLACE}
    return pl.DataFrame(schema={**place, **dict.fromkeys(INPUT_FIELDS, pl.String)})


def _read_file(
    path: Path, input_dir: Path, profile: Profile, vocabulary: Vocabulary
) -> list[_Table]:
    sheets = list(read_sheets(path, input_dir))
    accounts = accounts_beside(sheets)
    return [
        _no_table(sheet, "tells about refined organisations")
        if sheet.name in accounts
        else _read_table(sheet, profile, vocabulary)
        for sheet in sheets
    ]


def _read_table(sheet: Sheet, profile: Profile, vocabulary: Vocabulary) -> _Table:
    name = sheet.name.casefold()
    if any(fnmatch.fnmatchcase(name, pattern.casefold()) for pattern in profile.ignored_sheets):
        return _no_table(sheet, "is left out by the profile")
    if not sheet.cells.width or not sheet.own_values.sum():
        return _no_table(sheet, "is empty")
    header = find_header(sheet, vocabulary)
    mapped = map_columns(sheet, header, vocabulary)
    is_data, notes = find_data_rows(sheet, header, mapped.frame)
    rows = sheet.row_numbers.slice(header.position + 1).alias("source_row")
    frame = mapped.frame.select(
        pl.lit(sheet.file).alias("source_file"),
        pl.lit(sheet.name).alias("source_sheet"),
        rows,
        *INPUT_FIELDS,
    ).filter(is_data)
    read = SheetRead(
        file=sheet.file,
        sheet=sheet.name,
        header_row=int(sheet.row_numbers[header.position]),
        rows=frame.height,
        columns=mapped.columns,
        ignored_columns=mapped.ignored,
        notes_skipped=notes,
    )
    warnings = (*sheet.warnings, *mapped.warnings)
    if not frame.height:
        warnings = (*warnings, f"No row below the header of {sheet.place}.")
    known = known_organisations(sheet, header, is_data)
    return _Table(frame, read, warnings, known, mapped.values_set_aside)


def _no_table(sheet: Sheet, why: str) -> _Table:
    read = SheetRead(sheet.file, sheet.name, None, 0, {}, (), 0)
    place = sheet.place[0].upper() + sheet.place[1:] if sheet.name else sheet.file
    return _Table(_empty_frame(), read, (f"{place} {why}; no row was read from it.",))
