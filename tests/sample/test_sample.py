"""The sample is the same for a seed, and what it says about itself is true."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from hotpass.config.profiles import load_profile
from hotpass.sample.__main__ import main
from hotpass.sample.organisations import make_organisations
from hotpass.sample.write import MESSY_ROWS
from hotpass.stages.ingest import ingest

COMMITTED = Path(__file__).parents[2] / "data" / "sample"

Place = tuple[str, str, int]


def make(folder: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["--output-dir", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result


def truth_of(folder: Path) -> dict[str, Any]:
    path = folder.with_name(f"{folder.name}.truth.json")
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth


def digests(folder: Path) -> dict[str, str]:
    paths = [*folder.iterdir(), folder.with_name(f"{folder.name}.truth.json")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def read_back(folder: Path) -> dict[Place, str | None]:
    frame = ingest(folder, load_profile("staging")).frame
    rows = frame.select("source_file", "source_sheet", "source_row", "organisation_name").rows()
    return {(file, sheet, row): name for file, sheet, row, name in rows}


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    make(tmp_path / "sample")

    assert digests(tmp_path / "sample") == digests(COMMITTED)


def test_another_seed_gives_other_organisations(tmp_path: Path) -> None:
    make(tmp_path / "one", "--seed", "1", "--rows", "50")
    make(tmp_path / "two", "--seed", "2", "--rows", "50")

    assert digests(tmp_path / "one").keys() == {
        name.replace("two", "one") for name in digests(tmp_path / "two")
    }
    assert read_back(tmp_path / "one") != read_back(tmp_path / "two")


@pytest.mark.parametrize("rows", [1, 40, 3_000, MESSY_ROWS + 1])
def test_reading_a_sample_finds_every_row_of_the_truth_and_no_other(
    tmp_path: Path, rows: int
) -> None:
    folder = tmp_path / "sample"
    make(folder, "--rows", str(rows))

    read = read_back(folder)

    truth = truth_of(folder)
    named = [tuple(place) for places in truth["clusters"].values() for place in places]
    nameless = [tuple(place) for place in truth["rejected_rows"]]
    assert len(read) == truth["rows"] == rows
    assert sorted(read) == sorted(named + nameless)
    assert {place for place, name in read.items() if name is None} == set(nameless)
    assert truth["organisations"] == len(truth["clusters"])


def test_the_committed_sample_is_messy_in_every_way_that_it_promises() -> None:
    result = ingest(COMMITTED, load_profile("staging"))

    frame, sheets = result.frame, result.sheets
    warnings = " ".join(result.warnings)
    written = {field: set(frame.get_column(field).drop_nulls()) for field in frame.columns[3:]}
    spellings = {"KZN", "Kwa-Zulu Natal", "W. Cape", "Wes-Kaap", "Vrystaat"}
    assert {sheet.header_row for sheet in sheets} >= {1, 2, 3, 4, 5, None}
    assert result.metrics["notes_skipped"] >= 5
    assert "is hidden" in warnings and "is empty" in warnings and "no header above" in warnings
    assert written["province"] >= spellings
    assert any(len(code) < 4 for code in written["postcode"])
    assert any(" / " in phone for phone in written["phone"])
    assert any(phone.startswith("+27 (0)") for phone in written["phone"])
    assert any(phone.startswith("27") for phone in written["phone"])
    assert frame.get_column("organisation_name").null_count() >= 5


def test_the_committed_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 300_000


def test_organisations_that_look_alike_are_planted() -> None:
    organisations = make_organisations(2_000, seed=5)

    names = organisations.select(
        "id", "town", name=pl.concat_str("head", "rest"), rest="rest", head="head", phone="phone"
    )
    pairs = names.join(names, on="name", suffix="_other").filter(pl.col("id") < pl.col("id_other"))
    assert pairs.height > 20
    assert (pairs["town"] != pairs["town_other"]).all()
    assert (pairs["phone"] != pairs["phone_other"]).mean() > 0.9


def test_names_do_not_run_out_in_a_large_sample() -> None:
    organisations = make_organisations(200_000, seed=5)

    distinct = organisations.select(pl.concat_str("head", "rest").n_unique()).item()

    assert organisations.get_column("id").n_unique() == 200_000
    assert distinct / 200_000 > 0.93


def test_a_folder_with_files_that_are_no_sample_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    result = CliRunner().invoke(main, ["--output-dir", str(tmp_path)])

    assert result.exit_code == 2
    assert "holds files that are no sample" in result.output
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = CliRunner().invoke(main, ["--output-dir", str(tmp_path / "file" / "sample")])

    assert result.exit_code == 1
    assert result.output.startswith("sample: The sample cannot be written to")
