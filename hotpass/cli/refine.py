"""`hotpass refine`: a folder of workbooks into one checked list of organisations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.cli.progress import progress_option
from hotpass.cli.wording import number_of

if TYPE_CHECKING:
    from hotpass.pipeline import RefineOutcome

WARNINGS_SHOWN = 10


@click.command()
@click.option(
    "--input-dir",
    type=click.Path(path_type=Path),
    help="Folder of workbooks and delimited texts with its subfolders, a file, or a pattern.",
)
@click.option(
    "--output-path",
    type=click.Path(path_type=Path),
    help="Workbook to write; the Parquet files and the quality report come beside it.",
)
@click.option("--profile", "profile_name", metavar="NAME", help="How the input is to be read.")
@click.option(
    "--archive/--no-archive", default=None, help="Also write a dated archive of every output."
)
@click.option(
    "--decisions",
    "decisions_path",
    type=click.Path(path_type=Path),
    help="What people decided about pairs of rows, as `hotpass resolve` remembers it.",
)
@progress_option
def command(
    input_dir: Path | None,
    output_path: Path | None,
    profile_name: str | None,
    archive: bool | None,
    decisions_path: Path | None,
    progress_form: str | None,
) -> None:
    """Read a folder of workbooks and write one clean, checked list of organisations.

    Every row that is read is kept, merged or rejected, and the summary counts them. What is
    not given comes from the settings (`hotpass overview` shows them with their origins).
    """
    from hotpass.cli.progress import shown_progress
    from hotpass.config.settings import load_settings

    settings = load_settings(
        {
            "input_dir": input_dir,
            "output_path": output_path,
            "profile": profile_name,
            "archive": archive,
            "progress": progress_form,
        }
    )
    config, profile = settings.config, settings.profile

    from hotpass.sources.apart import start_ahead

    # It loads what it needs while this process loads the pipeline.
    start_ahead()

    from hotpass.pipeline import Hooks, RefineRequest, refine

    with shown_progress(form=config.progress) as progress:
        outcome = refine(
            RefineRequest(
                config.input_dir,
                config.output_path,
                profile,
                config.archive,
                decisions_path=decisions_path,
            ),
            Hooks(seed=config.seed, progress=progress),
        )
    click.echo(summarise(outcome))


def summarise(outcome: RefineOutcome) -> str:
    """Say in a few lines what was read, what became of it, and where it is."""
    report, counts = outcome.report, outcome.report.counts
    seconds = sum(report.seconds.values())
    lines = [
        f"{counts.read:,} rows read = {counts.kept:,} kept + {counts.merged:,} merged "
        f"+ {counts.rejected:,} rejected"
        + (f" + {counts.left_out:,} left out" if counts.left_out else ""),
        f"{number_of(counts.organisations, 'organisation')} from "
        f"{number_of(len(report.inputs), 'file')} in {seconds:.1f} s",
    ]
    lines += [
        f"rejected for {rule}: {number_of(rows, 'row')}" for rule, rows in report.violations.items()
    ]
    lines += [
        f"threshold broken: {judgement.threshold} {judgement.wanted:.1%}, "
        f"reached {judgement.reached:.1%}"
        for judgement in report.thresholds
        if not judgement.kept
    ]
    lines += [f"warning: {warning}" for warning in report.warnings[:WARNINGS_SHOWN]]
    if (more := len(report.warnings) - WARNINGS_SHOWN) > 0:
        lines.append(f"warning: {more:,} more in the quality report")
    lines += [f"written: {path}" for path in outcome.files]
    if outcome.archive is not None:
        lines.append(f"archived: {outcome.archive}")
    return "\n".join(lines)
