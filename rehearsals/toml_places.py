"""In which line of a TOML text each key stands, for error messages that name a place.

`tomllib` forgets lines. This reads only as much of the grammar as tells keys apart:
table headers, array-of-tables headers, `key = value`; values over several lines are passed by.
"""

from __future__ import annotations

import re

Place = tuple[int | str, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=")


def key_lines(text: str) -> dict[Place, int]:
    """The line (1-based) of every table and key; array tables carry their index, from 0."""
    lines: dict[Place, int] = {}
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _place(header[2])
            if header[1] == "[[":
                index = counts.get(table, 0)
                counts[table] = index + 1
                lines.setdefault(table, number)
                table = (*table, index)
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_place(assignment[1])), number)
    return lines


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest part around it that has one; 1 when none has."""
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def _place(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))
