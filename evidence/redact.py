"""Take secrets out of everything before it is written: known values and the shapes of tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

SHORTEST_SECRET = 4

_SHAPES: tuple[tuple[str, bytes], ...] = (
    ("github-token", rb"\bgh[pousr]_[A-Za-z0-9]{36,}"),
    ("aws-access-key", rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("jwt", rb"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"),
)


class Writable(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object: ...


class Redactor:
    """Replaces each secret by `<redacted:NAME>` and counts what it replaced."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._counts: Counter[str] = Counter()
        self._known: dict[bytes, str] = {}
        for name, value in (secrets or {}).items():
            self.learn(name, value)

    @property
    def counts(self) -> dict[str, int]:
        """How often each secret was replaced so far, by name."""
        return dict(sorted(self._counts.items()))

    def learn(self, name: str, value: str) -> None:
        """Replace that value from now on; one shorter than four characters is not a secret."""
        if len(value) >= SHORTEST_SECRET:
            self._known[value.encode("utf-8", "surrogateescape")] = name

    def text(self, value: str) -> str:
        """The text without secrets."""
        return self.bytes(value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def data(self, value: JsonValue) -> JsonValue:
        """The value without secrets in its strings and keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.data(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.data(item) for key, item in value.items()}
        return value

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets."""
        for secret in sorted(self._known, key=len, reverse=True):
            if secret in value:
                name = self._known[secret]
                self._counts[name] += value.count(secret)
                value = value.replace(secret, b"<redacted:%s>" % name.encode())
        for name, shape in _SHAPES:
            value, count = re.subn(shape, b"<redacted:%s>" % name.encode(), value)
            self._counts[name] += count
        return value

    def stream(self, sink: Writable) -> RedactingStream:
        """A stream that writes what it is given to the sink, without secrets."""
        return RedactingStream(self, sink)


class RedactingStream:
    """Holds back the line that has no end yet, so that no secret is seen in two halves."""

    def __init__(self, redactor: Redactor, sink: Writable) -> None:
        self._redactor = redactor
        self._sink = sink
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        whole, end, self._rest = (self._rest + data).rpartition(b"\n")
        if end:
            self._sink.write(self._redactor.bytes(whole + end))

    def close(self) -> None:
        """Write what was held back; the sink stays open."""
        rest, self._rest = self._rest, b""
        if rest:
            self._sink.write(self._redactor.bytes(rest))
