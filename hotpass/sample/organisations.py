"""The organisations that really exist in a sample: one row each, nothing wrong with it."""

from __future__ import annotations

import math

import polars as pl

from hotpass.sample.draws import Draws
from hotpass.sample.places import TOWNS
from hotpass.sample.words import (
    FIRST_NAMES,
    HEADS,
    LEGAL_FORMS,
    QUALIFIERS,
    REGISTRATION_TYPES,
    ROLES,
    SECTORS,
    STREETS,
    SURNAMES,
)

_ACTIVITIES = tuple(
    (sector, activity) for sector, activities in SECTORS.items() for activity in activities
)
_PAIRS = len(HEADS) * len(_ACTIVITIES)
NAMES = _PAIRS * len(QUALIFIERS)
"""How many different names the words make."""
_NAMESAKES = 0.03
_RELATIVES = 0.04
_SHARED_PHONES = 0.01


def make_organisations(count: int, seed: int) -> pl.DataFrame:
    """That many organisations with `id` and true values, text but for employees and dates.

    A few are hard to tell apart on purpose: the same name in another town, a name that
    differs in one word in the same town, a switchboard shared by two.
    """
    if count > NAMES:
        raise ValueError(f"{count} organisations, but the words make only {NAMES} names")
    draws = Draws(seed, "organisation")
    organisations = _named(count, draws).with_columns(_place(draws)).with_columns(_contact(draws))
    return organisations.select(
        "id",
        "head",
        "rest",
        "legal_form",
        organisation_name=pl.concat_str(
            pl.col("head"),
            pl.col("rest"),
            pl.when(pl.col("legal_form") != "").then("legal_form"),
            separator=" ",
            ignore_nulls=True,
        ),
        registration_number=_registration_number(draws),
        category="category",
        contact_name="contact_name",
        contact_role=draws.one_of("role", ROLES),
        phone="phone",
        second_phone=pl.concat_str(
            draws.one_of("cell network", ["72", "73", "76", "82", "83", "84", "60", "61"]),
            draws.between("cell number", 2_000_000, 9_999_999).cast(pl.String),
        ),
        email=_email(draws),
        website=pl.concat_str(pl.lit("https://www."), "domain"),
        address=_address(draws),
        town="town",
        province="province",
        postcode="postcode",
        employees=draws.below("size", 240) * draws.below("size again", 240) // 120 + 1,
        last_contacted=pl.date(2022, 1, 3) + pl.duration(days=draws.below("contacted", 1300)),
    )


