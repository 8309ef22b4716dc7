"""Find private keys in PEM, line by line: a block may be long, cut off, or have times before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.secret_span import SecretSpan

NAME = "private-key"

_MARKER = b"-----BEGIN "
_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(rb"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_LINE = re.compile(rb"[A-Za-z0-9+/=]{40,}+")
_LAST_LINE = re.compile(rb"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/=]{1,63}+[ \t\r]*$")
_SMALL, _CAPITAL, _DIGIT = re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]")
# So many other lines may stand within a key before it counts as cut off.
_MOST_OTHER_LINES = 3


class PrivateKeyBlocks:
    """Follows private keys through a stream; `inside` tells whether one is open."""

    def __init__(self) -> None:
        self.inside = False
        self._others = 0
        self._after_body = False

    def copy(self) -> PrivateKeyBlocks:
        """One that goes on from here by itself."""
        other = PrivateKeyBlocks()
        other.__dict__.update(self.__dict__)
        return other

    def spans(self, window: bytes) -> Iterator[SecretSpan]:
        """Every part of a private key in the next lines of the stream."""
        place = 0
        if not self.inside and _MARKER not in window:
            return
        while place < len(window):
            if not self.inside:
                opening = _BEGIN.search(window, place)
                if opening is None:
                    return
                place = opening.start()
            newline = window.find(b"\n", place)
            end = len(window) if newline < 0 else newline
            closing = _END.search(window, place, end)
            if closing is not None:
                yield self._closed(window, place, closing)
                place = closing.end()
                continue
            yield from self._within(window, place, end) if self.inside else self._opened(place, end)
            place = end + 1

    def _opened(self, start: int, end: int) -> Iterator[SecretSpan]:
        self.inside, self._others, self._after_body = True, 0, True
        yield SecretSpan(start, start, end, NAME)

    def _within(self, window: bytes, start: int, end: int) -> Iterator[SecretSpan]:
        bodies = _bodies(window, start, end)
        if not bodies and self._after_body:
            last = _LAST_LINE.search(window, start, end)
            bodies = [last.span()] if last else []
            self._others, self._after_body = self._others + 1, False
        elif not bodies:
            self._others += 1
        else:
            self._others, self._after_body = 0, True
        self.inside = self._others <= _MOST_OTHER_LINES
        for body in bodies:
            yield SecretSpan(start, *body, NAME)

    def _closed(self, window: bytes, start: int, closing: re.Match[bytes]) -> SecretSpan:
        if self.inside:
            bodies = _bodies(window, start, closing.start())
            start = bodies[0][0] if bodies else closing.start()
        self.inside = False
        return SecretSpan(start, start, closing.end(), NAME)


def _bodies(window: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where full lines of a key stand: base64 with all that a digest or a word has not."""
    runs = (found.span() for found in _LINE.finditer(window, start, end))
    return [
        run for run in runs if all(kind.search(window, *run) for kind in (_SMALL, _CAPITAL, _DIGIT))
    ]
