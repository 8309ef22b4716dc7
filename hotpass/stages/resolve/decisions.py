"""Decisions: what people said about pairs of records, kept by content and heeded ever after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hotpass.errors import BadInput
from hotpass.outputs import write_whole
from hotpass.stages.resolve.linking import DECIDED

SAME, DIFFERENT = "same", "different"
COLUMNS = ("one", "other", "decision", "name_one", "name_other")
SCHEMA = dict.fromkeys(COLUMNS, pl.String)
KEY = r"^[0-9a-f]{16}$"


def no_decisions() -> pl.DataFrame:
    """Return decisions about nothing."""
    return pl.DataFrame(schema=SCHEMA)


def content_keys(records: pl.DataFrame, fields: Sequence[str]) -> pl.Series:
    """Return a key for each record, made from the content of `fields` alone.

    The same content has the same key in every run; a correction of the content makes another
    record of it, about which nothing was decided.
    """
    import hashlib

    parts = [pl.col(field).cast(pl.String).fill_null("\x00") for field in fields]
    texts = records.select(pl.concat_str(parts, separator="\x1f")).to_series()
    return pl.Series(
        "key", [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts], dtype=pl.String
    )


def read_decisions(path: Path) -> pl.DataFrame:
    """Read a file of decisions; one that is not there yet holds none.

    Raises:
        BadInput: the file is no such table, or a line of it says neither same nor different.
    """
    if not path.exists():
        return no_decisions()
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{path}: cannot be read as decisions ({reason}).") from error
    if missing := [column for column in COLUMNS if column not in table.columns]:
        raise BadInput(
            f"{path}: no file of decisions: it lacks the column {missing[0]}; "
            "name the file that `hotpass resolve --decisions` writes."
        )
    keys_fit = pl.all_horizontal(pl.col("one", "other").str.contains(KEY).fill_null(False))
    fit = keys_fit & pl.col("decision").is_in([SAME, DIFFERENT]).fill_null(False)
    wrong = table.with_row_index("line", offset=2).filter(~fit)
    if wrong.height:
        raise BadInput(
            f"{path}, line {wrong['line'][0]}: one and other must be keys of 16 hexadecimal "
            f"digits, and the decision {SAME} or {DIFFERENT}; correct the line or remove it."
        )
    return merge_decisions(no_decisions(), table.select(COLUMNS))


def merge_decisions(earlier: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """Return all decisions, one a pair and in order of their keys; the later one counts."""
    turned = pl.col("one") > pl.col("other")
    swapped = {"one": "other", "other": "one", "name_one": "name_other", "name_other": "name_one"}
    return (
        pl.concat([earlier, later])
        .with_columns(
            pl.when(turned).then(other).otherwise(one).alias(one) for one, other in swapped.items()
        )
        .unique(["one", "other"], keep="last", maintain_order=True)
        .sort("one", "other")
    )


def write_decisions(path: Path, decisions: pl.DataFrame) -> None:
    """Write a file of decisions, whole or not at all; it is text, so that changes can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, decisions.write_csv())


def decided_pairs(
    records: pl.DataFrame, fields: Sequence[str], decisions: pl.DataFrame
) -> pl.DataFrame:
    """Return `left` < `right` and `same` for each pair of `records` that was decided."""
    if decisions.is_empty():
        return pl.DataFrame(schema=DECIDED)
    keyed = records.select("record").with_columns(content_keys(records, fields))
    return (
        decisions.select("one", "other", same=pl.col("decision") == SAME)
        .join(keyed.rename({"record": "first"}), left_on="one", right_on="key")
        .join(keyed.rename({"record": "second"}), left_on="other", right_on="key")
        .filter(pl.col("first") != pl.col("second"))
        .select(
            left=pl.min_horizontal("first", "second"),
            right=pl.max_horizontal("first", "second"),
            same="same",
        )
        .unique(["left", "right"], keep="first", maintain_order=True)
    )
