"""What a run would do and what stands in its way: read only, nothing is touched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rehearsals.kinds import AnyKind, AnyStaging
from rehearsals.targets import RehearsalsFile, Window


@dataclass(frozen=True)
class Plan:
    """A run, declared. `obstacles` holds every reason why it may not start."""

    kind: AnyKind
    staging: AnyStaging
    override: str | None
    window: str
    obstacles: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """The plan as a person reads it."""
        target = self.staging.target
        parts = [
            f"{self.staging.settings.title} ({self.kind.name}) on {self.staging.target_name}",
            f"  mode     {target.mode}"
            + ("" if target.mode == "live" else ": cannot stand in for a live run"),
            f"  window   {self.window}",
            f"  steps    {', '.join(self.kind.steps)}",
            f"  checks   {len(self.kind.checks)}",
            *(f"           - {check}" for check in self.kind.checks),
            f"  leaves   {', '.join(self.kind.required_files)}",
        ]
        if self.override is not None:
            parts.append(f"  override {self.override}")
        parts.extend(f"  blocked  {obstacle}" for obstacle in self.obstacles)
        return tuple(parts)


def make_plan(
    kind: AnyKind,
    staging: AnyStaging,
    rehearsals: RehearsalsFile,
    *,
    now: datetime,
    override: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Plan:
    """Look at window, credentials and the kind's own preconditions without changing anything."""
    window, window_obstacle = _window_state(kind, staging, rehearsals, now, override)
    missing = [name for name in staging.target.credentials if not environment.get(name)]
    obstacles = [
        *window_obstacle,
        *(f"{name} is not set; export it for target {staging.target_name}." for name in missing),
        *kind.obstacles(staging),
    ]
    return Plan(kind, staging, override, window, tuple(obstacles))


def _window_state(
    kind: AnyKind,
    staging: AnyStaging,
    rehearsals: RehearsalsFile,
    now: datetime,
    override: str | None,
) -> tuple[str, tuple[str, ...]]:
    if staging.target.mode == "embedded":
        return "any time", ()
    windows = rehearsals.windows_of(kind.name, staging.target_name)
    for window in windows:
        if window.holds(now):
            return f"open until {window.closes:%Y-%m-%d %H:%M} UTC", ()
    coming = next((window for window in windows if window.opens > now), None)
    state = f"next opens {coming.opens:%Y-%m-%d %H:%M} UTC" if coming else _last_closed(windows)
    if override is not None:
        return f"{state}; overridden", ()
    return state, (
        f"no window of {kind.name} on {staging.target_name} is open ({state}); wait for it, "
        'book one under [[windows]] in rehearsals.toml, or give --override "reason".',
    )


def _last_closed(windows: tuple[Window, ...]) -> str:
    return f"last closed {windows[-1].closes:%Y-%m-%d %H:%M} UTC" if windows else "none booked"
