"""Headers of two rows, and rows of units under a header, are told from data."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hotpass.config.profiles import load_profile
from hotpass.stages.ingest import Ingested, ingest

Rows = list[list[str]]


def ingest_rows(folder: Path, rows: Rows) -> Ingested:
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return ingest(folder, load_profile("generic"))


def names(result: Ingested) -> list[tuple[int, str | None]]:
    return result.frame.select("source_row", "organisation_name").rows()


@pytest.mark.parametrize(
    "header",
    [
        [["Organisation", "Contact", "", "Postal"], ["", "Name", "Tel", "Code"]],
        [["", "Contact", "", ""], ["Organisation", "Name", "Tel", "Code"]],
        [["Organisation", "Contact", "Telephone", "Postal"], ["Name", "Person", "Number", "Code"]],
    ],
)
def test_a_header_of_two_rows_that_are_not_merged_is_read_as_one(
    tmp_path: Path, header: Rows
) -> None:
    result = ingest_rows(tmp_path, [["Members"], *header, ["A", "T. Nkosi", "021", "0081"]])

    fields = ("source_row", "organisation_name", "contact_name", "phone", "postcode")
    assert result.frame.select(fields).rows() == [(4, "A", "T. Nkosi", "021", "0081")]
    assert result.sheets[0].columns[" ".join([header[0][1], header[1][1]])] == "contact_name"


def test_both_rows_of_a_header_are_known_again_on_the_next_page(tmp_path: Path) -> None:
    header = [["Organisation", "Contact", ""], ["", "Name", "Tel"]]

    result = ingest_rows(tmp_path, [*header, ["A", "x", "1"], *header, ["B", "y", "2"]])

    assert names(result) == [(3, "A"), (6, "B")]
    assert result.metrics["notes_skipped"] == 2


def test_a_title_above_a_header_does_not_change_what_it_says(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [["Contact"], ["Name", "Tel"], ["A", "021"]])

    assert result.sheets[0].columns == {"Name": "organisation_name", "Tel": "phone"}


@pytest.mark.parametrize(
    "units",
    [
        ["(text)", "(with code)", ""],
        ["", "", "dd/mm/yyyy"],
        ["required", "optional", "yyyy-mm-dd"],
        ["text", "number", "date"],
    ],
)
def test_a_row_of_units_under_the_header_is_no_row_of_data(
    tmp_path: Path, units: list[str]
) -> None:
    result = ingest_rows(tmp_path, [["Organisation", "Tel", "Date"], units, ["A", "1", "x"]])

    assert names(result) == [(3, "A")]
    assert result.metrics["notes_skipped"] == 1


@pytest.mark.parametrize("row", [["(Pty) Ltd", "021"], ["M", ""], ["(Unknown)", ""], ["R", "021"]])
def test_a_name_that_looks_like_a_unit_is_data(tmp_path: Path, row: list[str]) -> None:
    result = ingest_rows(tmp_path, [["Organisation", "Tel"], row, ["B", "031"]])

    assert names(result) == [(2, row[0]), (3, "B")]


def test_what_looks_like_units_further_down_is_data(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [["Organisation", "Tel"], ["A", "1"], ["M", "no"], ["B", "2"]])

    assert [name for _, name in names(result)] == ["A", "M", "B"]
