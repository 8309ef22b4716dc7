"""Read a file in a process of its own, so that no file can take the memory of this one.

A small file may unpack to anything, and a library that runs out of memory ends its process.
Children are kept for the next file, because starting one takes longer than most files do.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotpass.errors import BadInput
from hotpass.sources.password import passwords

if TYPE_CHECKING:
    from hotpass.sources.sheet import Sheet

MEMORY_LIMIT = 4 << 30
"""Bytes that reading one file may take; a million rows of twenty columns take half of it."""
KEPT_UP_TO = 512 << 20
"""A child that holds more bytes than this after a file is not kept."""
OUT_OF_MEMORY = (1, -signal.SIGABRT, -signal.SIGKILL)
"""How a child ends for want of memory: by an error of Python, of a library, or by the system."""

_Child = subprocess.Popen[bytes]
_idle: list[_Child] = []


def start_ahead() -> None:
    """Let one child load its libraries while the caller does something else."""
    if not _idle:
        _idle.append(_start())


def read_apart(path: Path, file: str, *, memory: int = MEMORY_LIMIT) -> Iterator[Sheet]:
    """The sheets of a workbook or Parquet file, read with at most so many bytes of memory.

    Raises BadInput, naming `file`, as reading it here would, and for a file that takes more;
    OSError for a file that the system does not give.
    """
    request = {
        "path": str(path.absolute()),
        "file": file,
        "memory": memory,
        # A child may have been started before they were set.
        "passwords": passwords(os.environ),
    }
    child = _idle.pop() if _idle else _start()
    last: dict[str, Any] | None = None
    try:
        last = yield from _answers(child, request)
    finally:
        # Without a last line it is dead, or still in the middle of its answer.
        if last is not None and last["held"] < KEPT_UP_TO:
            _idle.append(child)
        else:
            _end(child)
    if last is None:
        raise BadInput(_why_it_died(child, file, memory))
    if "refused" in last:
        raise BadInput(last["refused"])
    if "unreadable" in last:
        raise OSError(0, last["unreadable"])


def _start() -> _Child:
    # -P: the folder where the user stands is no place to take libraries from.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "hotpass.sources.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _answers(
    child: _Child, request: dict[str, Any]
) -> Generator[Sheet, None, dict[str, Any] | None]:
    """Each sheet, and in the end the last line, or None if the child died before it."""
    from hotpass.sources.wire import unpacked

    requests, answers = child.stdin, child.stdout
    assert requests is not None and answers is not None  # nosec B101
    with suppress(BrokenPipeError):
        requests.write(json.dumps(request).encode() + b"\n")
        requests.flush()
    while text := answers.readline():
        line = json.loads(text)
        if "size" not in line:
            return dict(line)
        frame = answers.read(line["size"])
        if len(frame) < line["size"]:
            break
        yield unpacked(line, frame)
    child.wait()
    return None


def _why_it_died(child: _Child, file: str, memory: int) -> str:
    if child.returncode in OUT_OF_MEMORY:
        return (
            f"{file} takes more than {memory / (1 << 30):.3g} GB of memory to be read; delete "
            "what lies far from its tables, or save them as .csv."
        )
    return (
        f"{file} cannot be read: its reader ended with {child.returncode}; save it once more in "
        "a spreadsheet program."
    )


@atexit.register
def _end_idle() -> None:
    while _idle:
        _end(_idle.pop())


def _end(child: _Child) -> None:
    child.kill()
    child.communicate()
