"""How a stage tells what it has done so far."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called with the stage's name, how much is done, and out of how much (None when unknown)."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
