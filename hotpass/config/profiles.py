"""Profiles by name: the shipped ones, and a folder of one's own that comes before them.

A profile is a TOML file named after it. With `extends = "other"` it takes over what the
other says; its own aliases and ignored columns come before the other's, every other key
replaces the other's.
"""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hotpass.config.profile import Profile, header_key
from hotpass.config.suggest import did_you_mean
from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.errors import BadInput

SHIPPED = Path(__file__).parent.parent / "profiles"

Table = dict[str, Any]


def load_profile(name: str, directory: Path | None = None) -> Profile:
    """The profile of that name, from `directory` if it is there, else a shipped one.

    Raises BadInput for a name that is not known, naming the nearest, and for a profile
    file with mistakes, naming the file and every key that is wrong.
    """
    return _load(name, directory, heirs=())


def profile_names(directory: Path | None = None) -> tuple[str, ...]:
    """The names of all profiles that `load_profile` finds, in alphabetical order."""
    folders = [SHIPPED] if directory is None else [SHIPPED, directory]
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.toml")}))


def _load(name: str, directory: Path | None, heirs: tuple[str, ...]) -> Profile:
    known = profile_names(directory)
    if name not in known:
        hint = did_you_mean(name, known)
        if heirs:
            heir = _path_of(heirs[-1], directory)
            raise BadInput(f"Profile {heir}: extends names no profile, '{name}'{hint}.")
        names = ", ".join(known)
        raise BadInput(f"There is no profile '{name}'{hint} (known profiles: {names}).")
    path = _path_of(name, directory)
    if name in heirs:
        raise BadInput(f"Profile {path}: extends goes round in a circle at '{name}'.")
    table = _read(path)
    parent = table.pop("extends", None)
    if isinstance(parent, str):
        table = _extended(_load(parent, directory, (*heirs, name)), table)
    elif parent is not None:
        raise BadInput(f"Profile {path}: extends must be the name of one profile.")
    try:
        profile = Profile.model_validate({**table, "name": name})
    except ValidationError as error:
        raise BadInput(f"Profile {path}: {_problems_of(error)}.") from None
    if problems := _contradictions(profile):
        raise BadInput(f"Profile {path}: {'; '.join(problems)}.")
    return profile


def _path_of(name: str, directory: Path | None) -> Path:
    own = None if directory is None else directory / f"{name}.toml"
    return own if own is not None and own.is_file() else SHIPPED / f"{name}.toml"


def _read(path: Path) -> Table:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"Profile {path} cannot be read: {error}.") from None
    if "name" in table:
        raise BadInput(f"Profile {path}: name is taken from the file's name; delete the key.")
    return table


def _extended(parent: Profile, own: Table) -> Table:
    columns, ignored = own.get("columns", {}), own.get("ignored_columns", [])
    if not isinstance(columns, dict) or not _are_lists([ignored, *columns.values()]):
        return {**parent.model_dump(), **own}  # a wrong type, which the model reports
    # What the profile says about a header overrules what its parent says about it.
    decided = {header_key(str(header)) for header in itertools.chain(ignored, *columns.values())}

    def with_parents(own_headers: list[str], parents: tuple[str, ...]) -> list[str]:
        return [*own_headers, *(header for header in parents if header_key(header) not in decided)]

    merged = {
        field: with_parents(columns.get(field, []), parent.columns.get(field, ()))
        for field in {**parent.columns, **columns}
    }
    return {
        **parent.model_dump(),
        **own,
        "columns": merged,
        "ignored_columns": with_parents(ignored, parent.ignored_columns),
    }


def _are_lists(values: list[Any]) -> bool:
    return all(isinstance(value, list) for value in values)


def _problems_of(error: ValidationError) -> str:
    """Every mistake that the model found, as `key: what is wrong`."""
    problems = []
    for detail in error.errors(include_url=False):
        key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            known = [*Profile.model_fields, "extends"]
            problems.append(f"{key} is not a known key{did_you_mean(key, known)}")
        elif detail["type"] == "missing":
            problems.append(f"{key} is missing; add it")
        else:
            reason = detail["msg"].replace("Input should", "it should")
            problems.append(f"{key} is {detail['input']!r}: {reason}")
    return "; ".join(problems)


def _contradictions(profile: Profile) -> list[str]:
    """What the model alone cannot see: fields that do not exist, headers claimed twice."""
    problems = [
        f"columns.{field} is not a field{did_you_mean(field, INPUT_FIELDS)}"
        for field in profile.columns
        if field not in INPUT_FIELDS
    ]
    if not profile.columns.get("organisation_name"):
        problems.append("columns.organisation_name needs at least one header")
    claimed: dict[str, str] = {}
    claims = [(f"columns.{field}", headers) for field, headers in profile.columns.items()]
    for key, headers in [*claims, ("ignored_columns", profile.ignored_columns)]:
        for header in headers:
            other = claimed.setdefault(header_key(header), key)
            if other != key:
                problems.append(f"{key} claims the header '{header}', which {other} claims too")
    return problems
