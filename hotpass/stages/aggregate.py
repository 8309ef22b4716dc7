"""Aggregate: the rows of an organisation become one, each value with the place it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE, Organisation
from hotpass.progress import Progress, silent
from hotpass.stages.losers import LOST, list_losers

# A row's claim on a field is one integer, the least wins: standing (24 bits and more), how few
# rows agree (16 bits), position by content (24 bits). 16 million rows have room.
POSITION_BITS, VOTE_BITS = 24, 16
MOST_VOTES = 2**VOTE_BITS - 1
MOST_ROWS = 2**POSITION_BITS


@dataclass(frozen=True)
class Aggregated:
    """One row an organisation, the origin of each of its values, and what became of each row.

    `organisations` has the columns of the contract, sorted by name, then identifier. `origins`
    holds organisation_id, field, value, PLACE and `lost`: how many other values it won over.
    `rows` holds PLACE, organisation_id and `fate`: `kept` for one row of each organisation, its
    best, and `merged` for the others. `lost` holds the values that were won over (`LOST`).
    """

    organisations: pl.DataFrame
    origins: pl.DataFrame
    rows: pl.DataFrame
    metrics: dict[str, int | float]
    lost: pl.DataFrame = field(default_factory=LOST.to_frame)


def aggregate(frame: pl.DataFrame, profile: Profile, *, report: Progress = silent) -> Aggregated:
    """Put together each organisation of a resolved `frame`.

    The best value of a field is that of the most trusted file (`profile.source_priority`), then
    of the row contacted last, then of the fullest row, then the one most rows agree on, then that
    of the row whose contents come first in the alphabet: where a row stands decides nothing. A
    role is taken from a row with the contact's name, so that nobody is given the role of another.
    """
    ranked = _rank_rows(frame, profile)
    origins = {}
    for done, name in enumerate(name for name in INPUT_FIELDS if name != "contact_role"):
        report("aggregate", done, len(INPUT_FIELDS))
        origins[name] = _choose(ranked, name)
    roles = _without_roles_of_others(ranked, origins["contact_name"])
    origins["contact_role"] = _choose(roles, "contact_role")
    lost = [
        list_losers(roles if name == "contact_role" else ranked, name, chosen)
        for name, chosen in origins.items()
    ]
    organisations = ranked.group_by("organisation_id").agg(source_count=pl.len())
    for name, chosen in origins.items():
        organisations = organisations.join(
            chosen.select("organisation_id", pl.col("kept").alias(name)),
            on="organisation_id",
            how="left",
        )
    organisations = organisations.select(list(Organisation.model_fields)).sort(
        "organisation_name", "organisation_id", nulls_last=True
    )
    all_origins = _list_origins(ranked, origins)
    rows = _tell_fates(ranked, frame)
    metrics: dict[str, int | float] = {
        "rows": frame.height,
        "organisations": organisations.height,
        "merged": frame.height - organisations.height,
        "values": all_origins.height,
        "contested": all_origins.filter(pl.col("lost") > 0).height,
    }
    losers = pl.concat(lost).sort("organisation_id", "field", maintain_order=True)
    return Aggregated(organisations, all_origins, rows, metrics, losers)


def _rank_rows(frame: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """Add `position` by content, the merits `rank` and `filled`, and `standing` by merit.

    Rows of one standing differ in votes and content alone.
    """
    files = frame["source_file"].unique()
    ranks = {file: _rank_file(file, profile.source_priority) for file in files}
    filled = pl.sum_horizontal(pl.col(field).is_not_null() for field in INPUT_FIELDS)
    merits = ("rank", "last_contacted", "filled")
    return (
        frame.sort(*INPUT_FIELDS, *PLACE)
        .with_row_index("position")
        .with_columns(
            rank=pl.col("source_file").replace_strict(ranks, return_dtype=pl.UInt32),
            filled=filled,
        )
        .sort(merits, descending=[False, True, True], nulls_last=True, maintain_order=True)
        .with_columns(standing=pl.struct(merits).rle_id().cast(pl.UInt64))
        .sort("position")
    )


def _rank_file(file: str, patterns: tuple[str, ...]) -> int:
    name = PurePosixPath(file).name.casefold()
    fits = (fnmatchcase(name, pattern.casefold()) for pattern in patterns)
    return next((rank for rank, fit in enumerate(fits) if fit), len(patterns))


def _choose(ranked: pl.DataFrame, field: str) -> pl.DataFrame:
    """Return organisation_id, `kept` (the best value), its `position`, and `lost`."""
    votes = pl.len().over("organisation_id", field).clip(0, MOST_VOTES).cast(pl.UInt64)
    claim = (
        pl.col("standing") * 2 ** (POSITION_BITS + VOTE_BITS)
        + (MOST_VOTES - votes) * MOST_ROWS
        + pl.col("position")
    )
    claims = (
        ranked.lazy()
        .filter(pl.col(field).is_not_null())
        .select("organisation_id", field, claim=claim)
        .group_by("organisation_id")
        .agg(pl.col("claim").min(), lost=pl.col(field).n_unique() - 1)
        .with_columns(position=pl.col("claim") % MOST_ROWS)
        .collect()
    )
    kept = ranked[field].gather(claims["position"])
    return claims.select("organisation_id", "position", "lost", kept=kept)


def _without_roles_of_others(ranked: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """Blank `contact_role` in the rows whose contact is not the one that was chosen."""
    chosen = ranked.select("organisation_id").join(
        contacts, on="organisation_id", how="left", maintain_order="left"
    )["kept"]
    return ranked.with_columns(
        pl.when(pl.col("contact_name").eq_missing(chosen))
        .then("contact_role")
        .alias("contact_role")
    )


def _list_origins(ranked: pl.DataFrame, origins: dict[str, pl.DataFrame]) -> pl.DataFrame:
    places = ranked.select("position", *PLACE)
    lists = [
        origins[field].select(
            "organisation_id",
            pl.lit(field).alias("field"),
            pl.col("kept").cast(pl.String).alias("value"),
            pl.col("position").cast(places.schema["position"]),
            pl.col("lost").cast(pl.UInt32),
        )
        for field in INPUT_FIELDS
    ]
    return (
        pl.concat(lists)
        .join(places, on="position", how="left")
        .select("organisation_id", "field", "value", *PLACE, "lost")
        .sort("organisation_id", "field")
    )


def _tell_fates(ranked: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what became of each row, in the order of `frame`."""
    best = pl.col("standing") * MOST_ROWS + pl.col("position")
    is_best = best == best.min().over("organisation_id")
    fates = ranked.select(
        *PLACE, fate=pl.when(is_best).then(pl.lit("kept")).otherwise(pl.lit("merged"))
    )
    return frame.select(*PLACE, "organisation_id").join(
        fates, on=PLACE, how="left", maintain_order="left"
    )
