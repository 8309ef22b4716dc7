"""validate: the contract's verdict on organisations, and the fate of every row."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.contracts.frame import dtypes
from hotpass.contracts.organisation import ORGANISATIONS
from hotpass.contracts.validator import Validator
from hotpass.errors import InternalError
from hotpass.stages.validate import validate

GOOD, BAD, WORSE = "org-000000000001", "org-000000000002", "org-000000000003"
LEDGER = pl.Schema(
    {
        "source_file": pl.String,
        "source_sheet": pl.String,
        "source_row": pl.UInt32,
        "organisation_id": pl.String,
        "fate": pl.String,
    }
)


def organisations(*found: dict[str, Any]) -> pl.DataFrame:
    names = dtypes(ORGANISATIONS)
    full = [{"organisation_name": "N", "source_count": 1, **row} for row in found]
    return pl.DataFrame([{name: row.get(name) for name in names} for row in full], schema=names)


def ledger(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [("a.xlsx", "S", number, who, fate) for number, (who, fate) in enumerate(rows, start=2)],
        schema=LEDGER,
        orient="row",
    )


def test_an_organisation_that_breaks_a_rule_takes_all_its_rows_with_it() -> None:
    validated = validate(
        organisations({"organisation_id": GOOD}, {"organisation_id": BAD, "postcode": "81"}),
        ledger((GOOD, "kept"), (BAD, "kept"), (GOOD, "merged"), (BAD, "merged")),
    )

    assert validated.organisations["organisation_id"].to_list() == [GOOD]
    assert validated.rows.select("source_row", "fate", "reason").rows() == [
        (2, "kept", None),
        (3, "rejected", "postcode breaks pattern"),
        (4, "merged", None),
        (5, "rejected", "postcode breaks pattern"),
    ]


def test_each_violation_is_listed_for_each_input_row() -> None:
    bad = {"organisation_id": BAD, "organisation_name": None, "employees": -1}

    validated = validate(organisations(bad), ledger((BAD, "kept"), (BAD, "merged")))

    assert validated.rejected.drop("source_file", "source_sheet", "organisation_id").rows() == [
        (2, "organisation_name", "required", None),
        (2, "employees", "minimum", "-1"),
        (3, "organisation_name", "required", None),
        (3, "employees", "minimum", "-1"),
    ]


def test_a_reason_names_every_broken_rule_once() -> None:
    bad = {"organisation_id": BAD, "organisation_name": None, "employees": -1}

    validated = validate(organisations(bad), ledger((BAD, "kept")))

    assert validated.rows["reason"].to_list() == [
        "organisation_name breaks required; employees breaks minimum"
    ]


def test_no_organisations_at_all_are_valid() -> None:
    validated = validate(organisations(), ledger())

    assert validated.metrics["kept"] == 0
    assert validated.rejected.is_empty()


def test_a_row_of_an_unknown_organisation_is_a_defect() -> None:
    with pytest.raises(InternalError, match=r"1 input rows belong to no .* a\.xlsx/S/3"):
        validate(organisations({"organisation_id": GOOD}), ledger((GOOD, "kept"), (BAD, "kept")))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from([GOOD, BAD, WORSE]), st.sampled_from(["kept", "merged"])))
)
def test_every_row_of_the_ledger_keeps_its_place_and_gets_one_fate(
    rows: list[tuple[str, str]],
) -> None:
    known = organisations(
        {"organisation_id": GOOD},
        {"organisation_id": BAD, "phone": "021"},
        {"organisation_id": WORSE, "phone": "021", "email": "nobody"},
    )

    validated = validate(known, ledger(*rows))

    assert validated.rows["source_row"].to_list() == list(range(2, len(rows) + 2))
    assert validated.rows["fate"].to_list() == [
        fate if who == GOOD else "rejected" for who, fate in rows
    ]


def test_what_a_profile_asks_for_beside_the_contract_rejects_too() -> None:
    rules = {
        "phone": Validator(required=True, pattern=r"^\+27"),
        "employees": Validator(minimum=1, maximum=9),
        "category": Validator(choices=("School",)),
    }
    good = {"organisation_id": GOOD, "phone": "+27215550123", "employees": None}
    bad = {"organisation_id": BAD, "phone": "+26461222000", "employees": 10, "category": "Club"}
    worse = {"organisation_id": WORSE, "phone": None, "employees": 9, "category": "School"}

    validated = validate(
        organisations(good, bad, worse),
        ledger((GOOD, "kept"), (BAD, "kept"), (WORSE, "kept")),
        rules,
    )

    assert validated.organisations["organisation_id"].to_list() == [GOOD]
    assert validated.rejected.select("organisation_id", "field", "rule", "value").rows() == [
        (BAD, "category", "profile choices", "Club"),
        (BAD, "phone", "profile pattern", "+26461222000"),
        (BAD, "employees", "profile maximum", "10"),
        (WORSE, "phone", "profile required", None),
    ]
