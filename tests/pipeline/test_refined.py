"""A refined list read once more: its organisations stay, and count for the rows behind them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from hotpass.config.profiles import load_profile
from hotpass.pipeline import RefineOutcome, RefineRequest, refine
from hotpass.stages.ingest import ingest

GENERIC = load_profile("generic")
ROWS = "Name,Phone\nKaroo Air,021 555 0123\nKaroo Air CC,021 555 0123\nZulu Timber,031 555 0199\n"


@pytest.fixture
def refined(tmp_path: Path) -> Path:
    """The folder of a refined list of two organisations, the one of two rows."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "list.csv").write_text(ROWS)
    refine(RefineRequest(tmp_path / "first", tmp_path / "refined.xlsx", GENERIC))
    (tmp_path / "again").mkdir()
    (tmp_path / "refined.xlsx").rename(tmp_path / "again" / "refined.xlsx")
    return tmp_path / "again"


def refine_again(folder: Path) -> RefineOutcome:
    return refine(RefineRequest(folder, folder.parent / "twice.xlsx", GENERIC))


def counts_by_name(outcome: RefineOutcome) -> dict[str, int]:
    frame = pl.read_parquet(outcome.files[0].with_suffix(".parquet"))
    return dict(frame.select("organisation_name", "source_count").iter_rows())


def test_the_sheets_that_tell_about_refined_organisations_are_not_read(refined: Path) -> None:
    result = ingest(refined, GENERIC)

    assert {sheet.sheet: sheet.rows for sheet in result.sheets} == {
        "Organisations": 2,
        "Origins": 0,
        "Rejected": 0,
        "About": 0,
    }
    assert "'About' of refined.xlsx tells about refined organisations" in result.warnings[-1]


def test_a_sheet_of_such_a_name_in_another_workbook_is_read(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name in ("Organisations", "Rejected"):
        book.add_worksheet(name).write_column(0, 0, ["Organisation", f"{name} Air"])
    book.close()

    frame = ingest(tmp_path, GENERIC).frame

    assert frame["organisation_name"].to_list() == ["Organisations Air", "Rejected Air"]


def test_refined_organisations_keep_identifiers_and_counts(refined: Path) -> None:
    outcome = refine_again(refined)

    assert counts_by_name(outcome) == {"Karoo Air": 2, "Zulu Timber": 1}
    assert outcome.metrics["resolve"]["known"] == 2


def test_new_rows_beside_a_refined_list_are_resolved_with_it(refined: Path) -> None:
    (refined / "new.csv").write_text("Name,Phone\nKaroo Air (Pty) Ltd,+27 21 555 0123\n")

    outcome = refine_again(refined)

    assert sorted(counts_by_name(outcome).values()) == [1, 3]
    assert outcome.report.counts.merged == 1


def test_an_identifier_that_is_none_leaves_its_row_to_be_resolved(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Organisation Id,Source Count,Name\norg-00000000000a,4,A\nnone,5,B\n"
    )

    known = ingest(tmp_path, GENERIC).known

    assert known.select("organisation_id", "source_count").rows() == [("org-00000000000a", 4)]
