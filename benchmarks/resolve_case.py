"""One case of the resolve benchmark, in a process of its own, so that its peak memory is its own.

`write CASE PATH` keeps the rows of a case as Parquet, `resolve CASE PATH` resolves them and
prints what came of it as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks.resolve_data import Absent, read_case
from benchmarks.resolve_truth import compare
from hotpass.stages.resolve.linking import link
from hotpass.stages.resolve.subject import Subject

MATCH_PROBABILITY = 0.95


def main() -> None:
    """Do what the arguments say: write or resolve, CASE, PATH."""
    task, case, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if task == "write":
        _write(case, path)
    else:
        _resolve(path)


def _write(case: str, path: Path) -> None:
    try:
        rows, subject = read_case(case)
    except Absent as absent:
        print(json.dumps({"absent": str(absent)}))
        return
    fields = list(subject.kinds)
    rows.select(*fields, "true_id").sort(fields).write_parquet(
        path, metadata={"kinds": json.dumps(dict(subject.kinds)), "country": subject.country or ""}
    )
    print(json.dumps({"rows": rows.height}))


def _resolve(path: Path) -> None:
    metadata = pl.read_parquet_metadata(path)
    subject = Subject(json.loads(metadata["kinds"]), country="ZA" if metadata["country"] else None)
    rows = pl.read_parquet(path)
    truth = rows["true_id"]
    begun = time.perf_counter(), time.process_time()
    linked = link(rows.drop("true_id"), subject, MATCH_PROBABILITY)
    seconds, busy = time.perf_counter() - begun[0], time.process_time() - begun[1]
    agreement = compare(truth, linked.clusters["cluster"])
    print(
        json.dumps(
            {
                "seconds": seconds,
                "busy_seconds": busy,
                "compared": linked.compared,
                **agreement._asdict(),
            }
        )
    )


if __name__ == "__main__":
    main()
