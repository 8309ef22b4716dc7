"""Decide what a run was, from its journal alone: the record and the verdict that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from evidence.errors import BadJournal
from evidence.journal import Event
from evidence.models import (
    Artefact,
    Check,
    Command,
    Drill,
    Note,
    RunRecord,
    Step,
    Verdict,
)

Model = TypeVar("Model", bound=BaseModel)

# The wall clock may drift this far from the monotonic one before a note says so.
CLOCK_TOLERANCE_SECONDS = 5.0
_REASONS_SHOWN = 3


def record_from(events: Iterable[Event]) -> RunRecord:
    """The record of a run, computed from the events of its journal.

    Every time is the opening's plus what the monotonic clock measured, so that a wall clock
    that jumps changes no duration. Raises BadJournal when the events do not hold a record.
    """
    story = _Story(tuple(events))
    steps, commands, checks = story.steps(), story.commands(), story.checks()
    artefacts = story.artefacts()
    known = {key: value for key, value in story.opened.items() if key in RunRecord.model_fields}
    verdict, reason = _verdict(story, steps, checks, frozenset(artefacts))
    return _built(
        RunRecord,
        {
            **known,
            "previous": story.previous,
            "started": story.start,
            "finished": story.time(story.ending) if story.ending else None,
            "steps": (*steps, *story.steps_not_run(steps)),
            "commands": commands,
            "checks": checks,
            "drills": tuple(_model(Drill, event) for event in story.named("drill")),
            "artefacts": tuple(artefacts.values()),
            "notes": story.notes(),
            "redactions": story.redactions(),
            "verdict": verdict,
            "reason": reason,
        },
        story.opened,
    )


@dataclass(frozen=True)
class _Story:
    """A journal's events, read as what happened."""

    events: tuple[Event, ...]

    @property
    def opened(self) -> Event:
        if not self.events or self.events[0].get("event") != "opened":
            raise BadJournal("The journal does not begin with its opening, so it tells of no run.")
        return self.events[0]

    @property
    def start(self) -> datetime:
        return _moment(self.opened)

    @property
    def previous(self) -> JsonValue:
        """The run before: a run that is closed late follows those that were sealed meanwhile."""
        told = [event["previous_run"] for event in self.events if "previous_run" in event]
        return told[-1] if told else None

    @property
    def ending(self) -> Event | None:
        """The event that ended the run; the first, should there be several."""
        return next(self.named("finished", "interrupted", "crashed"), None)

    def named(self, *names: str) -> Iterator[Event]:
        return (event for event in self.events if event.get("event") in names)

    def time(self, event: Event) -> datetime:
        return self.start + timedelta(seconds=_number(event, "elapsed"))

    def steps(self) -> tuple[Step, ...]:
        ends = {event.get("begun"): event for event in self.named("step-ended")}
        steps = []
        for begin in self.named("step-started"):
            end = ends.get(begin.get("seq"))
            own: dict[str, Any] = {"name": begin.get("step"), "started": self.time(begin)}
            own["outcome"] = "interrupted" if end is None else end.get("outcome")
            own["problem"] = None if end is None else end.get("problem")
            own["duration_seconds"] = None if end is None else _between(begin, end)
            steps.append(_built(Step, own, begin))
        return tuple(steps)

    def steps_not_run(self, begun: tuple[Step, ...]) -> Iterator[Step]:
        """The steps that were declared and never began."""
        names = {step.name for step in begun}
        for name in _names(self.opened, "expected_steps"):
            if name not in names:
                yield Step(name=name)

    def commands(self) -> tuple[Command, ...]:
        ends = {event.get("begun"): event for event in self.named("command-ended")}
        commands = []
        for begin in self.named("command-started"):
            end = ends.get(begin.get("seq"), {})
            own: dict[str, Any] = {key: begin.get(key) for key in ("step", "argv", "log")}
            own["started"] = self.time(begin)
            own |= {key: end[key] for key in Command.model_fields if key in end}
            commands.append(_built(Command, own, begin))
        return tuple(commands)

    def checks(self) -> tuple[Check, ...]:
        return tuple(_model(Check, event) for event in self.named("check"))

    def artefacts(self) -> dict[str, Artefact]:
        """The files that were captured, by name, each as it was captured last."""
        captured = (_model(Artefact, event) for event in self.named("artefact"))
        return {artefact.name: artefact for artefact in captured}

    def notes(self) -> tuple[Note, ...]:
        notes = []
        drift = 0.0
        for event in self.events:
            moved = (_moment(event) - self.time(event)).total_seconds()
            if abs(moved - drift) > CLOCK_TOLERANCE_SECONDS:
                text = f"The wall clock jumped by {moved - drift:+.1f} s; durations are not touched"
                notes.append(self._note(event, text))
                drift = moved
            if event.get("event") == "note":
                notes.append(self._note(event, event.get("text")))
            elif event.get("event") == "clean-up" and event.get("problem"):
                text = f"Clean-up '{event.get('name')}' failed: {event.get('problem')}"
                notes.append(self._note(event, text))
        return tuple(notes)

    def redactions(self) -> JsonValue:
        """The newest count of what was redacted, added up over the recorders; each only grows."""
        before: dict[str, int] = {}
        counts: JsonValue = {}
        for event in self.events:
            if event.get("event") == "resumed":
                before, counts = _added_up(before, counts), {}
            counts = event.get("redactions", counts)
        return dict[str, JsonValue](_added_up(before, counts)) if before else counts

    def _note(self, event: Event, text: JsonValue) -> Note:
        at, step = self.time(event), event.get("step", "")
        return _built(Note, {"at": at, "step": step, "text": text}, event)


