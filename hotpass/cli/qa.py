"""`hotpass qa`: run the gates and show what each found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotpass.outputs import ensure_writable, write_whole

if TYPE_CHECKING:
    from hotpass.qa.runner import GateResult

REPORT = "qa.json"


@click.command()
@click.argument("gates", nargs=-1, required=True, metavar="all|ta|list|GATE...")
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Keep the output of every gate here, and the results as {REPORT}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON, nothing else.")
@click.pass_context
def command(
    context: click.Context, gates: tuple[str, ...], log_dir: Path | None, as_json: bool
) -> None:
    """Run the quality gates of a checkout and show the result of each.

    `all` runs every gate, `ta` (tests and architecture) tests, types, imports and contracts,
    `list` shows what there is. Exit code 1 when any gate fails, also for a missing tool.
    """
    from hotpass.qa.checkout import find_checkout
    from hotpass.qa.gates import choose_gates
    from hotpass.qa.runner import run_gates

    if gates == ("list",):
        _print_list()
        return
    chosen = choose_gates(gates)
    root = find_checkout(Path.cwd())
    if log_dir is not None:
        ensure_writable(log_dir / REPORT)
    tell = (lambda result: None) if as_json else _tell
    results = run_gates(chosen, root, log_dir=log_dir, tell=tell)
    report = _as_json(results)
    if log_dir is not None:
        write_whole(log_dir / REPORT, report + "\n")
    click.echo(report if as_json else _as_table(results))
    if not all(result.passed for result in results):
        context.exit(1)


def _print_list() -> None:
    from hotpass.qa.gates import GATES, SETS

    for gate in GATES:
        click.echo(f"{gate.name:<10} {gate.proves} ({', '.join(gate.tools)})")
    for name, members in SETS.items():
        click.echo(f"{name:<10} {', '.join(members)}")


def _tell(result: GateResult) -> None:
    click.echo(f"{_verdict(result):<6} {result.name} ({result.seconds:.1f} s)")
    if not result.passed:
        click.echo(f"  {result.name}: {result.reason}")
        click.echo("".join(f"  | {line}\n" for line in result.tail.splitlines()), nl=False)


def _as_table(results: Sequence[GateResult]) -> str:
    failed = sum(not result.passed for result in results)
    lines = [f"{'gate':<10} {'result':<8} {'seconds':>8}  log"]
    lines += [
        f"{result.name:<10} {_verdict(result):<8} {result.seconds:>8.1f}  {result.log or '-'}"
        for result in results
    ]
    summary = f"{len(results) - failed} of {len(results)} gates passed."
    return "\n".join(["", *lines, "", summary])


def _verdict(result: GateResult) -> str:
    return "passed" if result.passed else "FAILED"


def _as_json(results: Sequence[GateResult]) -> str:
    gates = [
        {
            "name": result.name,
            "passed": result.passed,
            "seconds": result.seconds,
            "exit_code": result.exit_code,
            "reason": result.reason,
            "command": list(result.command),
            "log": None if result.log is None else str(result.log),
        }
        for result in results
    ]
    passed = all(result.passed for result in results)
    return json.dumps({"format_version": 1, "passed": passed, "gates": gates}, indent=2)
