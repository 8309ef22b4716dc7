"""A place in bytes where a secret lies, and how places that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class SecretSpan(NamedTuple):
    """`start` to `end` is replaced; `begin` is where what gives it away begins.

    Between `begin` and `end` the bytes must be seen together to be recognised: for
    `token=…` the name is evidence, the value the secret.
    """

    begin: int
    start: int
    end: int
    name: str


def disjoint(spans: Iterable[SecretSpan]) -> list[SecretSpan]:
    """The spans in order, those that overlap joined under the name of the one that starts first."""
    joined: list[SecretSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = joined[-1] if joined else None
        if last is not None and span.start < last.end:
            begin, end = min(last.begin, span.begin), max(last.end, span.end)
            joined[-1] = SecretSpan(begin, last.start, end, last.name)
        else:
            joined.append(span)
    return joined
