"""Resolve: rows that describe one organisation get one identifier."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.stages.resolve.blocking import find_pairs
from hotpass.stages.resolve.clusters import cluster
from hotpass.stages.resolve.identifiers import identify
from hotpass.stages.resolve.keys import build_keys, find_records


@dataclass(frozen=True)
class Resolved:
    """The same rows in the same order, with `organisation_id` in front."""

    frame: pl.DataFrame
    metrics: dict[str, int | float]


def resolve(frame: pl.DataFrame, profile: Profile, *, seed: int = 0) -> Resolved:
    """Give every row of a normalised `frame` the identifier of its organisation.

    Two records are one organisation where the odds for it reach `profile.match_probability`.
    The answer depends on the contents of the rows, not on their order or that of the files.
    Nothing here draws at random: `seed` is part of the stage's interface and changes nothing.
    """
    started = time.perf_counter()
    records = find_records(frame)
    pairs = matches = 0
    clusters = records.select("record", cluster="record")
    if profile.resolve_duplicates and records.height > 1:
        keys = build_keys(records)
        candidates = find_pairs(keys)
        clusters, matches = cluster(keys, candidates, _weight(profile.match_probability))
        pairs = candidates.height
    if profile.resolve_duplicates:
        named = identify(records, clusters)
        ids = frame.join(
            named, on=INPUT_FIELDS, how="left", nulls_equal=True, maintain_order="left"
        )["organisation_id"]
    else:
        ids = _identify_rows(frame)
    found = ids.n_unique()
    metrics = {
        "rows": frame.height,
        "records": records.height,
        "pairs_compared": pairs,
        "pairs_matched": matches,
        "organisations": found,
        "merged": frame.height - found,
        "seconds": round(time.perf_counter() - started, 3),
    }
    return Resolved(frame.select(ids.alias("organisation_id"), pl.all()), metrics)


def _identify_rows(frame: pl.DataFrame) -> pl.Series:
    """Let every row be an organisation of its own; rows of one content are told apart by place."""
    ordinal = pl.struct(PLACE).rank("ordinal").over(INPUT_FIELDS)
    rows = frame.select(*INPUT_FIELDS, copy=ordinal).with_row_index("record")
    return identify(rows, rows.select("record", cluster="record")).sort("record")["organisation_id"]


def _weight(probability: float) -> float:
    """Turn a probability into log2 of its odds."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(bounded / (1 - bounded))
