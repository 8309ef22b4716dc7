"""A verdict follows from the journal alone, and nothing but a whole and green one passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import BadJournal
from evidence.journal import Event, moment
from evidence.models import RunRecord
from evidence.outcome import record_from

START = datetime(2026, 1, 31, 14, tzinfo=UTC)


class Story:
    """A journal's events, written by hand."""

    def __init__(self, **opened: Any) -> None:
        self.events: list[Event] = []
        self.happens(
            "opened",
            **{
                "format_version": 1,
                "kind": "demo",
                "timestamp": "20260131T140000Z",
                "target": "embedded",
                "mode": "embedded",
                "operator": "someone",
                "host": "somewhere",
                "git": {"commit": None, "dirty": True},
                "tools": {"python": "3.11"},
                "configuration": {"a": {"value": 1, "origin": "a flag"}},
                "expected_checks": [],
                "required_files": [],
                "previous_run": None,
            }
            | opened,
        )

    def happens(self, event: str, wall: float | None = None, **fields: Any) -> Event:
        """Let something happen, a second after the last; the wall clock may say otherwise."""
        elapsed = float(len(self.events))
        at = moment(START + timedelta(seconds=elapsed if wall is None else wall))
        written: Event = {
            "seq": len(self.events) + 1,
            "at": at,
            "elapsed": elapsed,
            "event": event,
            **fields,
        }
        self.events.append(written)
        return written

    def check(self, name: str, passed: bool = True) -> None:
        self.happens("check", step="", name=name, expected="1", observed="2", passed=passed)

    def step(self, name: str, outcome: str = "done", problem: str | None = None) -> None:
        begun = self.happens("step-started", step=name)["seq"]
        self.happens("step-ended", step=name, begun=begun, outcome=outcome, problem=problem)

    def record(self) -> RunRecord:
        return record_from(self.events)


def test_a_whole_run_with_green_checks_passes() -> None:
    story = Story(expected_checks=["one", "two"], required_files=["a.log"])
    story.step("first")
    story.check("one")
    story.check("two")
    story.happens("artefact", step="", name="a.log", size=3, sha256="00")
    story.happens("finished", redactions={"TOKEN": 2})

    record = story.record()

    assert (record.verdict, record.reason) == ("passed", "All 2 checks passed.")
    assert record.redactions == {"TOKEN": 2}
    assert record.finished == START + timedelta(seconds=6)
    assert record.run_id == "demo/20260131T140000Z"


def test_a_failed_check_fails_the_run_and_says_what_was_seen() -> None:
    story = Story()
    story.check("one", passed=False)
    story.happens("finished")

    record = story.record()

    assert record.verdict == "failed"
    assert record.reason == "check 'one' failed: expected 1, observed 2."


def test_a_check_that_failed_once_fails_the_run_even_if_it_passed_later() -> None:
    story = Story()
    story.check("one", passed=False)
    story.check("one", passed=True)
    story.happens("finished")

    assert story.record().verdict == "failed"


def test_an_expected_check_that_was_never_made_fails_the_run() -> None:
    story = Story(expected_checks=["one", "two"])
    story.check("one")
    story.happens("finished")

    record = story.record()

    assert (record.verdict, record.reason) == ("failed", "check 'two' was never made.")


def test_a_required_file_that_was_not_captured_fails_the_run() -> None:
    story = Story(required_files=["a.log"])
    story.check("one")
    story.happens("finished")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "failed",
        "required file 'a.log' was not captured.",
    )


def test_a_step_that_failed_fails_the_run() -> None:
    story = Story()
    story.step("first", outcome="failed", problem="ValueError: no")
    story.check("one")
    story.happens("finished")

    record = story.record()

    assert (record.verdict, record.reason) == ("failed", "step 'first' failed: ValueError: no.")
    assert record.steps[0].problem == "ValueError: no"


def test_a_step_without_end_fails_the_run() -> None:
    story = Story()
    story.happens("step-started", step="first")
    story.check("one")
    story.happens("finished")

    record = story.record()

    assert record.verdict == "failed"
    assert record.steps[0].outcome == "interrupted"


