"""Violations as a workbook: the very cell that broke a rule, as its spreadsheet shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from hotpass.contracts.organisation import PLACE
from hotpass.stages.ingest import SheetRead
from hotpass.stages.workbook import Sheet, title, write_workbook

VIOLATIONS = pl.Schema(
    {
        "file": pl.String,
        "sheet": pl.String,
        "row": pl.UInt32,
        "column": pl.String,
        "rule": pl.String,
        "value": pl.String,
    }
)
NO_COLUMN = "no column for {}"


def locate_violations(
    rejected: pl.DataFrame, origins: pl.DataFrame, sheets: Sequence[SheetRead]
) -> pl.DataFrame:
    """Point each violation at the cells of the input that made it (`VIOLATIONS`).

    A value that breaks a rule stands in the one row it was taken from; a value that is missing
    is missing in every row of its organisation. `column` is the header as it is written, or
    says that the sheet has none for the field.
    """
    taken_from = origins.select(
        "organisation_id", "field", *(pl.col(name).alias(f"origin_{name}") for name in PLACE)
    )
    cells = rejected.join(
        taken_from, on=["organisation_id", "field"], how="left", maintain_order="left"
    ).filter(
        pl.col("origin_source_row").is_null()
        | pl.all_horizontal(pl.col(name) == pl.col(f"origin_{name}") for name in PLACE)
    )
    return _in_columns(cells, sheets)


def locate_problems(problems: pl.DataFrame, sheets: Sequence[SheetRead]) -> pl.DataFrame:
    """Point each value that was not taken as it stands at its cell, with what was done instead."""
    return _in_columns(problems.rename({"problem": "rule"}), sheets)


def locate_in_workbook(path: Path, broken: pl.DataFrame) -> pl.DataFrame:
    """Point what breaks the contract in a refined workbook (sheet, row, field) at its cells."""
    return broken.select(
        pl.lit(path.name).alias("file"),
        "sheet",
        "row",
        pl.col("field")
        .replace({name: title(name) for name in broken["field"].unique()})
        .alias("column"),
        "rule",
        "value",
    ).cast(VIOLATIONS)


def write_violations(
    path: Path, violations: pl.DataFrame, problems: pl.DataFrame | None, *, created: datetime
) -> None:
    """Write the workbook: Violations, and Read with doubt where there is a list of such values."""
    sheets = [Sheet("Violations", violations)]
    if problems is not None:
        sheets.append(Sheet("Read with doubt", problems.rename({"rule": "problem"})))
    write_workbook(path, sheets, created=created)


def _in_columns(cells: pl.DataFrame, sheets: Sequence[SheetRead]) -> pl.DataFrame:
    headers = pl.DataFrame(
        [
            (sheet.file, sheet.sheet, field, header)
            for sheet in sheets
            for header, field in sheet.columns.items()
        ],
        schema=["source_file", "source_sheet", "field", "column"],
        schema_overrides=dict.fromkeys(
            ("source_file", "source_sheet", "field", "column"), pl.String
        ),
        orient="row",
    )
    # A field may be read from several columns, such as the lines of an address.
    columns = headers.group_by("source_file", "source_sheet", "field", maintain_order=True).agg(
        pl.col("column").str.join(", ")
    )
    return (
        cells.join(columns, on=["source_file", "source_sheet", "field"], how="left")
        .select(
            pl.col("source_file").alias("file"),
            pl.col("source_sheet").alias("sheet"),
            pl.col("source_row").alias("row"),
            pl.col("column").fill_null(pl.format(NO_COLUMN, "field")),
            "rule",
            "value",
        )
        .sort("file", "sheet", "row", "column", "rule")
        .cast(VIOLATIONS)
    )
