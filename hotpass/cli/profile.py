"""`hotpass profile`: look at profiles, check them, begin a new one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotpass.errors import BadInput, CheckFailed

if TYPE_CHECKING:
    from hotpass.config.merge import Key
    from hotpass.config.profiles import Examined

WIDTH = 100
BEGINNING = """\
extends = {extends}
description = "{description}"

# Headers that mean a field, the most trusted first; they come before those of what is extended.
[columns]
# organisation_name = ["Operator"]

# Rules beside the contract's; a row that breaks one is rejected.
# [validators.phone]
# required = true

# What the whole must reach; `hotpass orchestrate --compliance` fails where it does not.
# [thresholds]
# rejected = 0.05
# filled = {{ email = 0.5 }}

# Settings for work under this profile; hotpass.toml, the environment and flags overrule them.
# [settings]
# archive = true
"""

directory_option = click.option(
    "--profile-dir",
    type=click.Path(path_type=Path),
    help="Folder of one's own profiles; without it the settings say.",
)


@click.group(no_args_is_help=True)
def command() -> None:
    """Show a profile with where each value comes from, check profiles, begin a new one."""


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME|FILE...]")
@directory_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def lint(names: tuple[str, ...], profile_dir: Path | None, as_json: bool) -> None:
    """Name every mistake in profiles with file, line and key; all profiles unless some are named.

    Remarks name what has no effect and fail nothing.
    """
    from hotpass.config.profile_files import profile_names

    directory = profile_dir or _configured_directory()
    found = [_lint(*_located(name, directory)) for name in names or profile_names(directory)]
    # A mistake in a profile that several extend is one mistake.
    problems = list({tuple(each.values()): each for one in found for each in one}.values())
    if as_json:
        click.echo(json.dumps(problems, indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            line = f":{problem['line']}" if problem["line"] else ""
            click.echo(f"{problem['file']}{line}: {problem['kind']}: {problem['sentence']}")
    mistakes = sum(problem["kind"] == "mistake" for problem in problems)
    if mistakes:
        raise CheckFailed(f"{mistakes} {'mistake' if mistakes == 1 else 'mistakes'} in profiles.")
    if not as_json:
        count = len(found)
        click.echo(f"{count} {'profile' if count == 1 else 'profiles'} checked, no mistake.")


@command.command()
@click.argument("name")
@directory_option
@click.option("--origin", "with_origin", is_flag=True, help="Say which profile each value is of.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of TOML.")
def show(name: str, profile_dir: Path | None, with_origin: bool, as_json: bool) -> None:
    """Print a profile with all that it takes over from others, as one that stands alone."""
    from hotpass.config.profiles import examine_profile

    examined = examine_profile(*_located(name, profile_dir or _configured_directory()))
    values = examined.usable().model_dump(mode="json", exclude={"name"}, exclude_none=True)
    if as_json:
        document = {"values": values, "origins": examined.origins} if with_origin else values
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(_as_toml(examined, values, with_origin)))


@command.command()
@click.argument("name")
@directory_option
@click.option(
    "--extends", multiple=True, default=("generic",), show_default=True, metavar="NAME",
    help="Profile to build on; several, the most trusted first.",
)  # fmt: skip
@click.option("--description", default="", help="What data it is for, in one sentence.")
def new(name: str, profile_dir: Path | None, extends: tuple[str, ...], description: str) -> None:
    """Begin a profile in the folder of one's own ones; nothing that stands is overwritten."""
    from hotpass.config.profiles import load_profile
    from hotpass.outputs import ensure_writable, write_whole

    if not name.replace("-", "").replace("_", "").isalnum():
        raise BadInput(f"{name}: a profile's name has letters, digits, - and _ only.")
    directory = profile_dir or _configured_directory()
    if directory is None:
        raise BadInput(
            "There is no folder of one's own profiles; give --profile-dir, or set profile_dir in "
            "hotpass.toml."
        )
    for parent in extends:
        load_profile(parent, directory)
    path = directory / f"{name}.toml"
    if path.exists():
        raise BadInput(f"{path}: it exists already; edit it, or choose another name.")
    ensure_writable(path)
    text = BEGINNING.format(
        extends=json.dumps(extends[0] if len(extends) == 1 else list(extends)),
        description=json.dumps(description, ensure_ascii=False)[1:-1],
    )
    write_whole(path, text)
    click.echo(f"written: {path}")


def _configured_directory() -> Path | None:
    from hotpass.config.settings import load_settings

    return load_settings().config.profile_dir


def _located(name: str, directory: Path | None) -> tuple[str, Path | None]:
    """Return a profile's name and folder; a name that ends in .toml is a file."""
    path = Path(name)
    if path.suffix != ".toml":
        return name, directory
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    return path.stem, path.parent


def _lint(name: str, directory: Path | None) -> list[dict[str, Any]]:
    from hotpass.config.layers import problems_of_proposed
    from hotpass.config.profile_files import path_of
    from hotpass.config.profiles import examine_profile, remarks
    from hotpass.config.settings import HotpassConfig, check_proposed

    try:
        examined = examine_profile(name, directory)
        mistakes = [*examined.problems, *problems_of_proposed(examined, HotpassConfig)]
        if not mistakes:
            check_proposed(examined)
    except BadInput as error:
        path = path_of(name, directory)
        return [_as_document(path, None, "mistake", str(error).removeprefix(f"Profile {path}: "))]
    return [
        _as_document(problem.path, problem.line, kind, problem.sentence)
        for kind, problems in (("mistake", mistakes), ("remark", remarks(examined)))
        for problem in problems
    ]


def _as_document(path: Path, line: int | None, kind: str, sentence: str) -> dict[str, Any]:
    return {"file": str(path), "line": line, "kind": kind, "sentence": sentence}


def _as_toml(examined: Examined, values: dict[str, Any], with_origin: bool) -> list[str]:
    from hotpass.config.merge import dotted

    lines: list[str] = []
    pending: list[tuple[Key, dict[str, Any]]] = [((), values)]
    while pending:
        above, table = pending.pop(0)
        own = {name: value for name, value in table.items() if not isinstance(value, dict)}
        if above and own:
            lines += ["", f"[{dotted(above)}]"]
        for name, value in own.items():
            origin = examined.origins.get(dotted((*above, name)), "default")
            lines += _assignment(name, value, f"  # {origin}" if with_origin else "")
        pending += [((*above, name), below) for name, below in table.items() if name not in own]
    return lines


def _assignment(name: str, value: Any, comment: str) -> list[str]:
    whole = f"{name} = {json.dumps(value, ensure_ascii=False)}"
    if len(whole) <= WIDTH or not isinstance(value, list):
        return [f"{whole}{comment}"]
    return [
        f"{name} = [{comment}",
        *(f"    {json.dumps(item, ensure_ascii=False)}," for item in value),
        "]",
    ]
