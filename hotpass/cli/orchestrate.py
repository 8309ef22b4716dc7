"""`hotpass orchestrate`: the whole under one profile, each part by a toggle."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.cli.progress import progress_option
from hotpass.errors import CheckFailed

if TYPE_CHECKING:
    from hotpass.orchestration import Orchestrated

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.option("--input-dir", type=click.Path(path_type=Path), help="Folder that is read.")
@click.option("--output-path", type=click.Path(path_type=Path), help="Workbook that is written.")
@click.option("--profile", "profile_name", metavar="NAME", help="How the input is to be read.")
@click.option("--archive/--no-archive", default=None, help="Also write a dated archive.")
@click.option(
    "--entity-resolution/--no-entity-resolution",
    default=None,
    help="Merge rows that describe one organisation; without it the profile says.",
)
@click.option(
    "--enrichment/--no-enrichment",
    default=None,
    help="Fill empty fields afterwards, into <output>.enriched.xlsx.",
)
@click.option(
    "--compliance/--no-compliance",
    default=None,
    help="Fail unless what was written keeps the contract and the profile's thresholds.",
)
@click.option(
    "--incremental/--no-incremental",
    default=None,
    help="Do nothing when neither inputs, profile, toggles nor outputs changed since.",
)
@click.option(
    "--since", type=DAY, metavar="YYYY-MM-DD", help="Only rows last contacted from this day on."
)
@progress_option
def command(
    input_dir: Path | None,
    output_path: Path | None,
    profile_name: str | None,
    archive: bool | None,
    entity_resolution: bool | None,
    enrichment: bool | None,
    compliance: bool | None,
    incremental: bool | None,
    since: datetime | None,
    progress_form: str | None,
) -> None:
    """Refine, enrich and judge in one go, each part by a toggle of flag, file or profile.

    Toggles that are not given come from the table `orchestrate` of the settings.
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
            "orchestrate.entity_resolution": entity_resolution,
            "orchestrate.enrichment": enrichment,
            "orchestrate.compliance": compliance,
            "orchestrate.incremental": incremental,
            "orchestrate.since": None if since is None else since.date(),
        }
    )
    config = settings.config

    from hotpass.orchestration import Toggles, orchestrate
    from hotpass.pipeline import EnrichRequest, Hooks, RefineRequest
    from hotpass.stages.enrich.visits import Politeness

    enriching = EnrichRequest(
        config.output_path,
        config.output_path.with_suffix(".enriched.xlsx"),
        allow_network=config.allow_network,
        politeness=Politeness(**config.visits.model_dump()),
    )
    with shown_progress(form=config.progress) as progress:
        done = orchestrate(
            RefineRequest(config.input_dir, config.output_path, settings.profile, config.archive),
            Toggles(**config.orchestrate.model_dump()),
            enriching,
            Hooks(seed=config.seed, progress=progress),
        )
    click.echo(_summarise(done, config.output_path))
    if done.compliance is not None and not done.compliance.holds:
        broken = sum(not finding.holds for finding in done.compliance.findings)
        raise CheckFailed(f"{config.output_path}: {broken} of what compliance asks does not hold.")


def _summarise(done: Orchestrated, output_path: Path) -> str:
    from hotpass.cli import enrich, refine

    lines = []
    if done.refined is None:
        lines.append(f"Nothing changed since the last run; {output_path} stands as it is.")
    else:
        lines.append(refine.summarise(done.refined))
    if done.enriched is not None:
        lines.append(enrich.summarise(done.enriched))
    if done.compliance is not None:
        lines += [
            f"compliance: {finding.asks}: {finding.found}{'' if finding.holds else ', BROKEN'}"
            for finding in done.compliance.findings
        ]
    lines += [f"written: {path}" for path in done.files]
    return "\n".join(lines)
