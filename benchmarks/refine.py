"""What refine costs beside reading its input and writing a workbook of as many rows."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Measure, run_measured

SIZES = (10_000, 100_000)
ROUNDS = 2
CASES = ("read-write", "refine-without-resolve", "refine")
CASE_MODULE = "benchmarks.refine_case"


def measure() -> list[Measure]:
    """Measure each size on the same generated files, every case in a process of its own.

    The cases take turns and the best round of each counts, so that what else the machine does
    weighs on all alike.
    """
    measures: list[Measure] = []
    for rows in SIZES:
        with tempfile.TemporaryDirectory(prefix="hotpass-bench-") as folder:
            sample = Path(folder) / "input"
            run_measured(
                [
                    sys.executable,
                    *("-m", "hotpass.sample"),
                    *("--rows", str(rows), "--output-dir", str(sample)),
                ]
            )
            measures += _of_one_size(rows, sample, Path(folder))
    return measures


@dataclass(frozen=True)
class _Case:
    seconds: float
    peak_bytes: int
    stages: dict[str, float]


def _of_one_size(rows: int, sample: Path, folder: Path) -> list[Measure]:
    rounds = [[_run(case, sample, folder / str(turn)) for case in CASES] for turn in range(ROUNDS)]
    plain, without, whole = (
        min(turns, key=lambda turn: turn.seconds) for turns in zip(*rounds, strict=True)
    )
    peer = "read + write alone"
    return [
        measure
        for name, case in (("without resolve", without), ("whole", whole))
        for measure in (
            Measure(
                f"refine {rows:,} rows, {name}",
                case.seconds,
                "s",
                peer,
                plain.seconds,
                ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in case.stages.items()),
            ),
            Measure(
                f"refine {rows:,} rows, {name}: peak memory",
                case.peak_bytes / 1e6,
                "MB",
                peer,
                plain.peak_bytes / 1e6,
            ),
        )
    ]


def _run(case: str, sample: Path, folder: Path) -> _Case:
    output = folder / case / "refined.xlsx"
    finished = run_measured([sys.executable, "-m", CASE_MODULE, case, str(sample), str(output)])
    document = json.loads(finished.stdout)
    return _Case(document["seconds"], finished.peak_bytes, document["stages"])
