"""The rows of a sample: each organisation as several people wrote it down."""

from __future__ import annotations

import polars as pl

from hotpass.sample.draws import Draws
from hotpass.sample.organisations import make_organisations
from hotpass.sample.places import PROVINCE_SPELLINGS
from hotpass.sample.spellings import spell_names
from hotpass.sample.words import NOTES

_ROWS_AN_ORGANISATION = {"1": 52, "2": 28, "3": 14, "4": 6}
_WITHOUT_NAME = 0.05
_DATE_SPELLINGS = {
    "cell": 50,
    "%Y-%m-%d": 12,
    "%d/%m/%Y": 16,
    "%-d %B %Y": 8,
    "%d-%b-%y": 5,
    "%-d.%-m.%Y": 4,
    "%Y/%m/%d": 5,
}


def make_mentions(rows: int, seed: int) -> pl.DataFrame:
    """That many rows with every input field as text, in the order in which they were written.

    `id` is the organisation that a row is about, null for the rows without a name, which
    must be rejected. `collection`, 0 to 99, says whose list a row is from. Fields that a
    spreadsheet may hold as a number or a date have a second column, `<field>_cell`, that
    says `text`, `number` or `date`.
    """
    of_organisations = Draws(seed, "organisation")
    counts = of_organisations.weighted("rows", _ROWS_AN_ORGANISATION).cast(pl.Int64)
    true_rows = (
        # They have 1.74 rows on average; of a few, the luck of the draw may give fewer.
        make_organisations(rows * 2 // 3 + 20, seed)
        .with_columns(
            copy=pl.int_ranges(counts),
            # No other row may tell whose row it is, or it would be right to merge it.
            nameless=(counts == 1) & of_organisations.happens("without name", _WITHOUT_NAME),
            collection=of_organisations.below("list", 100),
        )
        .explode("copy")
        .head(rows)
    )
    draws = Draws(seed, "mention")
    written = true_rows.select(
        pl.when(~pl.col("nameless")).then("id").alias("id"),
        (pl.col("collection") + 37 * pl.col("copy")) % 100,
        pl.col("province").alias("true_province"),
        spell_names(true_rows, draws).alias("organisation_name"),
        *_registration_number(draws),
        _often("category", 0.85, draws),
        _often("contact_name", 0.75, draws),
        _often("contact_role", 0.6, draws),
        *_phone(draws),
        _email(draws),
        _website(draws),
        _often("address", 0.7, draws),
        _town(draws),
        _province(draws),
        *_postcode(draws),
        *_employees(draws),
        *_last_contacted(draws),
        pl.when(draws.happens("notes", 0.12)).then(draws.one_of("note", NOTES)).alias("notes"),
        draws.number("order").alias("order"),
    )
    nameless = pl.when(pl.col("id").is_not_null()).then("organisation_name")
    return written.with_columns(organisation_name=nameless).sort("order").drop("order")


def _often(field: str, share: float, draws: Draws) -> pl.Expr:
    """The field's value in that share of the rows; sometimes a dash or the like elsewhere."""
    filler = draws.weighted(f"filler of {field}", {"": 16, "-": 1, "n/a": 1, "N/A": 1, "?": 1})
    return (
        pl.when(draws.happens(f"has {field}", share))
        .then(pl.col(field))
        .otherwise(pl.when(filler != "").then(filler))
        .alias(field)
    )


def _kind(field: str, draws: Draws, number_share: float, fits: pl.Expr) -> pl.Expr:
    is_number = fits & draws.happens(f"number cell of {field}", number_share)
    return (
        pl.when(is_number).then(pl.lit("number")).otherwise(pl.lit("text")).alias(f"{field}_cell")
    )


def _registration_number(draws: Draws) -> list[pl.Expr]:
    number = pl.col("registration_number")
    style = draws.weighted("registration style", {"plain": 12, "spaced": 2, "ck": 1, "bare": 2})
    written = (
        pl.when(style == "spaced")
        .then(number.str.replace_all("/", " / "))
        .when((style == "ck") & number.str.ends_with("/23"))
        .then(pl.lit("CK") + number)
        .when(style == "bare")
        .then(number.str.replace_all("/", ""))
        .otherwise(number)
    )
    return [
        pl.when(draws.happens("has registration", 0.5)).then(written).alias("registration_number")
    ]


def _phone(draws: Draws) -> list[pl.Expr]:
    changed = draws.happens("number changed", 0.06)
    number = pl.when(changed).then("second_phone").otherwise("phone")
    code, first, last = number.str.slice(0, 2), number.str.slice(2, 3), number.str.slice(5)
    other = pl.col("second_phone")
    style = draws.below("phone style", 20)
    styles: list[pl.Expr] = [
        pl.format("0{} {} {}", code, first, last),
        pl.format("0{}-{}-{}", code, first, last),
        pl.format("(0{}) {} {}", code, first, last),
        pl.format("(0{}) {}-{}", code, first, last),
        pl.format("+27 {} {} {}", code, first, last),
        pl.format("+27 (0){} {} {}", code, first, last),
        pl.format("+27{}{}{}", code, first, last),
        pl.format("0027 {} {} {}", code, first, last),
        pl.format("27{}{}{}", code, first, last),
        pl.format("0{}{}{}", code, first, last),
        pl.format("0{}/{}{}", code, first, last),
        pl.format(
            "0{} {} {} / 0{} {} {}",
            code,
            first,
            last,
            other.str.slice(0, 2),
            other.str.slice(2, 3),
            other.str.slice(5),
        ),
        pl.format("Tel: 0{} {} {}", code, first, last),
        pl.format("0{} {} {} x{}", code, first, last, draws.between("extension", 100, 399)),
        pl.format("{}{}{}", code, first, last),
    ]
    written = styles[0]
    for index, text in enumerate(styles[1:], start=1):
        written = pl.when(style == index).then(text).otherwise(written)
    present = draws.happens("has phone", 0.86)
    # A number typed without its zero is a number to the spreadsheet; so is 27...
    return [
        pl.when(present).then(written).alias("phone"),
        _kind("phone", draws, 0.9, (style == 14) | (style == 8)),
    ]


def _email(draws: Draws) -> pl.Expr:
    style = draws.below("e-mail style", 20)
    email = pl.col("email")
    written = (
        pl.when(style == 0)
        .then(email.str.to_uppercase())
        .when(style == 1)
        .then(pl.lit("mailto:") + email)
        .when(style == 2)
        .then(email + pl.lit(";"))
        .when(style == 3)
        .then(pl.format("{}; accounts@{}", email, email.str.split("@").list.last()))
        .when(style == 4)
        .then(email.str.replace("@", " @ ", literal=True))
        .when(style == 5)
        .then(email.str.replace("@", "(at)", literal=True))
        .otherwise(email)
    )
    return pl.when(draws.happens("has e-mail", 0.72)).then(written).alias("email")


def _website(draws: Draws) -> pl.Expr:
    domain = pl.col("website").str.strip_prefix("https://www.")
    style = draws.below("website style", 6)
    written = (
        pl.when(style < 2)
        .then(pl.lit("www.") + domain)
        .when(style == 2)
        .then(pl.format("http://www.{}/", domain))
        .when(style == 3)
        .then(domain)
        .when(style == 4)
        .then(pl.format("HTTP://{}", domain.str.to_uppercase()))
        .otherwise("website")
    )
    return pl.when(draws.happens("has website", 0.5)).then(written).alias("website")


def _town(draws: Draws) -> pl.Expr:
    style = draws.below("town style", 20)
    town = pl.col("town")
    written = (
        pl.when(style < 2)
        .then(town.str.to_uppercase())
        .when(style == 2)
        .then(town + pl.lit(" "))
        .when(style == 3)
        .then(town.str.replace("Johannesburg", "JHB").str.replace("Gqeberha", "Port Elizabeth"))
        .otherwise(town)
    )
    return pl.when(draws.happens("has town", 0.88)).then(written).alias("town")


def _province(draws: Draws) -> pl.Expr:
    written = pl.lit(None, pl.String)
    for province, spellings in PROVINCE_SPELLINGS.items():
        drawn = draws.one_of(f"spelling of {province}", spellings)
        written = pl.when(pl.col("province") == province).then(drawn).otherwise(written)
    return pl.when(draws.happens("has province", 0.85)).then(written).alias("province")


def _postcode(draws: Draws) -> list[pl.Expr]:
    # A spreadsheet that takes a postcode for a number loses the zeros before it.
    as_number = draws.happens("postcode is a number", 0.4)
    written = (
        pl.when(as_number).then(pl.col("postcode").str.strip_chars_start("0")).otherwise("postcode")
    )
    return [
        pl.when(draws.happens("has postcode", 0.7)).then(written).alias("postcode"),
        pl.when(as_number).then(pl.lit("number")).otherwise(pl.lit("text")).alias("postcode_cell"),
    ]


def _employees(draws: Draws) -> list[pl.Expr]:
    count = (pl.col("employees") + pl.col("copy") * draws.below("growth", 3)).cast(pl.String)
    style = draws.below("employees style", 20)
    written = (
        pl.when(style == 0)
        .then(pl.lit("±") + count)
        .when(style == 1)
        .then(pl.lit("ca. ") + count)
        .when(style == 2)
        .then(count + pl.lit(" staff"))
        .when(style == 3)
        .then(pl.lit("unknown"))
        .otherwise(count)
    )
    return [
        pl.when(draws.happens("has employees", 0.6)).then(written).alias("employees"),
        _kind("employees", draws, 0.8, style > 3),
    ]


def _last_contacted(draws: Draws) -> list[pl.Expr]:
    day = pl.col("last_contacted") + pl.duration(days=pl.col("copy") * draws.below("later", 200))
    style = draws.weighted("date style", _DATE_SPELLINGS)
    written = day.dt.to_string("%Y-%m-%d")
    for spelling in _DATE_SPELLINGS:
        if spelling.startswith("%"):
            written = pl.when(style == spelling).then(day.dt.to_string(spelling)).otherwise(written)
    return [
        pl.when(draws.happens("has date", 0.75)).then(written).alias("last_contacted"),
        pl.when(style == "cell")
        .then(pl.lit("date"))
        .otherwise(pl.lit("text"))
        .alias("last_contacted_cell"),
    ]
