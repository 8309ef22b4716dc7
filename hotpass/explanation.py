"""Where each value of one organisation came from, what lost, and what became of its rows.

Read from the files that refine, and enrich after it, left beside their workbooks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.errors import BadInput
from hotpass.stages.workbook import ROWS_A_SHEET

IDENTIFIER = re.compile(r"org-[0-9a-f]{12}")
PLACE_TEXT = re.compile(r"(?P<file>.+?)(?::(?P<sheet>[^:]*))?:(?P<row>[0-9]+)")
SHEET_ROW = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Place:
    """A row as its spreadsheet shows it; the sheet is empty for a delimited text."""

    file: str
    sheet: str
    row: int

    def __str__(self) -> str:
        """Return `register.xlsx:Register:12`, as `hotpass explain` takes it."""
        return ":".join(filter(None, [self.file, self.sheet, str(self.row)]))


@dataclass(frozen=True)
class Lost:
    """A value that another won over: from the best of the rows that hold it, and why."""

    value: str
    place: Place
    rows: int
    why: str


@dataclass(frozen=True)
class Value:
    """A value of the organisation: from a row, or else added by enriching."""

    field: str
    value: str
    place: Place | None
    lost: tuple[Lost, ...] = ()
    added: str | None = None
    """Source, confidence and time of a value that enriching added."""


@dataclass(frozen=True)
class InputRow:
    """An input row that describes the organisation: kept, merged or rejected, and why."""

    place: Place
    fate: str
    reason: str | None


@dataclass(frozen=True)
class Explanation:
    """All that is known of one organisation; one that was rejected has rows and no values."""

    organisation_id: str
    name: str | None
    values: tuple[Value, ...]
    rows: tuple[InputRow, ...]


def explain(asked: str, refined: Path, enriched: Path | None = None) -> Explanation:
    """Explain one organisation of the workbook `refined`, by what its companions tell.

    `asked` is an organisation_id, a row of the sheet Organisations (`17`), an input row
    (`register.xlsx:Register:12`), or a name.

    Raises BadInput when a companion is missing or nothing, or more than one thing, fits.
    """
    tables = {
        name: _read(refined.with_suffix(suffix))
        for name, suffix in (
            ("organisations", ".parquet"),
            ("rows", ".rows.parquet"),
            ("origins", ".origins.parquet"),
            ("lost", ".lost.parquet"),
        )
    }
    found = _find(asked, tables, refined)
    own = {name: table.filter(pl.col("organisation_id") == found) for name, table in tables.items()}
    added: tuple[Value, ...] = ()
    if enriched is not None:
        additions = _read(enriched.with_suffix(".additions.parquet"))
        added = _added(additions.filter(pl.col("organisation_id") == found))
    values = {value.field: value for value in (*added, *_values(own["origins"], own["lost"]))}
    names = own["organisations"]["organisation_name"]
    return Explanation(
        organisation_id=found,
        name=names[0] if len(names) else None,
        values=tuple(values[name] for name in INPUT_FIELDS if name in values),
        rows=tuple(
            InputRow(_place(row), row["fate"], row["reason"])
            for row in own["rows"].iter_rows(named=True)
        ),
    )


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such file; explain needs the files that stand beside the "
            "workbook, so name a workbook where the command that wrote it left them."
        )
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{path}: cannot be read as Parquet ({error}).") from None


def _find(asked: str, tables: dict[str, pl.DataFrame], refined: Path) -> str:
    organisations, rows = tables["organisations"], tables["rows"]
    if IDENTIFIER.fullmatch(asked):
        if asked not in rows["organisation_id"]:
            raise BadInput(f"{refined}: no organisation has the identifier {asked}.")
        return asked
    if SHEET_ROW.fullmatch(asked):
        return _of_sheet_row(int(asked), organisations, refined)
    if (place := PLACE_TEXT.fullmatch(asked)) is not None:
        return _of_place(asked, place, rows, refined)
    return _of_name(asked, organisations, refined)


def _of_sheet_row(row: int, organisations: pl.DataFrame, refined: Path) -> str:
    last = min(organisations.height, ROWS_A_SHEET) + 1
    if not 2 <= row <= last:
        raise BadInput(f"{refined}: row {row} holds no organisation; they are in rows 2 to {last}.")
    return str(organisations["organisation_id"][row - 2])


def _of_place(asked: str, place: re.Match[str], rows: pl.DataFrame, refined: Path) -> str:
    fits = (pl.col("source_file") == place["file"]) & (pl.col("source_row") == int(place["row"]))
    if place["sheet"] is not None:
        fits &= pl.col("source_sheet") == place["sheet"]
    found = rows.filter(fits)
    if found.height > 1:
        sheets = ", ".join(str(_place(row)) for row in found.iter_rows(named=True))
        raise BadInput(f"{asked} is a row of several sheets; say which: {sheets}.")
    if not found.height:
        files = rows["source_file"].unique().sort()
        raise BadInput(
            f"{refined}: no row that was read is {asked}; rows are named FILE:SHEET:ROW, "
            f"and the files are {', '.join(files)}."
        )
    row = found.row(0, named=True)
    if row["organisation_id"] is None:
        raise BadInput(f"{asked} was {row['fate']}: {row['reason']}.")
    return str(row["organisation_id"])


def _of_name(asked: str, organisations: pl.DataFrame, refined: Path) -> str:
    names = organisations["organisation_name"]
    found = organisations.filter(names.str.to_lowercase() == asked.lower())
    if found.height > 1:
        ids = ", ".join(found["organisation_id"])
        raise BadInput(f"{found.height} organisations are named {asked}; say which: {ids}.")
    if not found.height:
        containing = names.filter(
            names.str.to_lowercase().str.contains(asked.lower(), literal=True)
        )
        near = containing.head(3).to_list() or get_close_matches(asked, names.to_list(), n=1)
        hint = f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else "."
        raise BadInput(f"{refined}: no organisation is named {asked!r}{hint}")
    return str(found["organisation_id"][0])


def _values(origins: pl.DataFrame, lost: pl.DataFrame) -> list[Value]:
    return [
        Value(
            field=origin["field"],
            value=origin["value"],
            place=_place(origin),
            lost=tuple(
                Lost(row["value"], _place(row), row["rows"], row["why"])
                for row in lost.filter(pl.col("field") == origin["field"]).iter_rows(named=True)
            ),
        )
        for origin in origins.iter_rows(named=True)
    ]


def _added(additions: pl.DataFrame) -> tuple[Value, ...]:
    return tuple(
        Value(
            field=row["field"],
            value=row["value"],
            place=None,
            added=f"{row['source']}, confidence {row['confidence']:.2f}, {row['at']:%Y-%m-%d}",
        )
        for row in additions.iter_rows(named=True)
    )


def _place(row: dict[str, object]) -> Place:
    return Place(
        str(row["source_file"]), str(row["source_sheet"] or ""), int(str(row["source_row"]))
    )
