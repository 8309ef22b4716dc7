"""Layers of settings merge by a few laws, whatever is in them."""

from __future__ import annotations

import copy
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.merge import (
    DEEPEST,
    EMPTY,
    Key,
    Layer,
    TooDeep,
    layer,
    leaves,
    merge,
    nested,
    origin_of,
)

NAMES = st.sampled_from("abcd")
VALUES = st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
TREES = st.recursive(VALUES, lambda below: st.dictionaries(NAMES, below, max_size=4), max_leaves=12)
TABLES = st.dictionaries(NAMES, TREES, max_size=4)
# Keys of one length hold values only, so that no key is a table in one layer and not in another.
ALIKE = st.dictionaries(st.tuples(NAMES, NAMES, NAMES), VALUES, max_size=8).map(nested)


def as_table(merged: Layer) -> dict[Key, tuple[Any, str]]:
    return {key: (value, origin) for key, value, origin in leaves(merged)}


def in_order(tables: list[dict[str, Any]]) -> Layer:
    return reduce(merge, (layer(table, str(number)) for number, table in enumerate(tables)))


@settings(max_examples=50)
@given(TABLES, TABLES)
def test_merging_changes_neither_layer(below: dict[str, Any], above: dict[str, Any]) -> None:
    lower = in_order([below, above])
    upper = layer(above, "upper")
    before = copy.deepcopy((lower, upper))

    merge(lower, upper)

    assert (lower, upper) == before


@settings(max_examples=50)
@given(ALIKE, ALIKE, ALIKE)
def test_layers_that_agree_what_is_a_table_may_be_merged_in_any_grouping(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    a, b, c = layer(one, "1"), layer(two, "2"), layer(three, "3")

    assert as_table(merge(merge(a, b), c)) == as_table(merge(a, merge(b, c)))


def test_a_value_between_two_tables_parts_them_only_when_merged_from_the_lowest() -> None:
    a, b, c = layer({"x": {"p": 1}}, "1"), layer({"x": 5}, "2"), layer({"x": {"q": 2}}, "3")

    assert merge(merge(a, b), c).values == {"x": {"q": 2}}
    assert merge(a, merge(b, c)).values == {"x": {"p": 1, "q": 2}}


@settings(max_examples=50)
@given(TABLES)
def test_an_empty_layer_changes_nothing_on_either_side(table: dict[str, Any]) -> None:
    only = layer(table, "only")

    assert as_table(merge(only, EMPTY)) == as_table(merge(EMPTY, only)) == as_table(only)


@settings(max_examples=50)
@given(st.lists(TABLES, min_size=1, max_size=5))
def test_the_origin_of_a_value_is_the_last_layer_that_holds_it(
    tables: list[dict[str, Any]],
) -> None:
    merged = in_order(tables)

    for key, value, origin in leaves(merged):
        assert origin_of(merged, key) == origin
        assert value_at(tables[int(origin)], key) == value
        assert all(not decides(table, key) for table in tables[int(origin) + 1 :])


@settings(max_examples=50)
@given(st.lists(TABLES, min_size=1, max_size=5))
def test_every_value_of_the_last_layer_is_kept(tables: list[dict[str, Any]]) -> None:
    merged = in_order(tables)

    for key, value, _ in leaves(layer(tables[-1], "last")):
        assert as_table(merged)[key] == (value, str(len(tables) - 1))


def value_at(table: Any, key: Key) -> Any:
    for name in key:
        table = table[name]
    return table


def decides(table: dict[str, Any], key: Key) -> bool:
    """Does a layer hold a value at the key or on the way to it?"""
    found: Any = table
    for name in key:
        if not isinstance(found, dict):
            return True
        if name not in found:
            return False
        found = found[name]
    return True


def test_what_is_not_touched_is_shared_and_not_copied() -> None:
    untouched = {"big": list(range(5))}
    lower = layer({"left": untouched, "right": {"x": 1}}, "lower")

    merged = merge(lower, layer({"right": {"x": 2}}, "upper"))

    assert merged.values["left"] is untouched
    assert merged.values["right"] is not lower.values["right"]


def tower(height: int) -> dict[str, Any]:
    return reduce(lambda below, _: {"x": below}, range(height), {"x": 1})


def test_tables_within_tables_end_at_a_limit() -> None:
    assert merge(layer(tower(DEEPEST - 1), "1"), layer(tower(DEEPEST - 1), "2")).values == tower(
        DEEPEST - 1
    )
    with pytest.raises(TooDeep, match="more than 64 tables"):
        layer(tower(100_000), "abyss")


def test_a_table_that_holds_itself_is_refused() -> None:
    ring: dict[str, Any] = {}
    ring["x"] = ring

    with pytest.raises(TooDeep):
        layer(ring, "ring")
