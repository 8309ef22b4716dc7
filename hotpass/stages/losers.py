"""The values of a field that another value won over, each with the reason."""

from __future__ import annotations

import polars as pl

from hotpass.contracts.organisation import PLACE

LOST = pl.Schema(
    {
        "organisation_id": pl.String,
        "field": pl.String,
        "value": pl.String,
        "source_file": pl.String,
        "source_sheet": pl.String,
        "source_row": pl.UInt32,
        "rows": pl.UInt32,
        "why": pl.String,
    }
)
"""`rows` is how many rows hold the value; the place is that of the best of them."""

MERITS = ("rank", "last_contacted", "filled", "votes")


def list_losers(ranked: pl.DataFrame, field: str, chosen: pl.DataFrame) -> pl.DataFrame:
    """List each other value of `field` once (`LOST`), and why it lost.

    Args:
        ranked: rows with `position`, `standing`, and their merits `rank` (the least trusted
            file has the highest), `last_contacted` and `filled`.
        chosen: organisation_id, `position` of the row that won, `lost`, and the value `kept`.
    """
    contested = chosen.filter(pl.col("lost") > 0).select(
        "organisation_id", "kept", won=pl.col("position").cast(ranked.schema["position"])
    )
    # A field that is itself a merit keeps its own column beside the one that is compared.
    rows = (
        ranked.join(contested, on="organisation_id")
        .filter(pl.col(field).is_not_null())
        .with_columns(value=pl.col(field))
        .with_columns(votes=pl.len().over("organisation_id", "value"))
    )
    winners = rows.filter(pl.col("position") == pl.col("won")).select(
        "organisation_id", *(pl.col(merit).alias(f"won_{merit}") for merit in MERITS)
    )
    return (
        rows.filter(pl.col("value") != pl.col("kept"))
        .sort("standing", "votes", "position", descending=[False, True, False])
        .unique(["organisation_id", "value"], keep="first", maintain_order=True)
        .join(winners, on="organisation_id", maintain_order="left")
        .select(
            "organisation_id",
            pl.lit(field).alias("field"),
            pl.col("value").cast(pl.String),
            *PLACE,
            pl.col("votes").alias("rows"),
            _reason().alias("why"),
        )
        .cast(LOST)
    )


def _reason() -> pl.Expr:
    """Say which merit decided, in the order in which they count."""
    later = pl.col("won_last_contacted")
    return (
        pl.when(pl.col("rank") > pl.col("won_rank"))
        .then(pl.lit("its file is less trusted"))
        .when(pl.col("last_contacted").is_null() & later.is_not_null())
        .then(pl.format("its row has no contact, the other's is of {}", later))
        .when(pl.col("last_contacted") < later)
        .then(pl.format("its row's contact of {} is older", "last_contacted"))
        .when(pl.col("filled") < pl.col("won_filled"))
        .then(pl.format("its row has {} values, the other {}", "filled", "won_filled"))
        .when(pl.col("votes") < pl.col("won_votes"))
        .then(pl.format("{} rows agree on it, on the other {}", "votes", "won_votes"))
        .otherwise(pl.lit("equal in all else, it comes later in order of contents"))
    )
