"""Laws of refining, held on small samples that are as messy as real lists."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hotpass.config.profiles import load_profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.pipeline import RefineOutcome, RefineRequest, refine
from hotpass.sample.mentions import make_mentions

GENERIC = load_profile("generic")
# Each example refines once or twice, and a seed has no smaller form to look for.
FEW = settings(max_examples=3, phases=[Phase.generate])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


@st.composite
def lists(draw: st.DrawFn, most: int = 160) -> pl.DataFrame:
    """Rows as several people would have typed them, many about the same organisations."""
    rows, seed = draw(st.integers(most // 2, most)), draw(st.integers(0, 10_000))
    return make_mentions(rows, seed).select(INPUT_FIELDS)


def write_lists(folder: Path, rows: pl.DataFrame, files: int) -> Path:
    """The rows dealt out to so many files, each under a title and above a note."""
    folder.mkdir()
    for number in range(files):
        table = rows.gather_every(files, number).write_csv()
        text = f"List {number}\n\n{table}\nNotes: as typed\n"
        (folder / f"list-{number}.csv").write_text(text, encoding="utf-8")
    return folder


def refined(home: Path, sources: Path) -> RefineOutcome:
    return refine(RefineRequest(sources, home / f"{sources.name}-out" / "refined.xlsx", GENERIC))


def organisations(outcome: RefineOutcome) -> pl.DataFrame:
    return pl.read_parquet(outcome.files[0].with_suffix(".parquet"))


def ledger(outcome: RefineOutcome) -> pl.DataFrame:
    return pl.read_parquet(outcome.files[0].with_suffix(".rows.parquet"))


def new_folder(home: Path) -> Path:
    return home / f"input-{len(list(home.iterdir()))}"


@FEW
@given(rows=lists())
def test_refining_the_refined_changes_nothing(home: Path, rows: pl.DataFrame) -> None:
    once = refined(home, write_lists(new_folder(home), rows, files=2))
    again = new_folder(home)
    again.mkdir()
    (again / "refined.xlsx").write_bytes(once.files[0].read_bytes())

    twice = refined(home, again)

    assert_frame_equal(organisations(twice), organisations(once))
    assert twice.report.counts.read == twice.report.counts.kept


@FEW
@given(rows=lists(most=600), order=st.randoms(use_true_random=False), files=st.integers(1, 4))
def test_the_order_of_rows_and_their_division_into_files_do_not_matter(
    home: Path, rows: pl.DataFrame, order: random.Random, files: int
) -> None:
    positions = list(range(rows.height))
    order.shuffle(positions)

    one = refined(home, write_lists(new_folder(home), rows, files=1))
    other = refined(home, write_lists(new_folder(home), rows[positions], files=files))

    assert_frame_equal(organisations(other), organisations(one))


@FEW
@given(rows=lists(), files=st.integers(1, 3))
def test_every_row_that_was_written_has_one_fate_and_no_other_row_has(
    home: Path, rows: pl.DataFrame, files: int
) -> None:
    outcome = refined(home, write_lists(new_folder(home), rows, files))

    filled = rows.select(pl.sum_horizontal(pl.all().is_not_null()) > 0).to_series()
    fates = ledger(outcome)
    counts = outcome.report.counts
    assert fates.height == filled.sum() == counts.kept + counts.merged + counts.rejected
    assert fates.select(PLACE).is_unique().all()
    assert counts.kept == organisations(outcome).height
    assert organisations(outcome)["source_count"].sum() == counts.kept + counts.merged
