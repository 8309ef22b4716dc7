"""Progress off a terminal: few lines, and none lost that matters."""

from __future__ import annotations

import io
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpass.cli.progress import lines_of, shown_progress


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=200))
def test_at_most_two_lines_a_second_are_written(gaps: list[float]) -> None:
    clock = iter(itertools.accumulate(gaps, initial=0.0))
    stream = Stopwatch()

    with lines_of(stream, stream.clock) as progress:
        for stream.now in clock:
            progress("ingest", 1, 2)

    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(stream.written))
    assert len(stream.written) >= stream.now // 0.9


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stopwatch(io.StringIO):
    """A stream that notes when each line came."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.written: list[float] = []

    def clock(self) -> float:
        return self.now

    def write(self, text: str) -> int:
        self.written.append(self.now)
        return super().write(text)


def test_a_line_says_the_stage_and_how_much_is_done() -> None:
    stream = io.StringIO()

    with lines_of(stream, lambda: 0.0) as progress:
        progress("ingest", 1_200, 10_000)

    assert stream.getvalue() == "ingest 1,200 of 10,000\n"


def test_a_stage_of_unknown_length_is_only_named() -> None:
    stream = io.StringIO()

    with lines_of(stream, lambda: 0.0) as progress:
        progress("resolve", 0, None)

    assert stream.getvalue() == "resolve\n"


def test_in_ci_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    stream = Terminal()

    with shown_progress(stream) as progress:
        progress("ingest", 0, 3)

    assert stream.getvalue() == "ingest 0 of 3\n"


def test_a_terminal_is_left_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()

    with shown_progress(stream) as progress:
        progress("ingest", 0, 3)
        progress("ingest", 3, 3)

    assert "ingest" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()  # no colour
    assert stream.getvalue().endswith("\x1b[2K")  # the bars are gone


def test_at_a_steady_pace_a_line_tells_the_time_that_remains() -> None:
    stream = Stopwatch()

    with lines_of(stream, stream.clock) as progress:
        for second in range(3):
            stream.now = float(second)
            progress("enrich", 100 + second, 200)

    assert stream.getvalue().splitlines()[1:] == [
        "enrich 101 of 200 (50 %), 1 min 39 s left",
        "enrich 102 of 200 (51 %), 1 min 38 s left",
    ]


def test_each_stage_has_a_pace_of_its_own() -> None:
    stream = Stopwatch()

    with lines_of(stream, stream.clock) as progress:
        progress("slow", 0, 10)
        stream.now = 100.0
        progress("quick", 0, 10)
        stream.now = 101.0
        progress("quick", 5, 10)

    assert stream.getvalue().splitlines()[-1] == "quick 5 of 10 (50 %), 1 s left"


def test_programs_get_json_even_on_a_terminal() -> None:
    stream = Terminal()

    with shown_progress(stream, "json") as progress:
        progress("ingest", 1, 2)

    assert json.loads(stream.getvalue())["stage"] == "ingest"


def test_nothing_is_shown_when_that_is_asked_for() -> None:
    stream = io.StringIO()

    with shown_progress(stream, "none") as progress:
        progress("ingest", 1, 2)

    assert stream.getvalue() == ""
