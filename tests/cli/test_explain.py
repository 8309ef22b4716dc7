"""`hotpass explain` tells of one organisation where each value came from, and what lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from hotpass.cli import main

REGISTER = """\
Name,Registration No,Phone,Town,Staff,Last Contacted
Karoo Aviation,2015/123456/07,021 555 0123,Cape Town,12,2024-03-01
Tsitsikamma Timber,2011/654321/07,042 280 3561,,,
"""
EXPORT = """\
Name,Registration No,Phone,Town,Staff,Last Contacted
KAROO AVIATION,2015/123456/07,021 555 0199,Cape Town,15,2025-01-01
KAROO AVIATION,2015/123456/07,021 555 0199,,15,2023-01-01
,,021 555 0177,Nowhere,3,2023-02-02
"""
PROFILE = 'extends = "generic"\nsource_priority = ["register*"]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Refine and enrich two files, of which the register is trusted more, once for all tests."""
    folder = tmp_path_factory.mktemp("made")
    for name, text in {
        "in/register.csv": REGISTER,
        "in/export.csv": EXPORT,
        "mine/trusting.toml": PROFILE,
        "hotpass.toml": 'input_dir = "in"\noutput_path = "out/refined.xlsx"\n'
        'profile = "trusting"\nprofile_dir = "mine"\n',
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        alone_in(folder, patch)
        assert main(["refine"]) == 0
        assert main(["enrich", "--input", "out/refined.xlsx", "--output", "out/enriched.xlsx"]) == 0
    return folder


@pytest.fixture(autouse=True)
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a copy of what was made."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    alone_in(tmp_path, monkeypatch)


def alone_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Work in a folder where no variable of the environment has a say."""
    patch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("HOTPASS_")]:
        patch.delenv(name)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["explain", "--json", *arguments]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_each_value_stands_with_its_row_and_with_what_lost_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()

    assert main(["explain", "Karoo Aviation"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("  Karoo Aviation")
    assert lines[2:6] == [
        "From 3 rows:",
        "  export.csv:2    merged",
        "  export.csv:3    merged",
        "  register.csv:2  kept",
    ]
    assert "  phone: +27215550123  (from register.csv:2)" in lines
    assert (
        "    not +27215550199  (from export.csv:2 and 1 other row): its file is less trusted"
        in lines
    )
    assert "    not 15  (from export.csv:2 and 1 other row): its file is less trusted" in lines


@pytest.mark.parametrize("asked", ["2", "karoo aviation", "export.csv:3", "register.csv::2"])
def test_an_organisation_is_found_by_row_place_and_name(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(capsys, asked)

    assert found["name"] == "Karoo Aviation"
    assert explained(capsys, found["organisation_id"]) == found


def test_a_rejected_row_is_explained_by_the_rule_that_it_broke(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = explained(capsys, "export.csv:4")

    assert (found["name"], found["values"]) == (None, [])
    (row,) = found["rows"]
    assert (row["fate"], row["reason"]) == ("rejected", "organisation_name breaks required")


def test_a_value_that_enriching_added_names_its_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = explained(capsys, "2", "--enriched", "out/enriched.xlsx")

    (province,) = [value for value in found["values"] if value["field"] == "province"]
    assert province["value"] == "Western Cape"
    assert province["added"].startswith("dialling code 021, confidence 0.98, ")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("1", "row 1 holds no organisation; they are in rows 2 to 3."),
        ("export.csv:9", "the files are export.csv, register.csv."),
        ("Karoo", "did you mean 'Karoo Aviation'?"),
        ("Tsitsikama Timber", "did you mean 'Tsitsikamma Timber'?"),
        ("org-000000000000", "no organisation has the identifier org-000000000000."),
    ],
)
def test_what_cannot_be_found_is_said_with_what_can(
    asked: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", asked]) == 2

    assert sentence in capsys.readouterr().err


def test_a_workbook_without_its_companions_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("out/refined.lost.parquet").unlink()

    assert main(["explain", "2"]) == 2

    assert "out/refined.lost.parquet: there is no such file" in capsys.readouterr().err
