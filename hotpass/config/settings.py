"""The settings of a command: defaults, the profile's, hotpass.toml, the environment, the flags."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotpass.config.layers import Places, from_environment, from_file, from_flags, from_profile
from hotpass.config.merge import Layer, dotted, layer, leaves, merge, origin_of
from hotpass.config.profile import Profile
from hotpass.config.profiles import Examined, examine_profile
from hotpass.errors import BadInput

FILE_NAME = "hotpass.toml"
DEFAULT = "default"


class Section(BaseModel):
    """A table of settings: frozen, and nothing in it but what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Visits(Section):
    """How websites are visited while enriching."""

    most_sites: Annotated[int, Field(ge=0)] = Field(
        default=500, description="Websites that one run visits at most."
    )
    most_bytes: Annotated[int, Field(ge=1_000)] = Field(
        default=1_000_000, description="Bytes that are read of a page at most."
    )
    seconds_between: Annotated[float, Field(ge=0.1)] = Field(
        default=1.0, description="Seconds between two requests to one host."
    )


class Orchestrate(Section):
    """What `hotpass orchestrate` does beside refining."""

    entity_resolution: bool | None = Field(
        default=None, description="Merge rows of one organisation; not set, the profile says."
    )
    enrichment: bool = Field(default=False, description="Fill empty fields afterwards.")
    compliance: bool = Field(
        default=False, description="Fail unless contract and thresholds are kept."
    )
    incremental: bool = Field(
        default=False, description="Do nothing when nothing changed since the last run."
    )
    since: date | None = Field(
        default=None, description="Only rows last contacted from this day on."
    )


class HotpassConfig(Section):
    """Every setting that a command may need, decided."""

    profile: Annotated[str, Field(min_length=1)] = Field(
        default="generic", description="Profile by which the input is read."
    )
    profile_dir: Path | None = Field(
        default=None, description="Folder of one's own profiles; they come before the shipped ones."
    )
    input_dir: Path = Field(default=Path("data"), description="Folder of workbooks and texts.")
    output_path: Path = Field(
        default=Path("dist/refined.xlsx"), description="Workbook that refine writes."
    )
    archive: bool = Field(default=False, description="Also write a dated archive of all outputs.")
    allow_network: bool = Field(default=False, description="May enriching ask the network?")
    seed: Annotated[int, Field(ge=0)] = Field(
        default=0, description="What every random choice starts from."
    )
    progress: Literal["auto", "bars", "lines", "json", "none"] = Field(
        default="auto", description="How progress shows; `auto`: bars on a terminal, else lines."
    )
    visits: Visits = Visits()
    orchestrate: Orchestrate = Orchestrate()


@dataclass(frozen=True)
class Setting:
    """One decided value: its key (`visits.most_sites`), and the layer that it came from."""

    key: str
    value: Any
    origin: str


@dataclass(frozen=True)
class Settings:
    """The configuration, its profile, and the origin of every value.

    An origin is `default`, the profile's file, `hotpass.toml`, the name of an environment
    variable, or a flag; the keys of `origins` are dotted.
    """

    config: HotpassConfig
    profile: Profile
    origins: dict[str, str]

    def __iter__(self) -> Iterator[Setting]:
        """Every setting in the order of the model, its value as JSON holds it."""
        decided = layer(self.config.model_dump(mode="json"), DEFAULT)
        for key, value, _ in leaves(decided):
            yield Setting(dotted(key), value, self.origins[dotted(key)])


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Merge all layers; a flag of None was not given.

    `flags` are by the key of the setting (`input_dir`, `visits.most_sites`). Raises BadInput,
    naming file and line, variable or flag, for a key that is not known and for a value that
    does not fit, all of them at once, and for a profile that cannot be used.
    """
    model = HotpassConfig
    defaults = layer(HotpassConfig().model_dump(), DEFAULT)
    file, places = from_file((folder or Path()) / FILE_NAME, model)
    given = merge(
        from_environment(os.environ if environment is None else environment, model),
        from_flags(flags or {}),
    )
    # Which profile it is must be known before what that profile says.
    chosen, _ = _decide([defaults, file, given], places)
    examined = examine_profile(chosen.profile, chosen.profile_dir)
    profile = examined.usable()
    config, merged = _decide([defaults, from_profile(examined, model), file, given], places)
    return Settings(config, profile, {dotted(key): origin for key, _, origin in leaves(merged)})


def check_proposed(examined: Examined) -> None:
    """Raise BadInput for settings that a profile proposes and that cannot be."""
    _decide(
        [layer(HotpassConfig().model_dump(), DEFAULT), from_profile(examined, HotpassConfig)], {}
    )


def _decide(layers: list[Layer], places: Places) -> tuple[HotpassConfig, Layer]:
    merged = reduce(merge, layers)
    try:
        return HotpassConfig.model_validate(merged.values), merged
    except ValidationError as error:
        raise BadInput(f"Settings: {_problems_of(error, merged, places)}.") from None


def _problems_of(error: ValidationError, merged: Layer, places: Places) -> str:
    problems = []
    for detail in error.errors(include_url=False):
        key = tuple(str(part) for part in detail["loc"])
        origin = origin_of(merged, key)
        line = places.get((origin or "", key))
        where = f"{origin}, line {line}" if line else origin
        reason = detail["msg"].replace("Input should", "it should")
        from_where = f" (from {where})" if where else ""
        problems.append(f"{dotted(key)}{from_where} is {detail['input']!r}: {reason}")
    return "; ".join(problems)
