"""Resolve: rows that describe one organisation get one identifier."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.stages.resolve.decisions import content_keys, decided_pairs, no_decisions
from hotpass.stages.resolve.identifiers import identify
from hotpass.stages.resolve.linking import Linked, link, unlinked
from hotpass.stages.resolve.subject import ORGANISATION


@dataclass(frozen=True)
class Resolved:
    """The same rows in the same order, with `organisation_id` in front.

    `uncertain` holds the pairs that a person should look at, the least certain first: `weight`
    (log2 of the odds that the two are one), `is_one` (how it was decided for now), and for each
    side, `one_` and `other_`, its `key`, PLACE and INPUT_FIELDS.
    """

    frame: pl.DataFrame
    metrics: dict[str, int | float]
    uncertain: pl.DataFrame = field(default_factory=pl.DataFrame)


def resolve(
    frame: pl.DataFrame,
    profile: Profile,
    *,
    seed: int = 0,
    decisions: pl.DataFrame | None = None,
) -> Resolved:
    """Give every row of a normalised `frame` the identifier of its organisation.

    Two records are one organisation where the odds for it reach `profile.match_probability`, or
    where `decisions` (of `decisions.read_decisions`) say so.
    The answer depends on the contents of the rows, not on their order or that of the files.
    Nothing here draws at random: `seed` is part of the stage's interface and changes nothing.
    """
    started = time.perf_counter()
    records = frame.select(INPUT_FIELDS).unique().sort(INPUT_FIELDS).with_row_index("record")
    fields = list(ORGANISATION.kinds)
    decided = decided_pairs(records, fields, no_decisions() if decisions is None else decisions)
    linked = unlinked(records)
    if profile.resolve_duplicates:
        linked = link(records.drop("record"), ORGANISATION, profile.match_probability, decided)
        named = identify(records, linked.clusters)
        ids = frame.join(
            named, on=INPUT_FIELDS, how="left", nulls_equal=True, maintain_order="left"
        )["organisation_id"]
    else:
        ids = _identify_rows(frame)
    found = ids.n_unique()
    labels = linked.clusters.sort("record")["cluster"]
    together = labels.gather(decided["left"]) == labels.gather(decided["right"])
    metrics = {
        "rows": frame.height,
        "records": records.height,
        "pairs_compared": linked.compared,
        "pairs_matched": linked.matched,
        "pairs_uncertain": linked.uncertain.height,
        "decisions": decided.height,
        "decisions_not_kept": int((together != decided["same"]).sum()),
        "organisations": found,
        "merged": frame.height - found,
        "seconds": round(time.perf_counter() - started, 3),
    }
    return Resolved(
        frame.select(ids.alias("organisation_id"), pl.all()),
        metrics,
        _lay_side_by_side(frame, records, linked),
    )


def _lay_side_by_side(frame: pl.DataFrame, records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """Put what is known of both records of each uncertain pair into one row."""
    asked = pl.concat([linked.uncertain["left"], linked.uncertain["right"]]).unique()
    few = records.filter(pl.col("record").is_in(asked.implode()))
    places = (
        frame.join(few, on=INPUT_FIELDS, how="semi", nulls_equal=True)
        .sort(PLACE)
        .unique(INPUT_FIELDS, keep="first", maintain_order=True)
    )
    sides = (
        few.with_columns(content_keys(few, list(ORGANISATION.kinds)))
        .join(linked.clusters, on="record")
        .join(places, on=INPUT_FIELDS, nulls_equal=True)
        .select("record", "cluster", "key", *PLACE, *INPUT_FIELDS)
    )
    one, other = (
        sides.rename({name: f"{side}_{name}" for name in sides.columns})
        for side in ("one", "other")
    )
    return (
        linked.uncertain.join(one, left_on="left", right_on="one_record", maintain_order="left")
        .join(other, left_on="right", right_on="other_record", maintain_order="left")
        .with_columns(is_one=pl.col("one_cluster") == pl.col("other_cluster"))
        # Records that differ only in what is not compared are one to every decision.
        .filter(pl.col("one_key") != pl.col("other_key"))
        .drop("left", "right", "one_cluster", "other_cluster")
    )


def _identify_rows(frame: pl.DataFrame) -> pl.Series:
    """Let every row be an organisation of its own; rows of one content are told apart by place."""
    ordinal = pl.struct(PLACE).rank("ordinal").over(INPUT_FIELDS)
    rows = frame.select(*INPUT_FIELDS, copy=ordinal).with_row_index("record")
    return identify(rows, rows.select("record", cluster="record")).sort("record")["organisation_id"]