def test_a_step_that_was_declared_and_never_began_is_not_run_and_fails_the_run() -> None:
    story = Story(expected_steps=["one", "two"])
    story.step("one")
    story.check("it answers")
    story.happens("finished")

    record = story.record()

    assert [(step.name, step.outcome) for step in record.steps] == [
        ("one", "done"),
        ("two", "not-run"),
    ]
    assert record.verdict == "failed"
    assert record.reason == "step 'two' was never begun."


def test_a_run_that_broke_off_names_the_step_it_was_in_and_no_later_one() -> None:
    story = Story(expected_steps=["one", "two", "three"])
    story.step("one")
    story.happens("step-started", step="two")

    record = story.record()

    assert record.reason == "The journal has no end: the run was killed in step 'two'."
    assert [step.outcome for step in record.steps] == ["done", "interrupted", "not-run"]


def test_a_run_without_any_check_has_shown_nothing() -> None:
    story = Story()
    story.happens("finished")

    record = story.record()

    assert record.verdict == "failed"
    assert record.reason == "no check was made, so nothing was shown."


def test_many_problems_are_counted() -> None:
    story = Story(expected_checks=[f"check {number}" for number in range(5)])
    story.happens("finished")

    assert story.record().reason.endswith("; and 3 more.")


def test_an_interrupted_run_is_incomplete_and_says_where() -> None:
    story = Story()
    story.check("one", passed=False)
    story.step("refine", outcome="interrupted", problem="SIGTERM")
    story.happens("interrupted", signal="SIGTERM")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "incomplete",
        "SIGTERM interrupted the run in step 'refine'.",
    )


def test_a_run_that_broke_off_is_incomplete_and_says_why() -> None:
    story = Story()
    story.step("refine", outcome="failed", problem="OSError: no")
    story.happens("crashed", problem="OSError: no")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "incomplete",
        "The run broke off in step 'refine': OSError: no",
    )


def test_a_run_whose_end_is_missing_is_incomplete_and_says_where_it_stopped() -> None:
    story = Story()
    story.check("one")
    story.happens("step-started", step="refine")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "incomplete",
        "The journal has no end: the run was killed in step 'refine'.",
    )
    assert record.finished is None


def test_an_interruption_after_the_end_is_still_one() -> None:
    story = Story()
    story.check("one")
    story.happens("finished")
    story.happens("interrupted", signal="SIGINT")

    assert story.record().verdict == "incomplete"


def test_no_recovery_makes_a_run_pass() -> None:
    story = Story()
    story.check("one")
    story.happens("step-started", step="refine")
    story.happens("resumed", torn="")
    story.happens("finished")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "incomplete",
        "The run was cut off in step 'refine' and closed by a recovery.",
    )


def test_a_blocked_run_says_what_was_in_the_way() -> None:
    story = Story(expected_checks=["one"])
    story.happens("blocked", reason="The window is closed.")
    story.happens("finished")

    record = story.record()

    assert (record.verdict, record.reason) == (
        "blocked",
        "Nothing was rehearsed: The window is closed.",
    )


def test_durations_and_times_come_from_the_clock_that_does_not_jump() -> None:
    story = Story()
    begun = story.happens("step-started", step="first", wall=1)["seq"]
    story.happens("step-ended", step="first", begun=begun, outcome="done", wall=-3600)
    story.check("one")
    story.happens("finished")

    record = story.record()

    assert record.steps[0].duration_seconds == 1
    assert record.steps[0].started == START + timedelta(seconds=1)
    jumps = [note.text for note in record.notes]
    assert jumps == [
        "The wall clock jumped by -3602.0 s; durations are not touched",
        "The wall clock jumped by +3602.0 s; durations are not touched",
    ]


