"""Reference data on South African towns, postcodes, dialling codes and free mail, written by hand.

Coverage is the larger towns, not the whole postal list: what is not in these tables is left
alone. A province range with exceptions at its borders has the lower confidence beside it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import polars as pl


@cache
def towns() -> pl.DataFrame:
    """Return town, province, postcodes (space-separated) and other spellings (by semicolons)."""
    return _read("towns.csv")


@cache
def postcode_ranges() -> pl.DataFrame:
    """Return first and last postcode of ranges within one province, with a confidence."""
    return _read("postcode_ranges.csv").with_columns(pl.col("confidence").cast(pl.Float64))


@cache
def dial_codes() -> pl.DataFrame:
    """Return area codes without the leading 0, their province, and a confidence."""
    return _read("dial_codes.csv").with_columns(pl.col("confidence").cast(pl.Float64))


@cache
def free_mail_domains() -> frozenset[str]:
    """Return domains that give mailboxes to anyone and so say nothing of an organisation."""
    text = files(__package__).joinpath("free_mail_domains.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


@cache
def town_spellings() -> dict[str, str]:
    """Return each known spelling in lower case with the town's usual name.

    A town that was renamed goes by its present name.
    """
    spellings: dict[str, str] = {}
    for town, others in towns().select("town", "other_spellings").iter_rows():
        for spelling in (town, *(others or "").split(";")):
            if spelling:
                spellings[spelling.lower()] = town
    return spellings


@cache
def common_words() -> pl.DataFrame:
    """Return words of many names and addresses, and the share of them that hold each, roughly."""
    shares = _read("common_words.csv").with_columns(pl.col("share").cast(pl.Float64))
    return shares.group_by("word", maintain_order=True).agg(pl.col("share").max())


@cache
def word_forms() -> dict[str, str]:
    """Return abbreviations in names and addresses with the word that each stands for."""
    return dict(_read("word_forms.csv").select("written", "word").iter_rows())


def _read(name: str) -> pl.DataFrame:
    content = files(__package__).joinpath(name).read_bytes()
    return pl.read_csv(content, infer_schema=False)
