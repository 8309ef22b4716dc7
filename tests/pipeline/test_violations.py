"""A violation points at the cell to correct, as its spreadsheet shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hotpass.cli import main
from hotpass.config.profile import Profile
from hotpass.contracts.validator import Validator
from hotpass.pipeline import RefineRequest, refine

HEADER = "Company,Street,Suburb,Tel,Reg No,Staff\n"
PROFILE = Profile(
    name="strict",
    columns={
        "organisation_name": ("Company", "Name"),
        "address": ("Street", "Suburb"),
        "phone": ("Tel",),
        "registration_number": ("Reg No",),
        "employees": ("Staff",),
    },
    validators={
        "address": Validator(max_length=12),
        "employees": Validator(maximum=9),
        "phone": Validator(required=True),
    },
    source_priority=("a.csv",),
)


def violations(folder: Path, **files: str) -> list[tuple[Any, ...]]:
    (folder / "in").mkdir()
    for name, text in files.items():
        (folder / f"in/{name}.csv").write_text(text)
    refine(RefineRequest(folder / "in", folder / "out/refined.xlsx", PROFILE))
    return rows(folder / "out/refined.violations.xlsx", "Violations")


def rows(path: Path, sheet: str) -> list[tuple[Any, ...]]:
    header, *found = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    assert header[:4] == ("File", "Sheet", "Row", "Column")
    return found


def test_a_value_that_breaks_a_rule_is_shown_in_the_cell_it_was_taken_from(tmp_path: Path) -> None:
    found = violations(
        tmp_path,
        a=f"{HEADER}Karoo,,,021 555 0123,2015/123456/07,12\n",
        b=f"{HEADER}Karoo,,,021 555 0123,2015/123456/07,5\n",
    )

    # The other row of the organisation has nothing to correct.
    assert found == [("a.csv", None, 2, "Staff", "profile maximum", "12")]


def test_a_value_that_is_missing_is_missing_in_every_row(tmp_path: Path) -> None:
    found = violations(
        tmp_path,
        a=f"{HEADER}Karoo,,,,2015/123456/07,\n",
        b="Name,Reg No\nKaroo,2015/123456/07\n",
    )

    assert found == [
        ("a.csv", None, 2, "Tel", "profile required", None),
        ("b.csv", None, 2, "no column for phone", "profile required", None),
    ]


def test_a_field_of_several_columns_names_them_all(tmp_path: Path) -> None:
    found = violations(tmp_path, a=f"{HEADER}Karoo,12 Long Street,Observatory,021 555 0123,,\n")

    ((*_, column, rule, value),) = found
    assert (column, rule) == ("Street, Suburb", "profile max_length")
    assert "12 Long Street" in value


def test_a_value_not_taken_as_it_stands_is_listed_with_what_was_done(tmp_path: Path) -> None:
    violations(tmp_path, a=f"{HEADER}Karoo,,,021 555 0123,,ca. 5\n")

    (doubtful,) = rows(tmp_path / "out/refined.violations.xlsx", "Read with doubt")
    assert doubtful[:4] == ("a.csv", None, 2, "Staff")
    assert doubtful[5] == "ca. 5"


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A refined workbook in which somebody has written a postcode that cannot be."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text(f"{HEADER}Karoo,,,021 555 0123,,5\n")
    path = tmp_path / "out/refined.xlsx"
    refine(RefineRequest(tmp_path / "in", path, PROFILE))
    book = openpyxl.load_workbook(path)
    sheet = book["Organisations"]
    (column,) = [cell.column for cell in sheet[1] if cell.value == "Postcode"]
    sheet.cell(row=2, column=column, value="81")
    book.save(path)
    return path


def test_a_refined_workbook_is_held_against_its_contract(
    edited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "found.xlsx"

    assert main(["contracts", "violations", str(edited), "--output", str(output)]) == 1

    assert rows(output, "Violations") == [
        ("refined.xlsx", "Organisations", 2, "Postcode", "pattern", "81")
    ]
    said = capsys.readouterr()
    assert "sheet Organisations, row 2, Postcode: '81' breaks pattern" in said.out
    assert said.err == f"hotpass: {edited}: 1 violation of the contract.\n"
