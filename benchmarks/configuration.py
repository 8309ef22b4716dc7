"""What merging settings costs beside mergedeep and copy.deepcopy.

`python -m benchmarks.configuration` measures and writes the decision that rests on it.
"""

from __future__ import annotations

import copy
import gc
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mergedeep

from benchmarks.measure import Measure
from hotpass.config.merge import layer, merge

SIZES = (1_000, 100_000, 1_000_000)
KEYS_A_TABLE = 10
ROUNDS = 5
DECISION = Path("docs/adr/0001-configuration-merge.md")

Table = dict[str, Any]


def measure() -> list[Measure]:
    """Merge a layer that touches a tenth of the leaves over one of each size.

    The contestants take turns and the best round of each counts.
    """
    return [found for leaves in SIZES for found in _of_one_size(leaves)]


def _of_one_size(leaves: int) -> list[Measure]:
    below = _table(leaves)
    above = _touching_one_key_a_table(below)
    lower, upper = layer(below, "lower"), layer(above, "upper")
    contestants: dict[str, Callable[[], object]] = {
        "merge": lambda: merge(lower, upper),
        "layer and merge": lambda: merge(layer(below, "lower"), layer(above, "upper")),
        "mergedeep": lambda: mergedeep.merge({}, below, above),
        "deepcopy": lambda: copy.deepcopy(below),
    }
    if merge(lower, upper).values != mergedeep.merge({}, below, above):
        raise AssertionError("the two merges differ, so that their times say nothing")
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(ROUNDS):
        for name, contestant in contestants.items():
            best[name] = min(best[name], _milliseconds(contestant))
    return [
        Measure(f"{name}, {leaves:,} leaves", best[name], "ms", peer, best[peer])
        for name in ("merge", "layer and merge")
        for peer in ("mergedeep", "deepcopy")
    ]


def _table(leaves: int) -> Table:
    """Build tables of ten keys within one another, about `leaves` values in all."""
    level: list[Table] = [
        {f"k{key}": key for key in range(KEYS_A_TABLE)} for _ in range(leaves // KEYS_A_TABLE)
    ]
    while len(level) > 1:
        groups = [level[at : at + KEYS_A_TABLE] for at in range(0, len(level), KEYS_A_TABLE)]
        level = [{f"k{key}": table for key, table in enumerate(group)} for group in groups]
    return level[0]


def _touching_one_key_a_table(table: Table) -> Table:
    return {
        key: _touching_one_key_a_table(value) if isinstance(value, dict) else -1
        for key, value in table.items()
        if isinstance(value, dict) or key == "k0"
    }


def _milliseconds(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    kept = work()
    elapsed = time.perf_counter() - begun
    del kept  # freeing it is not part of the work
    return elapsed * 1000


def decision(measures: list[Measure]) -> str:
    """Return the text of the decision with these figures."""
    found = {(m.name, m.peer_name): m for m in measures}
    rows = []
    for leaves in SIZES:
        beside = [found[f"merge, {leaves:,} leaves", peer] for peer in ("mergedeep", "deepcopy")]
        whole = found[f"layer and merge, {leaves:,} leaves", "mergedeep"]
        times = [beside[0].value, whole.value, *(m.peer or 0.0 for m in beside)]
        ratios = [m.ratio or 0.0 for m in beside]
        cells = [*(f"{value:,.3g}" for value in times), *(f"{ratio:.2f}" for ratio in ratios)]
        rows.append(f"| {leaves:,} | {' | '.join(cells)} |")
    return TEXT.format(
        rows="\n".join(rows),
        rounds=ROUNDS,
        python=platform.python_version(),
        cores=os.cpu_count(),
        mergedeep=mergedeep.__version__,
    )


TEXT = """\
# 1. Settings are merged by copying only what changes

Written by `python -m benchmarks.configuration`, which measures and writes the figures anew.

## Question

Settings come from defaults, a profile, a file, the environment and flags. Each value must
remember which of them it came from, no layer may be changed by merging, and a layer that is
hostile or merely wrong (tables within tables without end) must not take the process down.

## Decision

`hotpass/config/merge.py`: a layer is nested tables of values, and either one origin for all of
them or a like-shaped table of origins. `merge(lower, upper)` walks the upper layer with a stack
of its own, copies the tables on the way to each of its keys, values and origins alike, and
shares the rest with the lower layer. A layer is checked once, when it is made, to be no deeper
than 64 tables; recursion is nowhere, so no depth can exhaust it. The values are validated once,
at the end, by the frozen `HotpassConfig`.

Rejected: `copy.deepcopy` and then updating (copies every value to change a few), mergedeep (the
same by way of deepcopy, recursive, without origins), and settings libraries that look each value
up through all layers at every access (no frozen result, no single place of validation).

## What it costs

Milliseconds to lay a layer that touches a tenth of the leaves over the rest, origins kept for
every leaf; mergedeep and deepcopy keep none. Best of {rounds} rounds in turn, Python {python},
{cores} cores, mergedeep {mergedeep}. *With layers* adds checking the depth of both.

| leaves | merge | with layers | mergedeep | deepcopy of the lower alone | merge ÷ mergedeep | merge ÷ deepcopy |
|---:|---:|---:|---:|---:|---:|---:|
{rows}

## What follows

- A table handed over as a layer is given away: what is shared would change with it.
- Merging is associative as long as the layers agree what is a table. Where a value stands
  between two tables, only the order from the lowest up parts them, and that is how it is done.
- Lists replace one another whole. A profile's lists of headers are joined by the profiles
  themselves, which know what a header is.
"""  # noqa: E501  (a row of a Markdown table is one line)


def main() -> None:
    """Measure and write the decision."""
    DECISION.parent.mkdir(parents=True, exist_ok=True)
    DECISION.write_text(decision(measure()), encoding="utf-8")
    print(f"written: {DECISION}")


if __name__ == "__main__":
    main()
