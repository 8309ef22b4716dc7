"""The line of every key of a TOML text is known, however the text is laid out."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hotpass.config.toml_lines import lines_of_keys, nearest_line

TEXT = """\
# a comment with [brackets] and = signs
title = "a # b ] c"   # and more

[columns]
town = ["Town",
        "City",  # , ]
        [1, 2], { a = 1, b = 2 },
]
"quoted.name" = 1
long = '''
[not a table]
no = 1
'''
after.inner = true

[[rule]]
x = 1
[[rule]]
x = 2
"""


def test_keys_tables_items_and_repeated_tables_have_their_lines() -> None:
    assert lines_of_keys(TEXT) == {
        ("title",): 2,
        ("columns",): 4,
        ("columns", "town"): 5,
        ("columns", "town", 0): 5,
        ("columns", "town", 1): 6,
        ("columns", "town", 2): 7,
        ("columns", "town", 3): 7,
        ("columns", "quoted.name"): 9,
        ("columns", "long"): 10,
        ("columns", "after"): 14,
        ("columns", "after", "inner"): 14,
        ("rule",): 16,
        ("rule", 0): 16,
        ("rule", 0, "x"): 17,
        ("rule", 1): 18,
        ("rule", 1, "x"): 19,
    }


def test_what_has_no_line_of_its_own_stands_where_its_array_stands() -> None:
    lines = lines_of_keys(TEXT)

    assert nearest_line(lines, ("columns", "town", 3, "a")) == 7
    assert nearest_line(lines, ("nowhere",)) is None


VALUES = st.sampled_from(
    ["1", "true", '"x = [#"', "''", '["a", "b"]', "[]", "{ a = 1 }", '[\n  "a",\n]', '"""\n]"""']
)


@given(st.lists(VALUES, max_size=8), st.integers(0, 3))
def test_a_key_stands_where_the_text_before_it_ends(values: list[str], blank: int) -> None:
    text = ""
    expected = {}
    for number, value in enumerate(values):
        text += "\n" * blank
        expected[(f"k{number}",)] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    parsed: dict[str, Any] = tomllib.loads(text)

    lines = lines_of_keys(text)

    assert {key: line for key, line in lines.items() if len(key) == 1} == expected
    assert all((key, len(value) - 1) in lines for key, value in parsed.items() if is_list(value))


def is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value)
