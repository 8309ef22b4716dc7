"""The columns of a sheet as fields, several columns of one field made into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.sources.sheet import Sheet, column_letters
from hotpass.stages.headers import Header, Vocabulary

JOINED_FIELDS = {"address": ", ", "notes": " | "}
"""Fields of which every column keeps its part, and what stands between the parts."""


@dataclass(frozen=True)
class MappedColumns:
    """The fields of a sheet below its header, and what of the sheet is in none of them."""

    frame: pl.DataFrame
    columns: dict[str, str]
    ignored: tuple[str, ...]
    values_set_aside: int
    warnings: tuple[str, ...]


def map_columns(sheet: Sheet, header: Header, vocabulary: Vocabulary) -> MappedColumns:
    """Every input field as a text column, null where the sheet has no such column.

    When several columns hold one field, a value is taken from the one whose header the
    profile lists first; addresses and notes are joined.
    """
    body = sheet.cells.slice(header.position + 1)
    columns = _columns_by_field(header, vocabulary)
    set_aside = {
        field: _count_set_aside(body, sources)
        for field, sources in columns.items()
        if len(sources) > 1 and field not in JOINED_FIELDS
    }
    return MappedColumns(
        frame=body.select(
            _value_of(field, columns.get(field, [])).alias(field) for field in INPUT_FIELDS
        ),
        columns={
            text: vocabulary.fields[key]
            for column, text in header.texts.items()
            if (key := header.keys.get(column)) in vocabulary.fields
        },
        ignored=tuple(
            text
            for column, text in header.texts.items()
            if header.keys.get(column) not in vocabulary.fields
        ),
        values_set_aside=sum(set_aside.values()),
        warnings=tuple(_warnings(sheet, header, body, set_aside)),
    )


def _columns_by_field(header: Header, vocabulary: Vocabulary) -> dict[str, list[int]]:
    """The columns of each field, those of the most trusted headers first."""
    ranked = sorted(
        (vocabulary.ranks[key], column, vocabulary.fields[key])
        for column, key in header.keys.items()
        if key in vocabulary.fields
    )
    columns: dict[str, list[int]] = {}
    for _, column, field in ranked:
        columns.setdefault(field, []).append(column)
    return columns


def _value_of(field: str, columns: list[int]) -> pl.Expr:
    if not columns:
        return pl.lit(None, pl.String)
    values = [pl.nth(column) for column in columns]
    if len(values) == 1 or field not in JOINED_FIELDS:
        return pl.coalesce(values)
    joined = pl.concat_str(values, separator=JOINED_FIELDS[field], ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _count_set_aside(body: pl.DataFrame, columns: list[int]) -> int:
    """How many values differ from the one that stands for their row."""
    values = [pl.nth(column) for column in columns]
    kept = pl.coalesce(values)
    differing = [(value != kept).fill_null(False).sum() for value in values]
    return int(body.select(pl.sum_horizontal(differing)).item())


def _warnings(
    sheet: Sheet, header: Header, body: pl.DataFrame, set_aside: dict[str, int]
) -> Iterator[str]:
    for field, count in set_aside.items():
        if count:
            yield (
                f"In {sheet.place} several columns hold {field}; {count} values were set "
                "aside for the one that the profile lists first."
            )
    unnamed = [
        column_letters(sheet.first_column + column)
        for column in range(body.width)
        if column not in header.texts and body.to_series(column).null_count() < body.height
    ]
    if unnamed:
        letters = ", ".join(unnamed)
        yield f"Values in {letters} of {sheet.place} have no header above them; not read."
    unknown = [f"'{text}'" for column, text in header.texts.items() if column not in header.keys]
    if unknown:
        yield f"The profile does not know {', '.join(unknown)} of {sheet.place}; not read."
