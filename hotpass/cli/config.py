"""`hotpass config`: the settings as they are decided, and where each comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hotpass.config.settings import Settings


@click.group(no_args_is_help=True)
def command() -> None:
    """Show the settings as they are decided, and where each comes from."""


@command.command()
@click.option("--origin", "with_origin", is_flag=True, help="Say where each value comes from.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a hotpass.toml.")
@click.option("--profile", metavar="NAME", help="Profile whose settings count.")
@click.option("--input-dir", type=click.Path(path_type=Path), help="As for refine.")
@click.option("--output-path", type=click.Path(path_type=Path), help="As for refine.")
def show(
    with_origin: bool,
    as_json: bool,
    profile: str | None,
    input_dir: Path | None,
    output_path: Path | None,
) -> None:
    """Print every setting, decided: default < profile < hotpass.toml < environment < flag.

    What it prints is a hotpass.toml that decides the same.
    """
    from hotpass.config.settings import load_settings

    settings = load_settings(
        {"profile": profile, "input_dir": input_dir, "output_path": output_path}
    )
    click.echo(_as_json(settings, with_origin) if as_json else _as_toml(settings, with_origin))


def _as_json(settings: Settings, with_origin: bool) -> str:
    document = {
        entry.key: {"value": entry.value, "origin": entry.origin} if with_origin else entry.value
        for entry in settings
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _as_toml(settings: Settings, with_origin: bool) -> str:
    lines: list[tuple[str, str]] = []
    table = ""
    for entry in settings:
        above, _, name = entry.key.rpartition(".")
        if above != table:
            lines += [("", ""), (f"[{above}]", "")]
            table = above
        lines.append((_assignment(name, entry.value), entry.origin))
    width = max(len(text) for text, _ in lines)
    return "\n".join(
        f"{text:<{width}}  # {origin}" if with_origin and origin else text for text, origin in lines
    )


def _assignment(name: str, value: Any) -> str:
    # TOML has no null; its strings, numbers, truth values and arrays are written as JSON's.
    if value is None:
        return f"# {name} is not set"
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"
