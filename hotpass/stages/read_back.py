"""A refined workbook back as a typed frame, and what in it breaks the contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hotpass.contracts.contract import Kind, columns
from hotpass.contracts.frame import VIOLATIONS, dtypes, violations
from hotpass.contracts.organisation import ORGANISATIONS
from hotpass.errors import BadInput
from hotpass.stages.workbook import ROWS_A_SHEET, read_sheets, title

SHEET = "Organisations"


def read_refined(path: Path) -> pl.DataFrame:
    """Read the organisations of a refined or enriched workbook: the contract's columns and types.

    Raises BadInput when the file is no such workbook or a cell cannot have its column's type.
    """
    read = _read(path)
    if read.unreadable.height:
        raise BadInput(_first_of(path, _located(read.unreadable)))
    return read.frame


def contract_violations(path: Path) -> pl.DataFrame:
    """List what breaks the contract in the workbook on disk: sheet, row, field, rule, value.

    `row` is the number that a spreadsheet shows; the rule `type` stands for a cell that cannot
    have its column's type. Raises BadInput when the file is no refined workbook.
    """
    read = _read(path)
    unreadable = read.unreadable.select("row", "field")
    # A cell without a readable value is reported as such, not as missing as well.
    broken = violations(ORGANISATIONS, read.frame).join(unreadable, on=["row", "field"], how="anti")
    return _located(pl.concat([read.unreadable, broken]).sort("row", maintain_order=True))


def read_valid(path: Path) -> pl.DataFrame:
    """Read a refined workbook that must keep the contract; BadInput names the first violation."""
    broken = contract_violations(path)
    if broken.height:
        raise BadInput(_first_of(path, broken))
    return read_refined(path)


@dataclass(frozen=True)
class _ReadBack:
    frame: pl.DataFrame
    unreadable: pl.DataFrame


def _read(path: Path) -> _ReadBack:
    texts = read_sheets(path, SHEET)
    expected = {title(field): field for field in dtypes(ORGANISATIONS)}
    missing = [name for name in expected if name not in texts.columns]
    surplus = [name for name in texts.columns if name not in expected]
    if missing or surplus:
        said = "lacks " + ", ".join(missing) if missing else "also has " + ", ".join(surplus)
        raise BadInput(
            f"{path}: not a refined workbook: its sheet {SHEET} {said}; "
            "write one with `hotpass refine`."
        )
    texts = texts.select(*expected).rename(expected)
    frame = texts.select(
        _typed(column.kind, pl.col(column.name)) for column in columns(ORGANISATIONS)
    )
    unreadable = [
        texts.with_row_index("row")
        .filter(pl.col(name).is_not_null() & frame[name].is_null())
        .select("row", field=pl.lit(name), rule=pl.lit("type"), value=name)
        for name in frame.columns
    ]
    return _ReadBack(frame, pl.concat(unreadable).cast(VIOLATIONS))


def _typed(kind: Kind, text: pl.Expr) -> pl.Expr:
    match kind:
        case "text":
            return text
        case "integer":
            return text.str.to_integer(strict=False)
        case "date":
            # A date cell reads as midnight of its day.
            return text.str.strip_suffix(" 00:00:00").str.to_date("%Y-%m-%d", strict=False)


def _located(found: pl.DataFrame) -> pl.DataFrame:
    """Put the sheet and the row as shown there in place of the row of the frame."""
    number = pl.col("row") // ROWS_A_SHEET
    return found.select(
        pl.when(number == 0)
        .then(pl.lit(SHEET))
        .otherwise(pl.format("{} {}", pl.lit(SHEET), number + 1))
        .alias("sheet"),
        (pl.col("row") % ROWS_A_SHEET + 2).alias("row"),
        "field",
        "rule",
        "value",
    )


def _first_of(path: Path, broken: pl.DataFrame) -> str:
    first = broken.row(0, named=True)
    others = f" (and {broken.height - 1:,} more)" if broken.height > 1 else ""
    return (
        f"{path}, sheet {first['sheet']}, row {first['row']}: {first['field']} "
        f"{first['value']!r} breaks the rule `{first['rule']}`{others}; "
        "correct it, or refine again."
    )
