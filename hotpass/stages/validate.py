"""Hold every organisation against its contract, and answer for every input row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hotpass.contracts.frame import dtypes, stricter_violations, violations
from hotpass.contracts.organisation import ORGANISATIONS, PLACE
from hotpass.contracts.validator import Validator
from hotpass.errors import InternalError

FATES = ("kept", "merged", "rejected")


@dataclass(frozen=True)
class Validated:
    """What keeps the contract, what does not, and the fate of every row."""

    organisations: pl.DataFrame
    """Those that keep the contract, in the order they came."""
    rejected: pl.DataFrame
    """PLACE, organisation_id, field, rule, value: one row per violation per input row."""
    rows: pl.DataFrame
    """PLACE, organisation_id, fate (kept, merged, rejected), reason (null unless rejected)."""
    metrics: dict[str, int | float]


def validate(
    organisations: pl.DataFrame,
    rows: pl.DataFrame,
    validators: Mapping[str, Validator] | None = None,
) -> Validated:
    """Split organisations by their contract; every row of a rejected one is rejected.

    Args:
        organisations: the contract's columns, integers of any width, one row an organisation.
        rows: the ledger: PLACE, organisation_id, fate kept or merged.
        validators: a profile's rules by field, which reject as the contract's do.

    Raises:
        InternalError: a row names an organisation that is not there.
    """
    organisations = organisations.cast(dtypes(ORGANISATIONS))
    found = pl.concat(
        [
            violations(ORGANISATIONS, organisations),
            stricter_violations(organisations, validators or {}),
        ]
    ).sort("row", maintain_order=True)
    broken = organisations[found["row"].unique().sort()].select("organisation_id").unique()
    named = found.with_columns(
        organisation_id=organisations["organisation_id"].gather(found["row"])
    )
    _ensure_known(organisations, rows)

    reasons = named.group_by("organisation_id").agg(
        pl.format("{} breaks {}", "field", "rule")
        .unique(maintain_order=True)
        .str.join("; ")
        .alias("reason")
    )
    judged = rows.join(
        reasons, on="organisation_id", how="left", maintain_order="left"
    ).with_columns(
        fate=pl.when(pl.col("reason").is_null()).then("fate").otherwise(pl.lit("rejected"))
    )
    kept = organisations.join(broken, on="organisation_id", how="anti")
    return Validated(
        organisations=kept,
        rejected=rows.select(*PLACE, "organisation_id").join(
            named.select("organisation_id", "field", "rule", "value").unique(maintain_order=True),
            on="organisation_id",
            maintain_order="left_right",
        ),
        rows=judged.select(*PLACE, "organisation_id", "fate", "reason"),
        metrics={
            "organisations": kept.height,
            "organisations_rejected": organisations.height - kept.height,
            "violations": found.height,
            **count_fates(judged),
        },
    )


def count_fates(rows: pl.DataFrame) -> dict[str, int]:
    """Count the rows of a ledger by fate; kept, merged and rejected are always there."""
    counted = dict(rows["fate"].value_counts().iter_rows())
    return dict.fromkeys(FATES, 0) | counted


def _ensure_known(organisations: pl.DataFrame, rows: pl.DataFrame) -> None:
    unknown = rows.join(organisations, on="organisation_id", how="anti")
    if unknown.height:
        place = "/".join(str(value) for value in unknown.select(PLACE).row(0))
        raise InternalError(
            f"{unknown.height} input rows belong to no organisation, the first at {place}; "
            "this is a defect of Hotpass, please report it."
        )
