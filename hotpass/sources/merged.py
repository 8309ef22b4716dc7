"""Merged cells: a workbook keeps their value at the top left only."""

from __future__ import annotations

import polars as pl

Corner = tuple[int, int]
Range = tuple[Corner, Corner]
"""Top left and bottom right, (row, column) from 0, both inside."""


def fill_merged(cells: pl.DataFrame, ranges: list[Range]) -> pl.DataFrame:
    """The cells with the value of every merged range in each of its cells."""
    columns: dict[int, list[str | None]] = {}

    def column(index: int) -> list[str | None]:
        return columns.setdefault(index, cells.to_series(index).to_list())

    for (top, left), (bottom, right) in _inside(ranges, cells):
        value = column(left)[top]
        for index in range(left, right + 1):
            column(index)[top : bottom + 1] = [value] * (bottom + 1 - top)
    filled = [pl.Series(cells.columns[i], values, pl.String) for i, values in columns.items()]
    return cells.with_columns(filled)


def banner_rows(cells: pl.DataFrame, ranges: list[Range]) -> frozenset[int]:
    """The rows that are merged across two columns or more and at least half of them."""
    return frozenset(
        row
        for (top, left), (bottom, right) in _inside(ranges, cells)
        if right > left and 2 * (right + 1 - left) >= cells.width
        for row in range(top, bottom + 1)
    )


def _inside(ranges: list[Range], cells: pl.DataFrame) -> list[Range]:
    """The ranges cut to the cells; a merged range may reach past the last value."""
    return [
        ((top, left), (min(bottom, cells.height - 1), min(right, cells.width - 1)))
        for (top, left), (bottom, right) in ranges
        if 0 <= top < cells.height and 0 <= left < cells.width
    ]
