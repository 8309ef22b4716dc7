"""The end of a log as HTML: bounded, colours kept, every other control sequence gone.

Source: ECMA-48, 8.3.117 (SGR), for the colour sequences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from markupsafe import Markup

MOST_LINES = 400
LONGEST_LINE = 2000
_BLOCK = 1 << 20

_SEQUENCE = re.compile(
    r"\x1b\[(?P<colour>[0-9;]*)m"  # colour
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # cursor movement and the like
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # window titles, hyperlinks
    r"|\x1b[ -/]*[0-~]?"  # two-character sequences
)
_CONTROL = dict.fromkeys([*range(9), *range(10, 32), *range(127, 160)])
_STYLES = {1: "bold", 2: "dim", 3: "italic", 4: "underline"}
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class LogTail:
    """The last lines of a log: `first` is the number of the first one, `lines` are HTML."""

    first: int
    total: int
    lines: tuple[Markup, ...]

    @property
    def numbers(self) -> str:
        """The number of each line, one below the other."""
        return "\n".join(str(self.first + index) for index in range(len(self.lines)))


def read_tail(path: Path, *, most_bytes: int) -> LogTail:
    """Read the end of a log in bounded memory: at most `most_bytes` and MOST_LINES lines."""
    total = 0
    last = b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            total += block.count(b"\n")
            last = block
        total += not last.endswith(b"\n")
        size = file.tell()
        file.seek(max(0, size - most_bytes))
        tail = file.read(most_bytes)
    lines = tail.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    if size > len(tail) and len(lines) > 1:
        del lines[0]  # cut in its middle
    shown = lines[-MOST_LINES:]
    painter = _Painter()
    return LogTail(total - len(shown) + 1, total, tuple(painter.paint(line) for line in shown))


@dataclass
class _Painter:
    """Turns lines into HTML one after the other; a colour lasts until it is ended."""

    styles: list[str] = field(default_factory=list)

    def paint(self, line: str) -> Markup:
        # A progress bar goes back to the start of its line; what it wrote last is what was seen.
        line = line.rstrip("\r").rpartition("\r")[2]
        cut = len(line) - LONGEST_LINE
        pieces: list[str] = []
        position = 0
        for sequence in _SEQUENCE.finditer(line[:LONGEST_LINE]):
            pieces.append(self._span(line[position : sequence.start()]))
            position = sequence.end()
            if (colour := sequence["colour"]) is not None:
                self._change([int(code or 0) for code in colour.split(";")])
        pieces.append(self._span(line[position:LONGEST_LINE]))
        if cut > 0:
            pieces.append(f"<em>… {cut:,} more characters</em>")
        # Every piece was escaped by _span.
        return Markup("".join(pieces))  # nosec B704

    def _span(self, text: str) -> str:
        shown = escape(text.translate(_CONTROL))
        if not shown or not self.styles:
            return shown
        return f'<span class="{" ".join(self.styles)}">{shown}</span>'

    def _change(self, codes: list[int]) -> None:
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.styles = []
            elif code in _STYLES:
                self._set(_STYLES[code])
            elif code == 22:
                self._drop("bold", "dim")
            elif code in (23, 24):
                self._drop(_STYLES[code - 20])
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self._drop(*_COLOURS)
                self._set(_COLOURS[code % 10])
            elif code in (38, 48):  # 256 colours and true colour: kept legible, so left plain
                del codes[: {5: 2, 2: 4}.get(codes[0] if codes else 0, 0)]
            elif code == 39:
                self._drop(*_COLOURS)

    def _set(self, style: str) -> None:
        self._drop(style)
        self.styles.append(style)

    def _drop(self, *styles: str) -> None:
        self.styles = [kept for kept in self.styles if kept not in styles]
