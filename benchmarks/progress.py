"""What one update of progress costs the stage that tells it, beside rich alone."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import rich.progress
from rich.console import Console

from benchmarks.measure import Measure
from hotpass.cli.progress import as_json, as_line, lines_of, shown_progress
from hotpass.progress import Progress

UPDATES = 10_000
ROUNDS = 5


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def measure() -> list[Measure]:
    """Time 10,000 updates in each form, in turn; the best round of each counts."""
    forms: dict[str, Callable[[], AbstractContextManager[Progress]]] = {
        "lines": lambda: lines_of(io.StringIO(), time.monotonic, as_line),
        "json": lambda: lines_of(io.StringIO(), time.monotonic, as_json),
        "bars": lambda: shown_progress(Terminal(), "bars"),
    }
    best = dict.fromkeys([*forms, "rich"], float("inf"))
    for _ in range(ROUNDS):
        for name, shown in forms.items():
            with shown() as progress:
                best[name] = min(best[name], _microseconds(partial(progress, "bench")))
        best["rich"] = min(best["rich"], _rich_alone())
    return [
        Measure(f"progress as {name}, one update", best[name], "µs", "rich alone", best["rich"])
        for name in forms
    ]


def _rich_alone() -> float:
    with rich.progress.Progress(console=Console(file=Terminal())) as bars:
        task = bars.add_task("bench")
        return _microseconds(lambda done, total: bars.update(task, completed=done, total=total))


def _microseconds(tell: Callable[[int, int], None]) -> float:
    begun = time.perf_counter()
    for done in range(UPDATES):
        tell(done, UPDATES)
    return (time.perf_counter() - begun) / UPDATES * 1e6
