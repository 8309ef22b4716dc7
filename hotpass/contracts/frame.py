"""A contract as a frame schema: which cells of a frame break which rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandera.errors
import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context

from hotpass.contracts.contract import Column, Contract, Kind, columns
from hotpass.contracts.validator import Validator

DTYPES: dict[Kind, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "date": pl.Date,
}
VIOLATIONS = pl.Schema(
    {"row": pl.UInt32, "field": pl.String, "rule": pl.String, "value": pl.String}
)
PANDERA_RULES = {"not_nullable": "required", "field_uniqueness": "unique"}

Rule = Callable[[pl.Expr], pl.Expr]


def dtypes(contract: Contract) -> pl.Schema:
    """Return the column names and types of a frame under this contract, in order."""
    return pl.Schema({column.name: DTYPES[column.kind] for column in columns(contract)})


def frame_schema(contract: Contract) -> pa.DataFrameSchema:
    """Derive the pandera schema: exact columns, in order, each with its rules by name."""
    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                DTYPES[column.kind],
                checks=[_check(name, rule) for name, rule in _rules(column)],
                nullable=not column.required,
                unique=column.unique,
            )
            for column in columns(contract)
        },
        name=contract.name,
        strict=True,
        ordered=True,
    )


def violations(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """List every cell that breaks a rule: row (from 0), field, rule, value as text.

    The frame must have the contract's columns and types (`dtypes`); TypeError otherwise.
    Sorted by row, then by the contract's order of fields.
    """
    if frame.schema != dtypes(contract):
        raise TypeError(f"not a frame of {contract.name}: {frame.schema} != {dtypes(contract)}")
    # Whoever set PANDERA_VALIDATION_ENABLED=False meant another program's checks.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            frame_schema(contract).validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            return _sorted(contract, error.failure_cases)
    return VIOLATIONS.to_frame()


def stricter_violations(frame: pl.DataFrame, validators: Mapping[str, Validator]) -> pl.DataFrame:
    """List every cell that breaks a rule of a profile, as `violations` lists those of a contract.

    The rules are named `profile pattern` and so on, to tell them from the contract's. What the
    contract allows to be empty is held against no rule but `required`.
    """
    numbered = frame.with_row_index("row")
    broken = [
        numbered.filter(~rule(pl.col(field))).select(
            "row",
            field=pl.lit(field),
            rule=pl.lit(f"profile {name}"),
            value=pl.col(field).cast(pl.String),
        )
        for field, validator in validators.items()
        for name, rule in _stricter_rules(validator)
    ]
    order = {name: position for position, name in enumerate(frame.columns)}
    found = pl.concat([VIOLATIONS.to_frame(), *(each.cast(VIOLATIONS) for each in broken)])
    return found.sort("row", pl.col("field").replace_strict(order, return_dtype=pl.UInt32), "rule")


def _stricter_rules(validator: Validator) -> Iterator[tuple[str, Rule]]:
    if validator.required:
        yield "required", lambda value: value.is_not_null()
    yield from _rules(validator)


def _rules(column: Column | Validator) -> Iterator[tuple[str, Rule]]:
    if (pattern := column.pattern) is not None:
        yield "pattern", lambda value: value.str.contains(pattern)
    if (shortest := column.min_length) is not None:
        yield "min_length", lambda value: value.str.len_chars() >= shortest
    if (longest := column.max_length) is not None:
        yield "max_length", lambda value: value.str.len_chars() <= longest
    if (minimum := column.minimum) is not None:
        yield "minimum", lambda value: value >= minimum
    if (maximum := column.maximum) is not None:
        yield "maximum", lambda value: value <= maximum
    if (choices := column.choices) is not None:
        yield "choices", lambda value: value.is_in(choices)


def _check(name: str, rule: Rule) -> pa.Check:
    def keeps(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(rule(pl.col(data.key)))

    return pa.Check(keeps, name=name, error=name)


def _sorted(contract: Contract, cases: pl.DataFrame) -> pl.DataFrame:
    order = {name: position for position, name in enumerate(dtypes(contract))}
    return (
        cases.select(
            pl.col("index").cast(pl.UInt32).alias("row"),
            pl.col("column").alias("field"),
            pl.col("check").replace(PANDERA_RULES).alias("rule"),
            # pandera writes a missing value as the text "null".
            pl.when(pl.col("check") != "not_nullable").then("failure_case").alias("value"),
        )
        .sort("row", pl.col("field").replace_strict(order), "rule")
        .cast(VIOLATIONS)
    )
