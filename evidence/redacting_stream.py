"""Redact bytes as they come, in bounded memory, however they are cut.

Whole lines are handed on at once. A line that has no end yet waits; one that grows too
long is handed on in parts, never with a cut through what makes up a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from evidence.known_secrets import KnownSecrets
from evidence.secret_assignments import assigned_spans
from evidence.secret_blocks import PrivateKeyBlocks
from evidence.secret_shapes import shaped_spans
from evidence.secret_span import SecretSpan, disjoint
from evidence.secret_urls import url_spans

# What may wait for its line's end, in bytes.
LONGEST_LINE = 256 << 10
# The end of a longer line that waits for what follows; a secret shows itself in less.
HELD_BACK = 16 << 10
# What is given at once is looked at in pieces of this size.
_PIECE = 1 << 20

# What ends a secret that is itself too long to wait for.
_AFTER_SECRET = re.compile(rb"[\s\"'<>]")


class Writable(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object: ...


def replacement(name: str) -> str:
    """What stands where a secret of that name was."""
    return f"<redacted:{name}>"


class RedactingStream:
    """Takes bytes and hands them to the sink without secrets.

    `count` is called with the name of each secret that is replaced. The sink stays open.
    """

    def __init__(self, known: KnownSecrets, count: Callable[[str], None], sink: Writable) -> None:
        self._known = known
        self._count = count
        self._sink = sink
        self._held = b""
        self._blocks = PrivateKeyBlocks()
        self._in_long_secret = False

    def write(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        for start in range(0, len(data), _PIECE):
            self._hold(data[start : start + _PIECE])
            waiting = self._known.waiting(self._held)
            end = self._held.rfind(b"\n", 0, max(0, len(self._held) - waiting)) + 1
            if end and not waiting:
                self._hand_on(self._held[:end], end)
            elif end:
                self._hand_on(self._held, end)
            elif len(self._held) > LONGEST_LINE:
                held_back = max(HELD_BACK, 2 * self._known.longest)
                self._hand_on(self._held, max(0, len(self._held) - held_back))

    def close(self) -> None:
        """Hand on what waits."""
        self._hand_on(self._held, len(self._held))

    def _hold(self, data: bytes) -> None:
        self._held += data
        if self._in_long_secret:
            after = _AFTER_SECRET.search(self._held)
            self._in_long_secret = after is None
            self._held = self._held[after.start() :] if after else b""

    def _hand_on(self, window: bytes, end: int) -> None:
        """Hand on the window up to `end`, or to a place near it that cuts no secret."""
        whole = end == len(window)
        blocks = self._blocks if whole else self._blocks.copy()
        spans = disjoint(self._found(window, blocks))
        if not whole:
            end = self._place_to_cut(spans, end, len(window))
            for _ in self._blocks.spans(window[:end]):
                pass
        place = 0
        parts: list[bytes] = []
        for span in spans:
            if span.start < end:
                parts += [window[place : span.start], replacement(span.name).encode()]
                place = span.end
                self._count(span.name)
        parts.append(window[place:end])
        self._held = self._held[end:]
        if clean := b"".join(parts):
            self._sink.write(clean)

    def _found(self, window: bytes, blocks: PrivateKeyBlocks) -> Iterator[SecretSpan]:
        yield from self._known.spans(window)
        yield from blocks.spans(window)
        yield from shaped_spans(window)
        yield from url_spans(window)
        yield from assigned_spans(window)

    def _place_to_cut(self, spans: list[SecretSpan], end: int, size: int) -> int:
        """The end, or the place before it where something begins that must be seen together."""
        cut = end
        for span in reversed(spans):
            if span.begin < cut < span.end:
                cut = span.begin
        if cut == end or size - cut <= 2 * LONGEST_LINE:
            return cut
        # A secret so long that it cannot wait: what of it is still to come is dropped.
        cut = max(span.end for span in spans if span.begin <= cut < span.end)
        self._in_long_secret = cut == size
        return cut
