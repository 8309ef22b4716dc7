"""What a signal does to a rehearsal, from its first line to its last: it never tears anything."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

from rehearsals.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Where the first signal goes: it is raised at once, kept for later, or only told.

    Once one was raised, further ones are left to the ending that is under way.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._mode: Literal["raise", "keep", "tell", "over"] = "raise"
        self._kept: int | None = None

    def keep(self) -> None:
        """From now on keep a signal until `deliver`: what is being opened has to be held first."""
        self._mode = "keep"

    def deliver(self) -> None:
        """Raise the signal that was kept, if any, and from now on each at once."""
        self._mode = "raise"
        if self._kept is not None:
            self._raise(self._kept)

    def tell(self) -> None:
        """From now on only tell of a signal: half a seal would be none."""
        self._mode = "tell"

    def take(self, number: int, frame: FrameType | None) -> None:
        """The handler of every signal."""
        if self._mode == "raise":
            self._raise(number)
        elif self._mode == "keep":
            self._kept = number
        elif self._mode == "tell":
            self._say(f"{signal.Signals(number).name} noted; the evidence is being sealed.")

    def _raise(self, number: int) -> None:
        self._mode = "over"
        raise Interrupted(number, signal.Signals(number).name)


@contextmanager
def handled_signals(say: Callable[[str], None]) -> Iterator[Signals]:
    """Turn signals into Interrupted while the block runs, as the yielded `Signals` decides.

    One that was ignored before stays so, as `nohup` wants it. A handler, unlike `SIG_IGN`, is
    not inherited by what is started: that can still be ended by a signal.
    """
    signals = Signals(say)
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, signals.take)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
