"""Profiles by name: the shipped ones, and a folder of one's own that comes before them.

A profile is a TOML file named after it. With `extends = "other"`, or a list of them, the most
trusted first, it takes over what the others say. Its own headers come before theirs and what it
says about a header overrules them; tables are joined key by key; every other key replaces
theirs. `replace = ["columns.town"]` forgets what they say under a key.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hotpass.config.merge import (
    EMPTY,
    Key,
    Layer,
    Table,
    dotted,
    layer,
    leaves,
    merge,
    nested,
    origin_of,
)
from hotpass.config.profile import Profile, header_key
from hotpass.config.profile_files import Problem, ProfileFile, profile_names, read_family
from hotpass.contracts.contract import columns
from hotpass.contracts.organisation import ORGANISATIONS
from hotpass.contracts.validator import contradictions
from hotpass.errors import BadInput

__all__ = ["Examined", "Problem", "examine_profile", "load_profile", "profile_names"]

HEADERS = ("columns", "ignored_columns")


@dataclass(frozen=True)
class Examined:
    """A profile with the mistakes that were found in its files; without any it can be used."""

    files: tuple[ProfileFile, ...]
    """The profile's own file first, then those it extends."""
    profile: Profile | None
    problems: tuple[Problem, ...]
    origins: dict[str, str]
    """Dotted key -> the name of the profile that decided it, or `default`."""

    def usable(self) -> Profile:
        """Return the profile; BadInput with every mistake when it has any."""
        if self.profile is not None:
            return self.profile
        raise BadInput(as_sentences(self.problems))

    def problem(self, key: Key, sentence: str) -> Problem:
        """Return a problem at the file and line that decide a key."""
        deciding = (file for file in self.files if _holds(file.table, key))
        return next(deciding, self.files[0]).problem(key, sentence)


def as_sentences(problems: Iterable[Problem]) -> str:
    """Return one sentence a file, with every line that is wrong."""
    by_path = itertools.groupby(problems, key=lambda problem: problem.path)
    return " ".join(f"Profile {path}: {'; '.join(map(str, each))}." for path, each in by_path)


def load_profile(name: str, directory: Path | None = None) -> Profile:
    """The profile of that name, from `directory` if it is there, else a shipped one.

    Raises BadInput for a name that is not known, naming the nearest, and for a profile
    file with mistakes, naming the file, and line and key of every one.
    """
    return examine_profile(name, directory).usable()


def examine_profile(name: str, directory: Path | None = None) -> Examined:
    """Read a profile and all that it extends, and find every mistake.

    Raises BadInput only for what makes the files unreadable as profiles at all.
    """
    files = read_family(name, directory)
    problems = [problem for file in files for problem in file.problems]
    if problems:
        return Examined(files, None, tuple(problems), {})
    combined = EMPTY
    for file in reversed(files):
        combined = merge(_without(combined, file.replaced), _beside(combined, file))
    origins = {dotted(key): origin for key, _, origin in leaves(combined)}
    # Every file was found right by itself, so that no value can be of a wrong kind here.
    profile = Profile.model_validate({"columns": {}, **combined.values, "name": name})
    wrong = tuple(_contradictions(profile, combined, files))
    return Examined(files, None if wrong else profile, wrong, origins)


def remarks(examined: Examined) -> Iterator[Problem]:
    """Yield what in a profile's own file has no effect; it can be used nevertheless."""
    own, profile = examined.files[0], examined.profile
    if profile is None:
        return
    for key in [
        *(("columns", name) for name in own.table.get("columns", {})),
        ("ignored_columns",),
    ]:
        seen: set[str] = set()
        for number, header in enumerate(_value_at(own.table, key) or ()):
            if header_key(header) in seen:
                yield own.problem(
                    (*key, number), f"{dotted(key)} says '{header}' twice; delete one"
                )
            seen.add(header_key(header))
    patterns = own.table.get("source_priority", [])
    for number, pattern in enumerate(patterns):
        wider = [other for other in patterns[:number] if fnmatchcase(pattern, other)]
        if wider:
            yield own.problem(
                ("source_priority", number),
                f"source_priority never comes to '{pattern}': '{wider[0]}' before it takes its "
                "files; put it in front",
            )


def _beside(lower: Layer, file: ProfileFile) -> Layer:
    """Return what a file says, its lists of headers joined with those below it."""
    below = _without(lower, file.replaced)
    own_columns = file.table.get("columns", {})
    own_ignored = file.table.get("ignored_columns", [])
    # What the profile says about a header overrules what the others say about it.
    decided = {header_key(h) for h in itertools.chain(own_ignored, *own_columns.values())}
    values: Table = {key: value for key, value in file.table.items() if key not in HEADERS}
    said: dict[Key, list[str]] = {("columns", name): own for name, own in own_columns.items()}
    if own_ignored:
        said["ignored_columns",] = own_ignored
    for key in [*said, *_lists_of_headers(below)]:
        own, theirs = said.get(key, []), list(_value_at(below.values, key) or ())
        kept = [header for header in theirs if header_key(header) not in decided]
        if own or kept != theirs:
            table = values.setdefault("columns", {}) if len(key) == 2 else values
            table[key[-1]] = [*own, *kept]
    whole = layer(values, file.name)
    joined = {
        key: f"{file.name}, {origin}"
        for key, own in said.items()
        if own and (origin := origin_of(below, key))
    }
    return merge(whole, Layer(*_at(whole, joined)))


def _at(whole: Layer, origins: dict[Key, str]) -> tuple[Table, Table]:
    """Return the values of `whole` at these keys, and the origins, as tables."""
    return nested({key: _value_at(whole.values, key) for key in origins}), nested(origins)


def _lists_of_headers(below: Layer) -> list[Key]:
    names = below.values.get("columns", {})
    ignored: list[Key] = [("ignored_columns",)] if "ignored_columns" in below.values else []
    return [*(("columns", name) for name in names), *ignored]


def _without(lower: Layer, keys: tuple[Key, ...]) -> Layer:
    for key in keys:
        if _holds(lower.values, key):
            lower = Layer(_pruned(lower.values, key), _pruned(lower.origins, key))
    return lower


def _pruned(table: Any, key: Key) -> Any:
    if not isinstance(table, dict):
        return table  # one origin for all that is below
    first, rest = key[0], key[1:]
    if not rest:
        return {name: value for name, value in table.items() if name != first}
    return {**table, first: _pruned(table[first], rest)}


def _holds(table: Table, key: Key) -> bool:
    return _value_at(table, key) is not None


def _value_at(table: Any, key: Key) -> Any:
    for name in key:
        if not isinstance(table, dict):
            return None
        table = table.get(name)
    return table


def _contradictions(
    profile: Profile, combined: Layer, files: tuple[ProfileFile, ...]
) -> Iterator[Problem]:
    """Yield what shows only when all files are put together."""
    if not profile.columns.get("organisation_name"):
        yield files[0].problem(("columns",), "columns.organisation_name needs at least one header")
    by_name = {file.name: file for file in files}
    kinds = {column.name: column for column in columns(ORGANISATIONS)}
    for name, validator in profile.validators.items():
        for rule, why in contradictions(validator, kinds[name]):
            key = ("validators", name, rule)
            file = by_name[origin_of(combined, key) or files[0].name]
            yield file.problem(key, f"{dotted(key)} {why}")
