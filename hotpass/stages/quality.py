"""The quality report: what was read, what became of it, and how full each field is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from hotpass.config.profile import Thresholds
from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.stages.ingest import SheetRead


class Part(BaseModel):
    """A part of the report: frozen, and nothing in it but what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileDigest(Part):
    """A file by its content."""

    file: str
    sha256: str
    bytes: int


class Counts(Part):
    """Rows, unless the name says otherwise; read = kept + merged + rejected + left_out.

    Rows are left out only by a day since which they are wanted.
    """

    read: int
    kept: int
    merged: int
    rejected: int
    left_out: int = 0
    organisations: int
    notes_skipped: int
    columns_ignored: int


class FieldQuality(Part):
    """One field over the organisations: how many have it, and values that were unreadable."""

    filled: int
    share: float
    normalise_problems: int


class Judgement(Part):
    """A threshold of the profile beside what was reached."""

    threshold: str
    """Such as `rejected at most` or `email filled at least`."""
    wanted: float
    reached: float
    kept: bool


class QualityReport(Part):
    """The report of one refine, as written to `*.quality.json`."""

    format_version: Literal[1] = 1
    profile: str
    started: datetime
    inputs: tuple[FileDigest, ...]
    sheets: tuple[SheetRead, ...]
    counts: Counts
    fields: dict[str, FieldQuality]
    violations: dict[str, int]
    thresholds: tuple[Judgement, ...] = ()
    warnings: tuple[str, ...]
    seconds: dict[str, float]


def digest(path: Path, *, name: str) -> FileDigest:
    """Return the SHA-256 and size of a file under the given name."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return FileDigest(file=name, sha256=sha256, bytes=file.tell())


def measure_fields(organisations: pl.DataFrame, problems: pl.DataFrame) -> dict[str, FieldQuality]:
    """Say for every input field how full it is and how often a value could not be read."""
    unread = dict(problems["field"].value_counts().iter_rows())
    total = organisations.height
    filled = {name: total - organisations[name].null_count() for name in INPUT_FIELDS}
    return {
        name: FieldQuality(
            filled=filled[name],
            share=round(filled[name] / total, 4) if total else 0.0,
            normalise_problems=unread.get(name, 0),
        )
        for name in INPUT_FIELDS
    }


def count_violations(rejected: pl.DataFrame) -> dict[str, int]:
    """Count the rejected rows by the rule they broke, as `field rule`, most frequent first."""
    counted = (
        rejected.group_by(pl.format("{} {}", "field", "rule").alias("rule"))
        .len()
        .sort("len", "rule", descending=[True, False])
    )
    return dict(counted.iter_rows())


def judge(
    thresholds: Thresholds, counts: Counts, fields: Mapping[str, FieldQuality]
) -> tuple[Judgement, ...]:
    """Hold what was reached against the thresholds of a profile, each that it sets."""
    unreadable = sum(field.normalise_problems for field in fields.values())
    at_most = {
        "rejected at most": (thresholds.rejected, counts.rejected / max(counts.read, 1)),
        "unreadable at most": (thresholds.unreadable, unreadable / max(counts.read, 1)),
    }
    return (
        *(
            Judgement(threshold=name, wanted=most, reached=round(share, 4), kept=share <= most)
            for name, (most, share) in at_most.items()
            if most is not None
        ),
        *(
            Judgement(
                threshold=f"{name} filled at least",
                wanted=least,
                reached=fields[name].share,
                kept=fields[name].share >= least,
            )
            for name, least in thresholds.filled.items()
        ),
    )


def as_markdown(report: QualityReport) -> str:
    """Render the report for people: counts first, then sheets, fields, violations, warnings."""
    counts = report.counts
    return (
        "\n\n".join(
            [
                "# Quality report",
                f"Profile `{report.profile}`, started {report.started:%Y-%m-%d %H:%M:%S} UTC.",
                f"**{counts.read:,} rows read = {counts.kept:,} kept + {counts.merged:,} merged + "
                f"{counts.rejected:,} rejected"
                + (f" + {counts.left_out:,} left out" if counts.left_out else "")
                + f"**, giving {counts.organisations:,} organisations.",
                "## Sheets",
                _table(
                    ("file", "sheet", "header in row", "rows", "columns ignored", "notes skipped"),
                    [
                        (
                            sheet.file,
                            sheet.sheet,
                            sheet.header_row or "none",
                            f"{sheet.rows:,}",
                            ", ".join(sheet.ignored_columns),
                            sheet.notes_skipped,
                        )
                        for sheet in report.sheets
                    ],
                ),
                "## Fields",
                _table(
                    ("field", "filled", "share", "values not read"),
                    [
                        (name, f"{q.filled:,}", f"{q.share:.1%}", f"{q.normalise_problems:,}")
                        for name, q in report.fields.items()
                    ],
                ),
                "## Rows rejected, by rule",
                _table(("rule", "rows"), list(report.violations.items())),
                "## Thresholds of the profile",
                _table(
                    ("threshold", "wanted", "reached", ""),
                    [
                        (j.threshold, f"{j.wanted:.1%}", f"{j.reached:.1%}", _verdict(j))
                        for j in report.thresholds
                    ],
                ),
                "## Warnings",
                "\n".join(f"- {_plain(warning)}" for warning in report.warnings) or "None.",
                "## Time",
                _table(
                    ("stage", "seconds"),
                    [(stage, f"{seconds:.2f}") for stage, seconds in report.seconds.items()],
                ),
            ]
        )
        + "\n"
    )


def _verdict(judgement: Judgement) -> str:
    return "kept" if judgement.kept else "BROKEN"


def _table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    if not rows:
        return "None."
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(cell: object) -> str:
    # Sheet names and headers are other people's text: keep it inside its cell, and inert.
    text = " ".join(str(cell).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
