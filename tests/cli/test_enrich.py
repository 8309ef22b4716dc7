"""`hotpass enrich`: reads a refined workbook, fills only what is empty, says from where."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from hotpass import pipeline
from hotpass.cli import main
from hotpass.contracts.frame import dtypes
from hotpass.contracts.organisation import ORGANISATIONS
from hotpass.errors import InternalError
from hotpass.pipeline import EnrichRequest, contract_violations, enrich_workbook, read_refined
from hotpass.stages import enrich as enrich_stage
from hotpass.stages.enrich import Enriched
from hotpass.stages.workbook import Sheet, write_workbook

FULL: dict[str, Any] = {
    "organisation_id": "org-00000000000a",
    "organisation_name": "Karoo Aviation",
    "phone": "+27215550123",
    "email": "info@karoo.co.za",
    "website": "https://other.co.za",
    "province": "Gauteng",
    "source_count": 1,
}
BARE: dict[str, Any] = {**FULL, "organisation_id": "org-00000000000b", "website": None}
ADDITIONS: dict[str, pl.DataType] = {
    "organisation_id": pl.String(),
    "field": pl.String(),
    "value": pl.String(),
    "source": pl.String(),
    "confidence": pl.Float64(),
    "at": pl.Datetime("us", "UTC"),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where no hotpass.toml is and no variable of the environment has a say."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HOTPASS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def refined(tmp_path: Path) -> Path:
    names = dtypes(ORGANISATIONS)
    frame = pl.DataFrame(
        [{name: row.get(name) for name in names} for row in (FULL, BARE)], schema=names
    )
    path = tmp_path / "refined.xlsx"
    write_workbook(path, [Sheet("Organisations", frame)], created=datetime(2026, 3, 1, tzinfo=UTC))
    return path


def enrich(refined: Path, *more: str) -> int:
    output = refined.with_name("enriched.xlsx")
    return main(["enrich", "--input", str(refined), "--output", str(output), *more])


def test_only_empty_fields_change_and_the_additions_say_from_where(
    refined: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enrich(refined, "--allow-network=false") == 0

    before, after = read_refined(refined), read_refined(refined.with_name("enriched.xlsx"))
    additions = pl.read_parquet(refined.with_name("enriched.additions.parquet"))
    changed = {
        (row["organisation_id"], name)
        for row, new in zip(before.to_dicts(), after.to_dicts(), strict=True)
        for name in row
        if row[name] != new[name]
    }
    assert changed == set(additions.select("organisation_id", "field").rows())
    assert ("org-00000000000b", "website") in changed
    assert all(before.filter(organisation_id=i)[name].is_null().all() for i, name in changed)
    assert "website from domain of the e-mail address: 1 value, confidence 0." in (
        capsys.readouterr().out
    )


def test_the_enriched_workbook_keeps_the_contract(refined: Path) -> None:
    enrich(refined)

    assert contract_violations(refined.with_name("enriched.xlsx")).is_empty()


@pytest.mark.parametrize(
    ("flags", "environment", "allowed"),
    [
        ([], {}, False),
        ([], {"HOTPASS_ALLOW_NETWORK": "true"}, True),
        (["--allow-network=true"], {}, True),
        (["--allow-network"], {}, True),
        (["--allow-network=false"], {"HOTPASS_ALLOW_NETWORK": "true"}, False),
    ],
)
def test_the_network_is_asked_only_when_that_is_said(
    flags: list[str],
    environment: dict[str, str],
    allowed: bool,
    refined: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bool] = []

    def listen(organisations: pl.DataFrame, *, allow_network: bool, **_: object) -> Enriched:
        heard.append(allow_network)
        return Enriched(organisations, pl.DataFrame(schema=ADDITIONS), {})

    monkeypatch.setattr(enrich_stage, "enrich", listen)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    enrich(refined, *flags)

    assert heard == [allowed]


def test_an_added_value_that_breaks_the_contract_is_a_defect(
    refined: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(organisations: pl.DataFrame, *, allow_network: bool, **_: object) -> Enriched:
        return Enriched(
            organisations.with_columns(postcode=pl.lit("81")), pl.DataFrame(schema=ADDITIONS), {}
        )

    monkeypatch.setattr(enrich_stage, "enrich", spoil)
    output = refined.with_name("enriched.xlsx")

    with pytest.raises(InternalError, match=r"set postcode to '81', which breaks .* `pattern`"):
        enrich_workbook(EnrichRequest(refined, output), pipeline.Hooks())
    assert not output.exists()


def test_a_workbook_that_breaks_the_contract_is_refused_with_the_place(
    refined: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = openpyxl.load_workbook(refined)
    book["Organisations"]["G3"].value = "021 555"
    book.save(refined)

    assert enrich(refined) == 2
    assert "sheet Organisations, row 3: phone '021 555' breaks" in capsys.readouterr().err


def no_refined_workbook(path: Path) -> None:
    openpyxl.Workbook().save(path)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.unlink(), "there is no such file"),
        (lambda path: path.write_text("Name\nX\n"), "no workbook"),
        (no_refined_workbook, "it has no sheet 'Organisations'"),
    ],
)
def test_an_input_that_is_no_refined_workbook_is_one_sentence(
    spoil: Any, sentence: str, refined: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(refined)

    assert enrich(refined) == 2

    said = [line for line in capsys.readouterr().err.splitlines() if line != "read"]
    assert (len(said), sentence in said[0]) == (1, True), said
    assert not refined.with_name("enriched.xlsx").exists()


def test_the_input_is_never_overwritten(refined: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrich", "--input", str(refined), "--output", str(refined)]) == 2

    assert "this is the input; name another output" in capsys.readouterr().err
