"""One case of the refine benchmark, in a process of its own, so that its peak memory is its own.

Prints the seconds of the work, imports left out, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import fastexcel
import polars as pl

from hotpass.config.profiles import load_profile
from hotpass.pipeline import RefineRequest, refine
from hotpass.stages.workbook import Sheet, write_workbook

PROFILE = "staging"


def main() -> None:
    """Run the case named by the arguments: CASE INPUT_DIR OUTPUT_PATH."""
    case, input_dir, output_path = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    output_path.parent.mkdir(parents=True)
    import_module("hotpass.stages.resolve")  # refine imports it late
    begun = time.perf_counter()
    stages = (
        _read_and_write(input_dir, output_path)
        if case == "read-write"
        else _refine(input_dir, output_path, resolving=case == "refine")
    )
    print(json.dumps({"seconds": time.perf_counter() - begun, "stages": stages}))


def _refine(input_dir: Path, output_path: Path, *, resolving: bool) -> dict[str, float]:
    profile = load_profile(PROFILE).model_copy(update={"resolve_duplicates": resolving})
    return refine(RefineRequest(input_dir, output_path, profile)).report.seconds


def _read_and_write(input_dir: Path, output_path: Path) -> dict[str, float]:
    """Read every cell as text, as ingest does, and write all of it as one sheet."""
    begun = time.perf_counter()
    frames: list[pl.DataFrame] = []
    for path in sorted(input_dir.rglob("*")):
        if path.suffix == ".csv":
            text = path.read_bytes().decode("utf-8", errors="replace")
            frames.append(
                pl.read_csv(text.encode(), infer_schema=False, truncate_ragged_lines=True)
            )
        elif path.suffix == ".xlsx":
            workbook = fastexcel.read_excel(path)
            frames += [
                workbook.load_sheet(name, header_row=None, dtypes="string").to_polars()
                for name in workbook.sheet_names
            ]
    rows = pl.concat([_numbered(frame) for frame in frames], how="diagonal")
    read = time.perf_counter()
    write_workbook(output_path, [Sheet("Rows", rows)], created=datetime.now(UTC))
    return {"read": read - begun, "write": time.perf_counter() - read}


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({name: f"column {i}" for i, name in enumerate(frame.columns)})


if __name__ == "__main__":
    main()
