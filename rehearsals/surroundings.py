"""What a rehearsal stands on: the versions of its packages, the digests of its inputs."""

from __future__ import annotations

from pathlib import Path

from evidence import surroundings
from evidence.inventory import digest_of

_PACKAGES = ("hotpass", "polars", "duckdb", "splink", "pandera", "phonenumbers", "playwright")


def tool_versions() -> dict[str, str]:
    """The versions of the interpreter and of the packages that a run stands on."""
    return surroundings.tool_versions(_PACKAGES)


def digest_files(folder: Path, root: Path) -> dict[str, str]:
    """The SHA-256 (hex) of every file in a folder, by its path from `root`."""
    return {
        path.relative_to(root).as_posix(): digest_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
