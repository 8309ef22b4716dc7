"""Runs whose recorder is really killed, and their recovery."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.journal import Journal
from evidence.keys import SigningKey
from evidence.models import GitState, RunRecord, Setting
from evidence.recover import Recovered, recover_run
from evidence.redact import Redactor
from evidence.run import Run, open_run
from evidence.seal import seal
from evidence.verify import verify

Rehearse = Callable[[Run], None]


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
    """A run that passes and has one of each: steps, a command, a check, files, clean-ups."""
    run.cleanup("by hand", lambda: None)
    cleaned = run.directory.parent.parent / "cleaned"
    run.cleanup("by command", cleaned.touch, recovery=["touch", str(cleaned)])
    with run.step("ask"):
        run.command(["echo", "hello"], log="ask.log")
        run.check("it answers", expected="hello", observed="hello", passed=True)
        run.save("facts.json", {"asked": True})
    with run.step("go on"):
        run.note("that was all")


def kill_oneself() -> None:
    """What no handler and no `finally` sees."""
    os.kill(os.getpid(), signal.SIGKILL)


def exit_of_child(action: Callable[[], object]) -> int:
    """Run an action in a process of its own; its exit code, or minus the signal's number."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def have_killed_at(number: int, *, torn: bool) -> None:
    """Have this process killed before it writes that line to a journal, or in its middle."""
    whole, left = Journal._write, number

    def write(journal: Journal, line: bytes) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            if torn:
                whole(journal, line[: len(line) // 2])
            kill_oneself()
        whole(journal, line)

    Journal._write = write  # type: ignore[method-assign]


class Recorder:
    """Records runs in processes that are killed on the way."""

    record = staticmethod(record)
    ask = staticmethod(ask)
    kill_oneself = staticmethod(kill_oneself)
    exit_of_child = staticmethod(exit_of_child)
    have_killed_at = staticmethod(have_killed_at)

    def __init__(self, root: Path) -> None:
        self.root = root

    def killed(self, rehearse: Rehearse, **changed: Any) -> Path:
        """The directory of a run whose recorder is killed in it, at the latest at its end."""

        def rehearse_and_die(run: Run) -> None:
            rehearse(run)
            kill_oneself()

        return self.left_by(lambda: record(self.root, rehearse_and_die, **changed))

    def killed_at(self, number: int, *, torn: bool) -> Path:
        """The directory of `ask`, whose recorder is killed at a line of its journal."""

        def rehearse() -> None:
            have_killed_at(number, torn=torn)
            record(self.root, ask)

        return self.left_by(rehearse)

    def left_by(self, action: Callable[[], object]) -> Path:
        """The directory of the run that an action records, in a process that is killed in it."""
        before = set(self.root.glob("demo/*"))
        assert exit_of_child(action) == -signal.SIGKILL
        (left,) = set(self.root.glob("demo/*")) - before
        return left


@pytest.fixture(scope="session")
def make_recorder() -> Callable[[Path], Recorder]:
    """Make a recorder of a folder."""
    return Recorder


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Records below a folder of its own."""
    return Recorder(tmp_path / "staging")


@pytest.fixture(scope="session")
def recover(key: SigningKey) -> Callable[..., Recovered]:
    """Recover a run: sealed without the report's picture."""

    def recovered(directory: Path, **options: Any) -> Recovered:
        def seal_it(directory: Path, record: RunRecord, redactor: Redactor) -> None:
            seal(directory, record, key, redactor=redactor, screenshot=False)

        return recover_run(directory, seal_it, **options)

    return recovered


@pytest.fixture(scope="session")
def findings(config_dir: Path) -> Callable[[Path], tuple[object, ...]]:
    """What verifying a run finds."""
    return lambda directory: verify(directory, config_dir=config_dir).findings
