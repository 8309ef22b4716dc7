"""What the end-to-end run left on disk, read again and held against the planted truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

Place = tuple[str, str, int]
_PLACE = ("source_file", "source_sheet", "source_row")


@dataclass(frozen=True)
class Ledger:
    """What became of every input row: `fates` counts them, `frame` has one row each."""

    frame: pl.DataFrame

    @property
    def rows(self) -> int:
        """Ledger lines, duplicates included."""
        return self.frame.height

    @property
    def places(self) -> set[Place]:
        """The distinct places that the ledger names."""
        return set(self.frame.select(_PLACE).rows())

    @property
    def rejected(self) -> set[Place]:
        """The places of the rows that were rejected."""
        return set(self.frame.filter(pl.col("fate") == "rejected").select(_PLACE).rows())

    @property
    def fates(self) -> dict[str, int]:
        """How many rows were kept, merged and rejected; an unheard-of fate counts as none."""
        counted = dict(self.frame["fate"].value_counts().rows())
        return {fate: int(counted.get(fate, 0)) for fate in ("kept", "merged", "rejected")}


@dataclass(frozen=True)
class Truth:
    """Which rows were planted, and which of them are one organisation."""

    clusters: dict[str, tuple[Place, ...]]
    rejected: tuple[Place, ...]

    @property
    def places(self) -> set[Place]:
        """Every planted row."""
        clustered = {place for places in self.clusters.values() for place in places}
        return clustered | set(self.rejected)


@dataclass(frozen=True)
class Merges:
    """Pairs of rows: `merged` by the pipeline, `planted` in the truth, `right` in both."""

    merged: int
    planted: int
    right: int

    @property
    def precision(self) -> float:
        """The share of merged pairs that are one organisation; 0 when nothing was merged."""
        return self.right / self.merged if self.merged else 0.0

    @property
    def recall(self) -> float:
        """The share of planted pairs that were merged; 0 when none was planted."""
        return self.right / self.planted if self.planted else 0.0


@dataclass(frozen=True)
class EnrichDifference:
    """Cells that differ between the refined and the enriched workbook."""

    changed: int
    lost: int
    filled: int
    unmatched: int
    sourced: int
    unsourced: int


def read_ledger(refined: Path) -> Ledger:
    """The ledger of rows that refine wrote beside its workbook."""
    return Ledger(pl.read_parquet(refined.with_suffix(".rows.parquet")))


def read_truth(path: Path) -> Truth:
    """The truth that the sample's generator planted."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        clusters={
            name: tuple(_place(place) for place in places)
            for name, places in document["clusters"].items()
        },
        rejected=tuple(_place(place) for place in document["rejected_rows"]),
    )


def judge_merges(ledger: Ledger, truth: Truth) -> Merges:
    """Count pairs of rows over all that were not rejected, by file, sheet and row."""
    planted = pl.DataFrame(
        [(name, *place) for name, places in truth.clusters.items() for place in places],
        schema={"truth": pl.String, **{name: ledger.frame.schema[name] for name in _PLACE}},
        orient="row",
    )
    # A planted row that the pipeline rejected still counts among the planted pairs: it was missed.
    joined = planted.join(ledger.frame.filter(pl.col("fate") != "rejected"), on=_PLACE, how="left")
    return Merges(
        merged=_pairs(joined.drop_nulls("organisation_id"), "organisation_id"),
        planted=_pairs(joined, "truth"),
        right=_pairs(joined.drop_nulls("organisation_id"), "organisation_id", "truth"),
    )


def compare_enriched(refined: Path, enriched: Path) -> EnrichDifference:
    """Compare the two workbooks cell by cell, and what was filled with its stated sources."""
    from hotpass.pipeline import read_refined

    before, after = (_long(read_refined(path)) for path in (refined, enriched))
    ids_before, ids_after = (set(frame["organisation_id"]) for frame in (before, after))
    cells = before.join(after, on=("organisation_id", "field"), how="inner", suffix="_after")
    had, has = pl.col("value").is_not_null(), pl.col("value_after").is_not_null()
    filled = cells.filter(~had & has)
    additions = pl.read_parquet(enriched.with_suffix(".additions.parquet"))
    complete = additions.filter(
        (pl.col("source").str.len_chars() > 0) & pl.col("confidence").is_between(0, 1)
    )
    return EnrichDifference(
        changed=cells.filter(had & has & (pl.col("value") != pl.col("value_after"))).height,
        lost=cells.filter(had & ~has).height,
        filled=filled.height,
        unmatched=len(ids_before ^ ids_after),
        sourced=filled.join(complete, on=("organisation_id", "field"), how="semi").height,
        unsourced=additions.height - complete.height,
    )


def read_gates(report: Path) -> dict[str, bool]:
    """Each quality gate and whether it passed; none when qa left no report."""
    if not report.is_file():
        return {}
    document = json.loads(report.read_text(encoding="utf-8"))
    return {gate["name"]: gate["passed"] is True for gate in document["gates"]}


def _place(parts: list[str | int]) -> Place:
    file, sheet, row = parts
    return str(file), str(sheet), int(row)


def _pairs(frame: pl.DataFrame, *by: str) -> int:
    sizes = frame.group_by(by).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _long(frame: pl.DataFrame) -> pl.DataFrame:
    fields = [name for name in frame.columns if name != "organisation_id"]
    return frame.with_columns(pl.col(fields).cast(pl.String)).unpivot(
        fields, index="organisation_id", variable_name="field"
    )
