"""Providers of values: the shipped ones, and those that other packages offer by entry point.

A package joins with a function like those of `offline`, named under the group `hotpass.enrich`:

    [project.entry-points."hotpass.enrich"]
    chamber-of-commerce = "their_package:offer_members"

It is given the organisations and returns offers with the columns of `OFFER`. One that asks the
network says so with an attribute `needs_network = True` and is left out unless that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import polars as pl

from hotpass.contracts.contract import columns
from hotpass.contracts.organisation import INPUT_FIELDS, ORGANISATIONS
from hotpass.errors import HotpassError
from hotpass.stages.enrich.offline import OFFER, PROVIDERS, Provider

GROUP = "hotpass.enrich"
FIELDS = {column.name for column in columns(ORGANISATIONS) if column.kind == "text"} & set(
    INPUT_FIELDS
)
"""The fields that take a text as it is."""


class ProviderFailed(HotpassError):
    """A provider of another package could not be loaded or gave what cannot be used."""


@dataclass(frozen=True)
class JoinedProvider:
    """A provider of another package, its offers checked before they are taken."""

    name: str
    offer: Provider

    def __call__(self, organisations: pl.DataFrame) -> pl.DataFrame:
        """Return its offers; ProviderFailed when it fails or they are of another shape."""
        try:
            offers = self.offer(organisations)
        except Exception as error:
            raise ProviderFailed(
                f"the provider {self.name} failed: {error}; repair or uninstall its package."
            ) from error
        if problem := _problem_of(offers):
            raise ProviderFailed(
                f"the provider {self.name} {problem}; repair or uninstall its package."
            )
        return offers.select(OFFER.names())


def find_providers(*, allow_network: bool) -> Iterator[Provider]:
    """Yield the shipped providers in their order, then those that joined, by name.

    Raises ProviderFailed for one that cannot be loaded.
    """
    yield from PROVIDERS
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        offer = _load(point)
        if allow_network or not getattr(offer, "needs_network", False):
            yield JoinedProvider(point.name, offer)


def _load(point: EntryPoint) -> Provider:
    try:
        offer: Provider = point.load()
    except Exception as error:
        raise ProviderFailed(
            f"the provider {point.name} ({point.value}) cannot be loaded: {error}; repair or "
            "uninstall its package."
        ) from error
    return offer


def _problem_of(offers: object) -> str | None:
    if not isinstance(offers, pl.DataFrame):
        return f"returned {type(offers).__name__}, not a frame of offers"
    wrong = [name for name, dtype in OFFER.items() if offers.schema.get(name) != dtype]
    if wrong:
        return f"returned offers without the columns {', '.join(wrong)} of the right type"
    if unknown := sorted(set(offers["field"].drop_nulls()) - FIELDS):
        return f"offers {unknown[0]!r}, which is no field of text"
    if not offers["confidence"].is_between(0, 1).fill_null(False).all():
        return "offers a value with a confidence that is not between 0 and 1"
    return None
