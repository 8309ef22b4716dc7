"""Scoring: the odds that two records are one organisation, by splink on DuckDB.

A Fellegi-Sunter model whose probabilities stand in `model`; what adapts to the data at hand is
how much an agreement says: the rarity of each name, number and place among these records.
"""

from __future__ import annotations

import logging

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker

from hotpass.stages.resolve.keys import BACKGROUND
from hotpass.stages.resolve.model import EVIDENCE, build_model
from hotpass.stages.resolve.subject import Subject

# Numbers are shared by branches and sister companies: by one other in so many of them.
LEAST_SHARED = 0.5
# A name of rare words is hardly ever that of another organisation in the same records.
LEAST_NAMESAKES = 0.01
# Words of a name go together more often than chance has it, so their bits do not fully add up.
TOGETHER = 0.8
# Dates such as those of birth spread over some ninety years.
DAYS = 1 / 33_000
# Share of the background that lives in any one place.
BACKGROUND_PLACE = 0.01


def score_pairs(
    keys: pl.DataFrame, pairs: pl.DataFrame, subject: Subject, least_weight: float | None
) -> pl.DataFrame:
    """Return left, right and `weight` of the pairs that weigh at least so much (None: of all).

    The weight is log2 of the odds that the two records describe one organisation.
    """
    if pairs.is_empty():
        return pairs.with_columns(weight=pl.lit(None, dtype=pl.Float64))
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(EVIDENCE)
        database = DuckDBAPI(connection)
        linker = Linker(
            database.register(keys.rename({"record": "unique_id"}).to_arrow()),
            build_model(keys.height + BACKGROUND, subject),
            log_level=logging.WARNING,
            validate_settings=False,
        )
        for column, table in _term_frequencies(keys).items():
            linker.table_management.register_term_frequency_lookup(
                database.register(table.to_arrow()), column
            )
        candidates = pairs.select(match_key=pl.lit("0"), join_key_l="left", join_key_r="right")
        linker.table_management.register_blocked_pairs_for_predict(
            database.register(candidates.to_arrow())
        )
        scored = linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")
        weights: pl.DataFrame = scored.as_duckdbpyrelation().pl()
    return weights.select(left="unique_id_l", right="unique_id_r", weight="match_weight").sort(
        "left", "right"
    )


def _term_frequencies(keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return for each column how likely another organisation is to have the same value.

    Rows of one organisation repeat its values, so what is counted is not rows but the different
    names that share a number, and the different towns in which a name is found.
    """
    names, towns = _others(pl.col("name_tokens").list.first()), _others(pl.col("town"))
    by_chance = 2.0 ** (-TOGETHER * pl.col("name_bits").max())
    records = keys.height + BACKGROUND
    frequencies = {
        "phone": (names + LEAST_SHARED) / records,
        "email": (names + LEAST_SHARED) / records,
        "domain": (names + LEAST_SHARED) / records,
        "date": pl.max_horizontal((names + LEAST_SHARED) / records, DAYS),
        "name_key": pl.max_horizontal((towns + LEAST_NAMESAKES) / records, by_chance),
        "town": (pl.len() + BACKGROUND_PLACE * BACKGROUND) / records,
        "postcode": (pl.len() + BACKGROUND_PLACE * BACKGROUND) / records,
    }
    return {
        column: keys.drop_nulls(column).group_by(column).agg(frequency.alias(f"tf_{column}"))
        for column, frequency in frequencies.items()
    }


def _others(values: pl.Expr) -> pl.Expr:
    """Count the distinct values of a group beyond the first."""
    return (values.drop_nulls().n_unique().cast(pl.Int64) - 1).clip(0)
