"""Join base64 that is wrapped over lines, so that a secret in it is found across their ends.

Lines as MIME, PEM and the `base64` tools make them are meant. Each may have a time or a name
before it, and the line's end may be written out, `\\n`, as it is in JSON.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

# A line that ends in less of it is not taken for one of many.
_SHORTEST_LINE = 32
_ALPHABET = (string.ascii_letters + string.digits + "+/_-").encode()
_OTHERS = bytes(set(range(256)) - set(_ALPHABET))
_RUN = re.compile(rb"[ \t]*([A-Za-z0-9+/_-]+)")
_FULL_LINE = rb"(?<=[A-Za-z0-9+/_-]{%d}%%b)" % _SHORTEST_LINE
_LINE_END = re.compile(rb"\n(?:%b|%b)" % (_FULL_LINE % b"\n", _FULL_LINE % b"\r\n"))
_WRITTEN_END = re.compile(rb"\\%b\\*(?:r\\+)?n" % (_FULL_LINE % rb"\\"))

_Place = tuple[int, int]


class Wrapped:
    """Base64 that stands in several places of a window; `data` is all of it in one."""

    def __init__(self, window: bytes, places: list[_Place]) -> None:
        self.data = b"".join(window[start:end] for start, end in places)
        self._places = places
        self._ends = list(accumulate(end - start for start, end in places))

    def parts(self, start: int, end: int) -> list[_Place]:
        """Where in the window that range of `data` stands, line by line."""
        found: list[_Place] = []
        line = bisect_right(self._ends, start)
        while start < end:
            place_end = self._places[line][1]
            part = place_end - (self._ends[line] - start)
            found.append((part, min(part + end - start, place_end)))
            start, line = self._ends[line], line + 1
        return found

    def line_start(self, start: int) -> int:
        """Where in the window the line begins on which that place of `data` stands."""
        return self._places[bisect_right(self._ends, start)][0]


def wrapped_base64(window: bytes) -> Iterator[Wrapped]:
    """Every base64 of two lines or more in the window."""
    yield from _wrapped(window, _LINE_END)
    if b"\\" in window:
        yield from _wrapped(window, _WRITTEN_END)


def open_base64(data: bytes, longest: int) -> int:
    """How many bytes at the end of the data are lines of base64 that may go on in the next one.

    They are counted back to where a secret of the longest form can begin.
    """
    begin, end, counted = len(data), data.rfind(b"\n"), 0
    while end > 0 and counted < longest:
        start = data.rfind(b"\n", 0, end) + 1
        length = _run_length(data[start:end].removesuffix(b"\r"))
        if length < _SHORTEST_LINE:
            break
        begin, end, counted = start, start - 1, counted + length
    return len(data) - begin


def _wrapped(window: bytes, line_end: re.Pattern[bytes]) -> Iterator[Wrapped]:
    places: list[_Place] = []
    after = 0
    for found in line_end.finditer(window):
        end = found.start() - window.endswith(b"\r", 0, found.start())
        start = end - _run_length(window[after:end])
        if places and not _goes_on(window, after, start, line_end):
            yield from _closed(window, places, after, line_end)
            places = []
        places.append((start, end))
        after = found.end()
    if places:
        yield from _closed(window, places, after, line_end)


def _goes_on(window: bytes, after: int, start: int, line_end: re.Pattern[bytes]) -> bool:
    """Whether the text that begins at `start` is on the line that begins at `after`."""
    return start == after if line_end is _WRITTEN_END else window.find(b"\n", after, start) < 0


def _closed(
    window: bytes, places: list[_Place], after: int, line_end: re.Pattern[bytes]
) -> Iterator[Wrapped]:
    """The lines so far, with what of the last line, which is shorter, belongs to them."""
    first = _RUN.match(window, after)
    last = {first.span(1)} if first else set()
    if line_end is _LINE_END:
        end = window.find(b"\n", after)
        line = window[after : end if end >= 0 else len(window)].rstrip(_OTHERS)
        last.add((after + len(line) - _run_length(line), after + len(line)))
    for place in last:
        yield Wrapped(window, [*places, place])


def _run_length(data: bytes) -> int:
    """How much base64 there is at the end of the data."""
    return len(data) - len(data.rstrip(_ALPHABET))
