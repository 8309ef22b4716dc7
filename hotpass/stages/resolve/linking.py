"""Linking: which records of any subject are one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from hotpass.stages.resolve.blocking import find_pairs
from hotpass.stages.resolve.clusters import Clustered, cluster
from hotpass.stages.resolve.keys import build_keys
from hotpass.stages.resolve.subject import Subject

DECIDED = {"left": pl.UInt32, "right": pl.UInt32, "same": pl.Boolean}
# Pairs between these odds, even and about one hundred to one, are worth a person's look.
LEAST_UNCERTAIN, MOST_UNCERTAIN = 0.0, 6.65


@dataclass(frozen=True)
class Linked:
    """Which records are one.

    `clusters` holds record and cluster, the least record of those that are one. `uncertain`
    holds left, right and weight (log2 of the odds) of the pairs that a person should look at.
    """

    clusters: pl.DataFrame
    uncertain: pl.DataFrame
    compared: int = 0
    matched: int = 0


def link(
    frame: pl.DataFrame,
    subject: Subject,
    match_probability: float = 0.95,
    decided: pl.DataFrame | None = None,
) -> Linked:
    """Find which rows of `frame` describe one `subject`; a row's record is its number from 0.

    Two records are one where the odds for it reach `match_probability`, and where `decided`
    (left < right, same) says so. For an answer that does not depend on the order of the rows,
    give them in an order that depends on their content.
    """
    records = frame.with_row_index("record")
    if decided is None:
        decided = pl.DataFrame(schema=DECIDED)
    if records.height < 2:
        return unlinked(records)
    keys = build_keys(records, subject)
    candidates = find_pairs(keys)
    threshold = _weight(match_probability)
    clustered = cluster(
        keys, candidates, subject, threshold, least=LEAST_UNCERTAIN, decided=decided
    )
    weight = pl.col("weight")
    return Linked(
        clusters=clustered.labels,
        uncertain=_ask(clustered, threshold),
        compared=candidates.height,
        matched=clustered.scored.filter(weight >= threshold).height,
    )


def unlinked(records: pl.DataFrame) -> Linked:
    """Let every record be a cluster of its own."""
    nothing = pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32, "weight": pl.Float64})
    return Linked(records.select("record", cluster="record"), nothing)


def _ask(clustered: Clustered, threshold: float) -> pl.DataFrame:
    """Choose the pairs to ask about: one for two clusters, and one for a record that hangs loosely.

    Of two clusters it is the likeliest pair. Within a cluster it is the best pair of a record
    that no sure pair holds there. The least certain answers come first.
    """
    labels = clustered.labels.sort("record")["cluster"]
    scored = clustered.scored.with_columns(
        cluster_left=labels.gather(clustered.scored["left"]),
        cluster_right=labels.gather(clustered.scored["right"]),
    )
    weight = pl.col("weight")
    is_one = pl.col("cluster_left") == pl.col("cluster_right")
    within = scored.filter(is_one)
    held = (
        pl.concat([within.select(record=side, weight="weight") for side in ("left", "right")])
        .group_by("record")
        .agg(weight.max())
        .filter(weight > MOST_UNCERTAIN)["record"]
    )
    loose = (
        within.filter(
            ~(pl.col("left").is_in(held.implode()) & pl.col("right").is_in(held.implode()))
        )
        .sort("weight", "left", "right", descending=[True, False, False])
        .unique("left", keep="first", maintain_order=True)
    )
    apart = (
        scored.filter(~is_one)
        .sort("weight", "left", "right", descending=[True, False, False])
        .unique(["cluster_left", "cluster_right"], keep="first", maintain_order=True)
    )
    return (
        pl.concat([loose, apart])
        .filter(weight.is_between(LEAST_UNCERTAIN, MOST_UNCERTAIN))
        .select("left", "right", "weight")
        .sort((weight - threshold).abs(), "left", "right")
    )


def _weight(probability: float) -> float:
    """Turn a probability into log2 of its odds."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(bounded / (1 - bounded))
