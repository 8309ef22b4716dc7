"""The `hotpass` command: a group that imports a command only when it is run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from hotpass.errors import HotpassError

COMMANDS: dict[str, str] = {
    "overview": (
        "Show what is installed, the profiles, the inputs, and where each setting comes from."
    ),
    "refine": "Read a folder of workbooks and write one clean, checked list of organisations.",
    "resolve": "Put uncertain pairs of rows before people, and remember what they decide.",
    "enrich": "Fill the empty fields of a refined workbook, each value with its source.",
    "orchestrate": (
        "Refine, enrich and judge in one go, each part by a toggle of flag, file or profile."
    ),
    "explain": "Tell where each value of an organisation came from, what lost, and why.",
    "qa": "Run the quality gates of a checkout and show the result of each.",
    "config": "Show the settings as they are decided, and where each comes from.",
    "profile": "Show a profile with where each value comes from, check profiles, begin a new one.",
    "contracts": (
        "Write the files derived from the contracts, check them, or check data against them."
    ),
}
"""Command name (and module in this package) -> the line that `--help` shows for it."""

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    0 ok, 1 failed, 2 bad usage or bad input, 130 interrupted, 143 terminated. A mistake
    is one sentence on stderr; `HOTPASS_DEBUG=1` lets the exception through instead.
    """
    try:
        with _ended_by_signals():
            code = _run(arguments)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        return _close_quietly()
    except Exception as error:
        if os.environ.get("HOTPASS_DEBUG") == "1":
            raise
        return _explain(error)


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package, one module a command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which the work is done."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; an unknown name is answered with the nearest."""
        if cmd_name not in COMMANDS:
            raise click.UsageError(_suggest(cmd_name), ctx)
        command: click.Command = import_module(f"hotpass.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotpass", prog_name="hotpass")
def hotpass() -> None:
    """Turn folders of messy workbooks into one list of organisations that can be trusted."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn a request to end into an exception, so that clean-up still runs."""
    before = {
        number: signal.signal(number, _leave)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


def _run(arguments: Sequence[str] | None) -> int:
    result = hotpass.main(arguments, prog_name="hotpass", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _suggest(name: str) -> str:
    from hotpass.config.suggest import did_you_mean

    return f"no command {name!r}" + (did_you_mean(name, COMMANDS) or ".")


def _explain(error: Exception) -> int:
    """Print the sentence that belongs to an error and return its exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.Abort():
            return _say("interrupted; nothing half written was left behind.", INTERRUPTED)
        case click.UsageError(ctx=click.Context(command_path=path)):
            return _say(f"{error.format_message()} See `{path} --help`.", error.exit_code)
        case click.ClickException():
            return _say(error.format_message(), error.exit_code)
        case HotpassError():
            return _say(str(error), error.exit_code)
        case OSError():
            return _say(_describe(error), 1)
        case MemoryError():
            return _say("out of memory; use a machine with more, or fewer files at a time.", 1)
        case _:
            raise error


def _describe(error: OSError) -> str:
    from hotpass.outputs import explain_os_error

    return explain_os_error(error)


def _say(sentence: str, code: int) -> int:
    click.echo(f"hotpass: {sentence}", err=True)
    return code


def _close_quietly() -> int:
    # The reader of our output has left (`hotpass … | head`); the interpreter would
    # otherwise complain when it flushes stdout on its way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
