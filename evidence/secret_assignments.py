"""Find secrets by the name that they are given: `password=…`, `"token": "…"`, `--api-key …`.

The name says that a secret follows, the value that it is one: a word, a path, a reference
or a count that happens to follow such a name stays.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

from evidence.secret_span import SecretSpan

# The words that call something a secret, and what kind of one they call it.
_CALLED = {
    "password": ("password", "passwd", "passphrase", "pwd"),
    "secret": ("secret", "secrets"),
    "token": ("token",),
    "credential": ("credential", "credentials"),
}
# A key is a secret only when it is one of these.
_SECRET_KEYS = (
    *("api", "access", "account", "auth", "client", "deploy", "encryption", "license", "master"),
    *("private", "secret", "service", "shared", "signing", "ssh"),
)
# With one of these behind it a name speaks about a secret and does not hold it.
_ABOUT = frozenset(
    (
        *("id", "ids", "name", "names", "type", "kind", "format", "version", "class", "index"),
        *("file", "files", "filename", "path", "paths", "dir", "url", "uri", "endpoint", "mount"),
        *("sha", "sha1", "sha256", "sha512", "digest", "hash", "fingerprint", "thumbprint"),
        *("count", "counts", "length", "len", "size", "limit", "rate", "usage", "bucket"),
        *("ttl", "expires", "expiry", "expiration", "expire", "timeout", "status"),
        *("ref", "refs", "field", "fields", "column", "env", "var", "store", "manager"),
        *("policy", "scope", "scopes", "audience", "issuer", "error", "errors"),
    )
)
_LONGEST_NAME = 60
_NAME_BYTES = (string.ascii_letters + string.digits + "_.-").encode()
_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# What stands before `key` in a name: letters as at the end of one of the kinds, or separators.
_ENDS = tuple(rf"[{''.join(sorted({kind[at] for kind in _SECRET_KEYS}))}]" for at in (-2, -1))
_OF_A_KIND = b"(?<=%b[_.-]...|.%b...|.[_.-][_.-]...)" % ((f"(?i:{''.join(_ENDS)})".encode(),) * 2)
# Where a name has its keyword: a byte of it without which none is there, and how it goes on from
# there. `re` looks for the literal beginning of a pattern at the speed of memory.
_KEYWORDS = (
    (b"k", rb"ke(?:n(?<=[Tt]oken)|y(?!s)%b)" % _OF_A_KIND),
    (b"K", rb"K(?:EN(?<=TOKEN)|(?:ey|EY)(?![sS])%b)" % _OF_A_KIND),
    (b"w", rb"w(?:ord(?<=assword)|d(?:(?<=asswd)|(?<=[Pp]wd)))"),
    (b"W", rb"W(?:ORD(?<=ASSWORD)|D(?:(?<=ASSWD)|(?<=PWD)))"),
    (b"c", rb"cr(?:et(?<=[Ss]ecret)|edential)"),
    (b"C", rb"C(?:RET(?<=SECRET)|redential|REDENTIAL)"),
    (b"ssphrase", rb"ssphrase"),
    (b"SSPHRASE", rb"SSPHRASE"),
)
# What comes between a keyword and the value, which is not a mere number. A blank sets a flag of
# a command line only; the digit spares most of prose a closer look.
_SET_TO = (
    rb"(?P<rest>[\w.-]{0,40}+)(?:\\?[\"']?[ \t]{0,8}+(?::=|=>|[:=])[ \t]{0,8}+"
    rb"|(?P<blank>[ \t]{1,8}+)(?=\S{0,256}[0-9]))(?!\d{1,19}+[\s,}])"
)
# A value as it is quoted: what it consists of, so long as its end is not reached.
_QUOTINGS = {
    "escaped": (rb"\\\"", rb"(?:(?!\\\")[^\n])"),
    "double": (rb"\"", rb"(?:[^\"\\\n]|\\.)"),
    "single": (rb"'", rb"(?:[^'\\\n]|\\.)"),
    "bare": (rb"", rb"[^\s\"'`,;&<>]"),
}
# The beginning of a value is enough to judge it by.
_LONGEST_JUDGED = 96

# What refers to a value kept elsewhere, stands for one, or computes one.
_REFERENCE = re.compile(
    rb"\$[({A-Z_]|%[(s]|\{|<|\*+$|!(?:Ref|Sub|GetAtt|vault)\b|[A-Za-z_][\w.]*+[(\[{]"
)
_VARIABLE = re.compile(rb"_?[a-z]+(?:[_.][a-z]+)+|_?[A-Z]+(?:[_.][A-Z]+)+")
_CLASS = re.compile(rb"_?[a-z]*(?:[A-Z][a-z]{2,})+")
_PATH = re.compile(rb"(?:/|\./|\.\./|~/|[A-Za-z]:\\)[\w./\\ @\x80-\xff-]*$")
_SHORTEST_RANDOM_SEGMENT = 12
_SHORTEST_PASSWORD = 6
_SHORTEST_TOKEN = 8
# From this length on letters alone are no word.
_LONG = 20
_LEAST_BITS_PER_CHARACTER = 2.5
_N_LOG_N = (0.0, *(count * math.log2(count) for count in range(1, _LONGEST_JUDGED + 1)))
_DIGIT, _SMALL, _CAPITAL = re.compile(rb"[0-9]"), re.compile(rb"[a-z]"), re.compile(rb"[A-Z]")
_BLANK, _OTHER = re.compile(rb"\s"), re.compile(rb"[^0-9A-Za-z._\x80-\xff-]")


def assigned_spans(window: bytes) -> Iterator[SecretSpan]:
    """Every place in the window where a secret is assigned to a name."""
    values, ends = _values()
    for needle, pattern in _patterns():
        if needle not in window:
            continue
        covered = 0
        for found in pattern.finditer(window):
            if found.start() < covered:
                continue
            begin = _name_begin(window, found.start())
            called = _called(window[begin : found.end("rest")])
            if called is None or (found["blank"] and not window.startswith(b"--", begin)):
                continue
            value = values.match(window, found.end())
            if value is None:
                continue
            quoting = value.lastgroup or "bare"
            if _is_secret(called, value[quoting]):
                start = value.start(quoting)
                end = ends[quoting].match(window, start)
                covered = end.end() if end else value.end()
                yield SecretSpan(begin, start, covered, called)


def secret_called(name: str, value: str) -> str | None:
    """What to call the secret that a name is given with this value; None when it is none."""
    called = _called(name.encode("utf-8", "replace"))
    start = value.encode("utf-8", "replace")[:_LONGEST_JUDGED]
    return called if called is not None and _is_secret(called, start) else None


# The same names come again in every line of a log.
@lru_cache(maxsize=4096)
def _called(name: bytes) -> str | None:
    ending = name[-_LONGEST_NAME * 2 :].decode("latin-1")
    words = [word.lower() for word in _NAME_WORDS.findall(ending)]
    for place in range(len(words) - 1, -1, -1):
        if words[place] in _ABOUT:
            return None
        before = words[place - 1] if place else ""
        if called := _called_by(words[place], before):
            return called
    return None


def _called_by(word: str, before: str) -> str | None:
    """What a word of a name says that it holds; written together, its end says so."""
    for called, words in _CALLED.items():
        if word.endswith(words):
            return called
    if word.endswith("key"):
        kind = word.removesuffix("key") or before
        return next((f"{end}-key" for end in _SECRET_KEYS if kind.endswith(end)), None)
    return None


def _is_secret(called: str, value: bytes) -> bool:
    """Whether what begins like this, under such a name, is a secret itself."""
    digit, small = bool(_DIGIT.search(value)), bool(_SMALL.search(value))
    # A capital at the start is an ordinary word's.
    capital = bool(_CAPITAL.search(value, 1))
    if called == "password":
        mixed = digit + small + capital + bool(_OTHER.search(value)) >= 2
        shaped = len(value) >= _SHORTEST_PASSWORD and (mixed or len(value) >= _LONG)
    else:
        mixed = (digit and (small or capital)) or (small and capital and len(value) >= _LONG)
        shaped = mixed and len(value) >= _SHORTEST_TOKEN and not _BLANK.search(value)
        shaped = shaped and _bits(value) >= _LEAST_BITS_PER_CHARACTER
        shaped = shaped and not _CLASS.fullmatch(value)
    return shaped and not (_VARIABLE.fullmatch(value) or _REFERENCE.match(value) or _is_path(value))


def _is_path(value: bytes) -> bool:
    """Whether it is written as a path and no part of it is as random as base64 is."""
    return _PATH.match(value) is not None and not any(
        len(part) >= _SHORTEST_RANDOM_SEGMENT
        and _DIGIT.search(part)
        and part.lower() != part != part.upper()
        for part in re.split(rb"[/\\]", value)
    )


def _bits(value: bytes) -> float:
    """Shannon's entropy of the bytes, in bits each."""
    length = len(value)
    repeated = sum(map(_N_LOG_N.__getitem__, Counter(value).values()))
    return math.log2(length) - repeated / length


def _name_begin(window: bytes, place: int) -> int:
    """Where the name that goes on at a place begins."""
    before = window[max(0, place - _LONGEST_NAME) : place]
    return place - len(before) + len(before.rstrip(_NAME_BYTES))


@cache
def _patterns() -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    # Not at import: compiling takes milliseconds.
    return tuple((needle, re.compile(pattern + _SET_TO)) for needle, pattern in _KEYWORDS)


@cache
def _values() -> tuple[re.Pattern[bytes], dict[str, re.Pattern[bytes]]]:
    """How a value begins, in a group of its quoting; and for each of those how it goes on."""
    begin = b"|".join(
        rb"%b(?P<%b>%b{1,%d})" % (quote, name.encode(), char, _LONGEST_JUDGED)
        for name, (quote, char) in _QUOTINGS.items()
    )
    ends = {name: re.compile(b"%b*+" % char) for name, (_, char) in _QUOTINGS.items()}
    return re.compile(begin), ends
