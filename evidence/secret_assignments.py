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

# Where a name has its keyword: the keyword's rarest part, and what is around that.
_KEYWORDS = (
    (b"k", rb"(?:(?<=[Tt]ok)en|(?<=[\w.-]k)ey(?!s))"),
    (b"K", rb"(?:(?<=TOK)EN|(?<=[\w.-]K)(?:ey|EY)(?![sS]))"),
    (b"w", rb"(?:(?<=assw)(?:or)?d|(?<=[Pp]w)d)"),
    (b"W", rb"(?:(?<=ASSW)(?:OR)?D|(?<=PW)D)"),
    (b"c", rb"(?:(?<=[Ss]ec)ret|redential)"),
    (b"C", rb"(?:(?<=SEC)RET|redential|REDENTIAL)"),
    (b"ssphrase", b""),
    (b"SSPHRASE", b""),
)
# A value as it is quoted: what it consists of, so long as its end is not reached.
_QUOTINGS = {
    "escaped": (rb"\\\"", rb"(?:(?!\\\")[^\n])"),
    "double": (rb"\"", rb"(?:[^\"\\\n]|\\.)"),
    "single": (rb"'", rb"(?:[^'\\\n]|\\.)"),
    "bare": (rb"", rb"[^\s\"'`,;&<>]"),
}
# The beginning of a value is enough to judge it by.
_VALUE = b"(?=%b)" % b"|".join(
    rb"%b(?P<%b>%b{1,96})" % (quote, name.encode(), char)
    for name, (quote, char) in _QUOTINGS.items()
)
# A blank sets a flag of a command line only; the digit spares most of prose a closer look.
_SET_TO = (
    rb"(?P<rest>[\w.-]{0,40})(?:\\?[\"']?[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}"
    rb"|(?P<blank>[ \t]{1,8})(?=\S{0,256}[0-9]))" + _VALUE
)

# What refers to a value kept elsewhere, stands for one, or computes one.
_REFERENCE = re.compile(
    r"\$[({A-Z_]|%[(s]|\{|<|\*+$|!(?:Ref|Sub|GetAtt|vault)\b|[A-Za-z_][\w.]*[(\[{]"
)
_VARIABLE = re.compile(r"_?[a-z]+(?:[_.][a-z]+)+|_?[A-Z]+(?:[_.][A-Z]+)+")
_CLASS = re.compile(r"_?[a-z]*(?:[A-Z][a-z]{2,})+")
_PATH = re.compile(r"(?:/|\./|\.\./|~/|[A-Za-z]:\\)[\w./\\ @-]*$")
_SHORTEST_RANDOM_SEGMENT = 12
_SHORTEST_PASSWORD = 6
_SHORTEST_TOKEN = 8
# From this length on letters alone are no word.
_LONG = 20
_LEAST_BITS_PER_CHARACTER = 2.5


def assigned_spans(window: bytes) -> Iterator[SecretSpan]:
    """Every place in the window where a secret is assigned to a name."""
    for needle, pattern in _patterns():
        if needle not in window:
            continue
        covered = 0
        for found in pattern.finditer(window):
            if found.start() < covered:
                continue
            begin = _name_begin(window, found.start())
            if found["blank"] and not window.startswith(b"--", begin):
                continue
            quoting = found.lastgroup or "bare"
            name = window[begin : found.end("rest")].decode("latin-1")
            called = secret_called(name, found[quoting].decode("utf-8", "replace"))
            if called is not None:
                start = found.start(quoting)
                rest = _values()[quoting].match(window, start)
                covered = rest.end() if rest else found.end(quoting)
                yield SecretSpan(begin, start, covered, called)


def secret_called(name: str, value: str) -> str | None:
    """What to call the secret that a name is given with this value; None when it is none."""
    called = _called(name)
    if called is None or _REFERENCE.match(value) or _is_path(value):
        return None
    return called if _looks_secret(value, is_password=called == "password") else None


# The same names come again in every line of a log.
@lru_cache(maxsize=4096)
def _called(name: str) -> str | None:
    words = [word.lower() for word in _NAME_WORDS.findall(name[-_LONGEST_NAME * 2 :])]
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


def _looks_secret(value: str, *, is_password: bool) -> bool:
    digit = any(char.isdigit() for char in value)
    lower = any(char.islower() for char in value)
    # A capital at the start is an ordinary word's.
    upper = any(char.isupper() for char in value[1:])
    other = any(not char.isalnum() and char not in "-_." for char in value)
    if _VARIABLE.fullmatch(value):
        return False
    if is_password:
        mixed = digit + lower + upper + other >= 2
        return len(value) >= _SHORTEST_PASSWORD and (mixed or len(value) >= _LONG)
    if any(char.isspace() for char in value) or _CLASS.fullmatch(value):
        return False
    mixed = (digit and (lower or upper)) or (lower and upper and len(value) >= _LONG)
    return len(value) >= _SHORTEST_TOKEN and mixed and _bits(value) >= _LEAST_BITS_PER_CHARACTER


def _is_path(value: str) -> bool:
    """Whether it is written as a path and no part of it is as random as base64 is."""
    return _PATH.match(value) is not None and not any(
        len(part) >= _SHORTEST_RANDOM_SEGMENT
        and any(char.isdigit() for char in part)
        and part.lower() != part != part.upper()
        for part in re.split(r"[/\\]", value)
    )


def _bits(value: str) -> float:
    """Shannon's entropy of the characters, in bits each."""
    length = len(value)
    return -sum(count / length * math.log2(count / length) for count in Counter(value).values())


def _name_begin(window: bytes, place: int) -> int:
    """Where the name that goes on at a place begins."""
    before = window[max(0, place - _LONGEST_NAME) : place]
    return place - len(before) + len(before.rstrip(_NAME_BYTES))


@cache
def _patterns() -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    # Not at import: compiling takes milliseconds.
    return tuple((needle, re.compile(needle + rest + _SET_TO)) for needle, rest in _KEYWORDS)


@cache
def _values() -> dict[str, re.Pattern[bytes]]:
    return {name: re.compile(b"%b*+" % char) for name, (_, char) in _QUOTINGS.items()}