def _verdict(
    story: _Story, steps: tuple[Step, ...], checks: tuple[Check, ...], captured: frozenset[str]
) -> tuple[Verdict, str]:
    blocked = next(story.named("blocked"), None)
    if blocked is not None:
        return "blocked", f"Nothing was rehearsed: {blocked.get('reason')}"
    if broken := _broken_off(story, steps):
        return "incomplete", broken
    if problems := tuple(_problems(story, steps, checks, captured)):
        shown = "; ".join(problems[:_REASONS_SHOWN])
        more = len(problems) - _REASONS_SHOWN
        return "failed", f"{shown}; and {more} more." if more > 0 else f"{shown}."
    count = len(checks)
    return "passed", "The one check passed." if count == 1 else f"All {count} checks passed."


def _broken_off(story: _Story, steps: tuple[Step, ...]) -> str | None:
    """Why the run did not come to its own end; None when it did."""
    last = next((step.name for step in reversed(steps) if step.outcome != "done"), None)
    where = f" in step '{last}'" if last else ""
    if next(story.named("resumed"), None) is not None:
        return f"The run was cut off{where} and closed by a recovery."
    for event in story.named("interrupted"):
        return f"{event.get('signal')} interrupted the run{where}."
    for event in story.named("crashed"):
        return f"The run broke off{where}: {event.get('problem')}"
    if story.ending is None:
        return f"The journal has no end: the run was killed{where}."
    return None


def _problems(
    story: _Story, steps: tuple[Step, ...], checks: tuple[Check, ...], captured: frozenset[str]
) -> Iterator[str]:
    """What keeps a run that came to its end from passing, most telling first."""
    for check in checks:
        if not check.passed:
            where = f"expected {check.expected}, observed {check.observed}"
            yield f"check '{check.name}' failed: {where}"
    for step in (*steps, *story.steps_not_run(steps)):
        if step.outcome == "not-run":
            yield f"step '{step.name}' was never begun"
        elif step.outcome == "failed":
            yield f"step '{step.name}' failed: {step.problem}"
        elif step.outcome != "done":
            yield f"step '{step.name}' did not come to its end"
    made = Counter(check.name for check in checks)
    for name in _names(story.opened, "expected_checks"):
        if name not in made:
            yield f"check '{name}' was never made"
    for name in _names(story.opened, "required_files"):
        if name not in captured:
            yield f"required file '{name}' was not captured"
    if not checks:
        yield "no check was made, so nothing was shown"


def _model(model: type[Model], event: Event) -> Model:
    fields = {key: value for key, value in event.items() if key in model.model_fields}
    return _built(model, fields, event)


def _built(model: type[Model], fields: dict[str, Any], event: Event) -> Model:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        name, line = event.get("event"), event.get("seq")
        message = f"Journal event {line} ('{name}') is not usable: {place}: {first['msg']}."
        raise BadJournal(message) from None


def _moment(event: Event) -> datetime:
    at = event.get("at")
    try:
        when = datetime.fromisoformat(str(at))
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise BadJournal(f"Journal event {event.get('seq')} has no usable time: {at}.")
    return when


def _between(begin: Event, end: Event) -> float:
    return round(_number(end, "elapsed") - _number(begin, "elapsed"), 6)


def _number(event: Event, key: str) -> float:
    value = event.get(key)
    if not isinstance(value, int | float):
        raise BadJournal(f"Journal event {event.get('seq')} has no usable '{key}': {value}.")
    return value


def _added_up(before: dict[str, int], counts: JsonValue) -> dict[str, int]:
    """Counts of two recorders by name; those that are none are left to the model to refuse."""
    if not isinstance(counts, dict):
        return before
    more = {name: count for name, count in counts.items() if isinstance(count, int)}
    return {name: before.get(name, 0) + more.get(name, 0) for name in sorted({*before, *more})}


def _names(event: Event, key: str) -> tuple[str, ...]:
    value = event.get(key)
    return tuple(str(name) for name in value) if isinstance(value, list) else ()
