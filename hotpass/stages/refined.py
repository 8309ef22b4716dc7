"""A list that was refined before: its organisations are known, and stay who they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from hotpass.config.profile import Profile, header_key
from hotpass.contracts.organisation import PLACE
from hotpass.sources.sheet import Sheet
from hotpass.stages.aggregate import Aggregated
from hotpass.stages.headers import OWN_COLUMNS, Header

if TYPE_CHECKING:
    from hotpass.stages.resolve import Resolved

TABLE = "Organisations"
"""The sheet of a refined workbook that holds its organisations, in parts `Organisations 2` ..."""
ACCOUNTS = frozenset({"Origins", "Rejected", "Additions", "About"})
"""The sheets of a refined or enriched workbook that tell about its organisations."""

KNOWN = {
    **{name: pl.UInt32 if name == "source_row" else pl.String for name in PLACE},
    "organisation_id": pl.String,
    "source_count": pl.UInt32,
}


def accounts_beside(sheets: list[Sheet]) -> frozenset[str]:
    """The names of the sheets of one file that only tell about its refined organisations."""
    for sheet in sheets:
        if sheet.name == TABLE and sheet.cells.height:
            headers = {header_key(text) for text in sheet.cells.row(0) if text is not None}
            if headers >= OWN_COLUMNS.keys():
                return ACCOUNTS
    return frozenset()


def known_organisations(sheet: Sheet, header: Header, is_data: pl.Series) -> pl.DataFrame:
    """PLACE, organisation_id and source_count of the rows that an earlier run has named.

    `is_data` is about the rows below the header. A sheet without these two columns has none.
    """
    positions = {
        OWN_COLUMNS[key]: column for column, key in header.keys.items() if key in OWN_COLUMNS
    }
    if len(positions) < len(OWN_COLUMNS):
        return pl.DataFrame(schema=KNOWN)
    start = header.position + 1
    return (
        sheet.cells.slice(start)
        .select(
            pl.lit(sheet.file).alias("source_file"),
            pl.lit(sheet.name).alias("source_sheet"),
            sheet.row_numbers.slice(start).alias("source_row"),
            pl.nth(positions["organisation_id"]).alias("organisation_id"),
            pl.nth(positions["source_count"])
            .str.to_integer(dtype=pl.UInt32, strict=False)
            .alias("source_count"),
        )
        .filter(is_data & pl.col("organisation_id").str.contains(r"^org-[0-9a-f]{12}$"))
    )


def keep_identities(frame: pl.DataFrame, known: pl.DataFrame, profile: Profile) -> Resolved | None:
    """The rows with the identifiers that they had, if all come from one refined file.

    Such a list was resolved when it was made. To resolve it again would weigh its rows with
    what has since been gathered in each, and merge organisations that were held to be two.
    In every other case the answer is None, and the rows are to be resolved together.
    """
    from hotpass.stages.resolve import resolve

    files, ids = known["source_file"], known["organisation_id"]
    if known.height != frame.height or files.n_unique() > 1 or not ids.is_unique().all():
        return None
    apart = resolve(frame, profile.model_copy(update={"resolve_duplicates": False}))
    named = frame.join(
        known.drop("source_count"), on=PLACE, how="left", nulls_equal=True, maintain_order="left"
    ).select("organisation_id", *frame.columns)
    return replace(apart, frame=named, metrics={**apart.metrics, "known": frame.height})


def add_earlier_counts(aggregated: Aggregated, known: pl.DataFrame) -> Aggregated:
    """Let a row that stands for several count for all of them in `source_count`."""
    if known.is_empty():
        return aggregated
    counts = (
        aggregated.rows.join(known.drop("organisation_id"), on=PLACE, how="left")
        .group_by("organisation_id")
        .agg(pl.col("source_count").fill_null(1).sum())
    )
    organisations = aggregated.organisations.update(
        counts.cast(aggregated.organisations.select("organisation_id", "source_count").schema),
        on="organisation_id",
    )
    return replace(aggregated, organisations=organisations)
