"""Profile files: where they are, what each says by itself, and in which order they count."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hotpass.config.merge import DEEPEST, Key, Table, TooDeep, dotted, layer
from hotpass.config.profile import Profile, Thresholds, header_key
from hotpass.config.suggest import did_you_mean
from hotpass.config.toml_lines import lines_of_keys, nearest_line
from hotpass.contracts.contract import columns
from hotpass.contracts.organisation import INPUT_FIELDS, ORGANISATIONS
from hotpass.contracts.validator import Validator, contradictions
from hotpass.errors import BadInput

SHIPPED = Path(__file__).parent.parent / "profiles"
ABOUT_OTHERS = ("extends", "replace")
"""Keys of a file that say how it stands to the profiles that it extends."""


@dataclass(frozen=True)
class Problem:
    """A mistake in a profile file: where it stands, and what to do."""

    path: Path
    line: int | None
    sentence: str

    def __str__(self) -> str:
        """Return `line 3: day_frist is not a known key; did you mean 'day_first'?`."""
        return self.sentence if self.line is None else f"line {self.line}: {self.sentence}"


@dataclass(frozen=True)
class ProfileFile:
    """One file: what it says, whom it extends, whose lists it replaces."""

    name: str
    path: Path
    table: Table
    parents: tuple[str, ...]
    replaced: tuple[Key, ...]
    lines: dict[tuple[str | int, ...], int] = field(repr=False)
    problems: tuple[Problem, ...]

    def problem(self, key: tuple[str | int, ...], sentence: str) -> Problem:
        """Return a problem at the line of `key`, or of what is around it."""
        return Problem(self.path, nearest_line(self.lines, key), sentence)


def profile_names(directory: Path | None = None) -> tuple[str, ...]:
    """The names of all profiles that can be loaded, in alphabetical order."""
    folders = [SHIPPED] if directory is None else [SHIPPED, directory]
    return tuple(sorted({path.stem for folder in folders for path in folder.glob("*.toml")}))


def path_of(name: str, directory: Path | None) -> Path:
    """Return the file of a profile: one's own if there is one, else the shipped one."""
    own = None if directory is None else directory / f"{name}.toml"
    return own if own is not None and own.is_file() else SHIPPED / f"{name}.toml"


def read_family(name: str, directory: Path | None) -> tuple[ProfileFile, ...]:
    """Return the file of a profile and of all that it extends, the most telling first.

    A profile counts after all that extend it, and parents in the order in which they are named.

    Raises BadInput for a name without a file, a file that is no TOML, and profiles that extend
    one another in a circle or in contradicting orders.
    """
    files: dict[str, ProfileFile] = {}
    order = _in_order(name, directory, files, heirs=())
    return tuple(files[each] for each in order)


def _in_order(
    name: str, directory: Path | None, files: dict[str, ProfileFile], heirs: tuple[str, ...]
) -> list[str]:
    if name not in profile_names(directory):
        raise BadInput(_no_such_profile(name, directory, files.get(heirs[-1]) if heirs else None))
    if name in heirs:
        raise BadInput(
            f"Profile {path_of(name, directory)}: extends goes round in a circle at '{name}'."
        )
    if name not in files:
        files[name] = _read(name, path_of(name, directory))
    parents = files[name].parents
    orders = [_in_order(parent, directory, files, (*heirs, name)) for parent in parents]
    merged = _merge_orders([*orders, list(parents)])
    if merged is None:
        raise BadInput(
            f"Profile {files[name].path}: extends names {', '.join(parents)}, which extend one "
            "another in another order; name the one that extends first."
        )
    return [name, *merged]


def _merge_orders(orders: list[list[str]]) -> list[str] | None:
    """Merge orders into one that keeps them all (C3); None when they contradict one another."""
    merged: list[str] = []
    while orders := [order for order in orders if order]:
        free = (order[0] for order in orders if not any(order[0] in other[1:] for other in orders))
        following = next(free, None)
        if following is None:
            return None
        merged.append(following)
        orders = [order[1:] if order[0] == following else order for order in orders]
    return merged


def _no_such_profile(name: str, directory: Path | None, heir: ProfileFile | None) -> str:
    known = profile_names(directory)
    hint = did_you_mean(name, known)
    if heir is not None:
        where = heir.problem(("extends",), f"extends names no profile, '{name}'{hint}")
        return f"Profile {heir.path}: {where}."
    return f"There is no profile '{name}'{hint} (known profiles: {', '.join(known)})."


