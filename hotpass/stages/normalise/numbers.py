"""Numbers: people employed, and company registration numbers."""

from __future__ import annotations

import polars as pl

from hotpass.config.profile import Profile

GROUPED = r"(\d{1,3}(?:[ ,.'’]\d{3})+|\d+)(?:[.,]0{1,2})?"
PEOPLE = (
    r"(?:people|persons?|staff(?: members)?|employees?|emp|workers?|full[- ]time|permanent|total"
    r"|mense|werknemers|personeel)"
)
ABOUT = r"(?:~|±|\+/-|about|around|approx(?:\.|imately)?|circa|c\.|ca\.?|over|more than|>|ongeveer)"
MOST_PEOPLE = 10_000_000
REGISTRATION_LABEL = (
    r"(?i)^(?:(?:co(?:mpany)?\.?\s*)?reg(?:istration)?\.?\s*(?:no|nr|number)?\.?\s*:?\s*)?"
    r"(?:ck|k|m|b)?\s*"
)


def read_counts(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as a whole number of people (Int64).

    A range says too little to be one number: it becomes null and is reported. "About 50" and
    "50+" are read as 50, and reported.
    """
    whole = rf"(?i)^({ABOUT})?\s*(?:staff|employees)?:?\s*{GROUPED}\s*(\+)?\s*\(?{PEOPLE}?\)?$"
    text = pl.col("text").str.strip_chars()
    number = text.str.extract(whole, 2).str.replace_all(r"\D", "").cast(pl.Int64, strict=False)
    is_range = text.str.contains(r"\d\s*(?:-|–|to|tot)\s*\d")
    is_about = text.str.extract(whole, 1).is_not_null() | text.str.extract(whole, 3).is_not_null()
    return (
        texts.to_frame("text")
        .with_columns(number=number)
        .with_columns(read=pl.when(pl.col("number") <= MOST_PEOPLE).then("number"))
        .select(
            "read",
            problem=pl.when(pl.col("read").is_null() & is_range)
            .then(pl.lit("A range, not one number of people."))
            .when(pl.col("read").is_null())
            .then(pl.lit("Not a number of people."))
            .when(is_about)
            .then(pl.lit("An estimate; taken at the number that is written.")),
        )
    )


def read_registration_numbers(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as a South African company number: year/number/type, zeros restored."""
    bare = pl.col("text").str.replace(REGISTRATION_LABEL, "").str.replace(r"\.0+$", "")
    apart = bare.str.extract_groups(r"^(\d{4}|\d{2})\s*[/\\ .-]\s*(\d{4,6})\s*[/\\ .-]\s*(\d{2})$")
    joined = bare.str.extract_groups(r"^(\d{4})(\d{6})(\d{2})$")
    year, number, kind = (
        pl.coalesce(apart.struct.field(part), joined.struct.field(part)) for part in "123"
    )
    # Two-digit years are those of the old form, given up before 2000.
    century = pl.when(year.str.len_chars() == 2).then(pl.lit("19") + year).otherwise(year)
    read = pl.concat_str(century, number.str.zfill(6), kind, separator="/")
    plausible = century.cast(pl.Int32, strict=False).is_between(1800, 2099)
    return (
        texts.to_frame("text")
        .select(read=pl.when(plausible).then(read))
        .with_columns(
            problem=pl.when(pl.col("read").is_null()).then(
                pl.lit("Not a registration number of the form year/number/type.")
            )
        )
    )
