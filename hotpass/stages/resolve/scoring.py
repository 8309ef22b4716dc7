"""Scoring: the odds that two records are one organisation, by splink on DuckDB.

A Fellegi-Sunter model with parameters that are stated here instead of trained: training needs
many rows and gives another model for every input. What does adapt to the data is how much an
agreement says: the frequency of each name, number and word among the records at hand.
"""

from __future__ import annotations

import logging
import math
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator

from hotpass.stages.resolve.keys import BACKGROUND

SHARED = (
    "coalesce(list_sum(list_transform(list_intersect(tokens, others), lambda t: t & 255)), 0) / 8.0"
)
EVIDENCE = f"""
create or replace macro evidence(tokens, others, bits, other_bits) as
    1.45 * {SHARED} - 0.15 * greatest(bits, other_bits) - 0.45 * least(bits, other_bits)
"""
EVIDENCE_STEPS = (24, 20, 16, 13, 10, 7, 4, 1, -2)


def score_pairs(
    keys: pl.DataFrame, pairs: pl.DataFrame, least_weight: float | None
) -> pl.DataFrame:
    """Return left, right and `weight` (log2 of the odds) of the pairs that weigh enough."""
    if pairs.is_empty():
        return pairs.with_columns(weight=pl.lit(None, dtype=pl.Float64))
    connection = duckdb.connect(":memory:")
    connection.execute(EVIDENCE)
    database = DuckDBAPI(connection)
    linker = Linker(
        database.register(keys.rename({"record": "unique_id"}).to_arrow()),
        _settings(keys.height),
        log_level=logging.WARNING,
        validate_settings=False,
    )
    for column, table in _term_frequencies(keys).items():
        linker.table_management.register_term_frequency_lookup(
            database.register(table.to_arrow()), column
        )
    linker.table_management.register_blocked_pairs_for_predict(
        database.register(
            pairs.select(match_key=pl.lit("0"), join_key_l="left", join_key_r="right").to_arrow()
        )
    )
    scored = linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")
    result: pl.DataFrame = connection.sql(
        f"select unique_id_l as left, unique_id_r as right, match_weight as weight "
        f"from {scored.physical_name}"
    ).pl()
    connection.close()
    return result.sort("left", "right")


def _settings(records: int) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        # Of all others, about one is the same organisation.
        probability_two_random_records_match=1 / (records + BACKGROUND),
        comparisons=[
            _compare_names(records),
            _compare_registrations(records),
            _compare_phones(records),
            _compare_domains(records),
            _compare_places(records),
        ],
        blocking_rules_to_generate_predictions=[],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def _compare_names(records: int) -> dict[str, Any]:
    base = 1 / (records + BACKGROUND)
    alike = "jaro_winkler_similarity(letters_l, letters_r) >= 0.9 and length(letters_l) >= 8"
    levels = [
        _null("name_key"),
        _level("name_key_l = name_key_r", 0.5, base, term="name_key"),
        _level(
            f"{alike} and damerau_levenshtein(letters_l, letters_r) <= 1",
            0.2,
            base * 1.5,
            term="name_key",
        ),
        _level(
            f"{alike} and damerau_levenshtein(letters_l, letters_r) = 2",
            0.1,
            base * 4,
            term="name_key",
        ),
        *_token_levels("name", records),
        _else(0.02, 0.98),
    ]
    return {"output_column_name": "name", "comparison_levels": levels}


def _compare_registrations(records: int) -> dict[str, Any]:
    """A number is given to one company only: it is shared by a slip, or not at all."""
    levels = [
        _null("registration"),
        _level("registration_l = registration_r", 0.9, 0.001 / (records + BACKGROUND)),
        _else(0.001, 0.99),
    ]
    return {"output_column_name": "registration", "comparison_levels": levels}


def _compare_phones(records: int) -> dict[str, Any]:
    levels = [
        _null("phone"),
        _level("phone_l = phone_r", 0.75, 1 / (records + BACKGROUND), term="phone"),
        _else(0.3, 0.99),
    ]
    return {"output_column_name": "phone", "comparison_levels": levels}


