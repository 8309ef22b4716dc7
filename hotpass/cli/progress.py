"""Progress of the stages on stderr: drawn on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from hotpass.progress import Progress

SECONDS_BETWEEN_LINES = 0.5


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Yield a progress that shows itself on `stream` (stderr unless given).

    Off a terminal, and wherever CI is set, at most two plain lines a second are written.
    """
    stream = stream or sys.stderr
    if stream.isatty() and not os.environ.get("CI"):
        with _drawn(stream) as progress:
            yield progress
    else:
        yield lines_of(stream, time.monotonic)


def lines_of(stream: TextIO, clock: Callable[[], float]) -> Progress:
    """Return a progress that writes at most one line per half second to `stream`."""
    due = clock()

    def write(stage: str, done: int, total: int | None) -> None:
        nonlocal due
        if clock() < due:
            return
        due = clock() + SECONDS_BETWEEN_LINES
        so_far = f" {done:,} of {total:,}" if total is not None else ""
        stream.write(f"{stage}{so_far}\n")
        stream.flush()

    return write


@contextmanager
def _drawn(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(file=stream),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def draw(stage: str, done: int, total: int | None) -> None:
        if stage not in tasks:
            for earlier in tasks.values():
                bars.update(earlier, completed=1, total=1)
            tasks[stage] = bars.add_task(stage, total=None)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield draw
