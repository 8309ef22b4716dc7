"""Know a process again for certain, and end processes in bounded time.

A pid is reused; a pid together with its start time is not. And a process that left its
group still carries the environment that it was started with, so a mark in it finds it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from pydantic import JsonValue

# How long a process may take to end itself before it is killed, in seconds.
TERM_SECONDS = 5.0
# How long the kernel may take to remove what was killed, in seconds.
KILL_SECONDS = 5.0
_POLL_SECONDS = 0.01
# Start times come from the boot time, which the kernel rounds to whole seconds.
_START_TOLERANCE_SECONDS = 1.5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MARK_PREFIX = "EVIDENCE_RUN_"


@dataclass(frozen=True)
class ProcessIdentity:
    """A process and its group; `started` is its start in seconds since the epoch.

    `birth` is the boot and the clock tick in which it started, which no setting of the wall
    clock changes; None where the system does not tell.
    """

    pid: int
    started: float
    group: int
    birth: str | None = None


def identify(pid: int) -> ProcessIdentity | None:
    """Who has that pid now; None when nobody has."""
    try:
        started = psutil.Process(pid).create_time()
        return ProcessIdentity(pid, started, os.getpgid(pid), _birth(pid))
    except (psutil.Error, ProcessLookupError, PermissionError):
        return None


def identity_from(value: JsonValue) -> ProcessIdentity | None:
    """The identity that a journal holds; None where it holds none."""
    if not isinstance(value, dict):
        return None
    pid, started, group = value.get("pid"), value.get("started"), value.get("group")
    birth = value.get("birth")
    if not isinstance(pid, int) or not isinstance(group, int) or pid < 1:
        return None
    if not isinstance(started, int | float) or not isinstance(birth, str | None):
        return None
    return ProcessIdentity(pid, started, group, birth)


def is_alive(process: ProcessIdentity) -> bool:
    """Whether that very process still runs; a later owner of its pid does not count."""
    try:
        now = psutil.Process(process.pid)
        if process.birth is not None:
            same = _birth(process.pid) == process.birth
        else:
            same = abs(now.create_time() - process.started) <= _START_TOLERANCE_SECONDS
        return same and now.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def group_members(group: int) -> tuple[ProcessIdentity, ...]:
    """The processes of a group that have not ended."""
    members = (identify(pid) for pid in psutil.pids() if _runs_in(group, pid))
    return tuple(member for member in members if member is not None)


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


def new_mark() -> str:
    """The name of a variable that no other run's processes have in their environment."""
    return f"{_MARK_PREFIX}{secrets.token_hex(8).upper()}"


def is_mark(variable: str) -> bool:
    """Whether it can be one of `new_mark`; any other variable could be in every process."""
    return re.fullmatch(rf"{_MARK_PREFIX}[0-9A-F]{{16}}", variable) is not None


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


def _birth(pid: int) -> str | None:
    """Source: proc_pid_stat(5), field 22, `starttime`."""
    try:
        # The name, in parentheses, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return f"{_boot()}/{int(fields[19])}"
    except (OSError, IndexError, ValueError):
        return None


@cache
def _boot() -> str:
    return _BOOT_ID.read_text().strip()


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
