"""Say lines to a terminal that may be gone: what it does not take is in the evidence anyway."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress


def outlasting(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same as `say`, and silent for good once the terminal, or the pipe, takes no more.

    A dropped connection must neither end a rehearsal that runs nor tear its seal.
    """
    gone = False

    def say_if_there(line: str) -> None:
        nonlocal gone
        if gone:
            return
        try:
            say(line)
            # At once, also into a pipe: what waits in the buffer would fail at the very end.
            sys.stdout.flush()
        except (OSError, ValueError):
            gone = True
            _let_the_rest_vanish()

    return say_if_there


def _let_the_rest_vanish() -> None:
    """What is buffered would fail once more when the interpreter ends, and change its exit code."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
