"""Run one command of a rehearsal: its output to the terminal and, redacted, to its log."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evidence.artefacts import artefact_path
from evidence.capture import ProcessEnd, run_process
from evidence.echo import LineEcho
from evidence.errors import CannotRecord, CannotStart
from evidence.journal import Journal
from evidence.log_file import LogFile
from evidence.processes import identify
from evidence.redact import Redactor

# What a shell answers for a command that it cannot start.
NOT_STARTED = 127


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. `log` is relative to the run's directory; `tail` its last lines.

    `exit_code` is the shell's: 127 when there was nothing to start, 128 + n after signal n,
    None when the command was ended because its time was up.
    """

    name: str
    argv: tuple[str, ...]
    exit_code: int | None
    timed_out: bool
    duration_seconds: float
    log: str
    tail: str


@dataclass(frozen=True)
class Recording:
    """Where a command is recorded: the run's directory, journal and redactor, and the terminal.

    `mark` is a variable that everything a command starts inherits, so that it can be found.
    """

    directory: Path
    journal: Journal
    redactor: Redactor
    echo: Callable[[str], None]
    mark: str


def record_command(
    recording: Recording,
    argv: Sequence[str | os.PathLike[str]],
    *,
    step: str,
    log: str,
    timeout: float | None,
    env: Mapping[str, str],
    cwd: Path | None,
) -> CommandResult:
    """Run a command to its end and journal its start and its end, whatever comes between.

    Raises CannotRecord when its output cannot be kept; the command is ended then.
    """
    words = tuple(os.fspath(word) for word in argv)
    file = LogFile(artefact_path(recording.directory, log))
    echo = LineEcho(recording.echo)
    stream = recording.redactor.stream(_Both(file, echo))
    journal, begun = recording.journal, None

    def record_start(pid: int | None) -> None:
        nonlocal begun
        begun = journal.append(
            "command-started",
            step=step,
            argv=words,
            log=log,
            env=_as_added(env),
            cwd=None if cwd is None else str(cwd),
            timeout=timeout,
            process=None if pid is None else identify(pid),
        )["seq"]

    def record_end(end: ProcessEnd | None) -> None:
        try:
            _close_all(stream.close, echo.close, file.close)
        finally:
            how = asdict(end) if end else {}
            counts = recording.redactor.counts
            journal.append(
                "command-ended", begun=begun, **how, left_out_bytes=file.left_out, redactions=counts
            )

    try:
        end = run_process(
            words,
            sink=stream.write,
            on_start=record_start,
            timeout=timeout,
            env={**os.environ, **env, recording.mark: "1"},
            cwd=cwd,
        )
    except CannotStart as error:
        record_start(None)
        stream.write(f"{error}\n".encode())
        end = ProcessEnd(NOT_STARTED, timed_out=False, left_running=False, duration_seconds=0.0)
    except BaseException:
        # A disk that takes no more must not hide what ended the command.
        with contextlib.suppress(CannotRecord):
            record_end(None)
        raise
    record_end(end)
    return CommandResult(
        name=Path(words[0]).name if words else "",
        argv=words,
        exit_code=end.exit_code,
        timed_out=end.timed_out,
        duration_seconds=end.duration_seconds,
        log=log,
        tail=echo.tail,
    )


class _Both:
    """Hands redacted bytes to the log first, then to the terminal."""

    def __init__(self, file: LogFile, echo: LineEcho) -> None:
        self._file = file
        self._echo = echo

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._echo.write(data)


def _close_all(*closings: Callable[[], None]) -> None:
    """Close each, even when one before it fails; the first failure comes through."""
    if closings:
        try:
            closings[0]()
        finally:
            _close_all(*closings[1:])


def _as_added(env: Mapping[str, str]) -> dict[str, str]:
    """The added variables; a value that only extends the one around names it, as a shell would."""
    added = {}
    for name, value in env.items():
        around = os.environ.get(name)
        added[name] = value.replace(around, f"${name}") if around else value
    return added