def _compare_domains(records: int) -> dict[str, Any]:
    base = 1 / (records + BACKGROUND)
    neither = "(email_l is null or email_r is null) and (domain_l is null or domain_r is null)"
    levels = [
        {"sql_condition": neither, "label_for_charts": "unknown", "is_null_level": True},
        _level("email_l = email_r", 0.6, base, term="email"),
        _level("domain_l = domain_r", 0.25, base, term="domain"),
        _level("domain_l <> domain_r", 0.1, 0.95),
        _else(0.4, 0.99),
    ]
    return {"output_column_name": "domain", "comparison_levels": levels}


def _compare_places(records: int) -> dict[str, Any]:
    """Address, postcode, town and province say the same thing more or less exactly: one voice."""
    columns = ("address_key", "town", "postcode", "province")
    unknown = " and ".join(f"({c}_l is null or {c}_r is null)" for c in columns)
    near = "coalesce(town_l = town_r or postcode_l = postcode_r, true)"
    # A box and a street address may both be the organisation's.
    apart = "house_l <> house_r and is_box_l = is_box_r"
    base = 1 / (records + BACKGROUND)
    levels = [
        {"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True},
        *_token_levels("address", records, near, crowding=3),
        _level("province_l <> province_r", 0.005, 0.75),
        _level(
            "house_l = house_r and is_box_l = is_box_r and "
            "(town_l = town_r or postcode_l = postcode_r)",
            0.1,
            0.0004,
        ),
        _level(f"postcode_l = postcode_r and {apart}", 0.02, 0.06),
        _level(f"town_l = town_r and {apart}", 0.03, 0.06),
        _level(apart, 0.03, 0.8),
        _level("postcode_l = postcode_r", 0.4, base, term="postcode"),
        _level("town_l = town_r", 0.2, base, term="town"),
        _level("town_l <> town_r or postcode_l <> postcode_r", 0.03, 0.2),
        _else(0.1, 0.1),
    ]
    return {"output_column_name": "place", "comparison_levels": levels}


def _token_levels(
    field: str, records: int, condition: str = "true", crowding: float = 0
) -> list[dict[str, Any]]:
    """Grade by the evidence of the words, in bits: a level's odds are those of its step.

    `crowding` is taken off where strangers share more than chance has it, as a building's tenants.
    """
    evidence = f"evidence({field}_tokens_l, {field}_tokens_r, {field}_bits_l, {field}_bits_r)"
    most = math.log2(records + BACKGROUND) + 4
    return [
        _level(f"{evidence} >= {step} and {condition}", 0.05, 0.05 / 2 ** (step - crowding))
        for step in EVIDENCE_STEPS
        if step <= most and (step > crowding or not crowding)
    ]


def _level(condition: str, m: float, u: float, term: str | None = None) -> dict[str, Any]:
    level: dict[str, Any] = {
        "sql_condition": condition,
        "label_for_charts": condition,
        "m_probability": m,
        "u_probability": u,
    }
    if term:
        level |= {"tf_adjustment_column": term, "tf_adjustment_weight": 1.0}
    return level


def _null(column: str) -> dict[str, Any]:
    condition = f"{column}_l is null or {column}_r is null"
    return {"sql_condition": condition, "label_for_charts": "unknown", "is_null_level": True}


def _else(m: float, u: float) -> dict[str, Any]:
    return _level("ELSE", m, u)


def _term_frequencies(keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return for each column how likely another organisation is to have the same value.

    Rows of one organisation repeat its values, so what is counted is not rows but the different
    names that share a number, and the different towns in which a name is found.
    """
    records = keys.height + BACKGROUND
    word, town = pl.col("name_tokens").list.first(), pl.col("town")
    tables = {}
    for column, apart, least in (
        ("phone", word, 0.5),
        ("email", word, 0.5),
        ("domain", word, 0.5),
        ("name_key", town, 0.01),
        ("town", None, 0.0),
        ("postcode", None, 0.0),
    ):
        if apart is None:
            tables[column] = (
                keys.drop_nulls(column)
                .group_by(column)
                .agg(((pl.len() + BACKGROUND * 0.01) / records).alias(f"tf_{column}"))
            )
            continue
        others = (apart.drop_nulls().n_unique().cast(pl.Int64) - 1).clip(0)
        by_chance = 2.0 ** (-0.8 * pl.col("name_bits").max()) if column == "name_key" else pl.lit(0)
        tables[column] = (
            keys.drop_nulls(column)
            .group_by(column)
            .agg(pl.max_horizontal((others + least) / records, by_chance).alias(f"tf_{column}"))
        )
    return tables
