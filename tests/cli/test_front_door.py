"""The `hotpass` command itself: help, mistakes, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import import_module

import click
import pytest

from hotpass.cli import COMMANDS, main
from hotpass.errors import BadInput, CannotWrite

HEAVY = ("polars", "pandera", "pydantic", "splink", "duckdb", "rich", "openpyxl", "pyarrow")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotpass", *arguments], capture_output=True, text=True, check=False
    )


def test_help_imports_none_of_the_heavy_packages() -> None:
    script = (
        "import sys\nfrom hotpass.cli import main\nmain(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stderr.strip() == "[]"
    assert all(name in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed_with_the_first_line_of_its_own_help(name: str) -> None:
    command = import_module(f"hotpass.cli.{name}").command

    assert command.get_short_help_str(limit=200) == COMMANDS[name]


def test_an_unknown_command_is_answered_with_the_nearest_one() -> None:
    result = run("refin")

    assert result.returncode == 2
    assert result.stderr == (
        "hotpass: no command 'refin'; did you mean 'refine'? See `hotpass --help`.\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadInput("a.xlsx: it is encrypted."), 2, "hotpass: a.xlsx: it is encrypted.\n"),
        (CannotWrite("/x: no."), 1, "hotpass: /x: no.\n"),
        (
            OSError(28, "No space left on device", "/data/out.xlsx"),
            1,
            "hotpass: /data/out.xlsx: the disk is full; free some space and run again.\n",
        ),
        (
            PermissionError(13, "Permission denied", "/data"),
            1,
            "hotpass: /data: permission denied; choose another place or change its permissions.\n",
        ),
        (
            KeyboardInterrupt(),
            130,
            "\nhotpass: interrupted; nothing half written was left behind.\n",
        ),
    ],
)
def test_an_error_becomes_one_sentence_and_its_exit_code(
    error: BaseException,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("hotpass.cli.LazyGroup.get_command", lambda *_: click.command(fail))

    assert main(["refine"]) == code
    assert capsys.readouterr().err == sentence


def test_debugging_lets_the_exception_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise BadInput("broken")

    monkeypatch.setattr("hotpass.cli.LazyGroup.get_command", lambda *_: click.command(fail))
    monkeypatch.setenv("HOTPASS_DEBUG", "1")

    with pytest.raises(BadInput, match="broken"):
        main(["refine"])


def test_a_request_to_end_runs_the_clean_up_and_leaves_with_143(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cleaned: list[bool] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)

    monkeypatch.setattr("hotpass.cli.LazyGroup.get_command", lambda *_: click.command(work))

    with pytest.raises(SystemExit) as ended:
        main(["refine"])

    assert ended.value.code == 143
    assert cleaned == [True]


def test_a_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    result = subprocess.run(
        [sys.executable, "-m", "hotpass", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert result.stderr == ""
