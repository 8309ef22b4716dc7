"""What a person at the terminal sees of a command: whole lines, and nothing that moves the cursor.

The log keeps the bytes as they came; this is only their sane reading.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Callable

TAIL_LINES = 20
LONGEST_LINE = 2000

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movement
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # strings for the terminal itself
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


class LineEcho:
    """Takes redacted bytes and says each line once it is whole.

    Of a progress bar, which writes over itself with carriage returns, it says the last state.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def tail(self) -> str:
        """The last lines, joined."""
        return "\n".join(self._tail)

    def write(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        *lines, rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._tell(line)
        self._rest = rest if len(rest) <= LONGEST_LINE else _shortened(rest)

    def close(self) -> None:
        """Say what stands after the last line's end."""
        rest = self._rest + self._decoder.decode(b"", True)
        self._rest = ""
        if rest:
            self._tell(rest)

    def _tell(self, line: str) -> None:
        sane = line if line.isprintable() else _CONTROL.sub("", _last_state(line))
        if len(sane) > LONGEST_LINE:
            sane = sane[:LONGEST_LINE] + " […]"
        self._tail.append(sane)
        self._say(sane)


def _last_state(line: str) -> str:
    return line.rstrip("\r").rsplit("\r", 1)[-1]


def _shortened(rest: str) -> str:
    """A line that has no end yet, as much of it as can still be said."""
    return rest[rest.rfind("\r", 0, -1) + 1 :][: LONGEST_LINE + 1]
