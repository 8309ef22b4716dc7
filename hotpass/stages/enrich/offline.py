"""Offline providers: what a postcode, a town, a dialling code or an e-mail address gives away.

A provider is given the organisations and returns offers: organisation_id, field, value, source,
confidence. It may offer what is there already; only empty fields take it.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from hotpass.reference import dial_codes, free_mail_domains, postcode_ranges, towns

OFFER = pl.Schema(
    {
        "organisation_id": pl.String,
        "field": pl.String,
        "value": pl.String,
        "source": pl.String,
        "confidence": pl.Float64,
    }
)
Provider = Callable[[pl.DataFrame], pl.DataFrame]

# A postcode of a town is also that of some of its neighbours.
TOWN_OF_POSTCODE = 0.85
PROVINCE_OF_TOWN = 0.97
# Most organisations with a domain of their own for mail have a site on it.
WEBSITE_OF_MAIL = 0.7


def offer_towns(organisations: pl.DataFrame) -> pl.DataFrame:
    """Offer the town of a postcode that belongs to one town of the reference table."""
    table = towns().select("town", postcode=pl.col("postcodes").str.split(" ")).explode("postcode")
    found = organisations.select("organisation_id", "postcode").join(table, on="postcode")
    return _offer(found, "town", pl.col("town"), "postcode " + pl.col("postcode"), TOWN_OF_POSTCODE)


def offer_provinces(organisations: pl.DataFrame) -> pl.DataFrame:
    """Offer a province by town, by range of postcodes, and by dialling code of a landline."""
    by_town = organisations.select("organisation_id", "town").join(
        towns().select("town", "province"), on="town"
    )
    numbers = organisations.select("organisation_id", "postcode").drop_nulls().sort("postcode")
    by_postcode = numbers.join_asof(
        postcode_ranges().sort("first"), left_on="postcode", right_on="first", strategy="backward"
    ).filter(pl.col("postcode") <= pl.col("last"))
    by_phone = organisations.select(
        "organisation_id", code=pl.col("phone").str.extract(r"^\+27(\d\d)", 1)
    ).join(dial_codes(), on="code")
    return pl.concat(
        [
            _offer(
                by_town, "province", pl.col("province"), "town " + pl.col("town"), PROVINCE_OF_TOWN
            ),
            _offer(
                by_postcode,
                "province",
                pl.col("province"),
                "postcode " + pl.col("postcode"),
                pl.col("confidence"),
            ),
            _offer(
                by_phone,
                "province",
                pl.col("province"),
                "dialling code 0" + pl.col("code"),
                pl.col("confidence"),
            ),
        ]
    )


def offer_websites(organisations: pl.DataFrame) -> pl.DataFrame:
    """Offer the site on the domain of an e-mail address, unless anyone may have a mailbox there."""
    mail = organisations.select(
        "organisation_id", domain=pl.col("email").str.extract(r"@(.+)$", 1)
    ).drop_nulls()
    own = mail.filter(~pl.col("domain").is_in(sorted(free_mail_domains())))
    return _offer(
        own, "website", "https://www." + pl.col("domain"), "domain of the e-mail address",
        WEBSITE_OF_MAIL,
    )  # fmt: skip


# In this order: a town that was found tells the province next.
PROVIDERS: tuple[Provider, ...] = (offer_towns, offer_provinces, offer_websites)


def _offer(
    found: pl.DataFrame,
    field: str,
    value: pl.Expr,
    source: pl.Expr | str,
    confidence: pl.Expr | float,
) -> pl.DataFrame:
    return found.select(
        "organisation_id",
        field=pl.lit(field),
        value=value,
        source=pl.lit(source) if isinstance(source, str) else source,
        confidence=pl.lit(confidence) if isinstance(confidence, float) else confidence,
    ).match_to_schema(OFFER)
