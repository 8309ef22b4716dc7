"""Normalise: every value in its canonical form, and a problem row for each that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.stages.normalise.dates import read_dates
from hotpass.stages.normalise.emails import read_emails
from hotpass.stages.normalise.numbers import read_counts, read_registration_numbers
from hotpass.stages.normalise.phones import read_phones
from hotpass.stages.normalise.places import read_postcodes, read_provinces, read_towns
from hotpass.stages.normalise.texts import blank_placeholders, read_texts, tidy
from hotpass.stages.normalise.websites import read_websites

# A reader is given the distinct tidied texts of one field. It answers with one row a text, in the
# same order: `read` (the canonical value or null) and `problem` (a sentence or null).
Reader = Callable[[pl.Series, Profile], pl.DataFrame]

READERS: dict[str, Reader] = {
    "registration_number": read_registration_numbers,
    "phone": read_phones,
    "email": read_emails,
    "website": read_websites,
    "town": read_towns,
    "province": read_provinces,
    "postcode": read_postcodes,
    "employees": read_counts,
    "last_contacted": read_dates,
}


@dataclass(frozen=True)
class Normalised:
    """The same rows in the same order with canonical values; what could not be read is null.

    `problems` holds PLACE, `field`, `value` (as it was written) and `problem` (a sentence), one
    row a value that was lost, cut or read with a doubt.
    """

    frame: pl.DataFrame
    problems: pl.DataFrame
    metrics: dict[str, int | float]


def normalise(frame: pl.DataFrame, profile: Profile) -> Normalised:
    """Bring every field of `frame` (PLACE and INPUT_FIELDS columns) into its canonical form.

    Each distinct value of a field is read once, however many rows hold it. Normalising what is
    already normal changes nothing.
    """
    problems = [_no_problems(frame)]
    for field in INPUT_FIELDS:
        written = frame[field].cast(pl.String)
        readings = _read_distinct(field, written, profile)
        joined = frame.select(*PLACE, written.alias("value")).join(
            readings, on="value", how="left", maintain_order="left"
        )
        frame = frame.with_columns(joined["read"].alias(field))
        problems.append(
            joined.filter(pl.col("problem").is_not_null()).select(
                *PLACE, pl.lit(field).alias("field"), "value", "problem"
            )
        )
    found = pl.concat(problems).sort(*PLACE, "field", maintain_order=True)
    return Normalised(frame, found, _measure(frame, found))


def _read_distinct(field: str, written: pl.Series, profile: Profile) -> pl.DataFrame:
    """Return value, read and problem for each distinct value; blank stays blank, no problem."""
    distinct = written.drop_nulls().unique(maintain_order=True)
    tidied = blank_placeholders(tidy(distinct))
    texts = tidied.drop_nulls().unique(maintain_order=True)
    read = READERS.get(field, read_texts)(texts, profile)
    return pl.DataFrame({"value": distinct, "text": tidied}).join(
        read.select(texts.alias("text"), "read", "problem"), on="text", how="left"
    )


def _no_problems(frame: pl.DataFrame) -> pl.DataFrame:
    text = pl.lit(None, dtype=pl.String)
    return frame.clear().select(
        *PLACE, text.alias("field"), text.alias("value"), text.alias("problem")
    )


def _measure(frame: pl.DataFrame, problems: pl.DataFrame) -> dict[str, int | float]:
    metrics: dict[str, int | float] = {"rows": frame.height, "problems": problems.height}
    by_field = dict(problems.group_by("field").len().iter_rows())
    for field in INPUT_FIELDS:
        metrics[f"problems_{field}"] = by_field.get(field, 0)
    return metrics
