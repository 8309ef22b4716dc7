"""Know a process again for certain, and end processes in bounded time.

A pid is reused; a pid together with its start time is not. And a process that left its
group still carries the environment that it was started with, so a mark in it finds it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

# How long a process may take to end itself before it is killed, in seconds.
TERM_SECONDS = 5.0
# How long the kernel may take to remove what was killed, in seconds.
KILL_SECONDS = 5.0
_POLL_SECONDS = 0.01
# Start times come from the boot time, which the kernel rounds to whole seconds.
_START_TOLERANCE_SECONDS = 1.5


@dataclass(frozen=True)
class ProcessIdentity:
    """A process and its group; `started` is its start in seconds since the epoch."""

    pid: int
    started: float
    group: int


def identify(pid: int) -> ProcessIdentity | None:
    """Who has that pid now; None when nobody has."""
    try:
        return ProcessIdentity(pid, psutil.Process(pid).create_time(), os.getpgid(pid))
    except (psutil.Error, ProcessLookupError, PermissionError):
        return None


def is_alive(process: ProcessIdentity) -> bool:
    """Whether that very process still runs; a later owner of its pid does not count."""
    try:
        now = psutil.Process(process.pid)
        same = abs(now.create_time() - process.started) <= _START_TOLERANCE_SECONDS
        return same and now.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def group_is_alive(group: int) -> bool:
    """Whether a process group has a member that has not ended."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # An orphan that has ended stays a member until its new parent takes note.
    return any(_runs_in(group, pid) for pid in psutil.pids())


def end_group(group: int, *, alive: Callable[[], bool], term_seconds: float = TERM_SECONDS) -> None:
    """Ask a process group to end, then make it.

    `alive` tells whether there is still somebody to wait for. A second interruption cuts
    the waiting short, never the killing.
    """
    try:
        _signal_group(group, signal.SIGTERM)
        wait_until(lambda: not alive(), term_seconds)
    finally:
        _signal_group(group, signal.SIGKILL)
    wait_until(lambda: not alive(), KILL_SECONDS)


def marked_processes(variable: str) -> tuple[ProcessIdentity, ...]:
    """The processes of this user, other than this one, that have the variable in their environment.

    A session of its own does not hide a process from this, nor does a dead parent.
    """
    found = []
    for process in psutil.process_iter():
        # One that is gone, or that another user owns, cannot be one of ours.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and variable in process.environ():
                identity = identify(process.pid)
                if identity is not None and is_alive(identity):
                    found.append(identity)
    return tuple(found)


def end_processes(
    processes: tuple[ProcessIdentity, ...], *, term_seconds: float = TERM_SECONDS
) -> None:
    """Ask each process to end, then make it; one whose pid has a new owner is left alone."""

    def somebody_lives() -> bool:
        return any(is_alive(process) for process in processes)

    try:
        _signal_each(processes, signal.SIGTERM)
        wait_until(lambda: not somebody_lives(), term_seconds)
    finally:
        _signal_each(processes, signal.SIGKILL)
    wait_until(lambda: not somebody_lives(), KILL_SECONDS)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, at most that long; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _runs_in(group: int, pid: int) -> bool:
    try:
        return os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _signal_group(group: int, number: signal.Signals) -> None:
    # PermissionError: on macOS, what a group of zombies answers.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _signal_each(processes: tuple[ProcessIdentity, ...], number: signal.Signals) -> None:
    for process in processes:
        if is_alive(process):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)
