"""A sample folder and, beside it, the truth about its rows."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hotpass.errors import BadInput, CannotWrite
from hotpass.sample.mentions import make_mentions
from hotpass.sample.messy_files import write_messy_files
from hotpass.sample.plain_files import write_plain_files

MESSY_ROWS = 20_000
"""Up to this many rows a sample is laid out as people do; a larger one is in plain tables."""
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Sample:
    """What was written."""

    folder: Path
    truth: Path
    files: tuple[str, ...]
    rows: int
    organisations: int
    rejected_rows: int


def write_sample(folder: Path, *, rows: int, seed: int) -> Sample:
    """Write the files of a sample into `folder` and the truth into `<folder>.truth.json`.

    An older sample there is replaced. Raises BadInput for a folder that holds other files,
    and CannotWrite when something cannot be written; then what was there stays.
    """
    truth_path = folder.with_name(f"{folder.name}.truth.json")
    if folder.exists() and any(folder.iterdir()) and not truth_path.exists():
        raise BadInput(
            f"{folder} holds files that are no sample; name another folder with --output-dir."
        )
    mentions = make_mentions(rows, seed)
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write = write_messy_files if rows <= MESSY_ROWS else write_plain_files
        places = pl.concat(write(mentions, partial)).sort("file", "sheet", "row")
        truth = truth_about(places, seed)
        partial_truth = truth_path.with_name(f"{truth_path.name}.partial")
        partial_truth.write_text(truth, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
        partial_truth.replace(truth_path)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise CannotWrite(f"The sample cannot be written to {folder}: {error.strerror}.") from None
    named = places.filter(pl.col("id").is_not_null())
    return Sample(
        folder=folder,
        truth=truth_path,
        files=tuple(places.get_column("file").unique(maintain_order=True)),
        rows=places.height,
        organisations=named.get_column("id").n_unique(),
        rejected_rows=places.height - named.height,
    )


def truth_about(places: pl.DataFrame, seed: int) -> str:
    """The truth as JSON: which rows are one organisation, and which must be rejected."""
    named = places.filter(pl.col("id").is_not_null()).sort("id", "file", "sheet", "row")
    nameless = places.filter(pl.col("id").is_null())
    clusters: dict[str, list[list[str | int]]] = {}
    for identifier, *place in named.iter_rows():
        clusters.setdefault(identifier, []).append(place)
    document = {
        "format_version": FORMAT_VERSION,
        "seed": seed,
        "rows": places.height,
        "organisations": len(clusters),
        "rejected_rows": [list(place) for place in nameless.select("file", "sheet", "row").rows()],
        "clusters": clusters,
    }
    # A line a cluster, so that a change of the sample shows as a readable difference.
    lines = json.dumps(document, ensure_ascii=False, indent=None, separators=(", ", ": "))
    return lines.replace("]], ", "]],\n  ").replace('"clusters": {', '\n"clusters": {\n  ') + "\n"
