"""Dates: ISO, day first or month first as the profile says, month names, spreadsheet serials."""

from __future__ import annotations

import warnings
from datetime import date, datetime

import polars as pl
from dateutil import parser

from hotpass.config.profile import Profile

TIME = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[AaPp][Mm]|[+-]\d{2}:?\d{2})?)?"
BETWEEN = r"[-/. ]\s*"
# English and Afrikaans, by their first three letters.
MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mrt": 3, "maa": 3, "apr": 4, "may": 5, "mei": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "des": 12,
}  # fmt: skip
# Serial days count from here because spreadsheets hold 1900 for a leap year.
SERIAL_START = date(1899, 12, 30)
FIRST_SERIAL, LAST_SERIAL = 18_264, 73_050  # 1950 to 2099: other bare numbers are no dates
# Two readings that differ show that the parser filled in what the text does not say.
DEFAULTS = (datetime(1904, 2, 28), datetime(2001, 11, 17))


def read_dates(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as a day; explicit forms first, a general parser for what is left."""
    explicit = texts.to_frame("text").select(
        pl.coalesce(
            _year_first(),
            _day_and_month(profile.day_first),
            _named_month(),
            _serial(),
        ).alias("read")
    )["read"]
    rest = texts.filter(explicit.is_null())
    general = pl.DataFrame(
        {"text": rest, "general": [_parse(text, profile.day_first) for text in rest]},
        schema={"text": pl.String, "general": pl.Date},
    )
    return (
        pl.DataFrame({"text": texts, "explicit": explicit})
        .join(general, on="text", how="left", maintain_order="left")
        .select(read=pl.coalesce("explicit", "general"))
        .with_columns(problem=pl.when(pl.col("read").is_null()).then(pl.lit("Not a whole date.")))
    )


def _year_first() -> pl.Expr:
    parts = pl.col("text").str.extract_groups(
        rf"^(\d{{4}}){BETWEEN}(\d{{1,2}}){BETWEEN}(\d{{1,2}}){TIME}$"
    )
    compact = pl.col("text").str.extract_groups(r"^((?:19|20)\d{2})(\d{2})(\d{2})(?:\.0)?$")
    return pl.coalesce(_compose(parts, "1", "2", "3"), _compose(compact, "1", "2", "3"))


def _day_and_month(day_first: bool) -> pl.Expr:
    """Read 3/4/2024; the other order is taken only where the profile's is no date (3/14/2024)."""
    parts = pl.col("text").str.extract_groups(
        rf"^(\d{{1,2}}){BETWEEN}(\d{{1,2}}){BETWEEN}(\d{{4}}|\d{{2}}){TIME}$"
    )
    day, month = ("1", "2") if day_first else ("2", "1")
    return pl.coalesce(_compose(parts, "3", month, day), _compose(parts, "3", day, month))


def _named_month() -> pl.Expr:
    weekday = r"^(?:[A-Za-z]{3,9},?\s+)?"
    day_first = pl.col("text").str.extract_groups(
        weekday
        + r"(\d{1,2})(?:st|nd|rd|th)?[-/., ]*([A-Za-z]{3,9})[-/.,' ]*(\d{4}|\d{2})"
        + rf"{TIME}$"
    )
    month_first = pl.col("text").str.extract_groups(
        rf"{weekday}([A-Za-z]{{3,9}})\.?[- ]*(\d{{1,2}})(?:st|nd|rd|th)?[-, ]+(\d{{4}}){TIME}$"
    )
    return pl.coalesce(_compose(day_first, "3", "2", "1"), _compose(month_first, "3", "1", "2"))


def _serial() -> pl.Expr:
    days = pl.col("text").str.extract(r"^(\d{5})(?:\.\d+)?$", 1).cast(pl.Int32, strict=False)
    usual = days.is_between(FIRST_SERIAL, LAST_SERIAL)
    return pl.when(usual).then(pl.lit(SERIAL_START) + pl.duration(days=days))


def _compose(parts: pl.Expr, year: str, month: str, day: str) -> pl.Expr:
    """Put a date together from captured groups; null where they name no day of the calendar."""
    written_year = parts.struct.field(year)
    short = written_year.cast(pl.Int32, strict=False)
    # The usual pivot: 69 to 99 are of the last century.
    full_year = (
        pl.when(written_year.str.len_chars() == 4)
        .then(short)
        .when(short >= 69)
        .then(short + 1900)
        .otherwise(short + 2000)
    )
    named = parts.struct.field(month).str.to_lowercase().str.slice(0, 3)
    full_month = pl.coalesce(
        parts.struct.field(month).cast(pl.Int32, strict=False),
        named.replace_strict(MONTHS, default=None, return_dtype=pl.Int32),
    )
    iso = pl.format(
        "{}-{}-{}",
        full_year.cast(pl.String).str.zfill(4),
        full_month.cast(pl.String).str.zfill(2),
        parts.struct.field(day).str.zfill(2),
    )
    return iso.str.to_date("%Y-%m-%d", strict=False)


def _parse(text: str, day_first: bool) -> date | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown time zone does not change the day
            first, second = (
                parser.parse(text, dayfirst=day_first, default=default).date()
                for default in DEFAULTS
            )
    except (ValueError, OverflowError, TypeError):
        return None
    return first if first == second else None
