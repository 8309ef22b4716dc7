"""Where a run takes place, as far as it can be asked: who, which commit, which versions."""

from __future__ import annotations

import getpass
import importlib.metadata
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path

from evidence.models import GitState


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


def tool_versions(packages: Iterable[str] = ()) -> dict[str, str]:
    """The versions of the interpreter, the system, and the named packages."""
    versions = {"python": platform.python_version(), "system": platform.platform()}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _git(root: Path, *arguments: str) -> str:
    try:
        found = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
