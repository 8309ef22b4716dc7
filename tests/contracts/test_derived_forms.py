"""One model, many faces: every derived form judges a row as the model does."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import jsonschema
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from hotpass.contracts.contract import Contract, columns
from hotpass.contracts.documents import json_schema, table_schema
from hotpass.contracts.frame import dtypes, violations
from hotpass.contracts.organisation import ORGANISATIONS, PROVINCES, Organisation

VALID: dict[str, Any] = {
    "organisation_id": "org-3f9a0c12be77",
    "organisation_name": "Karoo Aviation Academy (Pty) Ltd",
    "registration_number": "2015/123456/07",
    "phone": "+27215550123",
    "email": "info@karoo.co.za",
    "website": "https://karoo.co.za",
    "province": "Western Cape",
    "postcode": "0081",
    "employees": 12,
    "last_contacted": date(2024, 2, 29),
    "source_count": 2,
}

# A final newline is left out: Python's `$`, which only the JSON Schema library here uses,
# matches before it; the model, polars and ECMA regular expressions do not.
texts = st.text(st.characters(codec="ascii", min_codepoint=32), max_size=12)
values: dict[str, st.SearchStrategy[Any]] = {
    "organisation_id": st.from_regex(r"org-[0-9a-f]{11,13}", fullmatch=True),
    "organisation_name": st.none() | st.integers(0, 203).map("n".__mul__),
    "registration_number": st.none()
    | st.from_regex(r"[0-9]{4}/[0-9]{5,7}/[0-9]{2}", fullmatch=True)
    | st.just("٢٠١٥/١٢٣٤٥٦/٠٧"),
    "category": st.none() | texts | st.just("c" * 2001),
    "phone": st.none() | st.from_regex(r"\+[0-9]{5,17}", fullmatch=True) | texts,
    "email": st.none() | st.from_regex(r"[a-z]{1,3}@[a-z. @]{1,6}", fullmatch=True),
    "website": st.none() | st.from_regex(r"(https?|ftp)://[a-z./ ]{0,8}", fullmatch=True),
    "province": st.none() | st.sampled_from([*PROVINCES, "Gauteng ", "gauteng"]),
    "postcode": st.none() | st.from_regex(r"[0-9]{3,5}", fullmatch=True) | st.just("٠٠٨١"),
    "employees": st.none() | st.integers(-2, 2) | st.integers(9_999_999, 10_000_001),
    "last_contacted": st.none() | st.dates(),
    "source_count": st.none() | st.integers(-1, 3),
}
rows = st.fixed_dictionaries({name: st.just(VALID[name]) | values[name] for name in VALID})


def frame_of(*found: dict[str, Any]) -> pl.DataFrame:
    full = [{name: row.get(name) for name in Organisation.model_fields} for row in found]
    return pl.DataFrame(full, schema=dtypes(ORGANISATIONS))


@given(rows)
@example(VALID)
def test_the_frame_schema_finds_the_same_bad_fields_as_the_model(row: dict[str, Any]) -> None:
    try:
        Organisation.model_validate(row)
        bad_fields = set()
    except ValidationError as error:
        bad_fields = {problem["loc"][0] for problem in error.errors()}

    assert set(violations(ORGANISATIONS, frame_of(row))["field"]) == bad_fields


@given(rows)
@example(VALID)
def test_the_json_schema_accepts_the_same_rows_as_the_model(row: dict[str, Any]) -> None:
    document = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()
    }
    try:
        Organisation.model_validate(row)
        accepted = True
    except ValidationError:
        accepted = False

    assert _accepts(json_schema(ORGANISATIONS), document) == accepted


def test_a_final_newline_is_no_part_of_a_phone_number() -> None:
    found = violations(ORGANISATIONS, frame_of({**VALID, "phone": "+27215550123\n"}))

    assert found.rows() == [(0, "phone", "pattern", "+27215550123\n")]


def test_every_row_that_shares_an_identifier_is_named() -> None:
    other = {**VALID, "organisation_id": "org-000000000000"}

    found = violations(ORGANISATIONS, frame_of(VALID, other, VALID))

    assert found.rows() == [
        (0, "organisation_id", "unique", "org-3f9a0c12be77"),
        (2, "organisation_id", "unique", "org-3f9a0c12be77"),
    ]


def test_a_switch_that_turns_pandera_off_does_not_turn_the_contract_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pandera.config.CONFIG.validation_enabled", False)

    found = violations(ORGANISATIONS, frame_of({**VALID, "postcode": "81"}))

    assert found.rows() == [(0, "postcode", "pattern", "81")]


def test_a_frame_of_other_columns_is_refused() -> None:
    with pytest.raises(TypeError, match="not a frame of organisation"):
        violations(ORGANISATIONS, frame_of(VALID).drop("notes"))


def test_the_table_schema_holds_every_rule_of_the_model() -> None:
    fields = {field["name"]: field for field in table_schema(ORGANISATIONS)["fields"]}

    assert list(fields) == list(Organisation.model_fields)
    assert fields["employees"]["constraints"] == {"minimum": 0, "maximum": 10_000_000}
    assert fields["organisation_id"]["constraints"]["unique"] is True
    assert fields["province"]["constraints"] == {"enum": list(PROVINCES)}
    assert fields["last_contacted"]["type"] == "date"


def test_a_rule_that_no_derived_form_knows_is_refused() -> None:
    class Sieve(BaseModel):
        size: Annotated[int, Field(multiple_of=5)]

    with pytest.raises(TypeError, match=r"sieve\.size: no derived form knows \['multipleOf'\]"):
        columns(Contract(name="sieve", model=Sieve, unique=()))


def _accepts(schema: dict[str, Any], document: dict[str, Any]) -> bool:
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema).is_valid(document)
