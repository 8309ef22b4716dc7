"""The settings of a command: defaults, then hotpass.toml, the environment, and the flags."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotpass.config.suggest import did_you_mean
from hotpass.errors import BadInput

FILE_NAME = "hotpass.toml"
PREFIX = "HOTPASS_"


class HotpassConfig(BaseModel):
    """Every setting that a command may need, decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


@dataclass(frozen=True)
class Settings:
    """The configuration with the origin of every value.

    An origin is `default`, `hotpass.toml`, the name of an environment variable, or a flag.
    """

    config: HotpassConfig
    origins: dict[str, str]


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Merge all layers; a flag of None was not given.

    `flags` are by the name of the setting (`input_dir`). Raises BadInput, naming file,
    variable or flag, for a key that is not known and for a value that does not fit.
    """
    values: dict[str, object] = {}
    origins = dict.fromkeys(HotpassConfig.model_fields, "default")
    for layer in (
        _from_file((folder or Path()) / FILE_NAME),
        _from_environment(os.environ if environment is None else environment),
        _from_flags(flags or {}),
    ):
        for key, (value, origin) in layer.items():
            values[key], origins[key] = value, origin
    try:
        return Settings(HotpassConfig.model_validate(values), origins)
    except ValidationError as error:
        raise BadInput(_problems_of(error, origins)) from None


Layer = dict[str, tuple[object, str]]
"""Each key's value and its origin."""


def _from_file(path: Path) -> Layer:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}.") from None
    for key in table:
        if key not in HotpassConfig.model_fields:
            hint = did_you_mean(key, HotpassConfig.model_fields)
            known = ", ".join(HotpassConfig.model_fields)
            raise BadInput(f"{path}: {key} is not a setting{hint or f'; known are {known}'}.")
    return {key: (value, FILE_NAME) for key, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> Layer:
    variables = {f"{PREFIX}{key.upper()}": key for key in HotpassConfig.model_fields}
    for name in environment:
        # Other programs have variables of this prefix too; a near miss is a slip.
        if name.startswith(PREFIX) and name not in variables:
            near = difflib.get_close_matches(name, variables, n=1, cutoff=0.85)
            if near:
                raise BadInput(
                    f"The environment variable {name} is not a setting; did you mean {near[0]}?"
                )
    return {
        key: (environment[name], name) for name, key in variables.items() if environment.get(name)
    }


def _from_flags(flags: Mapping[str, object]) -> Layer:
    return {
        key: (value, f"--{key.replace('_', '-')}")
        for key, value in flags.items()
        if value is not None
    }


def _problems_of(error: ValidationError, origins: Mapping[str, str]) -> str:
    problems = []
    for detail in error.errors(include_url=False):
        key = str(detail["loc"][0])
        reason = detail["msg"].replace("Input should", "it should")
        where = f" (from {origins[key]})" if key in origins else ""
        problems.append(f"{key}{where} is {detail['input']!r}: {reason}")
    return f"Settings: {'; '.join(problems)}."
