"""Only the rows that were last contacted from a day on; the others are counted and left out."""

from __future__ import annotations

from datetime import date

import polars as pl

from hotpass.contracts.organisation import PLACE
from hotpass.errors import BadInput

LEFT_OUT = "left out"


def take_since(frame: pl.DataFrame, since: date | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows of a normalised frame into those to go on with, and a ledger of the others.

    A row without a date of contact is left out with those of an earlier one. The ledger has
    PLACE, organisation_id (null), fate and reason.

    Raises BadInput when no row is left.
    """
    late_enough = (
        pl.lit(True) if since is None else (pl.col("last_contacted") >= since).fill_null(False)
    )
    taken = frame.filter(late_enough)
    if frame.height and not taken.height:
        dates = frame["last_contacted"].drop_nulls().sort()
        raise BadInput(
            f"No row was last contacted on {since} or later"
            + (
                f"; the latest is of {dates[-1]}."
                if len(dates)
                else "; none has a date of contact."
            )
        )
    reason = (
        pl.when(pl.col("last_contacted").is_null())
        .then(pl.lit("no date of contact"))
        .otherwise(pl.format("last contacted on {}", "last_contacted"))
    )
    ledger = frame.filter(~late_enough).select(
        *PLACE,
        pl.lit(None, dtype=pl.String).alias("organisation_id"),
        pl.lit(LEFT_OUT).alias("fate"),
        reason.alias("reason"),
    )
    return taken, ledger
