"""A measure, and how a process is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

KIBIBYTES = 1024 if sys.platform != "darwin" else 1
"""The unit of `ru_maxrss` in bytes."""


@dataclass(frozen=True)
class Measure:
    """One line of the table: what was measured, beside what, and their ratio.

    `value` and `peer` are in `unit`; `detail` is for people.
    """

    name: str
    value: float
    unit: str
    peer_name: str = ""
    peer: float | None = None
    detail: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the peer; None without one."""
        return None if not self.peer else self.value / self.peer


@dataclass(frozen=True)
class Finished:
    """A process that ended well: wall seconds, peak resident bytes, what it printed."""

    seconds: float
    peak_bytes: int
    stdout: str


def run_measured(command: Sequence[str]) -> Finished:
    """Run a command to its end; RuntimeError with its stderr when it fails."""
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {process.returncode}: {stderr.read()}")
        return Finished(seconds, usage.ru_maxrss * KIBIBYTES, stdout.read())
