"""Identifiers: a short digest of what names an organisation, the same wherever it is made."""

from __future__ import annotations

import hashlib

import polars as pl

# What an organisation is known by; notes, dates and contacts change without it becoming another.
IDENTITY = ("organisation_name", "registration_number", "town", "postcode", "phone", "email")


def identify(records: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Add `organisation_id` to `records`, one for each cluster.

    It is made from the first record of a cluster in the order of its contents, so further copies
    of a row leave it as it was. Only where two clusters agree in all of IDENTITY does the whole
    content of the record count.
    """
    labelled = records.join(clusters, on="record", maintain_order="left")
    firsts = labelled.group_by("cluster").agg(pl.col("record").min())
    heads = labelled.join(firsts.select("record"), on="record", how="semi").sort("record")
    contents = [name for name in records.columns if name != "record"]
    short = _join(heads, list(IDENTITY))
    whole = _join(heads, contents)
    text = pl.DataFrame({"short": short, "whole": whole}).select(
        pl.when(pl.len().over("short") == 1).then("short").otherwise("whole")
    )
    digests = [hashlib.sha256(one.encode()).hexdigest()[:12] for one in text.to_series()]
    ids = heads.select("cluster", organisation_id="org-" + pl.Series(digests, dtype=pl.String))
    return labelled.join(ids, on="cluster", maintain_order="left").drop("cluster")


def _join(frame: pl.DataFrame, columns: list[str]) -> pl.Series:
    parts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in columns]
    return frame.select(pl.concat_str(parts, separator="\x1f")).to_series()
