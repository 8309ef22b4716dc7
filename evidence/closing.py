"""Close the journal of a run whose recorder is gone: end, gather, capture, clean up, say so."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evidence.artefacts import artefact_path
from evidence.clock import Clock
from evidence.command import Recording
from evidence.errors import EvidenceError
from evidence.inventory import JOURNAL_NAME, SCRIPT_NAME, digest_of
from evidence.journal import Event, Journal
from evidence.leftovers import (
    DueCleanup,
    due_cleanups,
    end_leftovers,
    mark_of,
    unended_commands,
)
from evidence.listing import previous_statement_digest
from evidence.log_file import gather_log
from evidence.models import Mode, RunRecord
from evidence.processes import new_mark
from evidence.redact import Redactor
from evidence.run import Run

RECOVERY_LOG = "recovery.log"
_UNKNOWN = "unknown"
_REDACTED = re.compile(r"<redacted:([^<>]*)>")


@dataclass(frozen=True)
class Closing:
    """A run to close: its journal's events, and the record that they give, None without any.

    `here` says that this is the machine and the folder in which it was recorded, so that what
    it left may be touched. `secrets` by name are what a recovery's command may need.
    """

    directory: Path
    events: tuple[Event, ...]
    record: RunRecord | None
    here: bool
    secrets: Mapping[str, str]
    clean_up_seconds: float

    @property
    def opened(self) -> Event:
        """The event that opened the run; empty where it is lost."""
        return self.events[0] if self.events else {}


class _ByRecovery(KeyboardInterrupt):
    """What a run that a recovery closes ended with."""

    name = "recovery"


def close_run(
    closing: Closing, redactor: Redactor, echo: Callable[[str], None], clock: Clock
) -> int:
    """Close a run; returns how many of its processes had to be ended.

    Raises BadJournal and CannotRecord as the journal does.
    """
    record = closing.record
    kind, timestamp = closing.directory.parent.name, closing.directory.name
    target = record.target if record else _UNKNOWN
    mode: Mode = record.mode if record else "embedded"
    # The mark of a run that was recorded elsewhere may be on processes that are not its own.
    mark = (mark_of(closing.opened) if closing.here else None) or new_mark()
    journal = Journal.resume(
        closing.directory / JOURNAL_NAME,
        redactor.data,
        clock,
        opening=_lost_opening(kind, timestamp),
        previous_run=previous_statement_digest(closing.directory.parent.parent, kind, target),
    )
    with contextlib.closing(journal):
        run = Run(target, mode, Recording(closing.directory, journal, redactor, echo, mark))
        try:
            if record is None:
                run.note("The opening of the journal is lost, and target and mode with it.")
            ended = _end_processes(run, closing, mark)
            _gather_logs(journal, closing)
            _capture_again(run, closing)
            for due in due_cleanups(closing.events):
                run.take_over_cleanup(due.name, partial(_clean_up, run, closing, due))
        except BaseException as error:
            run.end(error)
            raise
        run.end(_ByRecovery())
    return ended


def _lost_opening(kind: str, timestamp: str) -> dict[str, object]:
    """The opening of a run of which only the folder tells; of the modes it claims the lesser."""
    return {
        "format_version": 1,
        "kind": kind,
        "timestamp": timestamp,
        "target": _UNKNOWN,
        "mode": "embedded",
        "operator": _UNKNOWN,
        "host": _UNKNOWN,
        "git": {"commit": None, "dirty": True},
        "tools": {},
        "configuration": {},
    }


def _end_processes(run: Run, closing: Closing, mark: str) -> int:
    ended = end_leftovers(closing.events, mark) if closing.here else 0
    if ended:
        count = "1 process" if ended == 1 else f"{ended} processes"
        run.note(f"{count} of the run outlived its recorder and had to be ended.")
    return ended


def _gather_logs(journal: Journal, closing: Closing) -> None:
    for begun in unended_commands(closing.events):
        left_out = gather_log(artefact_path(closing.directory, str(begun.get("log"))))
        journal.append("command-ended", begun=begun.get("seq"), left_out_bytes=left_out)


def _capture_again(run: Run, closing: Closing) -> None:
    """Capture what commands wrote until they were cut off, and what is not as it was captured."""
    cut_off = dict.fromkeys(str(begun.get("log")) for begun in unended_commands(closing.events))
    for name in cut_off:
        if (closing.directory / name).is_file():
            run.adopt(name)
    for artefact in closing.record.artefacts if closing.record else ():
        path = closing.directory / artefact.name
        if artefact.name in (*cut_off, SCRIPT_NAME):
            continue  # captured just now, or written anew at the end
        if not path.is_file():
            run.note(f"{artefact.name} was captured, and is gone.")
        elif digest_of(path) != artefact.sha256:
            run.note(f"{artefact.name} changed after it was captured.")
            run.adopt(artefact.name)


def _clean_up(run: Run, closing: Closing, due: DueCleanup) -> None:
    """Do a clean-up by its command; raises EvidenceError, which is journaled, where it fails."""
    if due.recovery is None:
        raise EvidenceError("only the process that is gone could do it; do it by hand.")
    if not closing.here:
        raise EvidenceError(f"it belongs where the run was recorded: {shlex.join(due.recovery)}")
    argv = [_with_secrets(word, closing.secrets) for word in due.recovery]
    folder = closing.opened.get("working_directory")
    result = run.command(
        argv,
        log=RECOVERY_LOG,
        timeout=closing.clean_up_seconds,
        cwd=Path(folder) if isinstance(folder, str) else None,
    )
    if result.timed_out:
        raise EvidenceError(f"its command did not end in {closing.clean_up_seconds:.0f} s.")
    if result.exit_code != 0:
        raise EvidenceError(f"its command exited {result.exit_code}, see {RECOVERY_LOG}.")


def _with_secrets(word: str, secrets: Mapping[str, str]) -> str:
    """A word of a journaled command with the secrets that were taken out of it."""

    def known(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            raise EvidenceError(f"its command needs {found[1]}, which is not set.")
        return secrets[found[1]]

    return _REDACTED.sub(known, word)
