"""Where a run took place: who, which machine, which commit, which versions, which inputs."""

from __future__ import annotations

import getpass
import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from evidence.models import GitState

_PACKAGES = ("hotpass", "polars", "duckdb", "splink", "pandera", "phonenumbers", "playwright")


def operator_name() -> str:
    """The login name of whoever runs this, or `unknown` where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def git_state(root: Path) -> GitState:
    """The commit checked out in `root`, and whether files differ from it."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain")
    return GitState(commit=commit or None, dirty=bool(changes))


def tool_versions() -> dict[str, str]:
    """The versions of the interpreter and of the packages that a run stands on."""
    versions = {"python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def digest_files(folder: Path, root: Path) -> dict[str, str]:
    """The SHA-256 (hex) of every file in a folder, by its path from `root`."""
    return {
        path.relative_to(root).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        found = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
