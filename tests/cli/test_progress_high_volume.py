"""Ten thousand updates, replayed: few lines off a terminal, each true, and all of them drawn."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from hotpass.cli.progress import Step, as_json, as_line, lines_of, shown_progress

FIXTURES = Path(__file__).parent / "fixtures"
RECORDED: dict[str, Any] = json.loads((FIXTURES / "progress_high_volume.json").read_text())
STAGE, RUNS = RECORDED["stage"], RECORDED["runs"]
ENDS = list(itertools.accumulate(gap / 1000 for gap in RECORDED["milliseconds_between"]))


class Written(io.StringIO):
    """A stream that notes when each line came, on a clock that is set by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.times: list[float] = []

    def clock(self) -> float:
        return self.now

    def write(self, text: str) -> int:
        self.times.append(self.now)
        return super().write(text)


def replay(form: Callable[[Step], str]) -> Written:
    stream = Written()
    with lines_of(stream, stream.clock, form) as progress:
        progress(STAGE, 0, RUNS)
        for done, stream.now in enumerate(ENDS, start=1):
            progress(STAGE, done, RUNS)
        stream.now += 1.0
    return stream


def test_the_fixture_is_what_its_generator_writes() -> None:
    spec = spec_from_file_location("maker", FIXTURES / "make_progress_high_volume.py")
    assert spec is not None
    assert spec.loader is not None
    maker = module_from_spec(spec)
    spec.loader.exec_module(maker)

    assert (FIXTURES / "progress_high_volume.json").read_text() == maker.text()
    assert len(ENDS) == RUNS == 10_000


@pytest.mark.parametrize("form", [as_line, as_json])
def test_never_more_than_two_lines_a_second_are_written(form: Callable[[Step], str]) -> None:
    times = replay(form).times

    assert all(third - first >= 1.0 for first, third in zip(times, times[2:], strict=False))
    assert len(times) > ENDS[-1]  # and it is not silent either


def test_the_last_line_says_that_all_is_done() -> None:
    assert replay(as_line).getvalue().splitlines()[-1] == "backfill 10,000 of 10,000"


def test_each_json_line_tells_how_far_it_is_and_never_less_than_before() -> None:
    events = [json.loads(line) for line in replay(as_json).getvalue().splitlines()]

    assert events[0] == {
        "event": "progress",
        "stage": "backfill",
        "done": 0,
        "total": 10_000,
        "seconds": 0.0,
        "remaining": None,
    }
    assert (events[-1]["done"], events[-1]["remaining"]) == (10_000, 0.0)
    for earlier, later in itertools.pairwise(events):
        assert earlier["done"] < later["done"]
        assert earlier["seconds"] < later["seconds"]


def test_from_a_quarter_on_the_time_that_remains_is_told_within_a_third() -> None:
    events = [json.loads(line) for line in replay(as_json).getvalue().splitlines()]

    for event in events:
        if 2_500 <= event["done"] <= 9_000:
            assert event["remaining"] == pytest.approx(ENDS[-1] - event["seconds"], rel=1 / 3)


def test_a_terminal_shows_the_last_of_ten_thousand_updates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()

    with shown_progress(stream) as progress:
        for done in range(RUNS + 1):
            progress(STAGE, done, RUNS)

    assert "10000/10000" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
