"""Whose key may seal what: `trusted-keys` in the configuration folder, and a team's own file.

The second is the one that $HOTPASS_TRUSTED_KEYS names. Where one is named, a key that no line
is about may seal nothing; otherwise it is merely unknown.

A line names a key by its fingerprint, or a CI identity by its name in the certificate, then
what it may seal, then whose it is. What is not limited is allowed. `#` starts a comment.

    <64 hex digits>  Thandi, QA
    <64 hex digits>  kinds=e2e,backfill modes=embedded  Sipho, laptop
    <64 hex digits>  modes=live targets=hotpass-* valid-until=2027-06-30  the release desk
    https://github.com/acme/hotpass/*@refs/heads/main  issuer=https://token.…  the pipeline

Kinds, targets and identities take shell patterns. A date alone is the whole day, UTC.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

from evidence.configuration import config_directory
from evidence.errors import BadKey
from evidence.inventory import write_file
from evidence.models import Frozen, Mode

FILE_NAME = "trusted-keys"
FILE_VARIABLE = "HOTPASS_TRUSTED_KEYS"
EVERYTHING = ("*",)
_FINGERPRINT = re.compile("[0-9a-f]{64}")
_OPTION = re.compile("[a-z-]+=")


class CertifiedIdentity(Frozen):
    """Who a certificate says that the signer is, and who said so to the certificate's issuer."""

    name: str
    issuer: str


class TrustedKey(Frozen):
    """A line of the file: a key, or a pattern of identities with their issuer, and its rights."""

    key: str
    whose: str
    issuer: str | None = None
    kinds: tuple[str, ...] = EVERYTHING
    targets: tuple[str, ...] = EVERYTHING
    modes: tuple[Mode, ...] = get_args(Mode)
    valid_from: datetime | None = None
    valid_until: datetime | None = None


TrustedKeys = tuple[TrustedKey, ...]


def trusted_keys(config_dir: Path | None = None) -> TrustedKeys:
    """The lines of both files, of each where there is one.

    Raises BadKey naming the file and the line that cannot be read, or a named file that is not
    there.
    """
    own, named = (config_dir or config_directory()) / FILE_NAME, os.environ.get(FILE_VARIABLE)
    return (
        *(_read_file(own) if own.exists() else ()),
        *(_read_file(Path(named)) if named else ()),
    )


def unknown_keys_are_refused() -> bool:
    """Whether a file is named whose lines alone may seal."""
    return bool(os.environ.get(FILE_VARIABLE))


def entries_for(
    trusted: TrustedKeys, fingerprint: str, identity: CertifiedIdentity | None = None
) -> TrustedKeys:
    """The lines about a key, or about the identity that a certificate gives it."""
    return tuple(
        entry
        for entry in trusted
        if entry.key == fingerprint
        or (
            identity is not None
            and entry.issuer == identity.issuer
            and fnmatchcase(identity.name, entry.key)
        )
    )


def permission_problem(
    trusted: TrustedKeys,
    fingerprint: str,
    *,
    kind: str,
    target: str,
    mode: Mode,
    when: datetime,
    identity: CertifiedIdentity | None = None,
) -> str | None:
    """Why the signer's key may not seal this run, in one sentence; None where it may.

    `when` is the time of sealing, best that of a time-stamp. A key that no line is about may
    seal nothing: ask where `unknown_keys_are_refused`, or `entries_for` gives something.
    """
    entries = entries_for(trusted, fingerprint, identity)
    run = f"{mode} {kind} on {target}"
    if not entries:
        return f"sealed by a key that no line of {FILE_NAME} is about, so it may not seal {run}"
    whose = f"the key of {entries[0].whose}"
    able = [entry for entry in entries if _covers(entry, kind, target, mode)]
    if not able:
        return f"sealed by {whose}, which may not seal {run}"
    if any(_valid(entry, when) for entry in able):
        return None
    spans = " or ".join(_span(entry) for entry in able)
    return f"sealed by {whose} at {when:%Y-%m-%d %H:%M} UTC; it may seal {run} only {spans}"


