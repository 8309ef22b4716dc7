"""Every value that was won over is listed once, with the merit that decided."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.stages.aggregate import Aggregated, aggregate

PROFILE = Profile(name="p", columns={}, source_priority=("good*",))
DTYPES = {"employees": pl.Int64, "last_contacted": pl.Date}


def aggregated(*rows: dict[str, Any]) -> Aggregated:
    schema = {
        "organisation_id": pl.String,
        "source_file": pl.String,
        "source_sheet": pl.String,
        "source_row": pl.UInt32,
        **{name: DTYPES.get(name, pl.String) for name in INPUT_FIELDS},
    }
    full = [
        {"organisation_id": "org-1", "source_file": "a.csv", "source_sheet": "", **row}
        | {"source_row": number}
        for number, row in enumerate(rows, start=2)
    ]
    return aggregate(pl.DataFrame(full, schema=schema), PROFILE)


OLD, NEW = date(2020, 1, 1), date(2021, 1, 1)


@pytest.mark.parametrize(
    ("winner", "loser", "why"),
    [
        ({"source_file": "good.csv"}, {"town": "X"}, "its file is less trusted"),
        ({"last_contacted": NEW}, {}, "its row has no contact, the other's is of 2021-01-01"),
        (
            {"last_contacted": NEW},
            {"last_contacted": OLD},
            "its row's contact of 2020-01-01 is older",
        ),
        ({"town": "X"}, {}, "its row has 1 values, the other 2"),
        ({}, {}, "equal in all else, it comes later in order of contents"),
    ],
)
def test_the_reason_is_the_first_merit_in_which_they_differ(
    winner: dict[str, Any], loser: dict[str, Any], why: str
) -> None:
    lost = aggregated({"phone": "2", **loser}, {"phone": "1", **winner}).lost

    (row,) = lost.filter(pl.col("field") == "phone").to_dicts()
    assert (row["value"], row["source_row"], row["rows"], row["why"]) == ("2", 2, 1, why)


def test_a_value_that_fewer_rows_hold_loses_to_one_that_more_hold() -> None:
    lost = aggregated({"phone": "1"}, {"phone": "2"}, {"phone": "2"}).lost

    assert lost["why"].to_list() == ["1 rows agree on it, on the other 2"]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "organisation_id": st.sampled_from(["org-1", "org-2"]),
            "source_file": st.sampled_from(["a.csv", "good.csv"]),
            "phone": st.sampled_from([None, "1", "2"]),
            "contact_name": st.sampled_from([None, "Ann", "Ben"]),
            "contact_role": st.sampled_from([None, "Owner", "Clerk"]),
            "employees": st.sampled_from([None, 1, 2]),
            "last_contacted": st.sampled_from([None, OLD, NEW]),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20)
@given(ROWS)
def test_as_many_values_are_listed_as_the_origins_say_were_lost(rows: list[dict[str, Any]]) -> None:
    result = aggregated(*rows)

    listed = result.lost.group_by("organisation_id", "field").len("listed")
    both = result.origins.join(listed, on=["organisation_id", "field"], how="left")
    assert both["listed"].fill_null(0).to_list() == both["lost"].to_list()
    won = result.origins.select("organisation_id", "field", "value")
    assert result.lost.join(won, on=won.columns, how="semi").is_empty()
    assert result.lost.unique(["organisation_id", "field", "value"]).height == result.lost.height
