"""Websites: a scheme in front, the host in lower case, nothing that is no host."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

import polars as pl
import tldextract

from hotpass.config.profile import Profile

PLAIN = r"^(?:www\.)?(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.)+(?:co\.za|org\.za|com|org|net)$"
SCHEME = re.compile(r"^(https?)[:;]?[/\\]{1,3}|^(https?)[:;](?=\w)|^h?t?tps?:/+", re.IGNORECASE)
LONGEST = 500


def read_websites(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as the address of a site; a missing scheme is taken to be https."""
    plain = texts.str.contains(PLAIN)
    readings = [
        (f"https://{text}", None) if is_plain else _read(text)
        for text, is_plain in zip(texts, plain, strict=True)
    ]
    return pl.DataFrame(readings, schema={"read": pl.String, "problem": pl.String}, orient="row")


def registered_domain(host: str) -> str:
    """Return the part of `host` that its owner registered, or "" where there is none."""
    return _known_suffixes()(host).top_domain_under_public_suffix


def _read(text: str) -> tuple[str | None, str | None]:
    if re.match(r"(?:mailto:)?[^/\s]+@", text):
        return None, "An e-mail address, not a website."
    first, *others = [part for part in re.split(r"[\s;,|<>\"]+", text) if "." in part] or [text]
    address = _read_address(first)
    if address is None:
        return None, "Not the address of a website."
    if others:
        return address, f"Holds several; kept the first, set aside {', '.join(others)}."
    return address, None


def _read_address(text: str) -> str | None:
    scheme = "http" if re.match(r"http(?!s)", text, re.IGNORECASE) else "https"
    rest = SCHEME.sub("", text).rstrip(".,;:)/")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host = (parts.hostname or "").rstrip(".").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (UnicodeError, ValueError):
        return None
    if not re.fullmatch(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z][a-z0-9-]*", host):
        return None
    if not _known_suffixes()(host).suffix:
        return None
    query = f"?{parts.query}" if parts.query else ""
    address = f"{scheme}://{host}{port}{parts.path}{query}"
    return address if len(address) <= LONGEST else None


@cache
def _known_suffixes() -> tldextract.TLDExtract:
    """Return the extractor over the list of public suffixes that ships with it, never fetched.

    The list leaves out what RFC 2606 keeps for examples, where invented organisations live.
    """
    return tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, extra_suffixes=("example", "co.example", "org.example")
    )
