"""CSV and other delimited text; encoding, line ends and delimiter are found out."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from pathlib import Path

import polars as pl

from hotpass.errors import BadInput
from hotpass.sources.sheet import Sheet

SUFFIXES = (".csv", ".tsv")

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 200
_SAMPLE_BYTES = 1 << 18
# What spreadsheet programs write, on Windows, on a Mac and in a console.
_OLD_ENCODINGS = ["cp1252", "mac_roman", "cp850"]


def read_delimited(path: Path, file: str) -> Sheet:
    """The records of a delimited text as a sheet without a name.

    A row's number is the line of the text where it begins. Raises BadInput, naming `file`,
    for what is no text or has a stray quotation mark.
    """
    text = _as_utf8(path.read_bytes(), file)
    delimiter = _delimiter_of(text)
    cells = _parsed(text, delimiter, file)
    # A quoted value may hold line ends, so that records and lines part ways.
    lines = cells.select(
        1 + pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0))
    ).to_series()
    row_numbers = (1 + lines.cum_sum() - lines).cast(pl.UInt32)
    cells = cells.select(pl.all().str.strip_chars())
    cells = cells.select(pl.when(pl.all() != "").then(pl.all()))
    return Sheet(
        file=file,
        name="",
        cells=_without_empty_end(cells),
        row_numbers=row_numbers,
        own_values=cells.select(
            pl.sum_horizontal(pl.all().is_not_null()).cast(pl.UInt32)
        ).to_series(),
    )


def _without_empty_end(cells: pl.DataFrame) -> pl.DataFrame:
    filled = [index for index, column in enumerate(cells) if column.null_count() < cells.height]
    return cells[:, : 1 + max(filled, default=-1)]


def _as_utf8(data: bytes, file: str) -> bytes:
    if not data.strip():
        raise BadInput(f"{file} is empty ({len(data)} bytes); delete it or save it again.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode()
    elif b"\0" in data:
        raise BadInput(f"{file} is no text; save its table as .csv or .xlsx.")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        data = data.decode(_old_encoding_of(data), errors="replace").encode()
    return data if b"\n" in data else data.replace(b"\r", b"\n")


def _old_encoding_of(data: bytes) -> str:
    import charset_normalizer

    # Only the lines that are not plain ASCII tell encodings apart.
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    best = charset_normalizer.from_bytes(
        telling[:_SAMPLE_BYTES], cp_isolation=_OLD_ENCODINGS
    ).best()
    return best.encoding if best else _OLD_ENCODINGS[0]


def _delimiter_of(text: bytes) -> str:
    """The delimiter that cuts most of the first lines into the same number of fields."""
    sample = _first_lines(text)

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(fields) for fields in csv.reader(sample, delimiter=delimiter))
        widths.pop(0, None)
        widths.pop(1, None)
        width, lines = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        return lines, width

    return max(_DELIMITERS, key=regularity)


def _first_lines(text: bytes) -> list[str]:
    start = text[:_SAMPLE_BYTES].decode("utf-8", errors="ignore")
    return start.splitlines(keepends=True)[:_SAMPLE_LINES]


def _parsed(text: bytes, delimiter: str, file: str) -> pl.DataFrame:
    try:
        return _parsed_as_wide_as(_first_lines(text), text, delimiter)
    except pl.exceptions.ComputeError:
        _refuse_stray_quote(text, delimiter, file)
    # No quote is amiss, so some line further down has more fields than the first ones.
    return _parsed_as_wide_as(text.decode("utf-8").splitlines(), text, delimiter)


def _parsed_as_wide_as(lines: list[str], text: bytes, delimiter: str) -> pl.DataFrame:
    width = 1 + max(line.count(delimiter) for line in lines)
    # Named columns, because without a header line the first record decides the width.
    header = delimiter.join(f"column_{index}" for index in range(width)).encode()
    return pl.read_csv(io.BytesIO(header + b"\n" + text), separator=delimiter, infer_schema=False)


def _refuse_stray_quote(text: bytes, delimiter: str, file: str) -> None:
    records = csv.reader(
        io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter, strict=True
    )
    line = 1
    try:
        for _ in records:
            line = records.line_num + 1
    except csv.Error as error:
        raise BadInput(
            f"{file} cannot be read from line {line} on ({error}); "
            "look for a quotation mark that is not closed or not doubled."
        ) from None