def test_a_command_is_told_with_its_end() -> None:
    story = Story()
    begun = story.happens(
        "command-started", step="first", argv=["tool", "x"], log="a.log", process=None
    )["seq"]
    story.happens(
        "command-ended",
        begun=begun,
        exit_code=3,
        timed_out=False,
        left_running=True,
        duration_seconds=0.5,
        left_out_bytes=7,
        redactions={},
    )
    story.happens("command-started", step="first", argv=["tool", "y"], log="b.log")

    first, second = story.record().commands

    assert (first.argv, first.exit_code, first.duration_seconds) == (("tool", "x"), 3, 0.5)
    assert (first.left_running, first.left_out_bytes) == (True, 7)
    assert (second.exit_code, second.duration_seconds) == (None, None)


def test_the_newest_count_of_redactions_stands_even_without_an_end() -> None:
    story = Story()
    story.happens("command-ended", begun=1, redactions={"TOKEN": 1})
    story.happens("command-ended", begun=1, redactions={"TOKEN": 3})

    assert story.record().redactions == {"TOKEN": 3}


def test_redactions_of_a_recorder_and_of_a_recovery_add_up() -> None:
    story = Story()
    story.happens("command-ended", begun=0, redactions={"A": 2, "B": 1})
    story.happens("resumed", torn="")
    story.happens("command-ended", begun=0, redactions={"A": 1})
    story.happens("interrupted", signal="recovery", redactions={"A": 3, "C": 1})

    assert story.record().redactions == {"A": 5, "B": 1, "C": 1}


def test_a_run_that_a_recovery_closed_follows_what_that_says() -> None:
    story = Story(previous_run="aa")
    story.happens("resumed", torn="", previous_run="bb")
    story.happens("interrupted", signal="recovery")

    assert story.record().previous == "bb"


def test_a_failed_clean_up_is_a_note() -> None:
    story = Story()
    story.happens("clean-up", name="stop the server", problem="OSError: gone")

    (note,) = story.record().notes

    assert note.text == "Clean-up 'stop the server' failed: OSError: gone"


def test_a_file_that_was_captured_twice_is_told_as_it_was_last() -> None:
    story = Story()
    story.happens("artefact", step="", name="a.log", size=3, sha256="00")
    story.happens("artefact", step="", name="a.log", size=5, sha256="11")

    (artefact,) = story.record().artefacts

    assert (artefact.size, artefact.sha256) == (5, "11")


def test_a_drill_is_told_with_what_turned_red() -> None:
    story = Story(drill=True)
    story.happens("drill", fault="no rows", expected_red=["one"], observed_red=["one", "two"])

    record = story.record()

    assert record.drill
    assert record.drills[0].observed_red == ("one", "two")


def test_the_digest_of_the_run_before_is_kept() -> None:
    assert Story(previous_run="ab" * 32).record().previous == "ab" * 32


@pytest.mark.parametrize("events", [[], [{"event": "note", "seq": 1}]])
def test_a_journal_without_an_opening_is_one_sentence(events: list[Event]) -> None:
    with pytest.raises(BadJournal, match="does not begin with its opening"):
        record_from(events)


def test_an_event_that_lacks_a_part_is_named() -> None:
    story = Story()
    story.happens("check", step="", name="one", expected="1", passed=True)

    with pytest.raises(BadJournal, match=r"event 2 \('check'\) is not usable: observed"):
        story.record()


@given(
    st.lists(st.sampled_from(["check", "red", "step", "artefact", "note"]), max_size=12), st.data()
)
def test_no_beginning_of_a_journal_passes(happenings: list[str], data: st.DataObject) -> None:
    story = Story()
    for number, what in enumerate(happenings):
        if what in ("check", "red"):
            story.check(f"{number}", passed=what == "check")
        elif what == "step":
            story.step(f"{number}")
        elif what == "artefact":
            story.happens("artefact", step="", name=f"{number}", size=0, sha256="")
        else:
            story.happens("note", step="", text="x")
    story.happens("finished")
    kept = data.draw(st.integers(1, len(story.events)))

    record = record_from(story.events[:kept])

    whole_and_green = (
        kept == len(story.events) and "red" not in happenings and "check" in happenings
    )
    assert (record.verdict == "passed") == whole_and_green
