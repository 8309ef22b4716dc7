"""`hotpass overview` tells what a run would use, and stumbles over nothing that it lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner

from hotpass.cli.overview import command
from hotpass.errors import BadInput


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


def overview(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(command, ["--json", *arguments], catch_exceptions=False)
    document: dict[str, Any] = json.loads(result.output)
    return document


def test_the_versions_are_those_that_are_installed() -> None:
    installed = overview()["installed"]

    assert {"hotpass", "python", "polars", "fastexcel"} <= installed.keys()
    assert "not installed" not in installed.values()


def test_a_workbook_is_listed_with_its_size_and_sheets() -> None:
    book = xlsxwriter.Workbook("data/members.xlsx")
    book.add_worksheet("North")
    book.add_worksheet("South")
    book.close()

    (entry,) = overview()["inputs"]["files"]

    assert entry == {
        "file": "members.xlsx",
        "bytes": Path("data/members.xlsx").stat().st_size,
        "sheets": ["North", "South"],
    }


def test_a_file_that_cannot_be_read_is_listed_with_its_problem() -> None:
    Path("data/broken.xlsx").touch()

    (entry,) = overview()["inputs"]["files"]

    assert entry["problem"].startswith("broken.xlsx is empty")


def test_a_missing_input_folder_is_told_and_does_not_stop_the_rest() -> None:
    document = overview("--input-dir", "nowhere")

    assert "nowhere does not exist" in document["inputs"]["problem"]
    assert document["settings"]["input_dir"] == {"value": "nowhere", "origin": "--input-dir"}


def test_a_setting_is_shown_with_the_file_that_it_comes_from() -> None:
    Path("hotpass.toml").write_text('profile = "aviation"\n')

    document = overview()

    assert document["settings"]["profile"] == {"value": "aviation", "origin": "hotpass.toml"}
    assert [entry["name"] for entry in document["profiles"] if entry["chosen"]] == ["aviation"]


def test_a_broken_profile_of_ones_own_is_listed_with_its_problem() -> None:
    Path("profiles").mkdir()
    Path("profiles/mine.toml").write_text("nonsense = 1\n")
    Path("hotpass.toml").write_text('profile_dir = "profiles"\n')

    mine = next(entry for entry in overview()["profiles"] if entry["name"] == "mine")

    assert "nonsense is not a known key" in mine["problem"]


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(BadInput, match="did you mean 'staging'"):
        overview("--profile", "stagin")


def test_the_text_names_every_section_and_origin() -> None:
    result = CliRunner().invoke(command, ["--profile", "staging"], catch_exceptions=False)

    assert [line for line in result.output.splitlines() if line and line[0] != " "] == [
        "Installed",
        "Profiles",
        "Inputs in data",
        "Settings",
    ]
    assert '"staging"  (from --profile)' in result.output
    assert "staging (chosen)" in result.output
