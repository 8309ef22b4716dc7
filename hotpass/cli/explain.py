"""`hotpass explain`: where each value of an organisation came from, and what lost."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.cli.wording import number_of

if TYPE_CHECKING:
    from hotpass.explanation import Explanation, Lost, Value


@click.command()
@click.argument("row")
@click.option(
    "--refined",
    type=click.Path(path_type=Path),
    help="Workbook that `hotpass refine` wrote; without it the setting output_path says.",
)
@click.option(
    "--enriched", type=click.Path(path_type=Path), help="Workbook that `hotpass enrich` made of it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(row: str, refined: Path | None, enriched: Path | None, as_json: bool) -> None:
    """Tell where each value of an organisation came from, what lost, and why.

    ROW is a row of the sheet Organisations (17), an organisation_id, an input row
    (register.xlsx:Register:12, a text file's row without a sheet), or a name.
    """
    if refined is None:
        from hotpass.config.settings import load_settings

        refined = load_settings().config.output_path
    from hotpass.explanation import explain

    explanation = explain(row, refined, enriched)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(explanation), indent=2, ensure_ascii=False))
    else:
        click.echo(_as_text(explanation))


def _as_text(explanation: Explanation) -> str:
    rows = explanation.rows
    lines = [
        f"{explanation.organisation_id}  {explanation.name or 'rejected'}",
        "",
        f"From {number_of(len(rows), 'row')}:",
    ]
    width = max((len(str(row.place)) for row in rows), default=0)
    lines += [
        f"  {row.place!s:<{width}}  {row.fate}{f': {row.reason}' if row.reason else ''}"
        for row in rows
    ]
    if explanation.values:
        lines += ["", "Values:"]
    for value in explanation.values:
        lines.append(f"  {value.field}: {value.value}  ({_from_where(value)})")
        lines += [f"    not {_loser(lost)}" for lost in value.lost]
    return "\n".join(lines)


def _from_where(value: Value) -> str:
    return f"added from {value.added}" if value.place is None else f"from {value.place}"


def _loser(lost: Lost) -> str:
    others = f" and {number_of(lost.rows - 1, 'other row')}" if lost.rows > 1 else ""
    return f"{lost.value}  (from {lost.place}{others}): {lost.why}"
