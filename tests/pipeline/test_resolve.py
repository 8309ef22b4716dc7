"""Resolve: rows of one organisation get one identifier, and no others."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.stages.resolve import resolve

PROFILE = Profile(name="test", columns={})
SCHEMA: dict[str, Any] = {
    "source_file": pl.String,
    "source_sheet": pl.String,
    "source_row": pl.UInt32,
    **dict.fromkeys(INPUT_FIELDS, pl.String),
    "employees": pl.Int64,
    "last_contacted": pl.Date,
}
KAROO = {
    "organisation_name": "Karoo Aviation Academy (Pty) Ltd",
    "registration_number": "2015/123456/07",
    "phone": "+27215550123",
    "email": "info@karooaviation.co.za",
    "website": "https://www.karooaviation.co.za",
    "address": "12 Church Street",
    "town": "Beaufort West",
    "province": "Western Cape",
    "postcode": "6970",
}
HIGHVELD = {
    "organisation_name": "Highveld Rotor Services CC",
    "phone": "+27115550199",
    "email": "office@highveldrotor.co.za",
    "town": "Midrand",
    "province": "Gauteng",
    "postcode": "1685",
}


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    places = [
        {"source_file": "list.csv", "source_sheet": "list", "source_row": number + 2}
        for number in range(len(rows))
    ]
    return pl.DataFrame(
        [place | row for place, row in zip(places, rows, strict=True)], schema=SCHEMA
    )


def groups(*rows: dict[str, Any], profile: Profile = PROFILE) -> list[int]:
    """Return for each row the number of its organisation, in order of first appearance."""
    ids = resolve(frame_of(*rows), profile).frame["organisation_id"].to_list()
    order = list(dict.fromkeys(ids))
    return [order.index(one) for one in ids]


def without(row: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {field: value for field, value in row.items() if field not in fields}


@pytest.mark.parametrize(
    "spelling",
    [
        "KAROO AVIATION ACADEMY PTY LTD",
        "Karoo Aviation Acad.",
        "Karoo Aviaton Academy",
        "Academy, Karoo Aviation",
        "The Karoo Aviation Academy",
        "Karoo Aviation",
    ],
)
@pytest.mark.parametrize("shared", ["phone", "email", "website"])
def test_a_spelling_of_a_name_with_one_shared_contact_is_the_same(
    spelling: str, shared: str
) -> None:
    other = {"organisation_name": spelling, shared: KAROO[shared], "town": KAROO["town"]}

    assert groups(KAROO, other, HIGHVELD) == [0, 0, 1]


def test_one_registration_number_outweighs_another_name() -> None:
    renamed = {
        "organisation_name": "Karoo Flying School",
        "registration_number": KAROO["registration_number"],
        "town": "Beaufort West",
    }

    assert groups(KAROO, renamed, HIGHVELD) == [0, 0, 1]


def test_two_registration_numbers_are_never_one_organisation() -> None:
    sister = KAROO | {"registration_number": "2019/654321/07"}
    between = without(KAROO, "registration_number")

    one, other, _ = groups(KAROO, sister, between)

    assert one != other


def test_a_shared_switchboard_does_not_merge_two_names() -> None:
    tenant = {
        "organisation_name": "Drakensberg Dental Supplies",
        "phone": KAROO["phone"],
        "address": KAROO["address"],
        "town": KAROO["town"],
    }

    assert groups(KAROO, tenant) == [0, 1]


def test_a_namesake_in_another_province_is_another_organisation() -> None:
    here = {"organisation_name": "Sunrise Primary School", "town": "Paarl",
            "province": "Western Cape", "phone": "+27215550001"}  # fmt: skip
    there = {"organisation_name": "Sunrise Primary School", "town": "Durban",
             "province": "KwaZulu-Natal", "phone": "+27315550001"}  # fmt: skip

    assert groups(here, there) == [0, 1]


def test_a_chain_of_likenesses_does_not_merge_its_ends() -> None:
    rows = [
        {"organisation_name": "Karoo Aviation", "phone": "+27215550001", "town": "Paarl",
         "registration_number": "2001/000001/07"},
        {"organisation_name": "Karoo Aviation Highveld Rotor", "phone": "+27215550001"},
        {"organisation_name": "Highveld Rotor", "phone": "+27215550001", "town": "Midrand",
         "registration_number": "2002/000002/07"},
    ]  # fmt: skip

    first, _, last = groups(*rows)

    assert first != last


def test_a_name_that_stands_nowhere_with_a_town_is_as_rare_as_any() -> None:
    one = without(KAROO, "town", "province", "postcode", "address", "registration_number")
    misspelt = without(one, "phone", "website") | {"organisation_name": "Karoo Aviaton Academy"}

    assert groups(one, misspelt, HIGHVELD) == [0, 0, 1]


def test_a_town_in_capitals_or_told_by_its_postcode_is_the_same_town() -> None:
    name = {"organisation_name": "Overberg South Distribution CC"}

    assert groups(
        name | {"town": "MIDDELBURG"},
        name | {"town": "Middelburg"},
        HIGHVELD,
        name | {"town": "Kuruman"},
        name | {"postcode": "8460"},
    ) == [0, 0, 1, 2, 2]


def test_a_box_and_a_street_address_do_not_contradict_each_other() -> None:
    box = KAROO | {"address": "PO Box 77", "phone": None, "registration_number": None}
    street = without(KAROO, "email", "website")

    assert groups(box, street, HIGHVELD) == [0, 0, 1]


def test_an_organisation_of_very_many_rows_is_one() -> None:
    rows = [without(KAROO, "registration_number") | {"notes": f"Call {n}"} for n in range(130)]

    assert set(groups(*rows)) == {0}


def test_very_many_rows_with_two_registration_numbers_are_parted() -> None:
    numbers = ("2015/123456/07", "2019/654321/07")
    rows = [KAROO | {"registration_number": numbers[n % 2], "notes": f"{n}"} for n in range(130)]

    assert groups(*rows) == [0, 1] * 65


def test_copies_of_a_row_are_one_organisation() -> None:
    assert groups(HIGHVELD, HIGHVELD, HIGHVELD) == [0, 0, 0]


def test_without_resolving_every_row_is_an_organisation_of_its_own() -> None:
    profile = PROFILE.model_copy(update={"resolve_duplicates": False})

    assert groups(HIGHVELD, HIGHVELD, KAROO, profile=profile) == [0, 1, 2]


@pytest.mark.parametrize("rows", [(), (KAROO,), ({},), ({}, {}), (KAROO, HIGHVELD, {})])
def test_few_rows_are_resolved_too(rows: tuple[dict[str, Any], ...]) -> None:
    result = resolve(frame_of(*rows), PROFILE)

    ids = result.frame["organisation_id"].to_list()
    assert len(ids) == len(rows)
    assert all(re.fullmatch(r"org-[0-9a-f]{12}", one) for one in ids)


def test_another_copy_of_a_row_leaves_its_identifier_as_it_was() -> None:
    before = resolve(frame_of(KAROO, HIGHVELD), PROFILE).frame["organisation_id"].to_list()

    after = resolve(frame_of(KAROO, HIGHVELD, KAROO), PROFILE).frame["organisation_id"].to_list()

    assert after == [*before, before[0]]


def test_rows_keep_their_order_and_content() -> None:
    frame = frame_of(HIGHVELD, KAROO, {}, KAROO)

    assert resolve(frame, PROFILE).frame.drop("organisation_id").equals(frame)


NAMES = st.sampled_from(
    ["Karoo Aviation", "Karoo Aviaton", "Karoo Air", "Highveld Rotor", "Rotor Highveld", None]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "organisation_name": NAMES,
            "phone": st.sampled_from([None, "+27215550001", "+27215550002"]),
            "town": st.sampled_from([None, "Paarl", "Midrand"]),
            "registration_number": st.sampled_from([None, "2001/000001/07", "2002/000002/07"]),
        }
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=10, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_who_is_who(rows: list[dict[str, Any]], random: Any) -> None:
    frame = frame_of(*rows)
    shuffled = frame[random.sample(range(frame.height), frame.height)]

    one = resolve(frame, PROFILE).frame.sort("source_row")
    other = resolve(shuffled, PROFILE).frame.sort("source_row")

    assert one.equals(other)


@settings(max_examples=10, deadline=None)
@given(ROWS)
def test_no_organisation_has_two_registration_numbers(rows: list[dict[str, Any]]) -> None:
    resolved = resolve(frame_of(*rows), PROFILE).frame

    numbers = resolved.group_by("organisation_id").agg(
        pl.col("registration_number").drop_nulls().n_unique()
    )
    assert numbers["registration_number"].max() in (0, 1)
