"""Each statement names the one before it, so a run that is gone, put in or dated back shows."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.bundle import bundle
from evidence.chain import Link, find_chains
from evidence.clock import Clock
from evidence.errors import BadOption
from evidence.journal import read_journal
from evidence.keys import SigningKey
from evidence.listing import previous_statement_digest
from evidence.models import GitState
from evidence.outcome import record_from
from evidence.run import open_run
from evidence.seal import seal
from evidence.verification import VerificationReport
from evidence.verify_path import verify_path
from evidence.verify_report import describe

FIRST_DAY = datetime(2026, 1, 31, 14, tzinfo=UTC)
LENGTH = 5


def chained(count: int) -> list[Link]:
    """The links of that many runs, each after the one before."""
    moments = [FIRST_DAY + timedelta(days=day) for day in range(count)]
    return [
        Link(
            kind="e2e",
            target="embedded",
            timestamp=f"{moment:%Y%m%dT%H%M%SZ}",
            started=moment,
            verdict="passed",
            digest=f"digest {day}",
            previous=f"digest {day - 1}" if day else None,
        )
        for day, moment in enumerate(moments)
    ]


def kinds(links: list[Link]) -> set[str]:
    """What is found in the chains of such links."""
    return {finding.kind for chain in find_chains(links) for finding in chain.findings}


lengths = st.integers(2, 12)


@given(lengths, st.randoms(use_true_random=False))
def test_a_whole_chain_has_no_findings_in_whatever_order_it_is_read(length: int, random) -> None:
    links = chained(length)
    random.shuffle(links)

    (chain,) = find_chains(links)

    assert chain.findings == ()
    assert chain.newest == f"digest {length - 1}"
    assert len(chain.runs) == length


@given(lengths, st.data())
def test_any_deletion_but_of_the_newest_is_found(length: int, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, length - 2), min_size=1))
    left = [link for day, link in enumerate(chained(length)) if day not in gone]

    assert kinds(left) == {"deleted"}


@given(lengths, st.data())
def test_any_two_runs_that_change_their_dates_are_found(length: int, data: st.DataObject) -> None:
    links = chained(length)
    one, other = data.draw(
        st.lists(st.integers(0, length - 1), min_size=2, max_size=2, unique=True)
    )
    first, second = links[one], links[other]
    links[one] = replace(first, timestamp=second.timestamp, started=second.started)
    links[other] = replace(second, timestamp=first.timestamp, started=first.started)

    assert "backdated" in kinds(links)


@given(lengths, st.data())
def test_any_new_order_of_what_runs_follow_is_found(length: int, data: st.DataObject) -> None:
    links = chained(length)
    order = data.draw(st.permutations(range(length)).filter(lambda new: list(new) != sorted(new)))
    moved = [
        replace(link, previous=links[new].previous) for link, new in zip(links, order, strict=True)
    ]

    assert kinds(moved)


@given(lengths, st.data())
def test_any_run_that_is_put_in_is_found(length: int, data: st.DataObject) -> None:
    links = chained(length)
    day = data.draw(st.integers(0, length - 1))
    hours = data.draw(st.integers(1, 24 * length))
    late = links[day].started + timedelta(hours=hours)
    forged = replace(links[day], digest="forged", started=late, timestamp=f"{late:%Y%m%dT%H%M%SZ}")

    assert "forked" in kinds([*links, forged])


def test_a_run_that_began_before_the_one_it_follows_is_backdated() -> None:
    first, second, *_ = chained(3)

    assert kinds([first, replace(second, started=first.started - timedelta(seconds=1))]) == {
        "backdated"
    }


def test_a_run_that_broke_off_and_was_sealed_late_is_noted_and_no_break() -> None:
    first, second, third = chained(3)
    late = replace(first, verdict="incomplete", previous=second.digest)

    (chain,) = find_chains(
        [late, replace(second, previous=None), replace(third, previous=late.digest)]
    )

    assert chain.findings == ()
    assert chain.notes == (
        "e2e/20260131T140000Z broke off and was sealed after e2e/20260201T140000Z",
    )


def test_a_run_that_follows_one_on_another_target_is_found() -> None:
    first, second = chained(2)

    assert kinds([replace(first, target="elsewhere"), second]) == {"forked"}


def test_chains_of_other_kinds_and_targets_are_told_apart() -> None:
    here, (first, second) = chained(3), chained(2)
    there = [
        replace(first, target="live", digest="live 0"),
        replace(second, target="live", digest="live 1", previous="live 0"),
    ]

    chains = find_chains([*here, *there])

    assert [(chain.target, len(chain.runs)) for chain in chains] == [("embedded", 3), ("live", 2)]
    assert not any(chain.findings for chain in chains)


Rehearse = Callable[..., Path]


@pytest.fixture(scope="module")
def rehearse(key: SigningKey) -> Rehearse:
    """Record a run on a day and seal it: `rehearse(root, day, sealed=…)`; returns its folder."""

    def run_and_seal(
        root: Path, day: int, *, sealed: bool = True, drill: bool = False, fails: bool = False
    ) -> Path:
        ticks = itertools.count()
        clock = Clock(
            now=lambda: FIRST_DAY + timedelta(days=day),
            monotonic=lambda: next(ticks) / 1000,
            sleep=lambda seconds: None,
        )
        with open_run(
            root,
            kind="e2e",
            target="embedded",
            mode="embedded",
            operator="thandi",
            host="laptop",
            git=GitState(commit=None, dirty=False),
            tools={},
            configuration={},
            expected_checks=(),
            required_files=(),
            drill=drill,
            previous=previous_statement_digest(root, "e2e", "embedded"),
            echo=lambda line: None,
            clock=clock,
        ) as run:
            run.check("it works", expected="yes", observed="", passed=not fails)
        if sealed:
            journal = read_journal(run.directory / "journal.jsonl")
            seal(run.directory, record_from(journal.events), key, screenshot=False)
        return run.directory

    return run_and_seal


@pytest.fixture(scope="module")
def row(rehearse: Rehearse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole chain: some passed, one failed, one was a drill."""
    root = tmp_path_factory.mktemp("row")
    for day in range(LENGTH):
        rehearse(root, day, drill=day == 1, fails=day == 2)
    return root


