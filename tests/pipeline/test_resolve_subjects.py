"""Linking: rows of any subject, from a declaration of what each field is."""

from __future__ import annotations

import polars as pl

from hotpass.stages.resolve.linking import link
from hotpass.stages.resolve.subject import Subject

PERSON = Subject(
    {
        "first_name": "name",
        "last_name": "name",
        "born": "date",
        "number": "typed_identifier",
        "street": "address",
        "city": "town",
    }
)
ANNA = {"first_name": "Anna", "last_name": "Ndlovu", "born": "19800214", "number": "4418205",
        "street": "12 Kingfisher Crescent", "city": "Paarl"}  # fmt: skip
PIETER = {"first_name": "Pieter", "last_name": "Botha", "born": "19711130", "number": "9027713",
          "street": "3 Acacia Lane", "city": "Knysna"}  # fmt: skip
SITE = {"name": "name", "phone": "phone", "street": "location"}


def clusters_of(subject: Subject, *rows: dict[str, str | None]) -> list[int]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(subject.kinds, pl.String))
    return link(frame, subject).clusters.sort("record")["cluster"].to_list()


def test_a_person_with_names_turned_and_a_slip_in_each_number_is_the_same() -> None:
    turned = ANNA | {"first_name": "Ndlovu", "last_name": "Anna", "number": "4418250",
                     "born": "19800241"}  # fmt: skip

    assert clusters_of(PERSON, ANNA, turned, PIETER) == [0, 0, 2]


def test_a_namesake_with_another_date_number_and_home_is_another_person() -> None:
    namesake = PIETER | {"first_name": "Anna", "last_name": "Ndlovu"}

    assert clusters_of(PERSON, ANNA, namesake) == [0, 1]


def test_a_new_home_and_surname_leave_a_person_the_same() -> None:
    married = ANNA | {"last_name": "Botha", "street": "3 Acacia Lane", "city": "Knysna"}

    assert clusters_of(PERSON, ANNA, married, PIETER) == [0, 0, 2]


def test_what_may_move_is_one_at_two_addresses_and_what_stands_is_two() -> None:
    rows = [
        {"name": "Rainbow Nursery", "phone": "5550123", "street": "12 Church Street"},
        {"name": "Rainbow Nursery", "phone": "5550123", "street": "480 Mill Road"},
    ]

    assert clusters_of(Subject({**SITE, "street": "address"}), *rows) == [0, 0]
    assert clusters_of(Subject({**SITE, "street": "location"}), *rows) == [0, 1]


def test_fields_that_are_not_declared_do_not_count() -> None:
    frame = pl.DataFrame({"name": ["Anna Ndlovu", "Pieter Botha"], "notes": ["same", "same"]})

    linked = link(frame, Subject({"name": "name"}))

    assert linked.clusters["cluster"].to_list() == [0, 1]
