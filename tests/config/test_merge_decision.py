"""The decision on merging is the text that the benchmark writes, whatever it measures."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from benchmarks.configuration import DECISION, SIZES, decision
from benchmarks.measure import Measure

CHECKOUT = Path(__file__).parents[2]
FIGURES = re.compile(r"\d[\d.,e+]*")


def measures(value: float) -> list[Measure]:
    cases = product(("merge", "layer and merge"), SIZES, ("mergedeep", "deepcopy"))
    return [
        Measure(f"{name}, {leaves:,} leaves", value, "ms", peer, 8 * value)
        for name, leaves, peer in cases
    ]


def test_the_kept_decision_is_the_one_that_the_benchmark_writes() -> None:
    kept = (CHECKOUT / DECISION).read_text(encoding="utf-8")

    assert FIGURES.sub("?", kept) == FIGURES.sub("?", decision(measures(2.0)))


def test_each_size_has_its_times_and_ratios() -> None:
    text = decision(measures(2.0))

    assert "| 1,000,000 | 2 | 2 | 16 | 16 | 0.12 | 0.12 |" in text
