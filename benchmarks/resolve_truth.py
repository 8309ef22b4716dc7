"""How well clusters agree with the truth: by pairs within clusters, and by B-cubed."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl


class Agreement(NamedTuple):
    """Shares from 0 to 1.

    By pairs: of the pairs of rows that share a cluster, how many truly belong together
    (precision), and of those that truly do, how many share a cluster (recall). A wrong merge of
    two large clusters costs as many pairs as it joins, so chaining shows.
    B-cubed: the same of each row's own cluster, and the mean of that over all rows.
    """

    precision: float
    recall: float
    b_cubed_precision: float
    b_cubed_recall: float


def compare(truth: pl.Series, clusters: pl.Series) -> Agreement:
    """Compare the cluster of each row with its true one."""
    rows = pl.DataFrame({"true": truth, "found": clusters}).with_columns(
        both=pl.len().over("true", "found").cast(pl.Int64),
        in_true=pl.len().over("true").cast(pl.Int64),
        in_found=pl.len().over("found").cast(pl.Int64),
    )
    right, together, truly = (
        int(rows.select((pl.col(size) - 1).sum()).item())
        for size in ("both", "in_found", "in_true")
    )
    means = rows.select(
        precision=(pl.col("both") / pl.col("in_found")).mean(),
        recall=(pl.col("both") / pl.col("in_true")).mean(),
    ).row(0)
    return Agreement(
        precision=right / together if together else 1.0,
        recall=right / truly if truly else 1.0,
        b_cubed_precision=means[0],
        b_cubed_recall=means[1],
    )


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean of the two."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
