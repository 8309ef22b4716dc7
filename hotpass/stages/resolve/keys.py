"""Keys: what two rows are compared by, one record for each distinct content."""

from __future__ import annotations

import polars as pl

from hotpass.reference import common_words, free_mail_domains, towns, word_forms
from hotpass.stages.resolve.subject import Kind, Subject

LEGAL_FORM = (
    r"(?: (?:pty|proprietary|ltd|limited|edms|bpk|cc|bk|npc|npo|ngo|pbo|soc|rf|inc|incorporated"
    r"|trust|llc))+$"
)
# Rows are weighed as if they had been drawn from at least this many others, so that in a handful
# of rows a name that fills half of them is still a rare name.
BACKGROUND = 2_000
# A token is packed with its weight into one integer, weight in eighths of a bit in the low byte.
EIGHTHS, LOW_BYTE = 8, 256


def build_keys(records: pl.DataFrame, subject: Subject) -> pl.DataFrame:
    """Return the columns by which records are compared: folded names, tokens, addresses, domains.

    `name_tokens` and `address_tokens` hold each word once, packed with its weight: the rarer
    among all records, the more bits it says (log2 of how many records there are for each that
    has it). What the subject does not declare is null.
    """

    def text(*kinds: Kind) -> pl.Expr:
        parts = [pl.col(field).cast(pl.String) for field in subject.fields(*kinds)]
        if not parts:
            return pl.lit(None, dtype=pl.String)
        joined = pl.concat_str(parts, separator=" ", ignore_nulls=True)
        return pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(joined)

    name = fold(text("name")).str.replace(LEGAL_FORM, "")
    address = fold(text("address", "location"))
    keys = records.select(
        "record",
        identifier=text("identifier"),
        typed=text("typed_identifier"),
        phone=text("phone"),
        email=text("email"),
        date=text("date").str.replace_all(r"\D", ""),
        region=text("region"),
        postcode=text("postcode"),
        town=fold(text("town")),
        name_key=pl.when(name != "").then(name),
        letters=pl.when(name != "").then(name.str.replace_all(" ", "", literal=True)),
        address_key=address,
        address_letters=address.str.replace_all(" ", "", literal=True),
        house=address.str.extract(r"(\d+)", 1),
        is_box=address.str.contains(r"\b(?:pobox|private bag|posbus|privaatsak)\b"),
        domain=_domain(text("website"), text("email")),
    )
    if subject.country == "ZA":
        keys = _add_places(keys)
    keys = _add_tokens(keys, "name")
    return _add_tokens(keys, "address")


def fold(text: pl.Expr) -> pl.Expr:
    """Reduce text to lower-case words: no accents, no punctuation, `&` as "and"."""
    return (
        text.str.to_lowercase()
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}|['’`.]", "")
        .str.replace_all("&", " and ", literal=True)
        .str.replace_all(r"\bp\s?o\s?box\b", "pobox")
        .str.replace_all(r"\bt/a\b|\btrading as\b", " ")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )


def _domain(website: pl.Expr, email: pl.Expr) -> pl.Expr:
    """Take the subject's own domain, from its website or else from its e-mail address."""
    host = website.str.extract(r"^https?://(?:www\.)?([^/:?]+)", 1)
    mail = email.str.extract(r"@(.+)$", 1)
    own = mail.is_in(list(free_mail_domains())).not_()
    return pl.coalesce(host, pl.when(own).then(mail))


def _add_places(keys: pl.DataFrame) -> pl.DataFrame:
    """Fill in the town of a known postcode and the region of a known town, to compare by."""
    table = towns().select(
        town_known=fold(pl.col("town")),
        region_known="province",
        postcode=pl.col("postcodes").str.split(" "),
    )
    by_postcode = table.select("postcode", "town_known").explode("postcode")
    by_town = table.select(pl.col("town_known").alias("town"), "region_known")
    return (
        keys.join(by_postcode, on="postcode", how="left", maintain_order="left")
        .with_columns(pl.coalesce("town", "town_known").alias("town"))
        .join(by_town, on="town", how="left", maintain_order="left")
        .with_columns(pl.coalesce("region", "region_known").alias("region"))
        .drop("town_known", "region_known")
    )


def _add_tokens(keys: pl.DataFrame, field: str) -> pl.DataFrame:
    """Add `<field>_tokens`, the rarest first, and `<field>_bits`, the sum of their weights."""
    words = (
        keys.select("record", token=pl.col(f"{field}_key").str.split(" "))
        .explode("token")
        .drop_nulls()
        .with_columns(pl.col("token").replace(word_forms()))
        .with_columns(_without_plural(pl.col("token")))
        .filter(~pl.col("token").is_in(["and", ""]))
        .unique()
    )
    shares = common_words().select(token=_without_plural(pl.col("word")), share="share")
    shares = shares.group_by("token").agg(pl.col("share").max())
    records = keys.height + BACKGROUND
    counts = words.group_by("token").len().sort("token").with_row_index("number")
    expected = pl.col("len") + 0.5 + pl.col("share").fill_null(0) * BACKGROUND
    weights = counts.join(shares, on="token", how="left").select(
        "token",
        eighths=((records / expected).log(2) * EIGHTHS).round().clip(0, 255).cast(pl.UInt64),
        number=pl.col("number").cast(pl.UInt64),
    )
    tokens = (
        words.join(weights, on="token")
        .sort("record", "eighths", "token", descending=[False, True, False])
        .group_by("record", maintain_order=True)
        .agg(
            (pl.col("number") * LOW_BYTE + pl.col("eighths")).alias(f"{field}_tokens"),
            (pl.col("eighths").sum() / EIGHTHS).alias(f"{field}_bits"),
        )
    )
    return keys.join(tokens, on="record", how="left", maintain_order="left")


def _without_plural(word: pl.Expr) -> pl.Expr:
    return word.str.replace(r"^(.{3,}[^s])s$", "$1")
