"""Parquet files: one table, its column names the header."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from hotpass.errors import BadInput
from hotpass.sources.sheet import Sheet

SUFFIXES = (".parquet",)


def read_parquet(path: Path, file: str) -> Sheet:
    """The records of a Parquet file as a sheet without a name; the first is row 1, the header 0.

    Values that are no plain ones (lists, records, bytes) are blank and warned about. Raises
    BadInput, naming `file`, for what is no Parquet file.
    """
    try:
        table = pl.read_parquet(path, use_statistics=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{file} is no Parquet file or a damaged one ({reason}).") from None
    unread = [
        name
        for name, kind in table.schema.items()
        if kind.is_nested() or kind in (pl.Binary, pl.Object)
    ]
    texts = table.select(
        (pl.lit(None, pl.String) if name in unread else _text(kind, pl.nth(position))).alias(
            f"column_{position}"
        )
        for position, (name, kind) in enumerate(table.schema.items())
    )
    header = pl.DataFrame([table.columns], schema=texts.schema, orient="row")
    cells = pl.concat([header, texts])
    cells = cells.select(pl.when(pl.all() != "").then(pl.all()))
    return Sheet(
        file=file,
        name="",
        cells=cells,
        row_numbers=pl.int_range(0, cells.height, dtype=pl.UInt32, eager=True),
        own_values=cells.select(
            pl.sum_horizontal(pl.all().is_not_null()).cast(pl.UInt32)
        ).to_series(),
        warnings=tuple(
            f"Column '{name}' of {file} holds no plain values ({table.schema[name]}); read as "
            "blank."
            for name in unread
        ),
    )


def _text(kind: pl.DataType, value: pl.Expr) -> pl.Expr:
    """A value as a workbook's cell would give it."""
    if kind.is_float() or kind.is_decimal():
        # 12.0 is 12, and 12.50 is 12.5.
        return value.cast(pl.String).str.replace(r"^(-?\d+)(?:\.0*|(\.\d*?)0+)$", "$1$2")
    if isinstance(kind, pl.Datetime):
        plain = value.dt.replace_time_zone(None).dt.to_string("%Y-%m-%d %H:%M:%S")
        return plain.str.strip_suffix(" 00:00:00")
    return value.cast(pl.String).str.strip_chars()
