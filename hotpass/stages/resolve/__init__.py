"""Resolve: rows that describe one organisation get one identifier."""

from __future__ import annotations

import time
from dataclasses import dataclass

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.stages.resolve.identifiers import identify
from hotpass.stages.resolve.linking import Linked, link
from hotpass.stages.resolve.subject import ORGANISATION


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
    records = frame.select(INPUT_FIELDS).unique().sort(INPUT_FIELDS).with_row_index("record")
    linked = Linked(records.select("record", cluster="record"), 0, 0)
    if profile.resolve_duplicates:
        linked = link(records.drop("record"), ORGANISATION, profile.match_probability)
    if profile.resolve_duplicates:
        named = identify(records, linked.clusters)
        ids = frame.join(
            named, on=INPUT_FIELDS, how="left", nulls_equal=True, maintain_order="left"
        )["organisation_id"]
    else:
        ids = _identify_rows(frame)
    found = ids.n_unique()
    metrics = {
        "rows": frame.height,
        "records": records.height,
        "pairs_compared": linked.compared,
        "pairs_matched": linked.matched,
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
