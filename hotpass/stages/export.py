"""Write what was refined or enriched: workbook, Parquet, quality report, dated archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from hotpass.outputs import naming_the_file, written_together
from hotpass.progress import Progress, silent
from hotpass.stages.archive import archive_name, write_archive
from hotpass.stages.quality import QualityReport, as_markdown
from hotpass.stages.validate import count_fates
from hotpass.stages.violations import write_violations
from hotpass.stages.workbook import Sheet, write_workbook

ORIGINS_IN_WORKBOOK = 50_000
"""Origins beyond this many rows are named in the workbook and kept in Parquet alone."""
FROZEN_COLUMNS = 2


@dataclass(frozen=True)
class Exported:
    """The files written, the workbook first."""

    files: tuple[Path, ...]
    metrics: dict[str, int | float]


@dataclass(frozen=True)
class RefinedExport(Exported):
    """What refine wrote: the report as well, and the archive when one was asked for."""

    report: QualityReport
    archive: Path | None


@dataclass(frozen=True)
class RefinedTables:
    """The frames of one refine, as the stages gave them."""

    organisations: pl.DataFrame
    origins: pl.DataFrame
    lost: pl.DataFrame
    rejected: pl.DataFrame
    rows: pl.DataFrame
    violations: pl.DataFrame
    """Cells of the input that broke a rule: file, sheet, row, column, rule, value."""
    doubtful: pl.DataFrame
    """The same of values that were not taken as they stand, with what was done as the rule."""


def export_refined(
    tables: RefinedTables,
    output_path: Path,
    report: Callable[[], QualityReport],
    *,
    moment: datetime,
    archive: bool,
    progress: Progress = silent,
) -> RefinedExport:
    """Write every output of refine beside `output_path`, all together or not at all.

    `report` is called when the tables are written, so that it can tell how long that took.

    Raises:
        OSError: the disk refused; what stood there before still stands.
        CannotWrite: the temporary folder has no room for the workbook.
    """
    stem = output_path.stem
    frames = {
        "": tables.organisations,
        ".rows": tables.rows,
        ".origins": tables.origins,
        ".lost": tables.lost,
    }
    with written_together(output_path.parent, stem) as folder:
        workbook = folder / output_path.name
        for done, (name, frame) in enumerate(frames.items()):
            progress("export", done, len(frames) + 1)
            _write_parquet(folder / f"{stem}{name}.parquet", frame)
        progress("export", len(frames), len(frames) + 1)
        write_violations(
            folder / f"{stem}.violations.xlsx", tables.violations, tables.doubtful, created=moment
        )
        write_workbook(workbook, _refined_sheets(tables, stem, moment), created=moment)
        progress("export", len(frames) + 1, len(frames) + 1)
        quality = report()
        (folder / f"{stem}.quality.json").write_text(
            quality.model_dump_json(indent=2) + "\n", encoding="utf-8"
        )
        (folder / f"{stem}.quality.md").write_text(as_markdown(quality), encoding="utf-8")
        names = _names(folder, first=workbook.name)
        archived = archive_name(stem, moment) if archive else None
        if archived is not None:
            digests = "".join(f"{file.sha256}  {file.file}\n" for file in quality.inputs)
            write_archive(
                folder / archived,
                [folder / name for name in names],
                {"inputs.sha256": digests},
                moment=moment,
            )
        size = sum(path.stat().st_size for path in folder.iterdir())
    return RefinedExport(
        files=tuple(output_path.parent / name for name in names),
        report=quality,
        archive=None if archived is None else output_path.parent / archived,
        metrics={"files": len(names), "bytes": size},
    )


def export_enriched(
    organisations: pl.DataFrame, additions: pl.DataFrame, output_path: Path, *, moment: datetime
) -> Exported:
    """Write the enriched workbook and its Parquet files, all together or not at all.

    Raises as `export_refined` does.
    """
    stem = output_path.stem
    about = _about(
        moment,
        {
            "Organisations": f"{organisations.height:,} organisations",
            "Additions": f"{additions.height:,} values that were empty before, with their sources",
            f"{stem}.parquet, {stem}.additions.parquet": "the same two tables for programs",
        },
    )
    with written_together(output_path.parent, stem) as folder:
        workbook = folder / output_path.name
        sheets = [
            Sheet("Organisations", organisations, FROZEN_COLUMNS),
            Sheet("Additions", additions),
            about,
        ]
        write_workbook(workbook, sheets, created=moment)
        _write_parquet(folder / f"{stem}.parquet", organisations)
        _write_parquet(folder / f"{stem}.additions.parquet", additions)
        names = _names(folder, first=workbook.name)
        size = sum(path.stat().st_size for path in folder.iterdir())
    return Exported(
        files=tuple(output_path.parent / name for name in names),
        metrics={"files": len(names), "bytes": size},
    )


def _refined_sheets(tables: RefinedTables, stem: str, moment: datetime) -> list[Sheet]:
    origins = tables.origins
    if origins.height > ORIGINS_IN_WORKBOOK:
        elsewhere = f"{origins.height:,} origins are in {stem}.origins.parquet"
        origins = pl.DataFrame({"where": [elsewhere]})
    fates = count_fates(tables.rows)
    return [
        Sheet("Organisations", tables.organisations, FROZEN_COLUMNS),
        Sheet("Origins", origins),
        Sheet("Rejected", tables.rejected),
        _about(
            moment,
            {
                "Rows read": f"{tables.rows.height:,} = "
                + " + ".join(f"{count:,} {fate}" for fate, count in fates.items()),
                "Organisations": f"{tables.organisations.height:,} organisations, one a row",
                "Origins": "file, sheet and row that each value was taken from",
                "Rejected": "every input row that was left out, and the rule it broke",
                f"{stem}.rows.parquet": "what became of every input row",
                f"{stem}.lost.parquet": "the values that others won over, and why",
                f"{stem}.violations.xlsx": "the cells to correct in the sources",
                f"{stem}.quality.md": "the quality report",
            },
        ),
    ]


def _about(moment: datetime, lines: dict[str, str]) -> Sheet:
    written = {"Written": f"{moment:%Y-%m-%d %H:%M:%S} UTC by hotpass", **lines}
    return Sheet("About", pl.DataFrame({"what": list(written), "meaning": list(written.values())}))


def _write_parquet(path: Path, frame: pl.DataFrame) -> None:
    with naming_the_file(path):
        frame.write_parquet(path)


def _names(folder: Path, *, first: str) -> list[str]:
    names = sorted(path.name for path in folder.iterdir())
    return [first, *(name for name in names if name != first)]
