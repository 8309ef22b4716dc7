"""The settings of a run, each with the flag, line or default that it came from."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from evidence.models import Setting
from rehearsals.plan import Plan
from rehearsals.targets import FILE_NAME
from rehearsals.toml_places import Place, key_lines


def settings_with_origins(plan: Plan) -> dict[str, Setting]:
    """What a plan was made from: its flags, and the kind's and target's parts of the file."""
    staging = plan.staging
    lines = key_lines((staging.root / FILE_NAME).read_text(encoding="utf-8"))
    settings = {"target": Setting(value=staging.target_name, origin="--target")}
    if plan.override is not None:
        settings["override"] = Setting(value=plan.override, origin="--override")
    parts: tuple[tuple[Place, BaseModel], ...] = (
        (("rehearsals", plan.kind.name), staging.settings),
        (("targets", staging.target_name), staging.target),
    )
    for place, part in parts:
        settings.update(_settings_of(part, place, lines))
    return settings


def _settings_of(
    part: BaseModel, place: Place, lines: dict[Place, int]
) -> Iterator[tuple[str, Setting]]:
    for key, value in part.model_dump(mode="json").items():
        line = lines.get((*place, key))
        origin = f"{FILE_NAME} line {line}" if line else "default"
        yield ".".join([*map(str, place), key]), Setting(value=value, origin=origin)
