"""Merging layers of settings: the later one wins, and every value remembers where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Table: TypeAlias = dict[str, Any]
Key = tuple[str, ...]
"""The path of a value through nested tables."""
Origins: TypeAlias = "str | dict[str, Origins]"
"""One name for all that lies below, or a table of them by key."""

DEEPEST = 64
"""Tables within tables; deeper ones are a mistake or an attack."""


class TooDeep(ValueError):
    """A table holds tables beyond `DEEPEST`; `key` is where it was noticed."""

    def __init__(self, key: Key) -> None:
        super().__init__(f"more than {DEEPEST} tables within one another at {dotted(key)}")
        self.key = key


@dataclass(frozen=True)
class Layer:
    """Nested tables of values and where each value came from.

    Neither is ever changed; what two layers have in common is shared, so treat a table that
    was handed over as given away.
    """

    values: Table
    origins: Origins


EMPTY = Layer({}, {})


def layer(values: Table, origin: str) -> Layer:
    """Return a layer whose values all come from `origin`; TooDeep for one nested too deep."""
    pending: list[tuple[Key, Table]] = [((), values)]
    while pending:
        key, table = pending.pop()
        if len(key) >= DEEPEST:
            raise TooDeep(key)
        pending += [((*key, name), value) for name, value in table.items() if type(value) is dict]
    return Layer(values, origin)


def merge(lower: Layer, upper: Layer) -> Layer:
    """Lay `upper` over `lower`: tables are joined key by key, any other value replaces.

    Copies only the tables on the way to a key of `upper`; the rest is shared with `lower`.
    Merging is associative wherever no key is a table in one layer and another value in the
    next; where one is, layers are to be merged from the lowest up.
    """
    values, origins = dict(lower.values), _by_key(lower.origins, lower.values)
    pending = [(values, origins, upper.values, upper.origins)]
    while pending:
        below, below_origins, above, above_origins = pending.pop()
        one_origin = above_origins if isinstance(above_origins, str) else None
        for key, value in above.items():
            origin = one_origin or above_origins[key]  # type: ignore[index]
            old = below.get(key)
            if type(value) is dict and type(old) is dict:
                below[key] = joined = old.copy()
                below_origins[key] = joined_origins = _by_key(below_origins[key], old)
                pending.append((joined, joined_origins, value, origin))
            else:
                below[key], below_origins[key] = value, origin
    return Layer(values, origins)


def origin_of(merged: Layer, key: Key) -> str | None:
    """Return where the value at `key`, or the one that `key` leads into, came from.

    None when there is none, or it is a table.
    """
    origins = merged.origins
    values: Any = merged.values
    for name in key:
        if not isinstance(values, dict):
            break
        if name not in values:
            return None
        values = values[name]
        origins = origins if isinstance(origins, str) else origins[name]
    return origins if isinstance(origins, str) and not isinstance(values, dict) else None


def leaves(merged: Layer) -> Iterator[tuple[Key, Any, str]]:
    """Yield the key, value and origin of everything that is not a table, in order."""
    pending: list[tuple[Key, Any, Origins]] = [((), merged.values, merged.origins)]
    while pending:
        key, value, origins = pending.pop()
        if isinstance(value, dict):
            pending += [
                ((*key, name), below, origins if isinstance(origins, str) else origins[name])
                for name, below in reversed(value.items())
            ]
        elif isinstance(origins, str):
            yield key, value, origins


def nested(values: Mapping[Key, object]) -> Table:
    """Return the tables that hold each value at its key."""
    root: Table = {}
    for key, value in values.items():
        table = root
        for name in key[:-1]:
            table = table.setdefault(name, {})
        table[key[-1]] = value
    return root


def dotted(key: Key) -> str:
    """Return a key as people write it: `orchestrate.since`."""
    return ".".join(key)


def _by_key(origins: Origins, values: Table) -> dict[str, Origins]:
    return dict.fromkeys(values, origins) if isinstance(origins, str) else origins.copy()
