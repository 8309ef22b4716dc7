"""`python -m hotpass.sources.child`: read what strangers made, with little memory to lose.

A request is a line of JSON with `path`, `file`, `memory` (bytes) and `passwords`. The answer is
a packed sheet after the other and a last line of JSON: `held`, the bytes of memory that it keeps,
with `refused`, a sentence for the user, or `unreadable`, the reason of the system, if any.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from hotpass.errors import BadInput
from hotpass.sources import parquet, workbook
from hotpass.sources.sheet import Sheet
from hotpass.sources.wire import packed


def main() -> None:
    """Answer requests until there are no more."""
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        last = _answer(json.loads(line), answers)
        # Not getrusage: that peak counts what the parent held when it started this process.
        held = psutil.Process().memory_info().rss
        answers.write(json.dumps({**last, "held": held}).encode() + b"\n")
        answers.flush()


def _answer(request: dict[str, Any], answers: BinaryIO) -> dict[str, str]:
    _limit_memory(request["memory"])
    try:
        for sheet in _sheets(Path(request["path"]), request["file"], request["passwords"]):
            line, frame = packed(sheet)
            answers.write(line)
            answers.write(frame)
    except BadInput as error:
        return {"refused": str(error)}
    except OSError as error:
        return {"unreadable": error.strerror or str(error)}
    return {}


def _sheets(path: Path, file: str, passwords: dict[str, str]) -> Iterator[Sheet]:
    if path.suffix.casefold() in parquet.SUFFIXES:
        yield parquet.read_parquet(path, file)
    else:
        yield from workbook.read_workbook(path, file, passwords)


def _limit_memory(memory: int) -> None:
    """Allow so many bytes beside those that the libraries hold already."""
    try:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        held = 1 << 30  # on a system that does not tell
    resource.setrlimit(
        resource.RLIMIT_AS, (held + memory, resource.getrlimit(resource.RLIMIT_AS)[1])
    )


if __name__ == "__main__":
    main()
