"""Find passwords in URLs: `scheme://user:password@host`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.secret_span import SecretSpan

NAME = "url-password"

# What begins like this was redacted already, or refers to a value kept elsewhere.
_WITH_PASSWORD = re.compile(rb"://[^\s/?#\"'<>@:]*:((?![<${*])[^\s/\"'<>]+)@")


def url_spans(window: bytes) -> Iterator[SecretSpan]:
    """Every password in a URL in the window."""
    if b"@" in window:
        for found in _WITH_PASSWORD.finditer(window):
            yield SecretSpan(found.start(), *found.span(1), NAME)
