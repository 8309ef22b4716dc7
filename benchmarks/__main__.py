"""`python -m benchmarks [NAME...]`: run the benchmarks, print a table, keep build/bench.json."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Measure

MODULES: tuple[str, ...] = ("startup", "configuration", "progress", "refine", "resolve", "evidence")
"""Modules of this package with a `measure() -> list[Measure]`; a new one joins here."""
RESULTS = Path("build/bench.json")


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; 2 for an unknown name."""
    unknown = set(names) - set(MODULES)
    if unknown:
        print(
            f"no benchmark {', '.join(sorted(unknown))}; known: {', '.join(MODULES)}.",
            file=sys.stderr,
        )
        return 2
    measures: list[Measure] = []
    for name in names or MODULES:
        print(f"{name} …", file=sys.stderr, flush=True)
        measures += import_module(f"benchmarks.{name}").measure()
    print(_as_table(measures))
    _keep(measures)
    return 0


def _as_table(measures: Iterable[Measure]) -> str:
    rows = [("measured", "value", "beside", "value", "ratio", "")]
    for m in measures:
        peer = "" if m.peer is None else f"{m.peer:,.3g} {m.unit}"
        ratio = "" if m.ratio is None else f"{m.ratio:.2f}"
        rows.append((m.name, f"{m.value:,.3g} {m.unit}", m.peer_name, peer, ratio, m.detail))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    )


def _keep(measures: Iterable[Measure]) -> None:
    document = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "measures": [
            {
                "name": m.name,
                "value": m.value,
                "unit": m.unit,
                "peer_name": m.peer_name,
                "peer": m.peer,
                "ratio": m.ratio,
                "detail": m.detail,
            }
            for m in measures
        ],
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