@pytest.fixture
def copy(row: Path, tmp_path: Path) -> Callable[[], list[Path]]:
    """Make a copy of the row, the one before being gone; returns its runs, oldest first."""

    def make() -> list[Path]:
        shutil.rmtree(tmp_path / "row", ignore_errors=True)
        shutil.copytree(row, tmp_path / "row")
        return sorted((tmp_path / "row" / "e2e").iterdir())

    return make


@pytest.fixture
def look(tmp_path: Path, config_dir: Path) -> Callable[[], VerificationReport]:
    """Verify the copy with its chain."""
    return lambda: verify_path(tmp_path / "row", chain=True, config_dir=config_dir)


def test_a_row_of_sealed_runs_is_whole(row: Path, config_dir: Path) -> None:
    report = verify_path(row, chain=True, config_dir=config_dir)

    assert report.ok
    assert [len(chain.runs) for chain in report.chains or ()] == [LENGTH]
    assert list(describe(report))[LENGTH].startswith(
        f"✓ chain of e2e on embedded: {LENGTH} runs, e2e/20260131T140000Z to e2e/2026020"
    )


folder_settings = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@folder_settings
@given(gone=st.sets(st.integers(0, LENGTH - 2), min_size=1))
def test_every_folder_deleted_before_the_newest_is_found(copy, look, gone: set[int]) -> None:
    runs = copy()

    for day in gone:
        shutil.rmtree(runs[day])

    assert {finding.kind for finding in look().chains[0].findings} == {"deleted"}


@folder_settings
@given(order=st.permutations(range(LENGTH)).filter(lambda order: list(order) != sorted(order)))
def test_every_exchange_of_folders_is_found(copy, look, order: list[int]) -> None:
    runs = copy()

    aside = [run.rename(run.with_name(f"aside {day}")) for day, run in enumerate(runs)]
    for folder, new in zip(aside, order, strict=True):
        folder.rename(runs[new])

    found = {finding.kind for run in look().runs for finding in run.findings}
    assert found == {"misplaced"}


def test_a_run_emptied_in_its_place_is_found(copy, look) -> None:
    runs = copy()
    for path in runs[1].iterdir():
        path.unlink()

    report = look()

    assert [finding.kind for finding in report.runs[1].findings] == ["removed"]
    assert [finding.kind for finding in report.chains[0].findings] == ["deleted"]


def test_the_newest_run_deleted_cannot_be_seen_but_its_statement_can_be_compared(
    copy, look
) -> None:
    before = (copy(), look().chains[0].newest)[1]
    shutil.rmtree(copy()[-1])

    after = look()

    assert after.ok
    assert after.chains[0].newest != before


def test_two_runs_that_follow_the_same_one_are_a_fork(copy, look, rehearse, tmp_path: Path) -> None:
    runs = copy()
    aside = runs[-1].rename(tmp_path / "aside")
    rehearse(tmp_path / "row", LENGTH)
    aside.rename(runs[-1])

    assert [finding.kind for finding in look().chains[0].findings] == ["forked"]


def test_a_clock_set_back_is_told_once_and_the_chain_goes_on(
    copy, look, rehearse, tmp_path
) -> None:
    copy()
    rehearse(tmp_path / "row", -3)
    rehearse(tmp_path / "row", LENGTH)

    (finding,) = look().chains[0].findings

    assert finding.kind == "backdated"
    assert finding.detail.startswith("e2e/20260128T140000Z follows e2e/20260204T140000Z")


def test_an_unsealed_run_between_is_noted_and_breaks_nothing(
    rehearse: Rehearse, tmp_path: Path, look
) -> None:
    for day in range(3):
        rehearse(tmp_path / "row", day, sealed=day != 1)

    report = look()

    assert report.chains[0].findings == ()
    assert report.chains[0].notes[0].startswith("e2e/20260201T140000Z is not sealed")
    assert [len(run.findings) for run in report.runs] == [0, 1, 0]


def test_bundles_beside_their_runs_are_the_same_links(copy, look) -> None:
    runs = copy()
    bundle(runs[0])
    bundle(runs[3])

    report = look()

    assert report.ok
    assert len(report.runs) == LENGTH + 2
    assert len(report.chains[0].runs) == LENGTH


def test_a_chain_of_bundles_alone_is_followed(copy, look) -> None:
    for run in copy():
        bundle(run)
        shutil.rmtree(run)

    report = look()

    assert report.ok
    assert len(report.chains[0].runs) == LENGTH


def test_a_chain_is_not_looked_for_in_one_run(row: Path) -> None:
    (first, *_) = sorted((row / "e2e").iterdir())

    with pytest.raises(BadOption, match=r"--chain needs the folder .* name .*/e2e"):
        verify_path(first, chain=True)
