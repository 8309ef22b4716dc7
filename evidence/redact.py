"""Take secrets out of everything before it is written; each becomes `<redacted:NAME>`.

What is found: the values that the run was told, in every form in which programs print
them; tokens by their shape; private keys; passwords in URLs; values given to names such as
`password` or `api_key`. Digests, commit ids, UUIDs and paths stay.
"""

from __future__ import annotations

import io
import re
import threading
from collections import Counter
from collections.abc import Mapping

from pydantic import JsonValue

from evidence.known_secrets import KnownSecrets
from evidence.redacting_stream import RedactingStream, Writable, replacement
from evidence.secret_assignments import secret_called


class Redactor:
    """Replaces secrets and counts by name what it replaced. Threads may share one."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._known = KnownSecrets()
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        for name, value in (secrets or {}).items():
            self.learn(name, value)

    @property
    def counts(self) -> dict[str, int]:
        """How often each secret was replaced so far, by name."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    @property
    def values(self) -> dict[str, str]:
        """The values that it was told, by name, for whoever must keep them out of pictures."""
        with self._lock:
            return dict(self._values)

    def learn(self, name: str, value: str) -> bool:
        """Replace that value from now on; whether that can be done.

        One shorter than four bytes is not: it would be replaced in the middle of words.
        """
        plain = re.sub(r"[^\w.-]", "-", name) or "secret"
        with self._lock:
            known = self._known.add(plain, value)
            if known:
                self._values[plain] = value
        return known

    def text(self, value: str) -> str:
        """The text without secrets."""
        return self.bytes(value.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

    def bytes(self, value: bytes) -> bytes:
        """The bytes without secrets."""
        clean = io.BytesIO()
        stream = self.stream(clean)
        stream.write(value)
        stream.close()
        return clean.getvalue()

    def data(self, value: JsonValue) -> JsonValue:
        """The value without secrets in its strings and keys.

        A key says what its value is, and so does a flag what comes after it in a list. Under
        `value` lies what the name beside it says, or else the key around it.
        """
        return self._named("", value)

    def stream(self, sink: Writable) -> RedactingStream:
        """A stream that hands what it is given on to the sink, without secrets."""
        return RedactingStream(self._known, self._count, sink)

    def _named(self, name: JsonValue, value: JsonValue) -> JsonValue:
        """The value without secrets, where the name, if it is a flag, says what it is."""
        if isinstance(value, list):
            before: list[JsonValue] = ["", *value]
            return [self._named(*pair) for pair in zip(before, value, strict=False)]
        if isinstance(value, dict):
            own = f"--{value['name']}" if isinstance(value.get("name"), str) else name
            return {
                self.text(key): self._named(own if key == "value" else f"--{key}", item)
                for key, item in value.items()
            }
        return self._named_text(name, value) if isinstance(value, str) else value

    def _named_text(self, name: JsonValue, value: str) -> str:
        clean = self.text(value)
        is_flag = isinstance(name, str) and name.startswith("--")
        called = secret_called(str(name), clean) if is_flag and clean == value else None
        if called is None:
            return clean
        self._count(called)
        return replacement(called)

    def _count(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
