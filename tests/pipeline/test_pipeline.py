"""refine from a folder to files: no row is lost, runs agree, failures leave nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hotpass import pipeline
from hotpass.config.profile import Profile
from hotpass.config.profiles import load_profile
from hotpass.contracts.organisation import PLACE
from hotpass.errors import BadInput, CannotWrite, InternalError
from hotpass.pipeline import Hooks, RefineRequest, contract_violations, read_refined, refine
from hotpass.stages.aggregate import Aggregated, aggregate

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
ROWS = [
    ("Karoo Aviation Academy (Pty) Ltd", "021 555 0123", "info@karoo.co.za", "8001"),
    ("Karoo Aviation Academy Pty Ltd", "+27 21 555 0123", "INFO@KAROO.CO.ZA", None),
    ("Tsitsikamma Timber CC", "042 280 3561", "sales@tsitsitimber.co.za", "6308"),
    (None, "051 430 1111", "office@nobody.co.za", "9301"),
]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Members of 2026"])
    sheet.append(["Name", "Phone", "E-mail", "Postcode"])
    for row in ROWS:
        sheet.append(row)
    book.save(folder / "members.xlsx")
    (folder / "more.csv").write_text("Name,Phone\nTsitsikamma Timber,042 280 3561\n")
    return folder


def request_for(sources: Path, output: str = "out/refined.xlsx", **more: bool) -> RefineRequest:
    return RefineRequest(sources, sources.parent / output, load_profile("generic"), **more)


def fixed_hooks() -> Hooks:
    return Hooks(clock=lambda: MOMENT, timer=lambda: 0.0)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_row_that_was_read_is_kept_merged_or_rejected(sources: Path) -> None:
    outcome = refine(request_for(sources))

    counts = outcome.report.counts
    assert (counts.read, counts.kept + counts.merged + counts.rejected) == (5, 5)
    assert counts.rejected == 1
    ledger = pl.read_parquet(sources.parent / "out/refined.rows.parquet")
    assert ledger.select(PLACE).sort(PLACE).rows() == [
        ("members.xlsx", "Sheet", 3),
        ("members.xlsx", "Sheet", 4),
        ("members.xlsx", "Sheet", 5),
        ("members.xlsx", "Sheet", 6),
        ("more.csv", "", 2),
    ]


def test_what_is_on_disk_keeps_the_contract_and_equals_the_parquet(sources: Path) -> None:
    refine(request_for(sources))

    output = sources.parent / "out/refined.xlsx"
    assert contract_violations(output).is_empty()
    assert_frame_equal(read_refined(output), pl.read_parquet(output.with_suffix(".parquet")))


def test_every_value_has_an_origin_and_no_rejected_one_has(sources: Path) -> None:
    refine(request_for(sources))

    output = sources.parent / "out/refined.xlsx"
    fields = [name for name in read_refined(output).columns if name != "source_count"]
    values = (
        read_refined(output)
        .select(pl.col(fields).cast(pl.String))
        .unpivot(index="organisation_id", variable_name="field")
        .drop_nulls("value")
    )
    origins = pl.read_parquet(output.with_suffix(".origins.parquet"))
    key = ["organisation_id", "field", "value"]
    assert sorted(origins.select(key).rows()) == sorted(values.select(key).rows())


def test_the_report_names_each_input_by_its_digest(sources: Path) -> None:
    refine(request_for(sources))

    report = json.loads((sources.parent / "out/refined.quality.json").read_text())
    assert {file["file"]: file["sha256"] for file in report["inputs"]} == contents(sources)
    assert report["violations"] == {"organisation_name required": 1}
    assert list(report["seconds"]) == [
        "ingest",
        "normalise",
        "resolve",
        "aggregate",
        "validate",
        "export",
    ]


def test_the_same_input_and_clock_give_the_same_bytes_archive_included(sources: Path) -> None:
    for name in ("first", "second"):
        refine(request_for(sources, f"{name}/refined.xlsx", archive=True), fixed_hooks())

    first, second = (contents(sources.parent / name) for name in ("first", "second"))
    assert first == second
    assert "refined-20260301T120005Z.zip" in first


def test_a_lost_row_stops_the_run_and_leaves_nothing(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_a_row(frame: pl.DataFrame, profile: Profile, **_: object) -> Aggregated:
        whole = aggregate(frame, profile)
        return Aggregated(whole.organisations, whole.origins, whole.rows[1:], whole.metrics)

    monkeypatch.setattr(pipeline, "aggregate", lose_a_row)

    with pytest.raises(InternalError, match="the rows do not reconcile: 5 read"):
        refine(request_for(sources))
    assert contents(sources.parent / "out") == {}


def test_a_row_counted_in_place_of_another_stops_the_run(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misplace_a_row(frame: pl.DataFrame, profile: Profile, **_: object) -> Aggregated:
        whole = aggregate(frame, profile)
        other = pl.when(pl.col("fate") == "merged").then(99).otherwise("source_row")
        rows = whole.rows.with_columns(source_row=other.cast(pl.UInt32))
        return Aggregated(whole.organisations, whole.origins, rows, whole.metrics)

    monkeypatch.setattr(pipeline, "aggregate", misplace_a_row)

    with pytest.raises(InternalError, match=r"the rows do not reconcile: .* [1-9] lost"):
        refine(request_for(sources))


def test_an_output_that_cannot_be_written_is_said_before_anything_is_read(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "ingest", lambda *_, **__: pytest.fail("it was read"))
    (sources.parent / "out").write_text("a file")

    with pytest.raises(CannotWrite, match="cannot write here"):
        refine(request_for(sources))


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("in/refined.xlsx", "would lie inside the input folder"),
        ("in/deep/refined.xlsx", "would lie inside the input folder"),
        ("out/refined.csv", r"give it a name that ends in \.xlsx"),
    ],
)
def test_an_output_that_would_do_harm_is_refused(sources: Path, output: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        refine(request_for(sources, output))


def test_progress_hears_of_every_stage_in_order(sources: Path) -> None:
    heard: list[str] = []

    refine(request_for(sources), Hooks(progress=lambda stage, done, total: heard.append(stage)))

    assert list(dict.fromkeys(heard)) == [
        "ingest",
        "normalise",
        "resolve",
        "aggregate",
        "validate",
        "export",
    ]
