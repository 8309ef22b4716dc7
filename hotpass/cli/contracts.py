"""`hotpass contracts`: write the files derived from the contracts, or check them."""

from __future__ import annotations

from pathlib import Path

import click

from hotpass.errors import CheckFailed
from hotpass.outputs import write_whole


@click.group(no_args_is_help=True)
def command() -> None:
    """Write the files derived from the contracts, or check that they are current."""


@command.command()
def generate() -> None:
    """Write every derived file that is missing or out of date."""
    root = _root()
    changed = _out_of_date(root)
    for path, text in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(root / path, text)
        click.echo(f"written: {path}")
    if not changed:
        click.echo("Every derived file is current.")


@command.command()
def check() -> None:
    """Fail when a derived file is missing or out of date; change nothing."""
    changed = _out_of_date(_root())
    if changed:
        names = ", ".join(str(path) for path in changed)
        raise CheckFailed(f"out of date: {names}; run `hotpass contracts generate`.")
    click.echo("Every derived file is current.")


def _root() -> Path:
    from hotpass.qa.checkout import find_checkout

    return find_checkout(Path.cwd())


def _out_of_date(root: Path) -> dict[Path, str]:
    from hotpass.contracts.documents import documents

    return {path: text for path, text in documents().items() if _read(root / path) != text}


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
