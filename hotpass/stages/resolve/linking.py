"""Linking: which records of any subject are one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from hotpass.stages.resolve.blocking import find_pairs
from hotpass.stages.resolve.clusters import cluster
from hotpass.stages.resolve.keys import build_keys
from hotpass.stages.resolve.subject import Subject


@dataclass(frozen=True)
class Linked:
    """`clusters` holds record and cluster, the least record of those that are one."""

    clusters: pl.DataFrame
    compared: int
    matched: int


def link(frame: pl.DataFrame, subject: Subject, match_probability: float = 0.95) -> Linked:
    """Find which rows of `frame` describe one `subject`; a row's record is its number from 0.

    Two records are one where the odds for it reach `match_probability`. For an answer that does
    not depend on the order of the rows, give them in an order that depends on their content.
    """
    records = frame.with_row_index("record")
    if records.height < 2:
        return Linked(records.select("record", cluster="record"), 0, 0)
    keys = build_keys(records, subject)
    candidates = find_pairs(keys)
    clusters, matched = cluster(keys, candidates, subject, _weight(match_probability))
    return Linked(clusters, candidates.height, matched)


def _weight(probability: float) -> float:
    """Turn a probability into log2 of its odds."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log2(bounded / (1 - bounded))
