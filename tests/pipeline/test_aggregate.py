"""Aggregate: the best value of each field wins, and says where it came from."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE, Organisation
from hotpass.stages.aggregate import Aggregated, aggregate

PROFILE = Profile(name="test", columns={}, source_priority=("register*", "members*"))
SCHEMA: dict[str, Any] = {
    "organisation_id": pl.String,
    "source_file": pl.String,
    "source_sheet": pl.String,
    "source_row": pl.UInt32,
    **dict.fromkeys(INPUT_FIELDS, pl.String),
    "employees": pl.Int64,
    "last_contacted": pl.Date,
}
ONE = "org-000000000001"


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Build resolved rows; what is not given is null, the place is the row's own number."""
    full = [
        {"organisation_id": ONE, "source_file": "list.csv", "source_sheet": "list",
         "source_row": number + 2} | row
        for number, row in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame(full, schema=SCHEMA)


def kept(result: Aggregated, field: str) -> Any:
    return result.organisations[field][0]


def test_the_most_trusted_file_wins_before_a_later_contact() -> None:
    frame = frame_of(
        {"source_file": "members.csv", "phone": "+27215550001", "last_contacted": date(2024, 1, 1)},
        {"source_file": "old/Register 2019.csv", "phone": "+27215550002"},
        {"source_file": "list.csv", "phone": "+27215550003", "last_contacted": date(2025, 1, 1)},
    )

    assert kept(aggregate(frame, PROFILE), "phone") == "+27215550002"


def test_the_row_contacted_last_wins_among_files_of_one_trust() -> None:
    frame = frame_of(
        {"phone": "+27215550001", "last_contacted": date(2023, 1, 1), "town": "Paarl"},
        {"phone": "+27215550002", "last_contacted": date(2024, 1, 1)},
        {"phone": "+27215550003", "town": "Paarl"},
    )

    assert kept(aggregate(frame, PROFILE), "phone") == "+27215550002"


def test_the_fullest_row_wins_among_rows_of_one_date() -> None:
    frame = frame_of(
        {"phone": "+27215550001"}, {"phone": "+27215550002", "town": "Paarl", "notes": "x"}
    )

    assert kept(aggregate(frame, PROFILE), "phone") == "+27215550002"


def test_the_value_most_rows_agree_on_wins_among_equal_rows() -> None:
    frame = frame_of({"town": "Paarl"}, {"town": "Strand"}, {"town": "Strand"})

    assert kept(aggregate(frame, PROFILE), "town") == "Strand"


def test_the_first_in_the_alphabet_wins_wherever_it_stands_when_nothing_else_decides() -> None:
    rows: list[dict[str, Any]] = [{"town": "Strand"}, {"town": "Paarl"}]

    for ordered in (rows, rows[::-1]):
        assert kept(aggregate(frame_of(*ordered), PROFILE), "town") == "Paarl"


def test_a_blank_in_the_best_row_is_filled_from_the_next() -> None:
    frame = frame_of(
        {"source_file": "register.csv", "phone": "+27215550001"}, {"email": "info@karoo.co.za"}
    )

    result = aggregate(frame, PROFILE)

    assert (kept(result, "phone"), kept(result, "email")) == ("+27215550001", "info@karoo.co.za")


def test_a_role_is_never_given_to_another_person() -> None:
    frame = frame_of(
        {"source_file": "register.csv", "contact_name": "Thandi Nkosi"},
        {"contact_name": "Piet Botha", "contact_role": "Manager"},
    )

    result = aggregate(frame, PROFILE)

    assert (kept(result, "contact_name"), kept(result, "contact_role")) == ("Thandi Nkosi", None)


def test_a_role_comes_from_another_row_of_the_same_person() -> None:
    frame = frame_of(
        {"source_file": "register.csv", "contact_name": "Thandi Nkosi"},
        {"contact_name": "Thandi Nkosi", "contact_role": "Manager"},
    )

    assert kept(aggregate(frame, PROFILE), "contact_role") == "Manager"


def test_each_value_tells_its_place_and_how_many_values_it_won_over() -> None:
    frame = frame_of(
        {"source_file": "register.csv", "employees": 12},
        {"employees": 15},
        {"employees": 15},
        {"employees": 20},
    )

    origins = aggregate(frame, PROFILE).origins

    assert origins.rows() == [(ONE, "employees", "12", "register.csv", "list", 2, 2)]


def test_one_row_of_an_organisation_is_kept_and_the_others_are_merged() -> None:
    two = "org-000000000002"
    frame = frame_of(
        {"town": "Paarl"},
        {"organisation_id": two, "town": "Strand"},
        {"source_file": "register.csv", "town": "Paarl"},
    )

    rows = aggregate(frame, PROFILE).rows

    assert rows.select("source_file", "source_row", "organisation_id", "fate").rows() == [
        ("list.csv", 2, ONE, "merged"),
        ("list.csv", 3, two, "kept"),
        ("register.csv", 4, ONE, "kept"),
    ]


def test_organisations_have_the_columns_of_the_contract_sorted_by_name() -> None:
    frame = frame_of(
        {"organisation_id": "org-00000000000b", "organisation_name": "Zebra"},
        {"organisation_id": "org-00000000000c", "organisation_name": "Acacia"},
        {"organisation_id": "org-00000000000a", "organisation_name": "Acacia"},
    )

    organisations = aggregate(frame, PROFILE).organisations

    assert organisations.columns == list(Organisation.model_fields)
    assert [one[-1] for one in organisations["organisation_id"]] == ["a", "c", "b"]


def test_no_rows_give_no_organisations_and_all_columns() -> None:
    result = aggregate(frame_of(), PROFILE)

    assert result.organisations.columns == list(Organisation.model_fields)
    assert result.rows.columns == [*PLACE, "organisation_id", "fate"]
    assert result.origins.height == 0


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "organisation_id": st.sampled_from([ONE, "org-000000000002"]),
            "source_file": st.sampled_from(["register.csv", "list.csv"]),
            "town": st.sampled_from([None, "Paarl", "Strand"]),
            "contact_name": st.sampled_from([None, "Thandi", "Piet"]),
            "contact_role": st.sampled_from([None, "Manager", "Clerk"]),
            "employees": st.sampled_from([None, 1, 2]),
            "last_contacted": st.sampled_from([None, date(2024, 1, 1), date(2024, 2, 1)]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_the_outcome(rows: list[dict[str, Any]], random: Any) -> None:
    frame = frame_of(*rows)
    shuffled = frame[random.sample(range(frame.height), frame.height)]

    one, other = aggregate(frame, PROFILE), aggregate(shuffled, PROFILE)

    assert one.organisations.equals(other.organisations)
    assert one.origins.equals(other.origins)
    assert one.rows.sort(PLACE).equals(other.rows.sort(PLACE))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_every_row_is_counted_and_every_value_stands_where_its_origin_says(
    rows: list[dict[str, Any]],
) -> None:
    frame = frame_of(*rows)

    result = aggregate(frame, PROFILE)

    kept_rows = result.rows.filter(pl.col("fate") == "kept")
    assert result.organisations["source_count"].sum() == result.rows.height == frame.height
    assert kept_rows["organisation_id"].sort().to_list() == sorted(
        result.organisations["organisation_id"]
    )
    cells = frame.with_columns(pl.col(INPUT_FIELDS).cast(pl.String)).unpivot(
        INPUT_FIELDS, index=["organisation_id", *PLACE], variable_name="field"
    )
    stray = result.origins.join(cells, on=["organisation_id", *PLACE, "field", "value"], how="anti")
    assert stray.height == 0
