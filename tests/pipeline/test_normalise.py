"""Normalise: what people write becomes canonical, and what cannot be read is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PROVINCES
from hotpass.stages.normalise import Normalised, normalise

PROFILE = Profile(name="test", columns={})


def frame_of(field: str, values: list[str | None]) -> pl.DataFrame:
    rows = len(values)
    return pl.DataFrame(
        {
            "source_file": ["a.csv"] * rows,
            "source_sheet": ["a"] * rows,
            "source_row": pl.Series(range(2, rows + 2), dtype=pl.UInt32),
            **{name: [None] * rows for name in INPUT_FIELDS if name != field},
            field: values,
        },
        schema_overrides=dict.fromkeys(INPUT_FIELDS, pl.String),
    ).select("source_file", "source_sheet", "source_row", *INPUT_FIELDS)


def read_one(field: str, text: str, profile: Profile = PROFILE) -> tuple[Any, Normalised]:
    result = normalise(frame_of(field, [text]), profile)
    return result.frame[field][0], result


@pytest.mark.parametrize(
    "written",
    [
        "+27215550123", "021 555 0123", "(021) 555-0123", "215550123", "27215550123",
        "+27 (0)21 555 0123", "0027 21 555 0123", "+27-21-555-0123", "215550123.0",
        "2.15550123E8", "Tel: 021 555 0123", "021.555.0123", "\u00a0021 555 0123 ",
        "021 555 0123 ext 12",
    ],
)  # fmt: skip
def test_every_way_of_writing_a_phone_number_gives_the_same_e164(written: str) -> None:
    read, _ = read_one("phone", written)

    assert read == "+27215550123"


@pytest.mark.parametrize(
    "written", ["021 555 0123 / 082 123 4567", "021 555 0123; 0821234567",
                "0215550123 or 0821234567", "021 555 0123 082 123 4567"]
)  # fmt: skip
def test_the_first_of_two_phone_numbers_is_kept_and_the_other_reported(written: str) -> None:
    read, result = read_one("phone", written)

    assert read == "+27215550123"
    assert "+27821234567" in result.problems["problem"][0]


@pytest.mark.parametrize("written", ["12345", "call reception", "0821234", "021 555 01234 99999"])
def test_a_phone_number_that_cannot_be_dialled_becomes_null_and_is_reported(written: str) -> None:
    read, result = read_one("phone", written)

    assert read is None
    assert result.problems.select("field", "value", "source_row").rows() == [("phone", written, 2)]


def test_what_cannot_be_dialled_beside_a_number_is_reported() -> None:
    read, result = read_one("phone", "021 555 0123/4")

    assert read == "+27215550123"
    assert result.problems["problem"].to_list() == ["4 cannot be dialled."]


def test_a_foreign_number_keeps_its_country() -> None:
    assert read_one("phone", "+44 20 7946 0958")[0] == "+442079460958"


def test_the_profile_names_the_region_of_national_numbers() -> None:
    british = PROFILE.model_copy(update={"default_region": "GB"})

    assert read_one("phone", "020 7946 0958", british)[0] == "+442079460958"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.from_regex(r"(\+27|27|0027|0|)[1-9][0-9]{7,9}", fullmatch=True), min_size=20))
def test_the_fast_way_reads_phones_as_the_library_does(written: list[str]) -> None:
    def by_the_library(text: str) -> str | None:
        number = phonenumbers.parse(text, "ZA")
        national = phonenumbers.national_significant_number(number)
        sound = phonenumbers.is_valid_number(number) and len(national) >= 9
        return phonenumbers.format_number(number, 0) if sound else None

    read = normalise(frame_of("phone", list(written)), PROFILE).frame["phone"].to_list()

    assert read == [by_the_library(text) for text in written]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Info@Karoo.CO.ZA", "info@karoo.co.za"),
        ("mailto:info@karoo.co.za", "info@karoo.co.za"),
        ("Thandi <thandi@karoo.co.za>", "thandi@karoo.co.za"),
        ("info (at) karoo.co.za", "info@karoo.co.za"),
        ("info @ karoo.co.za.", "info@karoo.co.za"),
        ("info@", None),
        ("karoo.co.za", None),
        ("info@karoo", None),
        ("in..fo@karoo.co.za", None),
    ],
)
def test_emails_are_read_or_refused(written: str, expected: str | None) -> None:
    read, result = read_one("email", written)

    assert read == expected
    assert result.problems.height == (expected is None)


def test_the_first_of_several_emails_is_kept_and_the_others_reported() -> None:
    read, result = read_one("email", "not.one@x; info@karoo.co.za, sales@karoo.co.za")

    assert read == "info@karoo.co.za"
    assert "sales@karoo.co.za" in result.problems["problem"][0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("karoo.co.za", "https://karoo.co.za"),
        ("WWW.Karoo.co.za/", "https://www.karoo.co.za"),
        ("http://Karoo.co.za/About", "http://karoo.co.za/About"),
        ("http//karoo.co.za", "http://karoo.co.za"),
        ("htp://karoo.co.za", "https://karoo.co.za"),
        ("https://karoo.co.za:8443/x?y=1", "https://karoo.co.za:8443/x?y=1"),
        ("youtube.com/@karoo", "https://youtube.com/@karoo"),
        ("info@karoo.co.za", None),
        ("none yet", None),
        ("karoo.notatld", None),
    ],
)
def test_websites_are_read_or_refused(written: str, expected: str | None) -> None:
    read, result = read_one("website", written)

    assert read == expected
    assert result.problems.height == (expected is None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("KZN", "KwaZulu-Natal"), ("Kwa-Zulu Natal", "KwaZulu-Natal"), ("W. Cape", "Western Cape"),
        ("Wes-Kaap", "Western Cape"), ("vrystaat", "Free State"), ("Guateng", "Gauteng"),
        ("Mpumulanga", "Mpumalanga"), ("Nothern Cape", "Northern Cape"),
        ("NORTH-WEST", "North West"),
        ("Limpopo Prov.", "Limpopo"), ("KZ-Natal", "KwaZulu-Natal"),
        ("Noordwes", "North West"), ("Transvaal", None),
        ("Cape", None), ("Bavaria", None),
    ],
)  # fmt: skip
def test_provinces_are_read_in_every_spelling(written: str, expected: str | None) -> None:
    assert read_one("province", written)[0] == expected


def test_a_guessed_province_is_reported() -> None:
    _, result = read_one("province", "Guateng")

    assert result.problems["problem"].to_list() == ["Spelling unknown; taken for Gauteng."]


@pytest.mark.parametrize(
    ("field", "written", "expected"),
    [
        ("postcode", "81", "0081"),
        ("postcode", "81.0", "0081"),
        ("postcode", "ZA-8001", "8001"),
        ("postcode", "80011", None),
        ("postcode", "0000", None),
        ("registration_number", "2015/123456/07", "2015/123456/07"),
        ("registration_number", "CK 2005/12345/23", "2005/012345/23"),
        ("registration_number", "Reg. No: 201512345607", "2015/123456/07"),
        ("registration_number", "95/12345/07", "1995/012345/07"),
        ("registration_number", "123-456 NPO", None),
        ("employees", "12 people", 12),
        ("employees", "1 200", 1200),
        ("employees", "1,200", 1200),
        ("employees", "12.0", 12),
        ("employees", "50+", 50),
        ("employees", "10-50", None),
        ("employees", "several", None),
        ("town", "JHB", "Johannesburg"),
        ("town", "CAPE TOWN", "Cape Town"),
        ("town", "Nieu-Bethesda", "Nieu-Bethesda"),
        ("organisation_name", "  Karoo\u00a0 Aviation\tAcademy ", "Karoo Aviation Academy"),
        ("organisation_name", "CafÃ© Oâ€™Brien", "Café O’Brien"),
        ("organisation_name", "Cafe\u0301", "Café"),
        ("contact_name", "n/a", None),
        ("notes", "#REF!", None),
    ],
)
def test_other_fields_are_read_or_refused(field: str, written: str, expected: object) -> None:
    assert read_one(field, written)[0] == expected


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-05", "2024-03-05 00:00:00", "2024/3/5", "05/03/2024", "5.3.2024", "05-03-24",
        "5 March 2024", "5 Mrt 2024", "5th Mar, 2024", "March 5, 2024", "45356", "45356.0",
        "20240305", "Tue 5 March 2024", "2024-03-05T09:30:00Z", "05-Mar-24",
    ],
)  # fmt: skip
def test_every_way_of_writing_a_date_gives_the_same_day(written: str) -> None:
    assert read_one("last_contacted", written)[0] == date(2024, 3, 5)


def test_the_profile_says_whether_the_month_comes_first() -> None:
    month_first = PROFILE.model_copy(update={"day_first": False})

    assert read_one("last_contacted", "05/03/2024", month_first)[0] == date(2024, 5, 3)


@pytest.mark.parametrize("written", ["last week", "March 2024", "Monday", "31/02/2024", "12"])
def test_a_date_that_is_not_whole_becomes_null_and_is_reported(written: str) -> None:
    read, result = read_one("last_contacted", written)

    assert read is None
    assert result.problems["problem"].to_list() == ["Not a whole date."]


def test_rows_keep_their_number_and_order() -> None:
    frame = frame_of("phone", ["021 555 0123", None, "nonsense", "021 555 0123"])

    result = normalise(frame, PROFILE)

    assert result.frame["source_row"].to_list() == [2, 3, 4, 5]
    assert result.frame["phone"].to_list() == ["+27215550123", None, None, "+27215550123"]
    assert result.metrics["problems_phone"] == 1


def test_an_empty_frame_keeps_its_columns_and_types() -> None:
    result = normalise(frame_of("phone", []), PROFILE)

    assert result.frame.schema["employees"] == pl.Int64
    assert result.frame.schema["last_contacted"] == pl.Date
    assert result.problems.columns[-3:] == ["field", "value", "problem"]


ALPHABET = st.sampled_from("aZ é09 +-()/.,;:@'’\u00a0Ã©â€™ÅÂ\ufffd\u200bextCapeKZNza")
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(ALPHABET, max_size=30),
    st.from_regex(r"[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}", fullmatch=True),
    st.from_regex(r"(\+|0)?[0-9 ()-]{5,14}", fullmatch=True),
    st.from_regex(r"[A-Za-z.]{1,8} ?@ ?[A-Za-z0-9.-]{1,12}\.(co\.za|com)", fullmatch=True),
    st.from_regex(
        r"(https?:?//?)?(www\.)?[A-Za-z-]{1,9}\.(co\.za|com)[/A-Z?.]{0,4}", fullmatch=True
    ),
    st.sampled_from(PROVINCES).map(lambda name: name[1:]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(INPUT_FIELDS), TEXTS), min_size=1, max_size=6))
def test_normalising_twice_changes_nothing_more(cells: list[tuple[str, str]]) -> None:
    frame = pl.concat([frame_of(field, [text]) for field, text in cells])

    once = normalise(frame, PROFILE).frame
    twice = normalise(once, PROFILE).frame

    assert twice.equals(once)
