"""The kinds of rehearsal that exist, and what each declares before it runs.

A package adds a kind of its own by an entry point of the group `hotpass.rehearsals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rehearsals.errors import Usage
from rehearsals.targets import (
    KindSettings,
    RehearsalsFile,
    Target,
    did_you_mean,
    load_rehearsals,
)

if TYPE_CHECKING:
    from evidence.run import Run

ENTRY_POINTS = "hotpass.rehearsals"

Settings = TypeVar("Settings", bound=KindSettings)


@dataclass(frozen=True)
class Staging(Generic[Settings]):
    """Where a run happens: the project's folder, the target, and the kind's own settings."""

    root: Path
    target_name: str
    target: Target
    settings: Settings


@dataclass(frozen=True)
class Kind(Generic[Settings]):
    """A rehearsal, declared: what it will do, check and leave, and the function that does it.

    `settings` is the model of its table in `rehearsals.toml`. `obstacles` looks, without
    touching anything, for what would keep the run from starting, one sentence each.
    """

    name: str
    settings: type[Settings]
    steps: tuple[str, ...]
    checks: tuple[str, ...]
    required_files: tuple[str, ...]
    obstacles: Callable[[Staging[Settings]], Iterable[str]]
    rehearse: Callable[[Run, Staging[Settings]], None]


AnyKind = Kind[Any]
AnyStaging = Staging[Any]


def known_kinds() -> dict[str, AnyKind]:
    """Every installed kind by name."""
    kinds: dict[str, AnyKind] = {}
    for point in entry_points(group=ENTRY_POINTS):
        kind = point.load()
        if not isinstance(kind, Kind) or kind.name != point.name:
            raise Usage(f"The entry point '{point.name}' ({point.value}) is no Kind of that name.")
        kinds[kind.name] = kind
    return kinds


def load_settings(root: Path) -> RehearsalsFile:
    """`rehearsals.toml` of a project, held against the kinds that are installed."""
    return load_rehearsals(root, {name: kind.settings for name, kind in known_kinds().items()})


def find_kind(name: str) -> AnyKind:
    """The kind of that name; raises Usage, naming the nearest, when there is none."""
    kinds = known_kinds()
    if name not in kinds:
        raise Usage(
            f"There is no rehearsal '{name}'{did_you_mean(name, kinds)}. "
            f"Known: {', '.join(kinds) or 'none; run `make setup`'}."
        )
    return kinds[name]


def staging_for(
    kind: AnyKind, target_name: str, rehearsals: RehearsalsFile, root: Path
) -> AnyStaging:
    """The place for a run of a kind; raises Usage when the target is not for that kind."""
    target = rehearsals.target(target_name)
    if kind.name not in target.kinds:
        fitting = [name for name, other in rehearsals.targets.items() if kind.name in other.kinds]
        raise Usage(
            f"Target '{target_name}' does not take {kind.name} rehearsals; "
            f"use {' or '.join(fitting) or 'another one'}, "
            f"or add '{kind.name}' to targets.{target_name}.kinds."
        )
    return Staging(root, target_name, target, rehearsals.settings_of(kind.name))