def _read(name: str, path: Path) -> ProfileFile:
    try:
        text = path.read_text(encoding="utf-8")
        table: Table = tomllib.loads(text)
        layer(table, name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"Profile {path} cannot be read: {error}.") from None
    except (TooDeep, RecursionError):
        raise BadInput(f"Profile {path} cannot be read: tables deeper than {DEEPEST}.") from None
    lines = lines_of_keys(text)
    found = list(_problems_of(name, table))
    said = {key: table.pop(key) for key in ABOUT_OTHERS if key in table}
    return ProfileFile(
        name=name,
        path=path,
        table=table,
        parents=_parents(said.get("extends", [])),
        replaced=tuple(tuple(key.split(".")) for key in _texts(said.get("replace", []))),
        lines=lines,
        problems=tuple(
            Problem(path, nearest_line(lines, key), sentence) for key, sentence in found
        ),
    )


def _parents(said: Any) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else _texts(said)


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(x for x in said if isinstance(x, str)) if isinstance(said, list) else ()


Found = tuple[tuple["str | int", ...], str]
"""Key and sentence."""


def _problems_of(name: str, table: Table) -> Iterator[Found]:
    """Yield the mistakes of one file that show without the profiles it extends."""
    if "name" in table:
        yield ("name",), "name is taken from the file's name; delete the key"
    yield from _wrong_relations(table)
    own = {key: value for key, value in table.items() if key not in ABOUT_OTHERS}
    try:
        profile = Profile.model_validate({"columns": {}, **own, "name": name})
    except ValidationError as error:
        yield from (_found(detail) for detail in error.errors(include_url=False))
        return
    for table_name, fields in (
        ("columns", profile.columns),
        ("validators", profile.validators),
        ("thresholds.filled", profile.thresholds.filled),
    ):
        for each in fields:
            if each not in INPUT_FIELDS:
                hint = did_you_mean(each, INPUT_FIELDS)
                yield (
                    (*table_name.split("."), each),
                    f"{table_name}.{each} is not a field{hint}",
                )
    yield from _double_claims(profile)
    kinds = {column.name: column for column in columns(ORGANISATIONS)}
    for each, validator in profile.validators.items():
        if each in INPUT_FIELDS:
            for rule, why in contradictions(validator, kinds[each]):
                yield ("validators", each, rule), f"validators.{each}.{rule} {why}"


def _wrong_relations(table: Table) -> Iterator[Found]:
    extends, replace = table.get("extends", []), table.get("replace", [])
    if not isinstance(extends, str) and not _are_texts(extends):
        yield ("extends",), "extends must be the name of a profile, or a list of names"
    if not _are_texts(replace):
        yield ("replace",), "replace must be a list of keys, such as 'columns.town'"
        return
    known = [key for key in Profile.model_fields if key != "name"]
    known += [f"columns.{each}" for each in INPUT_FIELDS]
    known += [f"validators.{each}" for each in INPUT_FIELDS]
    for number, key in enumerate(replace):
        if key not in known:
            yield ("replace", number), f"replace names no key, '{key}'{did_you_mean(key, known)}"


def _are_texts(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(item, str) and item for item in said)


def _found(detail: Any) -> Found:
    """Return what the model found as key and sentence."""
    key = tuple(part for part in detail["loc"])
    shown = dotted(tuple(str(part + 1 if isinstance(part, int) else part) for part in key))
    if detail["type"] == "extra_forbidden":
        return key, f"{shown} is not a known key{did_you_mean(str(key[-1]), _siblings(key))}"
    reason = detail["msg"].replace("Input should", "it should").removeprefix("Value error, ")
    return key, f"{shown} is {detail['input']!r}: {reason}"


def _siblings(key: tuple[str | int, ...]) -> Iterable[str]:
    match key:
        case ("validators", _, _):
            return Validator.model_fields
        case ("thresholds", _):
            return Thresholds.model_fields
        case _:
            return [*Profile.model_fields, *ABOUT_OTHERS]


def _double_claims(profile: Profile) -> Iterator[Found]:
    claimed: dict[str, str] = {}
    claims = [(("columns", name), headers) for name, headers in profile.columns.items()]
    for key, headers in [*claims, (("ignored_columns",), profile.ignored_columns)]:
        for number, header in enumerate(headers):
            other = claimed.setdefault(header_key(header), dotted(key))
            if other != dotted(key):
                yield (
                    (*key, number),
                    f"{dotted(key)} claims the header '{header}', which {other} claims too",
                )
