"""`hotpass contracts`: the files derived from the contracts, and data held against them."""

from __future__ import annotations

from pathlib import Path

import click

from hotpass.cli.wording import number_of
from hotpass.errors import CheckFailed
from hotpass.outputs import ensure_writable, write_whole, written_together

SHOWN = 10


@click.group(no_args_is_help=True)
def command() -> None:
    """Write the files derived from the contracts, check them, or check data against them."""


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


@command.command()
@click.argument("workbook", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Workbook to write the violations to, one a row: file, sheet, row, column, rule, value.",
)
def violations(workbook: Path, output: Path | None) -> None:
    """Hold a refined workbook against its contract, such as one that was edited by hand."""
    from datetime import UTC, datetime

    from hotpass.pipeline import contract_violations
    from hotpass.stages.violations import locate_in_workbook, write_violations

    if output is not None:
        ensure_writable(output)
    found = locate_in_workbook(workbook, contract_violations(workbook))
    for cell in found.head(SHOWN).iter_rows(named=True):
        click.echo(
            f"sheet {cell['sheet']}, row {cell['row']}, {cell['column']}: "
            f"{cell['value']!r} breaks {cell['rule']}"
        )
    if output is not None:
        with written_together(output.parent, output.stem) as folder:
            write_violations(folder / output.name, found, None, created=datetime.now(UTC))
        click.echo(f"written: {output}")
    if found.height:
        raise CheckFailed(f"{workbook}: {number_of(found.height, 'violation')} of the contract.")
    click.echo(f"{workbook} keeps the contract.")


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
