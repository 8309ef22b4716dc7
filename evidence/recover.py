"""Recover runs whose recorder is gone: end what they had started, clean up, close, seal.

All of it can be done again: a recovery that is itself cut off leaves an unfinished run, with
which the next one goes on. A run that a recovery had to close is `incomplete`.
"""

from __future__ import annotations

import contextlib
import json
import platform
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadJournal, EvidenceError, RunHeld
from evidence.holding import hold_directory
from evidence.inventory import ATTESTATION_NAME, JOURNAL_NAME
from evidence.journal import Event, JournalReading, read_journal
from evidence.leftovers import machine_of, recorder_of, was_recorded_in
from evidence.models import RunRecord
from evidence.outcome import record_from
from evidence.redact import Redactor

# How long the command of a clean-up may take, in seconds.
CLEAN_UP_SECONDS = 300.0
_ENDS = frozenset({"finished", "interrupted", "crashed"})
_RUN_NAME = re.compile(r"\d{8}T\d{6}Z")
# A recorder that has only just made its folder is about to begin the journal in it.
_YOUNG_SECONDS = 60.0

SealRun = Callable[[Path, RunRecord, Redactor], object]


@dataclass(frozen=True)
class Recovered:
    """A run that is sealed now; `ended` counts the processes that it had left behind."""

    directory: Path
    record: RunRecord
    ended: int


def unsealed_runs(root: Path) -> tuple[Path, ...]:
    """The directories below `root`, as `<kind>/<timestamp>`, of runs without a seal.

    Oldest first, so that each, once it is sealed, follows those before it.
    """
    found = (
        directory
        for directory in root.glob("*/*/")
        if (directory / JOURNAL_NAME).is_file() and not (directory / ATTESTATION_NAME).exists()
    )
    return tuple(sorted(found, key=lambda path: (path.name, path)))


def unfinished_runs(root: Path) -> tuple[Path, ...]:
    """The unsealed runs that this machine recorded and that nobody is at any more."""
    return tuple(directory for directory in unsealed_runs(root) if _is_abandoned(directory))


def recover_run(
    directory: Path,
    seal: SealRun,
    *,
    secrets: Mapping[str, str] | None = None,
    from_elsewhere: bool = False,
    clean_up_seconds: float = CLEAN_UP_SECONDS,
    echo: Callable[[str], None] = lambda line: None,
    clock: Clock = SYSTEM_CLOCK,
) -> Recovered:
    """Close the run in `directory`, unless it had come to its end, and have it sealed.

    `seal` gets the directory, the record, and what knows the secrets. `from_elsewhere` closes
    a run of another machine too, where nothing of it can be ended or cleaned up. Raises RunHeld
    for a run that somebody is at, BadJournal for one whose journal was changed, CannotRecord
    when the disk refuses, and whatever `seal` raises.
    """
    # Whether there is anything to recover is asked before each rehearsal, which needs none of it.
    from evidence.closing import Closing, close_run

    with hold_directory(directory):
        if (directory / ATTESTATION_NAME).exists():
            raise RunHeld(f"{directory} was sealed in the meantime.")
        reading = _reading(directory)
        opened = reading.events[0] if reading.events else {}
        here = _was_here(opened, directory, from_elsewhere)
        record = record_from(reading.events) if reading.events else None
        redactor, ended = Redactor(secrets), 0
        if record is None or not _has_ended(reading):
            closing = Closing(
                directory, reading.events, record, here, secrets or {}, clean_up_seconds
            )
            ended = close_run(closing, redactor, echo, clock)
            record = record_from(_reading(directory).events)
        seal(directory, record, redactor)
        return Recovered(directory, record, ended)


def remove_empty_runs(root: Path) -> tuple[Path, ...]:
    """Remove the folders that were made for a run in which not even its journal was begun."""
    removed = []
    for directory in sorted(root.glob("*/*/")):
        with contextlib.suppress(OSError):
            age = time.time() - directory.stat().st_mtime
            if _RUN_NAME.fullmatch(directory.name) and age > _YOUNG_SECONDS:
                directory.rmdir()
                removed.append(directory)
    return tuple(removed)


def _reading(directory: Path) -> JournalReading:
    reading = read_journal(directory / JOURNAL_NAME)
    if reading.broken:
        raise BadJournal(
            f"{directory / JOURNAL_NAME} is not as it was recorded, so nothing is done by it: "
            f"{reading.problems[0]}."
        )
    return reading


def _has_ended(reading: JournalReading) -> bool:
    return not reading.torn and any(event.get("event") in _ENDS for event in reading.events)


def _was_here(opened: Event, directory: Path, from_elsewhere: bool) -> bool:
    """Whether what the run left is here; raises RunHeld for a run that is not to be touched."""
    if recorder := recorder_of(opened):
        raise RunHeld(f"{directory} is being recorded by process {recorder.pid}.")
    machine = machine_of(opened)
    if machine in (None, platform.node()):
        return was_recorded_in(opened, directory)
    if not from_elsewhere:
        raise RunHeld(
            f"{directory} was recorded on {machine}, where it may still run; recover it there, "
            "or pass --from-elsewhere if that machine is gone."
        )
    return False


def _is_abandoned(directory: Path) -> bool:
    try:
        with hold_directory(directory):
            _was_here(_opening(directory), directory, from_elsewhere=False)
    except EvidenceError:
        return False
    return True


def _opening(directory: Path) -> Event:
    """The first event of a journal, without reading the others; empty where it is not whole."""
    with contextlib.suppress(OSError, ValueError), (directory / JOURNAL_NAME).open("rb") as lines:
        opened = json.loads(lines.readline())
        if isinstance(opened, dict):
            return opened
    return {}
