"""Run a process in a group of its own, hand on every byte it prints, and always come back.

It ends in bounded time whatever the process does: a timeout ends the whole group, and
neither a child that keeps the output open nor one that ignores signals is waited for.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.errors import CannotStart
from evidence.processes import TERM_SECONDS, end_group, group_is_alive, wait_until

# How long those that a command leaves behind may take to end by themselves, as the `tee` of a
# shell's last pipe does, in seconds.
LINGER_SECONDS = 1.0

_CHUNK_BYTES = 1 << 16
# The largest pipe that Linux gives without privileges: no more can be left in it.
_PIPE_BYTES = 1 << 20
# How often to look for the process's end where the kernel cannot tell of it.
_POLL_SECONDS = 0.05

Sink = Callable[[bytes], object]


@dataclass(frozen=True)
class ProcessEnd:
    """How a process ended.

    `exit_code` is the shell's (128 + n for signal n), or None when the process was ended here.
    `left_running` says that others of its group outlived it and were ended.
    """

    exit_code: int | None
    timed_out: bool
    left_running: bool
    duration_seconds: float


def run_process(
    argv: Sequence[str],
    *,
    sink: Sink,
    on_start: Callable[[int], object],
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    term_seconds: float = TERM_SECONDS,
) -> ProcessEnd:
    """Run a command to its end; `sink` gets standard output and error, merged, as they come.

    `on_start` gets the pid, which is the group's number too. Standard input is empty.
    Raises CannotStart when there is nothing to run. Whatever `sink` or `on_start` raises,
    an interruption included, ends the group first and then comes through.
    """
    began = time.monotonic()
    deadline = None if timeout is None else began + timeout
    with _started(argv, env, cwd) as (process, output):

        def group_lives() -> bool:
            return process.poll() is None or group_is_alive(process.pid)

        def group_lives_on() -> bool:
            output.hand_on(sink)
            return group_lives()

        try:
            on_start(process.pid)
            timed_out = not _follow(process, output, sink, deadline)
            left_running = not timed_out and not wait_until(
                lambda: not group_lives_on(), LINGER_SECONDS
            )
            if timed_out or left_running:
                end_group(process.pid, alive=group_lives_on, term_seconds=term_seconds)
            output.hand_on(sink)
        except BaseException:
            end_group(process.pid, alive=group_lives, term_seconds=term_seconds)
            raise
    code = None if timed_out else _shell_code(process.returncode)
    took = round(time.monotonic() - began, 6)
    return ProcessEnd(code, timed_out, left_running, took)


class _Output:
    """The read end of a process's output, never blocking."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False

    def hand_on(self, sink: Sink) -> None:
        """Hand on what is there now, no more than a pipe can hold."""
        budget = _PIPE_BYTES
        while budget > 0 and not self.ended:
            try:
                chunk = os.read(self.descriptor, _CHUNK_BYTES)
            except BlockingIOError:
                return
            self.ended = not chunk
            budget -= len(chunk)
            if chunk:
                sink(chunk)


@contextlib.contextmanager
def _started(
    argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None
) -> Iterator[tuple[subprocess.Popen[bytes], _Output]]:
    readable, writable = os.pipe()
    try:
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=writable,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            command = argv[0] if argv else "(no command)"
            raise CannotStart(f"{command} cannot be started: {reason}.") from error
        finally:
            os.close(writable)
        os.set_blocking(readable, False)
        yield process, _Output(readable)
    finally:
        os.close(readable)


def _follow(
    process: subprocess.Popen[bytes], output: _Output, sink: Sink, deadline: float | None
) -> bool:
    """Hand on output until the process ends; False when the deadline came first."""
    with selectors.DefaultSelector() as selector, _told_of_end(process.pid) as end:
        selector.register(output.descriptor, selectors.EVENT_READ)
        if end is not None:
            selector.register(end, selectors.EVENT_READ)
        while process.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            if end is None:
                left = _POLL_SECONDS if left is None else min(left, _POLL_SECONDS)
            selector.select(left)
            output.hand_on(sink)
            if output.ended and output.descriptor in selector.get_map():
                selector.unregister(output.descriptor)
    return True


@contextlib.contextmanager
def _told_of_end(pid: int) -> Iterator[int | None]:
    """A descriptor that becomes readable when the process ends; None where there is no such."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _shell_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned
