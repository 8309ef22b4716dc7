"""Clusters: pairs that match become organisations, none that contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import polars as pl

from hotpass.stages.resolve.scoring import score_pairs
from hotpass.stages.resolve.subject import Subject

# One pair, however sure, may not outvote a group that says otherwise.
STRONGEST = 20.0
# What a person decided outvotes any group.
CERTAIN = 1000.0
# Larger groups are first taken apart at matches that pass the threshold by fewer bits than these.
LARGEST_WEIGHED = 80
RAISES = (4.0, 8.0, 12.0)


@dataclass(frozen=True)
class Clustered:
    """`labels` holds record and cluster; `scored` left, right and weight of the pairs that count.

    Those are the pairs that reached the least weight asked for, with what was decided about them
    in place of their own weight.
    """

    labels: pl.DataFrame
    scored: pl.DataFrame


def cluster(
    keys: pl.DataFrame,
    pairs: pl.DataFrame,
    subject: Subject,
    threshold: float,
    *,
    least: float,
    decided: pl.DataFrame,
) -> Clustered:
    """Find the cluster of every record, and keep the pairs that weigh `least` or more.

    Records that a chain of matches connects are one group at first. Where not all of a group's
    pairs match, or it holds two identifiers, it is taken apart and built up again from
    the likeliest pairs (average linkage), never across two identifiers. What people decided
    (left, right, same) outweighs all that, except in groups too large to weigh pair by pair.
    """
    scored = _heed(score_pairs(keys, pairs, subject, min(least, threshold)), decided)
    matches = scored.filter(pl.col("weight") >= threshold)
    groups = _part_at_identifiers(keys, _connect_closely(keys.height, matches, threshold))
    doubtful = _find_doubtful(keys, groups, matches)
    weights = _heed(score_pairs(keys, _pairs_within(doubtful), subject, None), decided)
    rebuilt = _rebuild(doubtful, weights, threshold)
    labels = groups.join(rebuilt, on="record", how="left", maintain_order="left").select(
        "record", cluster=pl.coalesce("rebuilt", "cluster")
    )
    return Clustered(labels, scored)


def _heed(scored: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """Put what was decided in the place of the weights of those pairs, scored or not."""
    if decided.is_empty():
        return scored
    certain = decided.select(
        "left", "right", weight=pl.when("same").then(CERTAIN).otherwise(-CERTAIN)
    )
    return pl.concat([scored.join(certain, on=["left", "right"], how="anti"), certain])


def _connect_closely(records: int, matches: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Connect records, raising the bar within groups that are too large to weigh pair by pair.

    What even the highest bar leaves together stays together.
    """
    groups = connect(records, matches)
    for more in RAISES:
        large = groups.filter(pl.len().over("cluster") > LARGEST_WEIGHED)
        if large.is_empty():
            break
        weak = pl.col("left").is_in(large["record"].implode()) & (
            pl.col("weight") < threshold + more
        )
        matches = matches.filter(~weak)
        groups = connect(records, matches)
    return groups


