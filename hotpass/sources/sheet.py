"""One sheet as it was read: text cells, not yet knowing which row is the header."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet, or of one delimited file.

    `cells` holds text columns; numbers and dates are canonical (`12`, `12.5`,
    `2024-02-03`), blank cells are null. `row_numbers` are the rows as a spreadsheet
    program or a text editor shows them, one for each row of `cells`. `first_column` is
    where `cells` begins, 0 for A. `own_values` counts the cells of each row that hold a
    value of their own and did not get it from a merged cell. `banners` are the positions
    in `cells` of rows that are merged across at least half of their columns.
    """

    file: str
    name: str
    cells: pl.DataFrame
    row_numbers: pl.Series
    own_values: pl.Series
    first_column: int = 0
    banners: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """How messages name this sheet."""
        return f"sheet '{self.name}' of {self.file}" if self.name else self.file

    def cell(self, row: int, column: int) -> str:
        """The address of a cell of `cells`, such as `D4`, or `line 4, column 4` in text."""
        number = self.row_numbers[row]
        if number == 0:
            return f"column {column + 1}"
        if not self.name:
            return f"line {number}, column {column + 1}"
        return f"{column_letters(self.first_column + column)}{number}"


def column_letters(index: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def column_index(letters: str) -> int:
    """0 for A, 25 for Z, 26 for AA."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
