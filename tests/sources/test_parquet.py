"""Parquet files are read as a table whose header is the names of its columns."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hotpass.config.profiles import load_profile
from hotpass.errors import BadInput
from hotpass.sources.folder import list_sheets, read_sheets
from hotpass.stages.ingest import ingest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12, "12"),
        (12.0, "12"),
        (12.5, "12.5"),
        (1200.0, "1200"),
        (-0.25, "-0.25"),
        (27215550123.0, "27215550123"),
        (Decimal("12.50"), "12.5"),
        (date(2024, 2, 3), "2024-02-03"),
        (datetime(2024, 2, 3), "2024-02-03"),
        (datetime(2024, 2, 3, 14, 30, tzinfo=UTC), "2024-02-03 14:30:00"),
        (True, "true"),
        (" Karoo ", "Karoo"),
        ("  ", None),
        (None, None),
    ],
)
def test_a_value_is_canonical_text(tmp_path: Path, value: Any, text: str | None) -> None:
    pl.DataFrame({"Name": ["x"], "Value": [value]}).write_parquet(tmp_path / "a.parquet")

    (sheet,) = read_sheets(tmp_path / "a.parquet", tmp_path)

    assert sheet.cells.rows() == [("Name", "Value"), ("x", text)]


def test_the_first_record_is_row_one(tmp_path: Path) -> None:
    pl.DataFrame({"Name": ["A", None, "B"]}).write_parquet(tmp_path / "a.parquet")

    frame = ingest(tmp_path, load_profile("generic")).frame

    assert frame.select("source_row", "organisation_name").rows() == [(1, "A"), (3, "B")]


def test_an_unknown_column_is_named_by_its_position(tmp_path: Path) -> None:
    pl.DataFrame({"Name": ["A"], "Xqz": ["1"]}).write_parquet(tmp_path / "a.parquet")

    with pytest.raises(BadInput, match=r"'Xqz' \(near no field\) in column 2 of a\.parquet"):
        ingest(tmp_path, load_profile("generic"))


def test_values_that_are_no_plain_ones_are_blank_and_warned_about(tmp_path: Path) -> None:
    pl.DataFrame({"Name": ["A"], "Tags": [["x", "y"]]}).write_parquet(tmp_path / "a.parquet")

    (sheet,) = read_sheets(tmp_path / "a.parquet", tmp_path)

    assert sheet.cells.row(1) == ("A", None)
    assert sheet.warnings == (
        "Column 'Tags' of a.parquet holds no plain values (List(String)); read as blank.",
    )


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("Name\nA\n")

    with pytest.raises(BadInput, match=r"a\.parquet is no Parquet file or a damaged one"):
        list(read_sheets(tmp_path / "a.parquet", tmp_path))


def test_a_parquet_file_has_no_sheets(tmp_path: Path) -> None:
    pl.DataFrame({"Name": ["A"]}).write_parquet(tmp_path / "a.parquet")

    assert list_sheets(tmp_path / "a.parquet", "a.parquet") == ()
