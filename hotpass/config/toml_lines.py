"""The line on which each key of a TOML text stands, for messages that point at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Path = tuple["str | int", ...]
"""Names of tables and keys; a number (from 0) is an item of an array."""

TOKEN = re.compile(
    r'(?P<string>"{3}(?:\\.|[^\\])*?"{3}|\'{3}.*?\'{3}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>#[^\n]*)|(?P<bracket>[\[\]{}])|(?P<comma>,)|(?P<newline>\n)|(?P<equals>=)"
    r"|(?P<dot>\.)|(?P<bare>[^\s\[\]{},=#\"'.]+)|(?P<space>[ \t\r]+)",
    re.DOTALL,
)


def lines_of_keys(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every table, key and array item of a valid TOML text.

    Keys of inline tables are left out: they stand where their table stands.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    repeated: dict[Path, int] = {}
    for statement in _statements(text):
        names, line = _names(statement), statement[0][2]
        if statement[0][:2] == ("bracket", "["):
            table = names
            if statement[1][:2] == ("bracket", "["):
                repeated[names] = number = repeated.get(names, -1) + 1
                table = (*names, number)
            lines.setdefault(names, line)
            lines[table] = line
        else:
            key = (*table, *names)
            for length in range(len(table) + 1, len(key) + 1):
                lines.setdefault(key[:length], line)
            lines |= {(*key, number): at for number, at in _items(statement)}
    return lines


def nearest_line(lines: Mapping[Path, int], key: Path) -> int | None:
    """Return the line of `key`, or of the nearest table or array around it that has one."""
    return next(
        (lines[key[:length]] for length in range(len(key), 0, -1) if key[:length] in lines), None
    )


Token = tuple[str, str, int]
"""Kind, text, line."""


def _statements(text: str) -> Iterator[list[Token]]:
    """Split at the ends of lines that lie in no string and no bracket."""
    statement: list[Token] = []
    depth, line = 0, 1
    for match in TOKEN.finditer(text):
        kind, written = str(match.lastgroup), match.group()
        if kind == "newline" and depth == 0:
            if statement:
                yield statement
            statement = []
        elif kind not in ("newline", "comment", "space"):
            statement.append((kind, written, line))
        if kind == "bracket":
            depth += 1 if written in "[{" else -1
        line += written.count("\n")
    if statement:
        yield statement


def _names(statement: list[Token]) -> tuple[str, ...]:
    """Return the dotted name of a `[table]` or in front of the first `=`."""
    names = []
    for kind, written, _ in statement:
        if kind == "equals":
            break
        if kind in ("string", "bare"):
            names.append(written[1:-1] if kind == "string" else written)
    return tuple(names)


def _items(statement: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield number and line of each item, when the value is an array."""
    value = statement[[kind for kind, _, _ in statement].index("equals") + 1 :]
    if not value or value[0][1] != "[":
        return
    number, depth, begun = 0, 0, False
    for kind, written, line in value:
        closing = kind == "bracket" and written in "]}"
        if depth == 1 and not begun and kind != "comma" and not closing:
            yield number, line
            begun = True
        if kind == "bracket":
            depth += -1 if closing else 1
        if kind == "comma" and depth == 1:
            number, begun = number + 1, False
