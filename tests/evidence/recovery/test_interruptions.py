"""An interruption at any moment of a run, its end included, leaves its clean-ups done and told."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from evidence.journal import read_journal
from evidence.run import Run

if TYPE_CHECKING:
    from conftest import Recorder

ENDS = {"finished", "interrupted", "crashed"}


@pytest.fixture
def alarm() -> Iterator[None]:
    """Have an alarm interrupt as Ctrl-C does: the first alone, as the engine has it."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# One that comes between two frames is told when the run's generator is closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_at_any_moment_skips_no_clean_up_and_no_end(
    recorder: Recorder, tmp_path: Path, alarm: None
) -> None:
    interrupted = 0
    for number in range(100):
        done: list[str] = []

        def rehearse(run: Run, done: list[str] = done, delay: int = number) -> None:
            for name in ("first", "second"):
                run.cleanup(name, lambda name=name: done.append(name))
            run.check("it answers", expected="", observed="", passed=True)
            signal.setitimer(signal.ITIMER_REAL, (1 + 20 * delay) / 1_000_000)

        root = tmp_path / str(number)
        try:
            recorder.record(root, rehearse, expected_steps=(), required_files=())
        except KeyboardInterrupt:
            interrupted += 1
        signal.setitimer(signal.ITIMER_REAL, 0)

        (directory,) = (root / "demo").iterdir()
        reading = read_journal(directory / "journal.jsonl")
        told = [event["event"] for event in reading.events]
        assert reading.problems == ()
        assert sorted(set(done)) == ["first", "second"], (number, told)
        assert ENDS & set(told), (number, told)
    assert interrupted > 0
