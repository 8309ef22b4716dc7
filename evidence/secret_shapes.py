"""Find tokens whose shape gives them away, whoever issued them.

A shape is looked for from its rarest byte on, looking back from there: so `re` runs to the
next such byte at the speed of memory instead of trying every place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from evidence.secret_span import SecretSpan


class Shape(NamedTuple):
    """A token: its name, its rarest byte, how many bytes it has before that, and what follows.

    `after` may look back. With a group in it, only what the group matches is secret.
    """

    name: str
    anchor: bytes
    before: int
    after: bytes


SHAPES = (
    # AWS: ids of access keys, and what signs a request in its URL.
    Shape("aws-access-key-id", b"A", 0, rb"(?<![A-Za-z0-9]A)[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
    Shape("aws-signature", b"z", 0, rb"(?<=X-Amz)-(?:Signature|Security-Token)=([\w%.~+/=-]{32,})"),
    # Azure: what signs a request in its URL, and secrets of applications.
    Shape("azure-signature", b"&", 0, rb"(?:amp;)?sig=([\w%+/=-]{40,})"),
    Shape("azure-secret", b"~", 5, rb"(?<=[\w.~-]{3}\dQ~)[\w.~-]{31,34}(?![\w.~-])"),
    # Those that say by a few letters and a line whose they are.
    Shape("github-token", b"_", 3, rb"(?<=gh[pousr]_)[A-Za-z0-9]{30,}"),
    Shape("github-token", b"_", 6, rb"(?<=github_)pat_\w{22,}"),
    Shape("prefect-key", b"_", 3, rb"(?<=pn[buw]_)[A-Za-z0-9]{20,}"),
    Shape("stripe-key", b"_", 2, rb"(?<=[prs]k_)(?:live|test)_[A-Za-z0-9]{16,}"),
    Shape("npm-token", b"_", 3, rb"(?<=npm_)[A-Za-z0-9]{36}"),
    Shape("hugging-face-token", b"_", 2, rb"(?<=hf_)[A-Za-z0-9]{30,}"),
    Shape("docker-token", b"_", 4, rb"(?<=dckr_)[po]at_[\w-]{27,}"),
    Shape("digital-ocean-token", b"_", 3, rb"(?<=do[opr]_)v1_[a-f0-9]{64}"),
    Shape("grafana-token", b"_", 4, rb"(?<=glsa_)\w{32,}"),
    Shape(
        "gitlab-token",
        b"g",
        0,
        rb"l(?:[pf]at|dt|rtr?|cbt|ptt|ft|imt|wt|soat|agent)-(?=[A-Za-z_-]{0,20}+\d)"
        rb"[\w-]{20,}(?:\.[\w.-]+)?",
    ),
    Shape("pypi-token", b"A", 5, rb"(?<=pypi-A)gEI[\w-]{50,}"),
    Shape("vault-token", b"v", 1, rb"[sbr]\.(?<=(?<![\w.])hv[sbr]\.)[\w-]{24,}"),
    Shape("sendgrid-key", b"G", 1, rb"(?<=SG)\.[\w-]{20,24}\.[\w-]{39,50}"),
    Shape("telegram-token", b"A", 10, rb"(?<=\d{8}:A)A[\w-]{33}(?![\w-])"),
    Shape("age-key", b"A", 0, rb"GE-SECRET-KEY-1[0-9A-Z]{50,}"),
    Shape("slack-token", b"x", 0, rb"ox[a-z]-(?=[A-Za-z_-]{0,20}+\d)[\w-]{10,}"),
    Shape("slack-token", b"x", 0, rb"app-\d-[\w-]{10,}"),
    Shape(
        "slack-webhook",
        b"k",
        0,
        rb"\.com/(?<=hooks\.slack\.com/)(?:services|workflows)/([\w/-]{20,})",
    ),
    # OpenAI, and those who write their keys alike.
    Shape("openai-key", b"k", 1, rb"-(?<=sk-)(?<![\w-]sk-)(?=[a-z_-]{0,40}+[0-9A-Z])[\w-]{20,}"),
    Shape("google-key", b"z", 2, rb"(?<=AIz)(?<![\w+/-]AIz)a[\w-]{35}(?![\w+/-])"),
    # A JSON Web Token: JSON objects in base64, and a signature or an encrypted text.
    Shape(
        "jwt",
        b"J",
        2,
        rb"(?:(?<=eyJ)(?<![\w-]eyJ)|(?<=%\w\weyJ))[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)+",
    ),
    # A private key's PEM inside base64, as in a kubeconfig; not that of certificates, public keys.
    Shape("private-key", b"J", 11, rb"(?<=LS0tLS1CRUdJ)Ti(?!BDRVJU|BQVUJM)[A-Za-z0-9+/=]{16,}"),
    Shape("bearer-token", b"B", 0, rb"(?:earer|EARER) +((?=[\w.~+/-]*[0-9A-Z])[\w.~+/-]{16,}=*)"),
    Shape(
        "authorization",
        b"z",
        9,
        rb"(?<=[Aa]uthoriz)ation\\?[\"']? *[:=] *\\?[\"']?"
        rb"(?i:(?:basic|bearer|token|negotiate|apikey) +)([^\s\"'\\,;<>]{6,})",
    ),
)
# What follows the byte in each shape that has it, which spares trying one after the other.
_COMMON = {b"_": rb"(?=[\w-]{16})"}


def shaped_spans(window: bytes) -> Iterator[SecretSpan]:
    """Every place in the window where a token stands."""
    for finder in _finders():
        yield from finder.spans(window)


class _Finder:
    """Finds all shapes whose rarest byte is the same."""

    def __init__(self, anchor: bytes, shapes: list[Shape]) -> None:
        self._anchor = anchor
        parts = [b"(?P<shape%d>%b)" % (place, shape.after) for place, shape in enumerate(shapes)]
        first = _COMMON.get(anchor, b"")
        self._pattern = re.compile(re.escape(anchor) + first + b"(?:%b)" % b"|".join(parts))
        # A shape's own group, if it has one, is numbered next after the one around it.
        groups = [self._pattern.groupindex[f"shape{place}"] for place in range(len(shapes))]
        self._shapes = dict(zip(groups, shapes, strict=True))

    def spans(self, window: bytes) -> Iterator[SecretSpan]:
        if self._anchor not in window:
            return
        for found in self._pattern.finditer(window):
            group = found.lastindex or 0
            shape = self._shapes[group]
            begin = found.start() - shape.before
            has_own = group < self._pattern.groups and group + 1 not in self._shapes
            secret = found.span(group + 1) if has_own else (begin, found.end())
            yield SecretSpan(begin, *secret, shape.name)


@cache
def _finders() -> tuple[_Finder, ...]:
    # Not at import: compiling takes milliseconds.
    by_anchor: dict[bytes, list[Shape]] = defaultdict(list)
    for shape in SHAPES:
        by_anchor[shape.anchor].append(shape)
    return tuple(_Finder(anchor, shapes) for anchor, shapes in by_anchor.items())
