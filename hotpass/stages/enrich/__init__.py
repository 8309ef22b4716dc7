"""Enrich: empty fields filled from reference data and, where allowed, from the web."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from hotpass.contracts.organisation import Organisation
from hotpass.progress import Progress, silent
from hotpass.stages.enrich.providers import find_providers
from hotpass.stages.enrich.visits import Politeness


@dataclass(frozen=True)
class Enriched:
    """The same organisations with fewer empty fields.

    `additions` holds organisation_id, field, value, source, confidence (0 to 1) and at (UTC), one
    row a value that was added. `warnings` are sentences on what the network did not give.
    """

    organisations: pl.DataFrame
    additions: pl.DataFrame
    metrics: dict[str, int | float]
    warnings: tuple[str, ...] = ()


def enrich(
    organisations: pl.DataFrame,
    *,
    allow_network: bool,
    clock: Callable[[], datetime],
    politeness: Politeness | None = None,
    report: Progress = silent,
) -> Enriched:
    """Fill fields that are empty, never one that holds a value.

    Reference data is asked first and needs no network, then the providers of other packages.
    With `allow_network` the websites of organisations without a telephone number or e-mail
    address are then visited; whatever the network does, the offline additions stand. `clock`
    gives the time written beside each addition, `politeness` the rules for visits; `report`
    hears of each site that was visited.
    """
    at = clock().astimezone(UTC)
    additions = []
    warnings: tuple[str, ...] = ()
    metrics: dict[str, int | float] = {"organisations": organisations.height}
    for provider in find_providers(allow_network=allow_network):
        organisations, added = _fill(organisations, provider(organisations))
        additions.append(added)
    if allow_network:
        from hotpass.stages.enrich.websites import visit_websites

        visits = visit_websites(organisations, politeness or Politeness(), report)
        organisations, added = _fill(organisations, visits.found)
        additions.append(added)
        metrics |= visits.metrics
        warnings = visits.warnings
    every = (
        pl.concat(additions)
        .with_columns(at=pl.lit(at, dtype=pl.Datetime("us", "UTC")))
        .sort("organisation_id", "field")
    )
    metrics["additions"] = every.height
    for field, count in every.group_by("field").len().sort("field").iter_rows():
        metrics[f"additions_{field}"] = count
    return Enriched(organisations, every, metrics, warnings)


def _fill(organisations: pl.DataFrame, offers: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the surest offer for each empty field; return what it gave, too."""
    surest = offers.sort("confidence", "value", descending=[True, False]).unique(
        ["organisation_id", "field"], keep="first", maintain_order=True
    )
    taken = []
    for (field,), offer in surest.group_by("field", maintain_order=True):
        name = str(field)
        given = organisations.select("organisation_id").join(
            offer.select("organisation_id", "value"),
            on="organisation_id",
            how="left",
            maintain_order="left",
        )["value"]
        empty = organisations[name].is_null() & given.is_not_null()
        taken.append(
            offer.join(
                organisations.filter(empty).select("organisation_id"),
                on="organisation_id",
                how="semi",
            )
        )
        organisations = organisations.with_columns(pl.coalesce(name, given).alias(name))
    return organisations.select(list(Organisation.model_fields)), pl.concat(
        [offers.clear(), *taken]
    )
