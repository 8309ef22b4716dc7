"""The comments in a Markdown document that say which part of it is rendered.

    <!-- hotpass:begin NAME -->   and  <!-- hotpass:end NAME -->
        each on a line of its own: what lies between is rendered
    <!-- hotpass:task KIND -->
        in the line of a list item: rendered items stand beneath it
    <!-- hotpass:run KIND/TIMESTAMP TARGET MODE -->
        in each rendered entry: which run it is about

What lies outside is never touched. The document is its own memory: the entries that stand
in it are read back, so evidence that was rendered on another machine stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from evidence.models import Mode, RunRecord

_RUN = re.compile(r"<!-- hotpass:run ([^\s/]+)/(\d{8}T\d{6}Z) (\S*) (embedded|live) -->")
_LINE_END = r"(?=\r?(?:\n|\Z))"


class MarkerProblem(Exception):
    """A document lacks a marker or has it in the wrong place; the message names the line to add."""


@dataclass(frozen=True)
class RunKey:
    """Which run an entry is about."""

    kind: str
    timestamp: str
    target: str
    mode: Mode

    @property
    def comment(self) -> str:
        """The marker of the entry."""
        target = _word(self.target)
        return f"<!-- hotpass:run {_word(self.kind)}/{self.timestamp} {target} {self.mode} -->"


@dataclass(frozen=True)
class Entry:
    """What is rendered about one run; the text holds the key's marker."""

    key: RunKey
    text: str


def key_of(record: RunRecord) -> RunKey:
    """The key of a run's entries."""
    return RunKey(record.kind, record.timestamp, record.target, record.mode)


def replace_region(
    text: str, name: str, *, where: str, render: Callable[[tuple[Entry, ...]], str]
) -> str:
    """Render anew what lies between a region's two markers, from the entries it holds now.

    Raises MarkerProblem; `where` then tells in which place of the document they belong.
    """
    start, stop = _find_region(text, name, where)
    newline = _newline_at(text, start)
    body = render(_entries_in(text[start:stop].replace("\r\n", "\n")))
    return text[:start] + f"\n\n{body}\n\n".replace("\n", newline) + text[stop:]


def replace_beneath(
    text: str, anchor: str, *, where: str, render: Callable[[tuple[Entry, ...]], Sequence[str]]
) -> str:
    """Render anew the list items beneath every line that carries an anchor.

    `anchor` is the comment's content, `task e2e`. Raises MarkerProblem when no line carries it.
    """
    comment = f"<!-- hotpass:{anchor} -->"
    pattern = re.compile(
        rf"^(?P<anchor>[^\n]*{re.escape(comment)}[^\n]*?){_LINE_END}"
        rf"(?P<items>(?:\r?\n[ \t]*[-*+][ \t][^\n]*?{_RUN.pattern}[^\n]*?{_LINE_END})*)",
        re.MULTILINE,
    )

    def with_items(found: re.Match[str]) -> str:
        newline = _newline_at(text, found.end("anchor"))
        lines = [line.strip() for line in found["items"].split("\n")[1:]]
        entries = tuple(
            Entry(key, re.sub(r"^[-*+]\s+", "", line))
            for line in lines
            for key in _keys_in(line)[:1]
        )
        indent = _item_indent(found["anchor"])
        return found["anchor"] + "".join(f"{newline}{indent}- {item}" for item in render(entries))

    replaced, count = pattern.subn(with_items, text)
    if count == 0:
        raise MarkerProblem(f"`{comment}` is missing; add it at the end of {where}.")
    return replaced


def _find_region(text: str, name: str, where: str) -> tuple[int, int]:
    """The offsets between which the region's content lies, line ends of both sides included."""
    begin, end = (f"<!-- hotpass:{side} {name} -->" for side in ("begin", "end"))
    begins, ends = (
        list(re.finditer(rf"^\ufeff?[ \t]*{re.escape(comment)}[ \t]*(?=\r?$)", text, re.MULTILINE))
        for comment in (begin, end)
    )
    for comment, found in ((begin, begins), (end, ends)):
        if len(found) > 1:
            lines = ", ".join(str(_line_number(text, each.start())) for each in found)
            raise MarkerProblem(
                f"`{comment}` stands {len(found)} times, in lines {lines}; keep one."
            )
    if not begins and not ends:
        raise MarkerProblem(
            f"`{begin}` and `{end}` are missing; add both, each on a line of its own, {where}."
        )
    if not begins:
        line = _line_number(text, ends[0].start())
        raise MarkerProblem(
            f"`{begin}` is missing; add it on a line of its own above `{end}` (line {line}), "
            "before the first rendered entry."
        )
    if not ends:
        line = _line_number(text, begins[0].start())
        raise MarkerProblem(
            f"`{end}` is missing; add it on a line of its own below `{begin}` (line {line}), "
            "after the last rendered entry."
        )
    if ends[0].start() < begins[0].start():
        raise MarkerProblem(
            f"`{end}` (line {_line_number(text, ends[0].start())}) stands above `{begin}` "
            f"(line {_line_number(text, begins[0].start())}); move it below."
        )
    return begins[0].end(), ends[0].start()


def _entries_in(region: str) -> tuple[Entry, ...]:
    """The entries of a region: each from the line of its marker to the line of the next."""
    entries: list[Entry] = []
    for line in region.split("\n"):
        if keys := _keys_in(line):
            entries.append(Entry(keys[0], line))
        elif entries:
            entries[-1] = Entry(entries[-1].key, f"{entries[-1].text}\n{line}")
    return tuple(Entry(entry.key, entry.text.rstrip()) for entry in entries)


def _keys_in(line: str) -> list[RunKey]:
    return [
        RunKey(unquote(kind), timestamp, unquote(target), "live" if mode == "live" else "embedded")
        for kind, timestamp, target, mode in _RUN.findall(line)
    ]


def _word(value: str) -> str:
    # Two hyphens in a row would end the comment in older Markdown readers.
    return quote(value, safe="").replace("--", "-%2D")


def _item_indent(line: str) -> str:
    """The column at which an item's content starts, where nested items belong."""
    found = re.match(r"\ufeff?([ \t]*)((?:[-*+]|\d+[.)])[ \t]+)?", line)
    return "" if found is None else found[1] + " " * len(found[2] or "")


def _newline_at(text: str, offset: int) -> str:
    """The line end that stands at an offset; at the end of the text, the one used elsewhere."""
    ending = re.compile(r"\r?\n")
    found = ending.match(text, offset) or ending.search(text)
    return found[0] if found else "\n"


def _line_number(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
