"""Progress of the stages on stderr: drawn on a terminal, plain lines or JSON elsewhere."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

from hotpass.progress import Progress, silent

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

SECONDS_BETWEEN_LINES = 0.5
SECONDS_BETWEEN_DRAWINGS = 0.1
FORMS = ("auto", "bars", "lines", "json", "none")

progress_option = click.option(
    "--progress",
    "progress_form",
    type=click.Choice(FORMS),
    help="How progress shows on stderr; auto: bars on a terminal, lines elsewhere.",
)


@dataclass(frozen=True)
class Step:
    """How far a stage is: done out of total, its seconds so far, and those that remain."""

    stage: str
    done: int
    total: int | None
    seconds: float
    remaining: float | None
    """As long as the rest takes at the pace so far; None while that cannot be told."""


@contextmanager
def shown_progress(stream: TextIO | None = None, form: str = "auto") -> Iterator[Progress]:
    """Yield a progress that shows itself on `stream` (stderr unless given).

    Bars are drawn on a terminal, with `auto` only where CI is not set. Lines and JSON are
    written at most twice a second, whatever the stages tell.
    """
    stream = stream or sys.stderr
    drawing = form == "bars" or (form == "auto" and not os.environ.get("CI"))
    if form == "none":
        yield silent
    elif drawing and stream.isatty():
        with _drawn(stream) as progress:
            yield progress
    else:
        with lines_of(stream, time.monotonic, as_json if form == "json" else as_line) as progress:
            yield progress


@contextmanager
def lines_of(
    stream: TextIO, clock: Callable[[], float], form: Callable[[Step], str] | None = None
) -> Iterator[Progress]:
    """Yield a progress that writes at most one line per half second to `stream`.

    What came between two lines is left out, and at the end the last is written if it is due.
    """
    form = form or as_line
    due = clock()
    stage_now: str | None = None
    begun, done_at_begin = 0.0, 0
    held: tuple[str, int, int | None] | None = None

    def write(now: float, stage: str, done: int, total: int | None) -> None:
        nonlocal due, held
        due, held = now + SECONDS_BETWEEN_LINES, None
        remaining = _remaining(done - done_at_begin, done, total, now - begun)
        stream.write(form(Step(stage, done, total, now - begun, remaining)) + "\n")
        stream.flush()

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal stage_now, begun, done_at_begin, held
        now = clock()
        if stage != stage_now:
            stage_now, begun, done_at_begin = stage, now, done
        if now < due:
            held = stage, done, total
        else:
            write(now, stage, done, total)

    yield tell
    if held is not None and (now := clock()) >= due:
        write(now, *held)


def _remaining(progressed: int, done: int, total: int | None, seconds: float) -> float | None:
    if total is None or progressed <= 0:
        return None
    return max(total - done, 0) * seconds / progressed


def as_line(step: Step) -> str:
    """Return `ingest 1,200 of 10,000 (12 %), 1 min 20 s left`, as far as it is known."""
    if step.total is None:
        return f"{step.stage} {step.done:,}" if step.done else step.stage
    line = f"{step.stage} {step.done:,} of {step.total:,}"
    if step.remaining is None or step.done >= step.total:
        return line
    return f"{line} ({step.done * 100 // step.total} %), {_duration(step.remaining)} left"


def as_json(step: Step) -> str:
    """Return one JSON object: stage, done, total, seconds, remaining (null when not known)."""
    remaining = None if step.remaining is None else round(step.remaining, 1)
    document = {
        "event": "progress",
        "stage": step.stage,
        "done": step.done,
        "total": step.total,
        "seconds": round(step.seconds, 3),
        "remaining": remaining,
    }
    return json.dumps(document)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


@contextmanager
def _drawn(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    bars = Bars(*_columns(), console=Console(file=stream), transient=True)
    tasks: dict[str, TaskID] = {}
    due = 0.0

    def draw(stage: str, done: int, total: int | None) -> None:
        nonlocal due
        known = stage in tasks
        now = time.monotonic()
        if known and now < due and done != total:
            return
        due = now + SECONDS_BETWEEN_DRAWINGS
        if not known:
            for earlier in tasks.values():
                bars.update(earlier, completed=1, total=1)
            tasks[stage] = bars.add_task(stage, total=None)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield draw


def _columns() -> list[ProgressColumn]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    ]