def _named(count: int, draws: Draws) -> pl.DataFrame:
    """Names that differ from one another, except those that are alike on purpose."""
    number = pl.int_range(count, dtype=pl.Int64, eager=True).alias("number")
    step = next(step for step in range(int(_PAIRS * 0.618), _PAIRS) if math.gcd(step, _PAIRS) == 1)
    round_, pair = pl.col("number") // _PAIRS, pl.col("number") * step % _PAIRS
    # A pair of head and activity comes again only with another qualifier.
    qualifier = (pair * 7 + round_) % len(QUALIFIERS)
    plain = (round_ == 0) & draws.happens("no qualifier", 0.6)
    sectors, activities = zip(*_ACTIVITIES, strict=True)
    kind = draws.below("kind of neighbour", 1_000)
    namesake = (kind < 1_000 * _NAMESAKES) & (pl.col("number") > 0)
    relative = (kind >= 1_000 * (1 - _RELATIVES)) & (pl.col("number") > 0)
    return (
        number.to_frame()
        .with_columns(
            id=pl.lit("true-") + pl.col("number").cast(pl.String).str.zfill(7),
            head=pl.lit(pl.Series(HEADS)).gather(pair // len(_ACTIVITIES)),
            qualifier=pl.when(~plain).then(pl.lit(pl.Series(QUALIFIERS)).gather(qualifier)),
            activity=pl.lit(pl.Series(activities)).gather(pair % len(_ACTIVITIES)),
            category=pl.lit(pl.Series(sectors)).gather(pair % len(_ACTIVITIES)),
            namesake=namesake,
            relative=relative,
        )
        .with_columns(
            # The one before lends its name: all of it, or all but the activity.
            head=_borrowed("head", namesake | relative),
            qualifier=_borrowed("qualifier", namesake | relative),
            activity=_borrowed("activity", namesake),
            category=_borrowed("category", namesake),
        )
        .with_columns(
            rest=pl.concat_str("qualifier", "activity", separator=" ", ignore_nulls=True),
            legal_form=_legal_form(draws),
        )
    )


def _borrowed(column: str, condition: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(pl.col(column).shift(1)).otherwise(pl.col(column))


def _legal_form(draws: Draws) -> pl.Expr:
    form = pl.lit("")
    for sector, weights in LEGAL_FORMS.items():
        drawn = draws.weighted("legal form", weights)
        form = pl.when(pl.col("category") == sector).then(drawn).otherwise(form)
    return form


def _place(draws: Draws) -> list[pl.Expr]:
    drawn = draws.below("town", len(TOWNS))
    moved = (drawn + 7) % len(TOWNS)
    index = (
        pl.when(pl.col("namesake"))
        .then((drawn.shift(1) + 1 + moved % (len(TOWNS) - 1)) % len(TOWNS))
        .when(pl.col("relative"))
        .then(drawn.shift(1))
        .otherwise(drawn)
    )
    columns = zip(*TOWNS, strict=True)
    return [
        pl.lit(pl.Series(values)).gather(index).alias(name)
        for name, values in zip(("town", "province", "postcode", "code"), columns, strict=True)
    ]


def _contact(draws: Draws) -> list[pl.Expr]:
    number = draws.between("phone", 2_000_000, 9_999_999).cast(pl.String)
    phone = pl.concat_str(pl.col("code"), number)
    shared = draws.happens("shared phone", _SHARED_PHONES) & (pl.col("number") > 0)
    words = pl.concat_str("head", "rest").str.normalize("NFD").str.replace_all(r"[^A-Za-z]", "")
    # RFC 2606 keeps these for examples: nobody's site is visited for an invented organisation.
    ending = draws.weighted("domain", {".co.example": 8, ".org.example": 2})
    # Names that are alike cannot have the same domain.
    town = pl.when(pl.col("namesake")).then(pl.col("town").str.replace_all(r"[^A-Za-z]", ""))
    return [
        pl.when(shared).then(phone.shift(1)).otherwise(phone).alias("phone"),
        pl.concat_str(
            words.str.to_lowercase(),
            town.str.to_lowercase().fill_null(""),
            ending,
        ).alias("domain"),
        pl.concat_str(
            draws.one_of("first name", FIRST_NAMES),
            draws.one_of("surname", SURNAMES),
            separator=" ",
        ).alias("contact_name"),
    ]


def _registration_number(draws: Draws) -> pl.Expr:
    kind = pl.col("legal_form").replace_strict(REGISTRATION_TYPES, default=None)
    return pl.concat_str(
        draws.between("year", 1985, 2023).cast(pl.String),
        draws.between("registration", 1_000, 999_999).cast(pl.String).str.zfill(6),
        kind,
        separator="/",
    )


def _email(draws: Draws) -> pl.Expr:
    first_name = pl.col("contact_name").str.split(" ").list.first().str.normalize("NFD")
    person = first_name.str.replace_all(r"[^A-Za-z]", "").str.to_lowercase()
    box = draws.weighted("mailbox", {"info": 4, "admin": 2, "office": 2, "person": 3})
    return pl.concat_str(
        pl.when(box == "person").then(person).otherwise(box), pl.lit("@"), pl.col("domain")
    )


def _address(draws: Draws) -> pl.Expr:
    street = pl.concat_str(
        draws.between("house", 1, 320).cast(pl.String),
        draws.one_of("street", STREETS),
        separator=" ",
    )
    box = pl.concat_str(pl.lit("PO Box "), draws.between("box", 10, 9_999).cast(pl.String))
    return pl.when(draws.happens("box address", 0.25)).then(box).otherwise(street)
