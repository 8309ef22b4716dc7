"""Which names the files of a bundle may have: those that every system unpacks to one place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

BUNDLE_SUFFIX = ".tar"
LONGEST_NAME_BYTES = 1024
LONGEST_PART_BYTES = 255
_ROOT = re.compile(r"[^/\\:]+-(\d{8}T\d{6}Z)")
_TIMESTAMP = "%Y%m%dT%H%M%SZ"


def root_name(kind: str, timestamp: str) -> str:
    """The one folder in a run's bundle."""
    return f"{kind}-{timestamp}"


def root_time(root: str) -> datetime | None:
    """When the run began whose folder that is; None when it is no run's folder."""
    written = _ROOT.fullmatch(root)
    if written is None:
        return None
    try:
        when = datetime.strptime(written[1], _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    # What the date of a zip entry can hold.
    return when if 1980 <= when.year < 2108 else None


def name_problem(name: str) -> str | None:
    """Why no file of a bundle may have that name, as the end of "<name> …"."""
    parts = name.split("/")
    if name.startswith("/"):
        return "is an absolute path"
    if ".." in parts:
        return "leads out of its folder"
    if "" in parts or "." in parts:
        return "is a path that can be written shorter"
    if not name.isprintable() or "\\" in name:
        return "holds a control character or a backslash"
    lengths = [len(part.encode()) for part in parts]
    if max(lengths) > LONGEST_PART_BYTES or len(name.encode()) > LONGEST_NAME_BYTES:
        return "is too long"
    return None


def collisions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that are one on a system that ignores case or composes letters.

    The same name twice is such a pair, and so is a file where another name has a folder.
    """
    seen: dict[str, tuple[str, bool]] = {}
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts) + 1):
            path, is_file = "/".join(parts[:depth]), depth == len(parts)
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
            known = seen.get(folded)
            if known is None:
                seen[folded] = path, is_file
            elif is_file or known != (path, False):
                yield known[0], name
                break
