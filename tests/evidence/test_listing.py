"""The list of runs, and the statement that the next run continues."""

from __future__ import annotations

from pathlib import Path

from evidence.listing import list_and_tell, list_runs, previous_statement_digest
from evidence.seal import seal


def test_a_sealed_run_is_listed_with_its_verdict(sealed) -> None:
    (run,) = list_runs(sealed.directory.parents[1])

    assert (run.id, run.verdict, run.mode, run.sealed) == (
        sealed.record.run_id,
        "passed",
        "embedded",
        True,
    )
    assert run.started == sealed.record.started
    assert run.duration_seconds is not None


def test_an_unsealed_run_is_listed_with_what_its_journal_opened_with(recorded) -> None:
    (run,) = list_runs(recorded.directory.parents[1])

    assert (run.verdict, run.sealed, run.target, run.mode) == (
        "unsealed",
        False,
        "embedded",
        "embedded",
    )
    assert run.started is not None


def test_a_run_with_a_damaged_attestation_is_listed_as_unreadable(sealed) -> None:
    (sealed.directory / "attestation.json").unlink()
    (sealed.directory / "attestation.json").write_text("{}")

    (run,) = list_runs(sealed.directory.parents[1])

    assert (run.verdict, run.sealed) == ("unreadable", True)


def test_a_run_with_a_damaged_journal_is_still_listed(tmp_path: Path) -> None:
    for kind, opening in (("a", b""), ("b", b"[1]\n"), ("c", b'{"target": "x"}\n')):
        (tmp_path / kind / "20260131T140000Z").mkdir(parents=True)
        (tmp_path / kind / "20260131T140000Z" / "journal.jsonl").write_bytes(opening)

    assert [run.verdict for run in list_runs(tmp_path)] == ["unsealed"] * 3


def test_a_folder_that_does_not_exist_holds_no_runs(tmp_path: Path) -> None:
    said: list[str] = []

    assert list_and_tell(tmp_path / "none", say=said.append) == 0
    assert said == [f"no runs in {tmp_path / 'none'} yet"]


def test_runs_are_listed_newest_first(new_run) -> None:
    older, newer = new_run(), new_run()

    ids = [run.id for run in list_runs(older.directory.parents[1])]

    assert ids == [newer.record.run_id, older.record.run_id]


def test_the_table_names_each_run_on_a_line(sealed) -> None:
    said: list[str] = []

    list_and_tell(sealed.directory.parents[1], say=said.append)

    assert said[0].split() == ["RUN", "VERDICT", "MODE", "TARGET", "TOOK"]
    assert said[1].split()[:4] == [sealed.record.run_id, "passed", "embedded", "embedded"]


def test_the_newest_sealed_run_of_the_same_target_is_continued(new_run, key) -> None:
    first = new_run()
    digest = seal(first.directory, first.record, key, screenshot=False).digest
    root = first.directory.parents[1]
    new_run()  # not sealed, so nothing continues it

    assert previous_statement_digest(root, "e2e", "embedded") == digest
    assert previous_statement_digest(root, "e2e", "hotpass-staging") is None
    assert previous_statement_digest(root, "arc", "embedded") is None


def test_a_run_that_continues_another_says_so_under_its_signature(new_run, key) -> None:
    first = new_run()
    digest = seal(first.directory, first.record, key, screenshot=False).digest
    root = first.directory.parents[1]

    second = new_run(previous=previous_statement_digest(root, "e2e", "embedded"))

    assert second.record.previous == digest
