"""How well and how fast resolve tells who is who, one configuration for every data set.

What the goal is held against is F1 over the pairs within clusters. The rows of FEBRL 2 were not
looked at while the model was made.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Measure, run_measured
from benchmarks.resolve_truth import f1

CASE_MODULE = "benchmarks.resolve_case"


class Goal(NamedTuple):
    """The least F1, and the most seconds and bytes where these were promised."""

    f1: float
    seconds: float | None = None
    peak_bytes: float | None = None


GOALS: dict[str, Goal] = {
    "febrl-1": Goal(0.999),
    "febrl-2": Goal(0.999),
    "febrl-3": Goal(0.999),
    "febrl-4": Goal(0.999),
    "childcare": Goal(0.975),
    "generated-10000": Goal(0.95),
    "generated-100000": Goal(0.95),
    "generated-1000000": Goal(0.95, seconds=20, peak_bytes=2e9),
}


def measure() -> list[Measure]:
    """Measure each case in a process of its own; one that is not here is said to be absent."""
    with tempfile.TemporaryDirectory(prefix="hotpass-bench-") as folder:
        return [
            measure
            for case, goal in GOALS.items()
            for measure in _of_case(case, goal, Path(folder) / f"{case}.parquet")
        ]


def _of_case(case: str, goal: Goal, path: Path) -> list[Measure]:
    written = json.loads(run_measured(_command("write", case, path)).stdout)
    if "absent" in written:
        return [Measure(f"resolve {case}: ABSENT", 0, "rows", detail=written["absent"])]
    finished = run_measured(_command("resolve", case, path))
    path.unlink()
    found = json.loads(finished.stdout)
    precision, recall = found["precision"], found["recall"]
    of_pairs = f1(precision, recall)
    b_cubed = f1(found["b_cubed_precision"], found["b_cubed_recall"])
    seconds, peak = found["seconds"], finished.peak_bytes
    return [
        Measure(
            f"resolve {case}: F1",
            of_pairs,
            "F1",
            "goal",
            goal.f1,
            f"{_kept(of_pairs >= goal.f1)}: {of_pairs:.4f}; precision {precision:.4f}, "
            f"recall {recall:.4f}, B-cubed F1 {b_cubed:.4f}; "
            f"{written['rows']:,} rows, {found['compared']:,} pairs",
        ),
        Measure(
            f"resolve {case}: time",
            seconds,
            "s",
            "goal" if goal.seconds else "",
            goal.seconds,
            f"{_kept(seconds <= goal.seconds) + '; ' if goal.seconds else ''}"
            f"{found['busy_seconds']:.1f} s of processor",
        ),
        Measure(
            f"resolve {case}: peak memory",
            peak / 1e6,
            "MB",
            "goal" if goal.peak_bytes else "",
            goal.peak_bytes / 1e6 if goal.peak_bytes else None,
            _kept(peak <= goal.peak_bytes) if goal.peak_bytes else "",
        ),
    ]


def _command(task: str, case: str, path: Path) -> list[str]:
    return [sys.executable, "-m", CASE_MODULE, task, case, str(path)]


def _kept(kept: bool) -> str:
    return "kept" if kept else "MISSED"
