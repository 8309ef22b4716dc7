"""A recorder is really killed at every step; what it left is recovered, once and truthfully."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import seal as sealing
from evidence.errors import BadJournal, CannotRecord, EvidenceError, RunHeld, SealRefused
from evidence.journal import Event, Journal, read_journal
from evidence.keys import SigningKey
from evidence.models import GitState, RunRecord, Setting
from evidence.outcome import record_from
from evidence.processes import (
    ProcessIdentity,
    end_processes,
    identify,
    is_alive,
    marked_processes,
    wait_until,
)
from evidence.recover import (
    Recovered,
    recover_run,
    remove_empty_runs,
    unfinished_runs,
    unsealed_runs,
)
from evidence.redact import Redactor
from evidence.run import Run, open_run
from evidence.seal import seal
from evidence.verify import verify

# That a recovery ends is part of what it shows.
pytestmark = pytest.mark.timeout(60)

Rehearse = Callable[[Run], None]
Recover = Callable[..., Recovered]


def record(root: Path, rehearse: Rehearse, **changed: Any) -> Path:
    """Record a run to its end; its directory."""
    settings: dict[str, Any] = {
        "kind": "demo",
        "target": "embedded",
        "mode": "embedded",
        "operator": "someone",
        "host": "somewhere",
        "git": GitState(commit=None, dirty=True),
        "tools": {"python": "3.11"},
        "configuration": {"rows": Setting(value=3, origin="a flag")},
        "expected_checks": ("it answers",),
        "expected_steps": ("ask", "go on"),
        "required_files": ("ask.log",),
        "echo": lambda line: None,
    }
    with open_run(root, **settings | changed) as run:
        rehearse(run)
    return run.directory


def ask(run: Run) -> None:
    """A run that has one of each: step, command, check, artefact, note, clean-ups, server."""
    done = run.directory.parent.parent / "cleaned"
    run.cleanup("by hand", lambda: None)
    run.cleanup("by command", done.touch, recovery=["touch", str(done)])
    with run.step("ask"):
        run.command(["echo", "hello"], log="ask.log")
        run.check("it answers", expected="hello", observed="hello", passed=True)
        run.save("facts.json", {"asked": True})
    with run.step("go on"):
        run.note("that was all")


def in_child(action: Callable[[], object]) -> int:
    """Run an action in a process of its own; how that ended, as `waitpid` tells."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(number: int, *, torn: bool = False) -> Callable[[Rehearse], Rehearse]:
    """Have the recorder killed before it writes an event, or in the middle of its line."""

    def prepare(journal: Journal) -> None:
        whole = journal._write
        left = number

        def write(line: bytes) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                if torn:
                    whole(line[: len(line) // 2])
                kill_oneself()
            whole(line)

        journal._write = write  # type: ignore[method-assign]

    def wrap(rehearse: Rehearse) -> Rehearse:
        def prepared(run: Run) -> None:
            prepare(run._journal)
            rehearse(run)

        return prepared

    return wrap


def record_killed(root: Path, rehearse: Rehearse, **changed: Any) -> Path:
    """Record a run in a process that is killed on the way; the directory that is left."""
    assert in_child(lambda: record(root, rehearse, **changed)) == -signal.SIGKILL
    (directory,) = (root / "demo").iterdir()
    return directory


@pytest.fixture
def recover(key: SigningKey) -> Recover:
    """Recover a run, sealed without the report's picture."""

    def recovered(directory: Path, **options: Any) -> Recovered:
        def seal_it(directory: Path, record: RunRecord, redactor: Redactor) -> None:
            seal(directory, record, key, redactor=redactor, screenshot=False)

        return recover_run(directory, seal_it, **options)

    return recovered


@pytest.fixture
def findings(config_dir: Path) -> Callable[[Path], tuple[object, ...]]:
    """What verifying finds."""
    return lambda directory: verify(directory, config_dir=config_dir).findings


def events_of(directory: Path) -> list[Event]:
    return list(read_journal(directory / "journal.jsonl").events)


EVENTS = 16


def test_the_run_that_is_killed_has_that_many_events(tmp_path: Path) -> None:
    directory = record(tmp_path, ask)

    # One that opens, and those after it, at each of which the recorder is killed below.
    assert len(events_of(directory)) == 1 + EVENTS


@pytest.mark.parametrize("torn", [False, True], ids=["before", "within"])
@pytest.mark.parametrize("number", range(1, EVENTS + 1))
def test_a_recorder_killed_at_any_event_leaves_an_incomplete_run_that_verifies(
    tmp_path: Path,
    recover: Recover,
    findings: Callable[[Path], tuple[object, ...]],
    number: int,
    torn: bool,
) -> None:
    directory = record_killed(tmp_path, killed_at(number, torn=torn)(ask))

    recovered = recover(directory)

    told = events_of(directory)
    assert recovered.record.verdict == "incomplete"
    assert findings(directory) == ()
    assert [event["event"] for event in told[: number + 1]][-1] == "resumed"
    assert bool(told[number]["torn"]) == torn
    due = [event["name"] for event in told if event["event"] == "clean-up-due"]
    done = [event["name"] for event in told if event["event"] == "clean-up"]
    assert done == due[::-1]
