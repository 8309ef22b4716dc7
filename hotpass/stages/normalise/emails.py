"""E-mail addresses: one a cell, in lower case, checked without asking the network."""

from __future__ import annotations

import re

import polars as pl
from email_validator import EmailNotValidError, validate_email

from hotpass.config.profile import Profile

PLAIN = r"^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}$"
LONGEST, LONGEST_LOCAL = 254, 64
AT = re.compile(r"\s*(?:@|\(at\)|\[at\])\s*", re.IGNORECASE)
SEPARATORS = re.compile(r"[\s;,/|<>()\"]+")


def read_emails(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as an address; of several in one cell the first valid one is taken."""
    lower = texts.str.to_lowercase()
    plain = (
        lower.str.contains(PLAIN)
        & (lower.str.len_bytes() <= LONGEST)
        & (lower.str.find("@", literal=True) <= LONGEST_LOCAL)
        # Longer labels and dashes in third place are left to the validator.
        & ~lower.str.contains(r"[^.@]{64}|[@.]..--")
    )
    readings = [
        (text, None) if is_plain else _read(text)
        for text, is_plain in zip(lower, plain, strict=True)
    ]
    return pl.DataFrame(readings, schema={"read": pl.String, "problem": pl.String}, orient="row")


def read_email(text: str) -> str | None:
    """Read one text as an address; null where it is none."""
    return _read(text.lower())[0]


def _read(text: str) -> tuple[str | None, str | None]:
    parts = [
        part.removeprefix("mailto:").strip(".:'")
        for part in SEPARATORS.split(AT.sub("@", text))
        if "@" in part
    ]
    found = list(dict.fromkeys(address for part in parts if (address := _validate(part))))
    if not found:
        return None, "Not an e-mail address."
    if others := [part for part in parts if part != found[0]]:
        return found[0], f"Holds several; kept the first valid, set aside {', '.join(others)}."
    return found[0], None


def _validate(text: str) -> str | None:
    if re.match(PLAIN, text) and len(text) <= LONGEST_LOCAL:
        return text
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    address = valid.normalized.lower()
    return address if "." in address.rpartition("@")[2] else None
