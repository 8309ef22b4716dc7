"""How long `hotpass --help` takes, beside the interpreter alone."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from benchmarks.measure import Measure, run_measured

ROUNDS = 15
LIMIT_SECONDS = 0.15


def measure() -> list[Measure]:
    """Median of several starts, the two in turn, so that a busy machine slows both."""
    hotpass = [str(Path(sys.executable).with_name("hotpass")), "--help"]
    bare = [sys.executable, "-c", "pass"]
    helps, bares = list[float](), list[float]()
    for _ in range(ROUNDS):
        helps.append(run_measured(hotpass).seconds)
        bares.append(run_measured(bare).seconds)
    median = statistics.median(helps)
    return [
        Measure(
            "hotpass --help",
            median,
            "s",
            "python -c pass",
            statistics.median(bares),
            f"limit {LIMIT_SECONDS} s: {'kept' if median < LIMIT_SECONDS else 'BROKEN'}; "
            f"slowest of {ROUNDS}: {max(helps):.3f} s",
        )
    ]
