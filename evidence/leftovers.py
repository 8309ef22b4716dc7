"""What a recorder that is gone left behind, by its journal: processes, clean-ups, parts of logs.

A journal is a file that somebody may have written, so nothing in it is believed that the
system does not bear out: a process is ended only when its start, or its mark, is the run's.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from evidence.journal import Event
from evidence.processes import (
    ProcessIdentity,
    end_processes,
    group_members,
    identity_from,
    is_alive,
    is_mark,
    marked_processes,
)

# What is being ended may start more, so it is looked for again.
_ROUNDS = 3


@dataclass(frozen=True)
class DueCleanup:
    """A clean-up that was not done; `recovery` is the command for it, None where there is none."""

    name: str
    recovery: tuple[str, ...] | None


def recorder_of(opened: Event) -> ProcessIdentity | None:
    """The process that records a run, where it still lives on this machine."""
    recorder = identity_from(opened.get("process"))
    own = machine_of(opened) in (None, platform.node())
    return recorder if recorder and own and is_alive(recorder) else None


def machine_of(opened: Event) -> str | None:
    """The machine on which a run was recorded; None where its journal does not tell."""
    machine = opened.get("machine")
    return machine if isinstance(machine, str) else None


def mark_of(opened: Event) -> str | None:
    """The variable in the environment of all that a run started."""
    mark = opened.get("mark")
    return mark if isinstance(mark, str) and is_mark(mark) else None


def was_recorded_in(opened: Event, directory: Path) -> bool:
    """Whether the run was recorded in this very directory, and this is no copy of it."""
    recorded = opened.get("directory")
    with contextlib.suppress(OSError, ValueError):
        return isinstance(recorded, str) and Path(recorded).samefile(directory)
    return False


def end_leftovers(events: Iterable[Event], mark: str | None) -> int:
    """End what a run had started and nobody ended; returns how many processes that were."""
    recorded = tuple(_recorded_processes(tuple(events)))
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = {process.pid: process for process in recorded if is_alive(process)}
        if mark is not None:
            found |= {process.pid: process for process in marked_processes(mark)}
        # A group whose leader or another member is known again is all the run's: as long as
        # it has members, its number is not given away.
        for group in {process.group for process in found.values()} & _groups(recorded):
            found |= {process.pid: process for process in group_members(group)}
        for pid in _own_line():
            found.pop(pid, None)
        if not found:
            break
        end_processes(tuple(found.values()))
        ended |= found.keys()
    return len(ended)


def due_cleanups(events: Iterable[Event]) -> tuple[DueCleanup, ...]:
    """The clean-ups that were not done, oldest first."""
    due: list[DueCleanup] = []
    for event in events:
        name = str(event.get("name"))
        if event.get("event") == "clean-up-due":
            words = event.get("recovery")
            argv = tuple(map(str, words)) if isinstance(words, list) and words else None
            due.append(DueCleanup(name, argv))
        elif event.get("event") == "clean-up":
            done = [index for index, other in enumerate(due) if other.name == name]
            if done:
                del due[done[-1]]
    return tuple(due)


def unended_commands(events: Iterable[Event]) -> tuple[Event, ...]:
    """The starts of commands of whose end nothing was recorded."""
    story = tuple(events)
    ended = {event.get("begun") for event in story if event.get("event") == "command-ended"}
    return tuple(
        event
        for event in story
        if event.get("event") == "command-started" and event.get("seq") not in ended
    )


def _recorded_processes(events: tuple[Event, ...]) -> Iterator[ProcessIdentity]:
    servers = (event for event in events if event.get("event") == "process")
    for event in (*unended_commands(events), *servers):
        process = identity_from(event.get("process"))
        if process is not None:
            yield process


def _groups(processes: Iterable[ProcessIdentity]) -> set[int]:
    """The groups that were made for a process: a server may share that of the recorder."""
    return {process.group for process in processes if process.group == process.pid}


def _own_line() -> set[int]:
    """This process and those that it descends from, which wait for it."""
    with contextlib.suppress(psutil.Error):
        return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return {os.getpid()}