def trust(key: str, whose: str, config_dir: Path | None = None) -> Path:
    """Add a line to the configuration folder's file; returns the file. Raises BadKey.

    A key that a line is about already is refused, for two lines would add up their rights.
    """
    if not whose.strip() or "#" in whose or not whose.isprintable() or _OPTION.match(whose.strip()):
        raise BadKey("say whose key it is in plain words, without # and = at the start.")
    if entries_for(trusted_keys(config_dir), key):
        raise BadKey(f"{FILE_NAME} has a line about {key} already; edit that line.")
    path = (config_dir or config_directory()) / FILE_NAME
    before = path.read_bytes() if path.exists() else b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(path, [before, f"{key} {whose.strip()}\n".encode()])
    return path


def _read_file(path: Path) -> Iterator[TrustedKey]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadKey(f"the trusted keys in {path} cannot be read ({error}).") from None
    for number, line in enumerate(lines, start=1):
        if written := line.partition("#")[0].split():
            yield _read_line(written, f"{path}, line {number}")


def _read_line(words: list[str], place: str) -> TrustedKey:
    key, *rest = words
    is_identity = "/" in key or "@" in key
    if not is_identity and not _FINGERPRINT.fullmatch(key):
        raise BadKey(
            f"{place}: expected a fingerprint of 64 lower-case hexadecimal digits, or an identity "
            "with / or @ in it."
        )
    options: dict[str, object] = {}
    while rest and _OPTION.match(rest[0]):
        name, _, value = rest.pop(0).partition("=")
        if name not in _OPTIONS:
            raise BadKey(f"{place}: {name}= is not known; known are {', '.join(_OPTIONS)}.")
        if name in options:
            raise BadKey(f"{place}: {name}= is there twice.")
        try:
            options[name] = _OPTIONS[name](value)
        except ValueError as error:
            raise BadKey(f"{place}: {name}={value}: {error}.") from None
    if not rest:
        raise BadKey(f"{place}: say at the end of the line whose key it is.")
    if is_identity != ("issuer" in options):
        raise BadKey(f"{place}: an identity needs issuer=, the address of who vouches for it, "
                     "and a fingerprint cannot have one.")  # fmt: skip
    fields = {name.replace("-", "_"): value for name, value in options.items()}
    return TrustedKey.model_validate({"key": key, "whose": " ".join(rest), **fields})


def _patterns(value: str) -> tuple[str, ...]:
    found = tuple(pattern for pattern in value.split(",") if pattern)
    if not found:
        raise ValueError("expected names with a comma between")
    return found


def _modes(value: str) -> tuple[str, ...]:
    found = _patterns(value)
    if not set(found) <= set(get_args(Mode)):
        raise ValueError(f"expected {' or '.join(get_args(Mode))}")
    return found


def _first_moment(value: str) -> datetime:
    return _moment(value, time.min)


def _last_moment(value: str) -> datetime:
    return _moment(value, time.max)


def _moment(value: str, of_day: time) -> datetime:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("expected a date as 2027-06-30, or a time in UTC after it") from None
    if len(value) <= len("2027-06-30"):
        read = datetime.combine(read.date(), of_day)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


_OPTIONS: dict[str, Callable[[str], object]] = {
    "kinds": _patterns,
    "targets": _patterns,
    "modes": _modes,
    "issuer": str,
    "valid-from": _first_moment,
    "valid-until": _last_moment,
}


def _covers(entry: TrustedKey, kind: str, target: str, mode: Mode) -> bool:
    return (
        mode in entry.modes
        and any(fnmatchcase(kind, pattern) for pattern in entry.kinds)
        and any(fnmatchcase(target, pattern) for pattern in entry.targets)
    )


def _valid(entry: TrustedKey, when: datetime) -> bool:
    started = entry.valid_from is None or entry.valid_from <= when
    return started and (entry.valid_until is None or when <= entry.valid_until)


def _span(entry: TrustedKey) -> str:
    return " ".join(_bounds(entry))


def _bounds(entry: TrustedKey) -> Iterator[str]:
    if entry.valid_from is not None:
        yield f"from {entry.valid_from:%Y-%m-%d %H:%M}"
    if entry.valid_until is not None:
        yield f"until {entry.valid_until:%Y-%m-%d %H:%M}"
