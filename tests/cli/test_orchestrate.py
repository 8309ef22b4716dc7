"""`hotpass orchestrate`: each toggle does what it says, from wherever it is set."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest

from hotpass.cli import main

TEXT = """\
Name,Registration No,Phone,Town,Last Contacted
Karoo Aviation,2015/123456/07,021 555 0123,Cape Town,2024-03-01
Karoo Aviation,2015/123456/07,,,2019-01-01
Tsitsikamma Timber,2011/654321/07,042 280 3561,,
"""
OUTPUT = Path("out/refined.xlsx")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder whose hotpass.toml names input, output and profiles."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HOTPASS_")]:
        monkeypatch.delenv(name)
    for name, text in {
        "in/members.csv": TEXT,
        "mine/quick.toml": 'extends = "generic"\nresolve_duplicates = false\n',
        "hotpass.toml": f'input_dir = "in"\noutput_path = "{OUTPUT}"\n'
        'profile = "quick"\nprofile_dir = "mine"\nprogress = "none"\n',
    }.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[str]:
    capsys.readouterr()
    assert main(["orchestrate", *arguments]) == code
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("toggle", "counts"),
    [
        ("--no-entity-resolution", "3 rows read = 3 kept + 0 merged + 0 rejected"),
        ("--entity-resolution", "3 rows read = 2 kept + 1 merged + 0 rejected"),
    ],
)
def test_rows_are_merged_only_with_entity_resolution(
    toggle: str, counts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, toggle)[0] == counts


def test_enrichment_writes_a_second_workbook_and_leaves_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = said(capsys, "--enrichment")

    assert "written: out/refined.enriched.xlsx" in lines
    additions = pl.read_parquet("out/refined.enriched.additions.parquet")
    assert "province" in additions["field"].to_list()
    assert pl.read_parquet("out/refined.parquet")["province"].null_count() == 3


@pytest.mark.parametrize(("least", "code"), [(0.3, 0), (0.9, 1)])
def test_compliance_fails_where_a_threshold_of_the_profile_is_not_reached(
    least: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("mine/quick.toml").open("a") as profile:
        profile.write(f"[thresholds.filled]\nphone = {least}\n")

    lines = said(capsys, "--compliance", code=code)

    assert "compliance: refined.xlsx keeps the contract: 0 violations" in lines
    kept = json.loads(Path("out/refined.compliance.json").read_text())
    assert (kept["holds"], kept["findings"][1]["holds"]) == (code == 0, code == 0)
    assert OUTPUT.exists()


def test_since_leaves_rows_out_counts_them_and_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = said(capsys, "--since", "2024-01-01")

    assert lines[0] == "3 rows read = 1 kept + 0 merged + 0 rejected + 2 left out"
    ledger = pl.read_parquet("out/refined.rows.parquet").sort("source_row")
    assert ledger.select("fate", "reason").rows() == [
        ("kept", None),
        ("left out", "last contacted on 2019-01-01"),
        ("left out", "no date of contact"),
    ]
    assert json.loads(Path("out/refined.quality.json").read_text())["counts"]["left_out"] == 2


def test_a_row_that_was_left_out_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "--since", "2024-01-01")

    assert main(["explain", "members.csv:4"]) == 2

    assert "members.csv:4 was left out: no date of contact." in capsys.readouterr().err


def test_a_day_after_every_contact_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orchestrate", "--since", "2025-01-01"]) == 2

    assert "the latest is of 2024-03-01." in capsys.readouterr().err
    assert not OUTPUT.exists()


def test_an_incremental_run_does_nothing_when_nothing_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said(capsys, "--incremental", "--compliance")
    written = OUTPUT.stat().st_mtime_ns

    lines = said(capsys, "--incremental", "--compliance")

    assert lines[0] == "Nothing changed since the last run; out/refined.xlsx stands as it is."
    assert lines[1] == "compliance: refined.xlsx keeps the contract: 0 violations"
    assert OUTPUT.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "change",
    [
        lambda: Path("in/members.csv").write_text(TEXT.replace("0123", "0124")),
        lambda: Path("in/more.csv").write_text(TEXT),
        lambda: Path("in/members.csv").rename("in/others.csv"),
        lambda: OUTPUT.write_bytes(b""),
        lambda: Path("out/refined.parquet").unlink(),
        lambda: Path("out/refined.state.json").write_text("{}"),
        lambda: Path("mine/quick.toml").write_text('extends = "generic"\nday_first = false\n'),
    ],
    ids=["content", "new file", "renamed", "output", "output gone", "state", "profile"],
)
def test_an_incremental_run_does_all_when_anything_changed(
    change: object, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "--incremental", "--no-entity-resolution")
    assert callable(change)
    change()

    lines = said(capsys, "--incremental", "--no-entity-resolution")

    assert "rows read" in lines[0]


def test_another_toggle_is_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "--incremental")

    assert "rows read" in said(capsys, "--incremental", "--since", "2024-01-01")[0]


def test_toggles_come_from_profile_file_and_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("mine/quick.toml").open("a") as profile:
        profile.write("[settings.orchestrate]\ncompliance = true\nenrichment = true\n")
    with Path("hotpass.toml").open("a") as file:
        file.write("[orchestrate]\nenrichment = false\n")
    monkeypatch.setenv("HOTPASS_ORCHESTRATE__SINCE", "2024-01-01")

    lines = said(capsys)

    assert "2 left out" in lines[0]
    assert "compliance: refined.xlsx keeps the contract: 0 violations" in lines
    assert not Path("out/refined.enriched.xlsx").exists()
