"""Where settings come from: a file, a profile, the environment, flags; each a layer."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel

from hotpass.config.merge import (
    EMPTY,
    Key,
    Layer,
    Origins,
    Table,
    dotted,
    layer,
    nested,
)
from hotpass.config.profiles import Examined, Problem, as_sentences
from hotpass.config.suggest import did_you_mean
from hotpass.config.toml_lines import lines_of_keys, nearest_line
from hotpass.errors import BadInput

PREFIX = "HOTPASS_"
BETWEEN_TABLES = "__"
CHOOSING = ("profile", "profile_dir")
"""Settings that decide which profile is read, so that none can set them."""

Places: TypeAlias = dict[tuple[str, Key], int]
"""Origin and key of a value -> its line there."""
Model: TypeAlias = type[BaseModel]


def from_file(path: Path, model: Model) -> tuple[Layer, Places]:
    """Read a TOML file of settings; nothing when there is none.

    Raises BadInput with every line whose key `model` does not know.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError:
        return EMPTY, {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} cannot be read: {error}.") from None
    lines = lines_of_keys(text)
    problems = []
    for key, problem in _unknown_keys(table, model):
        line = nearest_line(lines, key)
        problems.append(f"line {line}: {dotted(key)} {problem}")
    if problems:
        raise BadInput(f"{path}: {'; '.join(problems)}.")
    return layer(table, path.name), _places(path.name, lines)


def from_profile(examined: Examined, model: Model) -> Layer:
    """Take the settings that a profile proposes, the table `settings` of its files.

    Raises BadInput, naming file and line, when `problems_of_proposed` finds any.
    """
    if problems := problems_of_proposed(examined, model):
        raise BadInput(as_sentences(problems))
    return layer(_proposed(examined), f"profile {examined.files[0].name}")


def problems_of_proposed(examined: Examined, model: Model) -> list[Problem]:
    """Find the settings of a profile that `model` does not know, and those that choose one."""
    proposed = _proposed(examined)
    found = list(_unknown_keys(proposed, model))
    found += [
        ((name,), "cannot be set by a profile, since it chooses the profile; delete the key")
        for name in CHOOSING
        if name in proposed
    ]
    keys = [(("settings", *key), why) for key, why in found]
    return [examined.problem(key, f"{dotted(key)} {why}") for key, why in keys]


def _proposed(examined: Examined) -> Table:
    return {} if examined.profile is None else examined.profile.settings


def from_environment(environment: Mapping[str, str], model: Model) -> Layer:
    """Take the variables `HOTPASS_<KEY>`, tables set off by two underscores; empty is not set.

    Raises BadInput for a variable that is nearly one of them.
    """
    variables = {variable_of(key): key for key in keys_of(model)}
    for name in environment:
        # Other programs have variables of this prefix too; a near miss is a slip.
        if name.startswith(PREFIX) and name not in variables:
            near = difflib.get_close_matches(name, variables, n=1, cutoff=0.85)
            if near:
                raise BadInput(
                    f"The environment variable {name} is not a setting; did you mean {near[0]}?"
                )
    return _single({key: (environment.get(name) or None, name) for name, key in variables.items()})


def from_flags(flags: Mapping[str, object]) -> Layer:
    """Take the flags that were given, by the dotted key of their setting; None was not given."""
    return _single(
        {
            tuple(key.split(".")): (value, f"--{key.rpartition('.')[2].replace('_', '-')}")
            for key, value in flags.items()
        }
    )


def keys_of(model: Model) -> Iterator[Key]:
    """Yield the key of every single value of a model of nested tables, in order."""
    for name, field in model.model_fields.items():
        if (table := table_of(field.annotation)) is not None:
            yield from ((name, *key) for key in keys_of(table))
        else:
            yield (name,)


def variable_of(key: Key) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + BETWEEN_TABLES.join(key).upper()


def _single(values: Mapping[Key, tuple[object, str]]) -> Layer:
    given = {key: value for key, value in values.items() if value[0] is not None}
    origins: dict[str, Origins] = nested({key: origin for key, (_, origin) in given.items()})
    return Layer(nested({key: value for key, (value, _) in given.items()}), origins)


def _places(origin: str, lines: Mapping[tuple[str | int, ...], int]) -> Places:
    return {(origin, tuple(str(part) for part in key)): line for key, line in lines.items()}


def table_of(annotation: object) -> Model | None:
    """Return the model of a field that is a table of settings; None for a single value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _unknown_keys(table: Table, model: Model) -> Iterator[tuple[Key, str]]:
    """Yield each key that is not a setting, and what to do about it."""
    pending: list[tuple[Key, Table, Model]] = [((), table, model)]
    while pending:
        above, values, known = pending.pop(0)
        for name, value in values.items():
            key = (*above, name)
            if name not in known.model_fields:
                yield key, f"is not a setting{_hint(key, known, model)}"
                continue
            section = table_of(known.model_fields[name].annotation)
            if section is not None and isinstance(value, dict):
                pending.append((key, value, section))
            elif section is not None:
                yield key, f"is a table of settings; write [{dotted(key)}] and its keys below"
            elif isinstance(value, dict):
                yield key, "is a single value, not a table"


def _hint(key: Key, known: Model, model: Model) -> str:
    # A key of another table is the likeliest slip; then a misspelling in this one.
    moved = [dotted(other) for other in keys_of(model) if other[-1] == key[-1]]
    if moved:
        return f"; did you mean '{moved[0]}'?"
    names = [dotted((*key[:-1], name)) for name in known.model_fields]
    return did_you_mean(dotted(key), names) or f"; known are {', '.join(names)}"
