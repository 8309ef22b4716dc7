"""The quality report: what was read, what became of it, and how full each field is."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

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
    """Rows, unless the name says otherwise; read = kept + merged + rejected."""

    read: int
    kept: int
    merged: int
    rejected: int
    organisations: int
    notes_skipped: int
    columns_ignored: int


class FieldQuality(Part):
    """One field over the organisations: how many have it, and values that were unreadable."""

    filled: int
    share: float
    normalise_problems: int


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


def as_markdown(report: QualityReport) -> str:
    """Render the report for people: counts first, then sheets, fields, violations, warnings."""
    counts = report.counts
    return (
        "\n\n".join(
            [
                "# Quality report",
                f"Profile `{report.profile}`, started {report.started:%Y-%m-%d %H:%M:%S} UTC.",
                f"**{counts.read:,} rows read = {counts.kept:,} kept + {counts.merged:,} merged + "
                f"{counts.rejected:,} rejected**, giving {counts.organisations:,} organisations.",
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


def _table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    if not rows:
        return "None."
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(cell: object) -> str:
    # Sheet names and headers are other people's text: keep it inside its cell, and inert.
    text = " ".join(str(cell).split())
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
