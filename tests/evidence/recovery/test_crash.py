"""A recorder, a seal and a recovery are really killed at every step; each run ends sealed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import seal as sealing
from evidence.errors import RunHeld
from evidence.holding import hold_directory
from evidence.journal import Event, read_journal
from evidence.keys import SigningKey
from evidence.outcome import record_from
from evidence.recover import Recovered, unfinished_runs

if TYPE_CHECKING:
    from conftest import Recorder

# That a recovery ends is part of what it shows.
pytestmark = pytest.mark.timeout(60)

Recover = Callable[..., Recovered]
Findings = Callable[[Path], tuple[object, ...]]
MakeRecorder = Callable[[Path], "Recorder"]

# The lines of the journal of `ask`, and the files that a seal writes.
LINES = 17
SEALED_FILES = ("run.json", "report.html", "signer.pub", "SHA256SUMS", "attestation.json")


def events_of(directory: Path) -> tuple[Event, ...]:
    return read_journal(directory / "journal.jsonl").events


def names_of(directory: Path, event: str) -> list[object]:
    return [told["name"] for told in events_of(directory) if told["event"] == event]


def test_the_recorder_is_killed_at_each_line_of_its_journal(recorder: Recorder) -> None:
    assert len(events_of(recorder.record(recorder.root, recorder.ask))) == LINES


@pytest.mark.parametrize("torn", [False, True], ids=["before", "within"])
@pytest.mark.parametrize("line", range(1, LINES + 1))
def test_a_run_whose_recorder_was_killed_is_sealed_as_incomplete(
    recorder: Recorder, recover: Recover, findings: Findings, line: int, torn: bool
) -> None:
    directory = recorder.killed_at(line, torn=torn)

    recovered = recover(directory)

    assert recovered.record.verdict == "incomplete"
    assert findings(directory) == ()
    assert names_of(directory, "clean-up") == names_of(directory, "clean-up-due")[::-1]
    (resumed,) = [event for event in events_of(directory) if event["event"] == "resumed"]
    assert bool(resumed["torn"]) == torn


@pytest.mark.parametrize("name", SEALED_FILES)
def test_a_run_that_was_killed_in_its_seal_is_sealed_with_its_own_verdict(
    recorder: Recorder, recover: Recover, findings: Findings, key: SigningKey, name: str
) -> None:
    write = sealing.write_file

    def write_or_die(path: Path, pieces: Iterable[bytes]) -> None:
        if path.name == name:
            path.with_name(f"{name}.partial").write_bytes(b"half of it")
            recorder.kill_oneself()
        write(path, pieces)

    def record_and_seal() -> None:
        sealing.write_file = write_or_die
        directory = recorder.record(recorder.root, recorder.ask)
        sealing.seal(directory, record_from(events_of(directory)), key, screenshot=False)

    directory = recorder.left_by(record_and_seal)
    before = (directory / "journal.jsonl").read_bytes()

    recovered = recover(directory)

    assert recovered.record.verdict == "passed"
    assert findings(directory) == ()
    assert (directory / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("torn", [False, True], ids=["before", "within"])
@pytest.mark.parametrize("line", range(1, 8))
def test_a_recovery_that_was_killed_is_gone_on_with(
    recorder: Recorder, recover: Recover, findings: Findings, line: int, torn: bool
) -> None:
    directory = recorder.killed_at(10, torn=False)

    def recover_and_die() -> None:
        recorder.have_killed_at(line, torn=torn)
        recover(directory)

    assert recorder.exit_of_child(recover_and_die) == -signal.SIGKILL
    recovered = recover(directory)

    assert recovered.record.verdict == "incomplete"
    assert findings(directory) == ()
    assert names_of(directory, "clean-up") == ["by command", "by hand"]


def test_a_run_is_recovered_once(recorder: Recorder, recover: Recover) -> None:
    directory = recorder.killed_at(5, torn=False)
    assert unfinished_runs(recorder.root) == (directory,)

    recover(directory)

    assert unfinished_runs(recorder.root) == ()
    with pytest.raises(RunHeld, match="was sealed in the meantime"):
        recover(directory)


def test_of_two_recoveries_at_once_one_leaves_the_run_alone(
    recorder: Recorder, recover: Recover, findings: Findings
) -> None:
    directory = recorder.killed_at(5, torn=False)

    with hold_directory(directory), pytest.raises(RunHeld, match="right now"):
        recover(directory)

    assert events_of(directory)[-1]["event"] != "resumed"


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, make_recorder: MakeRecorder) -> Path:
    """A run that came to its end and passed, and whose recorder was killed before the seal."""
    recorder = make_recorder(tmp_path_factory.mktemp("ended"))

    def record_and_die() -> None:
        recorder.record(recorder.root, recorder.ask)
        recorder.kill_oneself()

    return recorder.left_by(record_and_die)


@settings(max_examples=60)
@given(st.data())
def test_a_journal_cut_at_any_byte_gives_a_sealed_run_that_passes_only_when_whole(
    tmp_path_factory: pytest.TempPathFactory,
    recover: Recover,
    findings: Findings,
    ended: Path,
    data: st.DataObject,
) -> None:
    journal = (ended / "journal.jsonl").read_bytes()
    cut = data.draw(st.integers(0, len(journal)) | st.just(len(journal) - 1))
    directory = tmp_path_factory.mktemp("cut") / "demo" / ended.name
    shutil.copytree(ended, directory)
    (directory / "journal.jsonl").write_bytes(journal[:cut])

    recovered = recover(directory)

    whole = cut == len(journal)
    assert recovered.record.verdict == ("passed" if whole else "incomplete")
    assert findings(directory) == ()
