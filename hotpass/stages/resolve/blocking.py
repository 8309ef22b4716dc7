"""Blocking: the few pairs worth comparing, out of all there could be."""

from __future__ import annotations

import math

import polars as pl

from hotpass.stages.resolve.keys import BACKGROUND

# A key that more records share says too little to compare them all with each other.
LARGEST_BLOCK, SMALLEST_LIMIT = 60, 5
# Pairs that one way of dividing the blocks may bring, before the limit comes down.
MOST_PAIRS = 3_000_000
# A pair is one integer: 30 bits for either record, 4 for the aspect.
RECORD_ROOM, ASPECT_ROOM = 2**30, 2**4
RAREST_TOKENS = 4
NEIGHBOURS = 3
# What a pair shares must nearly outweigh the odds against any two records (in bits, log2 of how
# many records there are). So much is left to what blocking does not see, such as a misspelling.
SLACK = 2.5
OTHER_PLACE = -3.0

# Keys of one aspect say the same thing in other words, so only the rarest of them counts.
ASPECTS = ("identifier", "typed", "phone", "email", "domain", "date", "name", "address")


def find_pairs(keys: pl.DataFrame) -> pl.DataFrame:
    """Return `left` < `right`: each pair of records that shares enough to be compared, once.

    Records are gathered in blocks by what they share; the fewer share it, the more it says. A
    block that is too large is divided by town, then by postcode; if it still is, each record is
    paired with the next ones only. What is too large depends on how many pairs there would be in
    all, so that neither time nor memory grows faster than the records do.
    """
    population = keys.height + BACKGROUND
    blocks = _build_blocks(keys).with_columns(
        bits=(population / pl.len().over("block")).log(2).cast(pl.Float32)
    )
    shared = []
    for divider in ("town", "postcode", None):
        largest = _largest_block(blocks)
        shared.append(_pair_up(blocks, largest))
        blocks = blocks.filter(pl.len().over("block") > largest)
        if divider is not None:
            blocks = blocks.join(keys.select("record", divider).drop_nulls(), on="record").select(
                "record", "aspect", "bits", block=pl.struct("block", divider).hash()
            )
    shared.append(_pair_neighbours(blocks))
    pairs = _add_up(shared)
    enough = pairs["bits"] + _weigh_places(keys, pairs) >= math.log2(population) - SLACK
    return pairs.filter(enough).select("left", "right").sort("left", "right")


def _largest_block(blocks: pl.DataFrame) -> int:
    """Return the size up to which all blocks together hold no more pairs than are affordable."""
    sizes = (
        blocks.group_by("block")
        .len("size")
        .group_by("size")
        .len("blocks")
        .sort("size")
        .with_columns(
            pairs=(pl.col("blocks") * pl.col("size").cast(pl.Int64).pow(2) // 2).cum_sum()
        )
        .filter((pl.col("pairs") <= MOST_PAIRS) & (pl.col("size") <= LARGEST_BLOCK))
    )
    sizes_that_fit: list[int] = sizes["size"].to_list()
    return max([SMALLEST_LIMIT, *sizes_that_fit])


def _add_up(shared: list[pl.DataFrame]) -> pl.DataFrame:
    """Return left, right and bits: what each pair shares, the most of each aspect."""
    # One integer is grouped several times as fast as three columns.
    return (
        pl.concat(shared)
        .group_by("pair")
        .agg(pl.col("bits").max())
        .group_by(pl.col("pair") // ASPECT_ROOM)
        .agg(pl.col("bits").sum())
        .select(
            (pl.col("pair") // RECORD_ROOM).cast(pl.UInt32).alias("left"),
            (pl.col("pair") % RECORD_ROOM).cast(pl.UInt32).alias("right"),
            "bits",
        )
    )


def _as_pair(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Pack two records and an aspect into one integer."""
    both = left.cast(pl.UInt64) * RECORD_ROOM + right.cast(pl.UInt64)
    return (both * ASPECT_ROOM + pl.col("aspect").cast(pl.UInt64)).alias("pair")


def _weigh_places(keys: pl.DataFrame, pairs: pl.DataFrame) -> pl.Series:
    """Say for each pair in bits what it means that the two are in one place, or in two."""
    sides = []
    for side in ("left", "right"):
        places = keys.select("postcode", "town")[pairs[side]]
        sides.append(places.rename({name: f"{name}_{side}" for name in places.columns}))
    rarity = {
        name: keys.drop_nulls(name)
        .group_by(name)
        .agg(((keys.height + BACKGROUND) / pl.len()).log(2).alias(f"{name}_bits"))
        .rename({name: f"{name}_left"})
        for name in ("postcode", "town")
    }
    one_postcode = pl.col("postcode_left") == pl.col("postcode_right")
    one_town = pl.col("town_left") == pl.col("town_right")
    return (
        pl.concat(sides, how="horizontal")
        .join(rarity["postcode"], on="postcode_left", how="left", maintain_order="left")
        .join(rarity["town"], on="town_left", how="left", maintain_order="left")
        .select(
            pl.when(one_postcode)
            .then("postcode_bits")
            .when(one_town)
            .then("town_bits")
            .when(one_postcode.is_null() & one_town.is_null())
            .then(0.0)
            .otherwise(OTHER_PLACE)
        )
        .to_series()
    )


def _build_blocks(keys: pl.DataFrame) -> pl.DataFrame:
    letters = pl.col("letters")
    return pl.concat(
        [
            *(_block(keys, aspect, pl.col(aspect)) for aspect in ASPECTS[:6]),
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


def _pair_up(blocks: pl.DataFrame, largest: int) -> pl.DataFrame:
    """Return pair and bits of all pairs in blocks of up to so many records."""
    small = blocks.filter(pl.len().over("block").is_between(2, largest))
    return (
        small.join(small.select("block", right="record"), on="block")
        .filter(pl.col("record") < pl.col("right"))
        .select(_as_pair(pl.col("record"), pl.col("right")), "bits")
    )


def _pair_neighbours(blocks: pl.DataFrame) -> pl.DataFrame:
    """Pair each record of a block that is too large with the next ones; they begin alike."""
    telling = pl.col("bits") >= pl.col("bits").max() / 2
    large = blocks.filter(telling).sort("block", "record")
    steps = [
        large.with_columns(right=pl.col("record").shift(-step).over("block"))
        .drop_nulls("right")
        .select(_as_pair(pl.col("record"), pl.col("right")), "bits")
        for step in range(1, NEIGHBOURS + 1)
    ]
    return pl.concat(steps)
