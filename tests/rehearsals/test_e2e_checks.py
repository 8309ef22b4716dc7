"""Each check of the end-to-end rehearsal turns red for its own fault, and for no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from rehearsals import e2e
from rehearsals.e2e import KIND, judge_enriched, judge_gates, judge_refined
from rehearsals.kinds import load_settings, staging_for

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class CheckBook:
    """Takes the checks of a run that is not recorded."""

    checks: dict[str, bool] = field(default_factory=dict)

    def check(self, name: str, *, passed: bool, **shown: Any) -> bool:
        """Keep how a check came out."""
        self.checks[name] = passed
        return passed

    def red(self) -> list[str]:
        """The checks that failed."""
        return [name for name, passed in self.checks.items() if not passed]


@dataclass(frozen=True)
class Outputs:
    """What a refine and an enrich of the sample left."""

    refined: Path
    enriched: Path

    def rewrite(self, suffix: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        """Change one of the Parquet files, named by its suffix."""
        path = next(self.refined.parent.glob(f"*{suffix}"))
        change(pl.read_parquet(path)).write_parquet(path)

    def red(self) -> list[str]:
        """The checks that fail when everything is judged."""
        book: Any = CheckBook()
        judge_refined(
            book, staging_for(KIND, "embedded", load_settings(PROJECT), PROJECT), self.refined
        )
        judge_enriched(book, self.refined, self.enriched)
        red: list[str] = book.red()
        return red


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the real commands, made once."""
    folder = tmp_path_factory.mktemp("outputs")
    _hotpass("refine", "--input-dir", "data/sample", "--output-path", str(folder / "refined.xlsx"))
    _hotpass(
        "enrich", "--input", str(folder / "refined.xlsx"), "--output", str(folder / "enriched.xlsx")
    )
    return folder


@pytest.fixture
def outputs(made: Path, tmp_path: Path) -> Outputs:
    """A copy of them to break."""
    folder = shutil.copytree(made, tmp_path / "outputs")
    return Outputs(folder / "refined.xlsx", folder / "enriched.xlsx")


def test_untouched_outputs_are_all_green(outputs: Outputs) -> None:
    assert outputs.red() == []


def test_a_lost_row_is_seen(outputs: Outputs) -> None:
    outputs.rewrite("refined.rows.parquet", lambda rows: rows.filter(pl.col("fate") != "merged"))

    assert e2e.EVERY_ROW_READ in outputs.red()


def test_a_row_counted_twice_is_seen(outputs: Outputs) -> None:
    outputs.rewrite("refined.rows.parquet", lambda rows: pl.concat([rows, rows.head(1)]))

    assert {e2e.EVERY_ROW_READ, e2e.ROWS_RECONCILE} <= set(outputs.red())


def test_a_row_without_a_fate_is_seen(outputs: Outputs) -> None:
    outputs.rewrite("refined.rows.parquet", _first_merged(fate="forgotten"))

    assert outputs.red() == [e2e.ROWS_RECONCILE]


def test_a_workbook_with_fewer_rows_than_the_ledger_keeps_is_seen(outputs: Outputs) -> None:
    _edit(outputs.refined, lambda sheet: sheet.delete_rows(sheet.max_row))

    assert e2e.ROWS_RECONCILE in outputs.red()


def test_a_workbook_that_breaks_its_contract_on_disk_is_seen(outputs: Outputs) -> None:
    for path in (outputs.refined, outputs.enriched):
        _edit(path, lambda sheet: _set_cell(sheet, "Phone", "not a number"))

    assert outputs.red() == [e2e.CONTRACT_KEPT]


def test_rejecting_a_usable_row_is_seen(outputs: Outputs) -> None:
    outputs.rewrite("refined.rows.parquet", _first_merged(fate="rejected"))

    assert outputs.red() == [e2e.REJECTED_AS_PLANTED]


def test_merging_strangers_is_seen(outputs: Outputs) -> None:
    outputs.rewrite(
        "refined.rows.parquet",
        lambda rows: rows.with_columns(organisation_id=pl.lit("org-000000000000")),
    )

    assert outputs.red() == [e2e.MERGES_PRECISE]


def test_leaving_duplicates_apart_is_seen(outputs: Outputs) -> None:
    outputs.rewrite(
        "refined.rows.parquet",
        lambda rows: rows.with_columns(
            organisation_id=pl.when(pl.col("fate") == "merged")
            .then(pl.format("org-alone-{}", pl.int_range(pl.len())))
            .otherwise("organisation_id")
        ),
    )

    assert e2e.DUPLICATES_FOUND in outputs.red()


def test_an_enrich_that_changes_a_value_is_seen(outputs: Outputs) -> None:
    _edit(outputs.enriched, lambda sheet: _set_cell(sheet, "Organisation name", "Another Name"))

    assert outputs.red() == [e2e.ONLY_EMPTY_FILLED]


def test_an_enrich_that_loses_an_organisation_is_seen(outputs: Outputs) -> None:
    _edit(outputs.enriched, lambda sheet: sheet.delete_rows(sheet.max_row))

    assert e2e.ONLY_EMPTY_FILLED in outputs.red()


def test_an_addition_without_a_source_is_seen(outputs: Outputs) -> None:
    outputs.rewrite(
        "enriched.additions.parquet", lambda additions: additions.with_columns(source=pl.lit(""))
    )

    assert outputs.red() == [e2e.ADDITIONS_SOURCED]


def test_a_filled_value_that_no_addition_tells_of_is_seen(outputs: Outputs) -> None:
    outputs.rewrite("enriched.additions.parquet", lambda additions: additions.slice(1))

    assert outputs.red() == [e2e.ADDITIONS_SOURCED]


@pytest.mark.parametrize(
    "report",
    [
        {"gates": [{"name": "lint", "passed": True}, {"name": "types", "passed": False}]},
        {"gates": []},
    ],
)
def test_a_red_gate_or_none_at_all_is_seen(tmp_path: Path, report: dict[str, Any]) -> None:
    path = tmp_path / "qa.json"
    path.write_text(json.dumps(report))
    book: Any = CheckBook()

    judge_gates(book, path)

    assert book.red() == [e2e.GATES_GREEN]


def test_a_missing_gate_report_is_seen(tmp_path: Path) -> None:
    book: Any = CheckBook()

    judge_gates(book, tmp_path / "qa.json")

    assert book.red() == [e2e.GATES_GREEN]


def _hotpass(*arguments: str) -> None:
    command = [sys.executable, "-m", "hotpass", *arguments, "--profile", "staging"]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _first_merged(**values: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def change(rows: pl.DataFrame) -> pl.DataFrame:
        first = (pl.col("fate") == "merged") & ((pl.col("fate") == "merged").cum_sum() == 1)
        return rows.with_columns(
            **{
                name: pl.when(first).then(pl.lit(value)).otherwise(name)
                for name, value in values.items()
            }
        )

    return change


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    workbook = openpyxl.load_workbook(path)
    change(workbook["Organisations"])
    workbook.save(path)


def _set_cell(sheet: Any, column: str, value: str) -> None:
    """Change the first filled cell of a column."""
    (number,) = (cell.column for cell in sheet[1] if cell.value == column)
    cell = next(row for (row,) in sheet.iter_rows(2, None, number, number) if row.value)
    cell.value = value
