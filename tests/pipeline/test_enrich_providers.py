"""Other packages join enriching by entry point, and what they give is checked."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from typing import Any

import polars as pl
import pytest

from hotpass.contracts.frame import dtypes
from hotpass.contracts.organisation import ORGANISATIONS
from hotpass.stages.enrich import Enriched, enrich, providers
from hotpass.stages.enrich.offline import OFFER
from hotpass.stages.enrich.providers import ProviderFailed

ID = "org-00000000000a"
GOOD = {
    "organisation_id": ID,
    "field": "category",
    "value": "School",
    "source": "chamber",
    "confidence": 0.9,
}


def enriched(*, allow_network: bool = False, category: str | None = None) -> Enriched:
    row = {"organisation_id": ID, "organisation_name": "Karoo", "source_count": 1}
    names = dtypes(ORGANISATIONS)
    full = {**dict.fromkeys(names), **row, "category": category}
    return enrich(
        pl.DataFrame([full], schema=names),
        allow_network=allow_network,
        clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )


def offers(**changes: Any) -> pl.DataFrame:
    return pl.DataFrame([{**GOOD, **changes}], schema=OFFER)


@pytest.fixture
def join(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a function be what an installed package offers."""

    def join(function: object) -> None:
        monkeypatch.setattr(EntryPoint, "load", lambda self: function)
        points = (EntryPoint("chamber", "theirs:offer", providers.GROUP),)
        monkeypatch.setattr(providers, "entry_points", lambda group: points)

    return join


def test_a_provider_of_another_package_fills_an_empty_field(join: Any) -> None:
    join(lambda organisations: offers())

    result = enriched()

    assert result.organisations["category"].to_list() == ["School"]
    assert result.additions.select("source", "confidence").rows() == [("chamber", 0.9)]


def test_it_never_replaces_what_is_there(join: Any) -> None:
    join(lambda organisations: offers())

    assert enriched(category="Club").organisations["category"].to_list() == ["Club"]


@pytest.mark.parametrize(("allow_network", "added"), [(False, 0), (True, 1)])
def test_one_that_needs_the_network_is_asked_only_when_that_is_allowed(
    allow_network: bool, added: int, join: Any
) -> None:
    def offer(organisations: pl.DataFrame) -> pl.DataFrame:
        return offers()

    offer.needs_network = True  # type: ignore[attr-defined]
    join(offer)

    assert enriched(allow_network=allow_network).additions.height == added


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        (lambda _: 1 / 0, "the provider chamber failed: division by zero"),
        (lambda _: [], "returned list, not a frame of offers"),
        (lambda _: offers().drop("source"), "without the columns source of the right type"),
        (lambda _: offers(field="categroy"), "offers 'categroy', which is no field of text"),
        (lambda _: offers(field="employees"), "offers 'employees', which is no field of text"),
        (lambda _: offers(confidence=1.5), "a confidence that is not between 0 and 1"),
    ],
)
def test_what_it_gives_wrongly_is_its_own_fault_in_one_sentence(
    offer: object, sentence: str, join: Any
) -> None:
    join(offer)

    with pytest.raises(ProviderFailed) as failure:
        enriched()

    assert sentence in str(failure.value)


def test_one_that_cannot_be_loaded_is_named_with_where_it_was_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = (EntryPoint("chamber", "no_such_package:offer", providers.GROUP),)
    monkeypatch.setattr(providers, "entry_points", lambda group: points)

    with pytest.raises(ProviderFailed, match=r"chamber \(no_such_package:offer\) cannot be loaded"):
        enriched()