def _part_at_identifiers(keys: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Part a group that is too large to weigh by its identifiers, if it has several."""
    number = pl.col("identifier")
    least = pl.col("record").min().over("cluster", number.fill_null(number.min().over("cluster")))
    is_large = pl.len().over("cluster") > LARGEST_WEIGHED
    return groups.join(
        keys.select("record", "identifier"), on="record", maintain_order="left"
    ).select("record", cluster=pl.when(is_large).then(least).otherwise("cluster"))


def connect(records: int, edges: pl.DataFrame) -> pl.DataFrame:
    """Return record and cluster: records linked by any path of edges share the least number."""
    record = pl.int_range(records, dtype=pl.UInt32, eager=True).alias("record")
    labels = record
    both = pl.concat(
        [edges.select(record="left", other="right"), edges.select(record="right", other="left")]
    )
    while True:
        nearest = both.select("record", near=labels.gather(both["other"])).group_by("record").min()
        lower = (
            pl.DataFrame({"record": record, "own": labels})
            .join(nearest, on="record", how="left", maintain_order="left")
            .select(pl.min_horizontal("own", "near"))
            .to_series()
        )
        lower = lower.gather(lower)  # the label of a label is as near to the end or nearer
        if lower.equals(labels):
            return pl.DataFrame({"record": record, "cluster": labels})
        labels = lower


def _find_doubtful(keys: pl.DataFrame, groups: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """Return record, cluster and identifier of the groups that may have to be taken apart."""
    members = groups.join(keys.select("record", "identifier"), on="record")
    labels = groups["cluster"]
    within = matches.select(cluster=labels.gather(matches["left"])).filter(
        labels.gather(matches["left"]) == labels.gather(matches["right"])
    )
    edges = within.group_by("cluster").len("edges")
    suspects = (
        members.group_by("cluster")
        .agg(pl.len(), numbers=pl.col("identifier").drop_nulls().n_unique())
        .join(edges, on="cluster")
        .filter(
            (pl.col("len") <= LARGEST_WEIGHED)
            & (
                (pl.col("numbers") > 1)
                | (pl.col("edges") < pl.col("len") * (pl.col("len") - 1) // 2)
            )
        )
    )
    return members.join(suspects, on="cluster", how="semi").sort("cluster", "record")


def _pairs_within(doubtful: pl.DataFrame) -> pl.DataFrame:
    return (
        doubtful.join(doubtful, on="cluster")
        .filter(pl.col("record") < pl.col("record_right"))
        .select(left="record", right="record_right")
    )


def _rebuild(doubtful: pl.DataFrame, weights: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Return record and its new group, named by its least record."""
    found = {
        (left, right): weight if abs(weight) == CERTAIN else max(-STRONGEST, min(STRONGEST, weight))
        for left, right, weight in weights.iter_rows()
    }
    rebuilt: list[tuple[int, int]] = []
    for _, members in doubtful.group_by("cluster", maintain_order=True):
        numbers = dict(members.select("record", "identifier").iter_rows())
        for group in _link(numbers, found, threshold):
            rebuilt.extend((record, min(group)) for record in group)
    return pl.DataFrame(rebuilt, schema={"record": pl.UInt32, "rebuilt": pl.UInt32}, orient="row")


def _link(
    numbers: dict[int, str | None], weights: dict[tuple[int, int], float], threshold: float
) -> list[list[int]]:
    """Join the two groups that are likeliest on average, again and again, while they match.

    Two groups match where their likeliest pair does and the average, though it may be less sure,
    does not speak against it.
    """
    groups = {record: [record] for record in numbers}
    known = {record: {number} - {None} for record, number in numbers.items()}
    bonds = {pair: _Bond(weights[pair], weights[pair]) for pair in combinations(sorted(groups), 2)}

    def average(pair: tuple[int, int]) -> float:
        return bonds[pair].total / (len(groups[pair[0]]) * len(groups[pair[1]]))

    while True:
        fit = [
            pair
            for pair, bond in bonds.items()
            if bond.strongest >= threshold
            and average(pair) >= threshold / 2
            and (len(known[pair[0]] | known[pair[1]]) <= 1 or bond.strongest == CERTAIN)
        ]
        if not fit:
            return list(groups.values())
        one, other = min(fit, key=lambda pair: (-average(pair), pair))
        groups[one] += groups.pop(other)
        known[one] |= known.pop(other)
        del bonds[one, other]
        for third in groups:
            if third != one:
                near, far = _ordered(one, third), _ordered(other, third)
                gone = bonds.pop(far)
                bonds[near] = _Bond(
                    bonds[near].total + gone.total, max(bonds[near].strongest, gone.strongest)
                )


class _Bond(NamedTuple):
    """What holds two groups together: the weights of all pairs across, and the strongest."""

    total: float
    strongest: float


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)
