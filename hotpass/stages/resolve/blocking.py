"""Blocking: the few pairs worth comparing, out of all there could be."""

from __future__ import annotations

import math

import polars as pl

# A key that more records share says too little to compare them all with each other.
LARGEST_BLOCK = 60
RAREST_TOKENS = 4
# What a pair shares must nearly outweigh the odds against any two records; the rest, which no
# blocking key sees (a town, near-equal letters), is worth no more than so many bits.
SLACK = 4.0

# Keys of one aspect say the same thing in other words, so only the rarest of them counts.
ASPECTS = ("registration", "phone", "email", "domain", "name", "address")


def find_pairs(keys: pl.DataFrame) -> pl.DataFrame:
    """Return `left` < `right`: each pair of records that shares enough to be compared, once.

    Records are gathered in blocks by what they share. A block that is too large is divided by
    town, or else by postcode, before it is given up. A block says the more, the smaller it is.
    """
    blocks = _build_blocks(keys)
    shared = [_pair_up(_of_useful_size(blocks), keys.height)]
    for divider in ("town", "postcode"):
        large = blocks.filter(pl.len().over("block") > LARGEST_BLOCK)
        blocks = large.join(keys.select("record", divider).drop_nulls(), on="record").select(
            "record", "aspect", block=pl.struct("block", divider).hash()
        )
        shared.append(_pair_up(_of_useful_size(blocks), keys.height))
    return (
        pl.concat(shared)
        .group_by("left", "right", "aspect")
        .agg(pl.col("bits").max())
        .group_by("left", "right")
        .agg(pl.col("bits").sum())
        .filter(pl.col("bits") >= math.log2(max(keys.height, 1)) - SLACK)
        .select("left", "right")
        .sort("left", "right")
    )


def _build_blocks(keys: pl.DataFrame) -> pl.DataFrame:
    letters = pl.col("letters")
    return pl.concat(
        [
            *(_block(keys, aspect, pl.col(aspect)) for aspect in ASPECTS[:4]),
            _block(keys, "name", letters),
            _block(keys, "name", "start " + letters.str.head(6)),
            _block(keys, "name", "skeleton " + _skeleton(letters)),
            _token_blocks(keys, "name"),
            _token_blocks(keys, "address"),
        ]
    )


def _block(keys: pl.DataFrame, aspect: str, value: pl.Expr) -> pl.DataFrame:
    return (
        keys.select("record", aspect=_number(aspect), value=value)
        .drop_nulls()
        .select("record", "aspect", block=pl.struct("aspect", "value").hash())
    )


def _skeleton(letters: pl.Expr) -> pl.Expr:
    """Keep the first consonants, doubled ones once: most typos leave them standing."""
    for consonant in "bcdfgklmnprstvz":
        letters = letters.str.replace_all(f"{consonant}{{2,}}", consonant)
    return letters.str.replace_all(r"[aeiouyhw]", "").str.head(7)


def _token_blocks(keys: pl.DataFrame, field: str) -> pl.DataFrame:
    """Block on each couple of a record's rarest words, and on each of these alone."""
    rarest = (
        keys.select("record", token=pl.col(f"{field}_tokens").list.head(RAREST_TOKENS))
        .explode("token")
        .drop_nulls()
    )
    couples = rarest.join(rarest, on="record").filter(pl.col("token") <= pl.col("token_right"))
    return couples.select(
        "record",
        aspect=_number(field),
        block=pl.struct(_number(field).alias("aspect"), "token", "token_right").hash(),
    )


def _number(aspect: str) -> pl.Expr:
    return pl.lit(ASPECTS.index(aspect), dtype=pl.UInt8)


def _of_useful_size(blocks: pl.DataFrame) -> pl.DataFrame:
    return blocks.with_columns(size=pl.len().over("block")).filter(
        pl.col("size").is_between(2, LARGEST_BLOCK)
    )


def _pair_up(blocks: pl.DataFrame, records: int) -> pl.DataFrame:
    """Return left, right, aspect and `bits`: how rare it is to share the block."""
    others = blocks.select("block", right="record")
    return (
        blocks.join(others, on="block")
        .filter(pl.col("record") < pl.col("right"))
        .select("right", "aspect", left="record", bits=(records / pl.col("size")).log(2))
        .select("left", "right", "aspect", "bits")
    )
