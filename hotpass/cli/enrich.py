"""`hotpass enrich`: the empty fields of a refined workbook filled, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.cli.progress import progress_option
from hotpass.cli.wording import number_of

if TYPE_CHECKING:
    from hotpass.pipeline import EnrichOutcome

SOURCES_SHOWN = 10
WARNINGS_SHOWN = 10


@click.command()
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    required=True,
    help="Workbook that `hotpass refine` wrote.",
)
@click.option(
    "--output",
    "output_path",
    type=click.Path(path_type=Path),
    required=True,
    help="Workbook to write; the Parquet files come beside it.",
)
@click.option("--profile", "profile_name", metavar="NAME", help="Profile of the data.")
@click.option(
    "--allow-network",
    type=bool,
    is_flag=False,
    flag_value=True,
    default=None,
    metavar="[true|false]",
    help="May sources on the network be asked? Alone it means true; without it the settings say.",
)
@progress_option
def command(
    input_path: Path,
    output_path: Path,
    profile_name: str | None,
    allow_network: bool | None,
    progress_form: str | None,
) -> None:
    """Fill the empty fields of a refined workbook, each value with its source.

    What is there stays as it is. Without the network the same workbook always gives the same
    additions.
    """
    from hotpass.cli.progress import shown_progress
    from hotpass.config.settings import load_settings

    config = load_settings(
        {"profile": profile_name, "allow_network": allow_network, "progress": progress_form}
    ).config

    from hotpass.pipeline import EnrichRequest, Hooks, enrich_workbook
    from hotpass.stages.enrich.visits import Politeness

    with shown_progress(form=config.progress) as progress:
        outcome = enrich_workbook(
            EnrichRequest(
                input_path,
                output_path,
                allow_network=config.allow_network,
                politeness=Politeness(**config.visits.model_dump()),
            ),
            Hooks(progress=progress),
        )
    click.echo(summarise(outcome))


def summarise(outcome: EnrichOutcome) -> str:
    """Say in a few lines what was added from where, how sure it is, and where it was written."""
    import polars as pl

    by_source = (
        outcome.additions.group_by("source", "field")
        .agg(
            pl.len().alias("values"),
            pl.col("confidence").min().alias("lowest"),
            pl.col("confidence").max().alias("highest"),
        )
        .sort("values", "source", "field", descending=[True, False, False])
    )
    lines = [
        f"{number_of(outcome.additions.height, 'empty value')} filled in "
        f"{number_of(outcome.organisations, 'organisation')}"
    ]
    lines += [
        f"{row['field']} from {row['source']}: {number_of(row['values'], 'value')}, confidence "
        + _between(row["lowest"], row["highest"])
        for row in by_source.head(SOURCES_SHOWN).iter_rows(named=True)
    ]
    if (more := by_source.height - SOURCES_SHOWN) > 0:
        lines.append(f"and from {number_of(more, 'other source')}, all in the sheet Additions")
    lines += [f"warning: {warning}" for warning in outcome.warnings[:WARNINGS_SHOWN]]
    if (more := len(outcome.warnings) - WARNINGS_SHOWN) > 0:
        lines.append(f"warning: {more:,} more of the kind")
    lines += [f"written: {path}" for path in outcome.files]
    return "\n".join(lines)


def _between(lowest: float, highest: float) -> str:
    return f"{lowest:.2f}" if lowest == highest else f"{lowest:.2f} to {highest:.2f}"
