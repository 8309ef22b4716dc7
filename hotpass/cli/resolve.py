"""`hotpass resolve`: who is who, the uncertain pairs to people and their decisions back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.cli.wording import number_of

if TYPE_CHECKING:
    from hotpass.reviewing import Reviewed


@click.command()
@click.option(
    "--input-dir",
    type=click.Path(path_type=Path),
    help="Folder of workbooks and delimited texts, read with all its subfolders.",
)
@click.option("--profile", "profile_name", metavar="NAME", help="How the input is to be read.")
@click.option(
    "--review",
    "review_path",
    type=click.Path(path_type=Path),
    help="Workbook to write: the uncertain pairs side by side, with a column to decide in.",
)
@click.option(
    "--answers",
    "answers_path",
    type=click.Path(path_type=Path),
    help="Workbook of an earlier --review that people filled in; needs --decisions.",
)
@click.option(
    "--decisions",
    "decisions_path",
    type=click.Path(path_type=Path),
    help="File that remembers decisions; it is heeded, and --answers are added to it.",
)
def command(
    input_dir: Path | None,
    profile_name: str | None,
    review_path: Path | None,
    answers_path: Path | None,
    decisions_path: Path | None,
) -> None:
    """Put uncertain pairs of rows before people, and remember what they decide.

    First `--review FILE.xlsx`; then, when people have filled it in, `--answers FILE.xlsx
    --decisions FILE.csv`. From then on `--decisions FILE.csv`, here and for `refine`, heeds what
    was decided, and a pair once decided is not asked about again while its rows stay as they are.
    """
    if review_path is None and answers_path is None:
        raise click.UsageError("nothing to do: give --review, or --answers with --decisions.")
    if answers_path is not None and decisions_path is None:
        raise click.UsageError("--answers needs --decisions, the file to remember them in.")

    if answers_path is not None and decisions_path is not None:
        from hotpass.reviewing import keep_answers

        answers, known = keep_answers(answers_path, decisions_path)
        click.echo(f"{number_of(answers, 'answer')} read, {known:,} remembered: {decisions_path}")
    if review_path is not None:
        _review(input_dir, profile_name, review_path, decisions_path)


def _review(
    input_dir: Path | None, profile_name: str | None, review_path: Path, decisions: Path | None
) -> None:
    from hotpass.cli.progress import shown_progress
    from hotpass.config.settings import load_settings

    settings = load_settings({"input_dir": input_dir, "profile": profile_name})
    config = settings.config

    from hotpass.pipeline import Hooks
    from hotpass.reviewing import ReviewRequest, review

    with shown_progress() as progress:
        reviewed = review(
            ReviewRequest(config.input_dir, review_path, settings.profile, decisions),
            Hooks(seed=config.seed, progress=progress),
        )
    click.echo(_summarise(reviewed, review_path))


def _summarise(reviewed: Reviewed, review_path: Path) -> str:
    metrics = reviewed.metrics
    lines = [
        f"{metrics['rows']:,} rows are {metrics['organisations']:,} organisations; "
        f"{metrics['pairs_compared']:,} pairs compared, {metrics['pairs_matched']:,} matched",
        f"{number_of(int(metrics['decisions']), 'decision')} heeded",
    ]
    if unkept := metrics["decisions_not_kept"]:
        lines.append(
            f"warning: {unkept:,} of them could not be kept; others contradict them, or the "
            "organisation has very many rows"
        )
    lines += [f"warning: {warning}" for warning in reviewed.warnings[:10]]
    lines.append(f"{number_of(reviewed.pairs, 'pair')} to decide: {review_path}")
    return "\n".join(lines)
