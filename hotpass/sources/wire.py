"""A sheet as a line of JSON and the bytes of a frame, to go from one process to another."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import polars as pl

from hotpass.sources.sheet import Sheet

_BESIDE = ("row_numbers", "own_values")
"""What travels as columns beside the cells."""


def packed(sheet: Sheet) -> tuple[bytes, memoryview]:
    """The line, which says the `size` of what follows it, and the frame."""
    stream = io.BytesIO()
    beside = [getattr(sheet, name).alias(name) for name in _BESIDE]
    sheet.cells.with_columns(beside).write_ipc_stream(stream)
    head = {
        field.name: getattr(sheet, field.name)
        for field in dataclasses.fields(sheet)
        if field.name not in ("cells", *_BESIDE)
    }
    line = {**head, "banners": sorted(sheet.banners), "size": stream.tell()}
    return json.dumps(line).encode() + b"\n", stream.getbuffer()


def unpacked(line: dict[str, Any], frame: bytes) -> Sheet:
    """The sheet of such a line, parsed, and such a frame."""
    columns = pl.read_ipc_stream(io.BytesIO(frame))
    head = {name: value for name, value in line.items() if name != "size"}
    return Sheet(
        **{**head, "banners": frozenset(line["banners"]), "warnings": tuple(line["warnings"])},
        cells=columns.drop(_BESIDE),
        row_numbers=columns["row_numbers"],
        own_values=columns["own_values"],
    )
