"""Find values that are known to be secret, in every form in which programs print them.

A form is found by its rarest byte: looking for one byte is as fast as memory, and only where
it stands is the rest compared. So it hardly matters how many secrets are known.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from evidence.secret_span import SecretSpan
from evidence.wrapped_base64 import open_base64, wrapped_base64

# A shorter value would be replaced in the middle of ordinary words.
SHORTEST_SECRET = 4
# Of a value of many lines, shorter ones are found only together with their neighbours.
SHORTEST_LINE = 8

# Bytes of logs, the most frequent first; one that is not listed is rarer than these.
_FREQUENT = b" etaoi0nrs1ldc2-u3m:p.f4g/5h67,98y_b=\"'v()[]wkTADESIRNCPLO{}FMU\n"
# So many bytes after the one that is looked for tell whether a closer look is worth it.
_KEY_BYTES = 4
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# What encoders of URLs leave as it is: nothing, paths, encodeURIComponent, encodeURI.
_URL_SAFE = ("", "/", "!'()*~", "!'()*~;/?:@&=+$,#")


class Form(NamedTuple):
    """Bytes that give a secret away; at an edge that is shared, the next byte holds some of it."""

    data: bytes
    shares_left: bool = False
    shares_right: bool = False


class KnownSecrets:
    """Secret values by name, found raw, escaped for JSON, URLs and HTML, in base64, hex, UTF-16."""

    def __init__(self) -> None:
        self._names: dict[Form, str] = {}
        self._finders: list[_Finder] | None = []
        self.longest = 0
        self.longest_over_lines = 0

    def add(self, name: str, value: str) -> bool:
        """Know a value from now on; one shorter than `SHORTEST_SECRET` bytes is not taken.

        The lines of a long value are known one by one too, since logs put things before lines.
        """
        raw = value.encode("utf-8", "surrogateescape")
        if len(raw) < SHORTEST_SECRET:
            return False
        lines = [line.strip() for line in raw.splitlines()] if b"\n" in raw else []
        lines = [line for line in lines if len(line) >= SHORTEST_LINE]
        for secret in (raw, raw.strip(), *lines):
            if len(secret) >= SHORTEST_SECRET:
                for form in forms_of(secret):
                    self._names.setdefault(form, name)
        lengths = [len(form.data) for form in self._names]
        self.longest = max(lengths, default=0)
        over_lines = [len(form.data) for form in self._names if b"\n" in form.data]
        self.longest_over_lines = max(over_lines, default=0)
        self._finders = None
        return True

    def waiting(self, data: bytes) -> int:
        """How many bytes at the end of the data may hold a part of a secret that goes on."""
        if not self._names:
            return 0
        return max(self.longest_over_lines, open_base64(data, self.longest))

    def spans(self, window: bytes) -> Iterator[SecretSpan]:
        """Every place in the window where a form of a secret stands."""
        if self._finders is None:
            self._finders = _finders(self._names)
        if not self._finders:
            return
        yield from self._spans(window)
        for wrapped in wrapped_base64(window):
            for span in self._spans(wrapped.data):
                parts = wrapped.parts(span.start, span.end)
                # A piece of a line would not be known for one of many.
                begin = wrapped.line_start(span.start)
                for part in parts if len(parts) > 1 else ():
                    yield SecretSpan(begin, *part, span.name)

    def _spans(self, window: bytes) -> Iterator[SecretSpan]:
        for finder in self._finders or ():
            yield from finder.spans(window)


def forms_of(secret: bytes) -> set[Form]:
    """The forms of a secret: as it is, escaped once or twice, in base64, hex and UTF-16."""
    once = {secret} | _escaped(secret)
    twice = once.union(*(_escaped(form) for form in once))
    text = secret.decode("utf-8", "surrogateescape")
    little, big = (text.encode(f"utf-16-{order}", "surrogatepass") for order in ("le", "be"))
    plain = {*twice, little, big, secret.hex().encode(), secret.hex().upper().encode()}
    found = {Form(data) for data in plain}.union(*map(_inside_base64, {*once, little}))
    return {form for form in found if len(form.data) >= SHORTEST_SECRET}


def _escaped(secret: bytes) -> set[bytes]:
    """The secret as JSON, as a part of a URL, and as HTML write it."""
    text = secret.decode("utf-8", "surrogateescape")
    escaped = {html.escape(text), html.escape(text, quote=False)}
    for ascii_only in (True, False):
        inner = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        escaped |= {inner, inner.replace("/", "\\/"), _for_scripts(inner)}
    for safe in _URL_SAFE:
        for encoded in (quote(secret, safe=safe), quote_plus(secret, safe=safe)):
            escaped |= {encoded, re.sub("%..", lambda found: found[0].lower(), encoded)}
    return {form.encode("utf-8", "surrogateescape") for form in escaped}


def _for_scripts(inner: str) -> str:
    """JSON as web frameworks write it into a page."""
    return re.sub("[<>&'+]", lambda found: f"\\u{ord(found[0]):04x}", inner)


def _inside_base64(secret: bytes) -> set[Form]:
    """What stays the same of the secret's base64, whatever stands before and after it.

    A character holds six bits, so there are three alignments. The characters at the edges
    hold bits of the neighbours as well and differ.
    """
    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret)
        bits = (before + len(secret)) * 8
        own = encoded[-(-before * 8 // 6) : bits // 6]
        shares = (before > 0, bits % 6 > 0)
        found |= {Form(own, *shares), Form(own.translate(_TO_URL_SAFE), *shares)}
    return found


class _Finder:
    """Finds all forms that have a byte in common, by that byte and the few that follow it."""

    def __init__(self, anchor: int, names: dict[Form, str]) -> None:
        self._anchor = bytes([anchor])
        self._names = names
        self._forms: dict[bytes, list[tuple[int, Form]]] = defaultdict(list)
        for form in names:
            offset = form.data.index(anchor)
            key = form.data[offset + 1 : offset + 1 + _KEY_BYTES]
            self._forms[key].append((offset, form))
        self._lengths = sorted({len(key) for key in self._forms})
        # The longest first: what of a key is a shorter one is looked up as well.
        keys = b"|".join(map(re.escape, sorted(self._forms, key=len, reverse=True)))
        self._pattern = re.compile(b"%b(?=(%b))" % (re.escape(self._anchor), keys))

    def spans(self, window: bytes) -> Iterator[SecretSpan]:
        if self._anchor not in window:
            return
        for found in self._pattern.finditer(window):
            for length in self._lengths:
                for offset, form in self._forms.get(found[1][:length], ()):
                    start = found.start() - offset
                    if start >= 0 and window.startswith(form.data, start):
                        yield self._span(window, form, start)

    def _span(self, window: bytes, form: Form, start: int) -> SecretSpan:
        end = start + len(form.data)
        if form.shares_left and start > 0 and window[start - 1] in _BASE64:
            start -= 1
        if form.shares_right and end < len(window) and window[end] in _BASE64:
            end += 1
        return SecretSpan(start, start, end, self._names[form])


def _finders(names: dict[Form, str]) -> list[_Finder]:
    by_anchor: dict[int, dict[Form, str]] = defaultdict(dict)
    rarest = {form: min(form.data[:-_KEY_BYTES] or form.data, key=_frequency) for form in names}
    # Each further byte costs a look through everything, so what is there already is used again.
    for form in sorted(names, key=lambda form: _frequency(rarest[form]), reverse=True):
        anchor = rarest[form]
        if anchor not in by_anchor and _frequency(anchor) > 0:
            shared = by_anchor.keys() & set(form.data[:-_KEY_BYTES])
            anchor = min(shared, key=_frequency, default=anchor)
        by_anchor[anchor][form] = names[form]
    return [_Finder(anchor, own) for anchor, own in by_anchor.items()]


def _frequency(byte: int) -> int:
    place = _FREQUENT.find(byte)
    return 0 if place < 0 else len(_FREQUENT) - place
