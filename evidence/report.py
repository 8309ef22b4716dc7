"""`report.html`: one self-contained page about a run, read without a script and without a network.

The page is streamed piece by piece, so a run of a thousand steps costs no more memory than a
short one; how much of each log it holds is bounded.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup
from pydantic import JsonValue

from evidence.content import png_size
from evidence.inventory import (
    ATTESTATION_NAME,
    PICTURE_NAME,
    REPORT_NAME,
    SUMS_NAME,
    digests_of,
    take_inventory,
)
from evidence.log_tail import LogTail, read_tail
from evidence.models import Check, RunRecord
from evidence.statement import PREDICATE_TYPE

if TYPE_CHECKING:
    from jinja2 import Environment, Template

EMBEDDED_BAND = "embedded – simulated, not live"
DRILL_BAND = "drill – a fault was injected; this is no evidence of readiness"

# What the page may weigh at most, and the share of one log in it.
ALL_LOGS_BYTES = 2 << 20
ONE_LOG_BYTES = 64 << 10
ALL_PICTURES_BYTES = 4 << 20
LONGEST_VALUE = 2000

_OWN_FILES = {REPORT_NAME, PICTURE_NAME, SUMS_NAME, ATTESTATION_NAME}
_LOG_SUFFIXES = {".log", ".txt"}


def render_report(record: RunRecord, directory: Path) -> str:
    """The whole page as text; `stream_report` writes it without holding it."""
    return "".join(stream_report(record, directory))


def stream_report(
    record: RunRecord, directory: Path, digests: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The page in pieces. `digests` maps the run's files to SHA-256 (hex); left out, they are read.

    Files that are made from the report, or after it, are not in its list.
    """
    if digests is None:
        digests = digests_of(directory, take_inventory(directory).files)
    listed = {name: digest for name, digest in digests.items() if name not in _OWN_FILES}
    logs = _log_names(record, listed)
    page = _template().stream(
        record=record,
        bands=bands(record),
        headline=f"{record.verdict.capitalize()} — {record.mode}",
        tiles=_tiles(record),
        checks=_ordered_checks(record),
        not_evaluated=_not_evaluated(record),
        bars=_bars(record),
        total=record_seconds(record),
        logs=_logs(record, directory, logs),
        log_names=frozenset(logs),
        pictures=_pictures(directory, listed),
        files=[
            (name, (directory / name).stat().st_size, digest) for name, digest in listed.items()
        ],
        place=_place(record, directory),
        predicate_type=PREDICATE_TYPE,
    )
    page.enable_buffering(100)
    return page


def bands(record: RunRecord) -> tuple[str, ...]:
    """What must be seen wherever the run is shown: that it was not live, that it was a drill."""
    embedded = (EMBEDDED_BAND,) if record.mode == "embedded" else ()
    return (*embedded, DRILL_BAND) if record.drill else embedded


def record_seconds(record: RunRecord) -> float | None:
    """How long the run took; None when its end was not recorded."""
    return (record.finished - record.started).total_seconds() if record.finished else None


@dataclass(frozen=True)
class _Tile:
    label: str
    value: str
    more: str
    alarming: bool


@dataclass(frozen=True)
class _Bar:
    """Where a step lies on the time axis, in per cent of the run."""

    left: float
    width: float


@dataclass(frozen=True)
class _Log:
    name: str
    size: int
    tail: LogTail
    wanted_lines: frozenset[int]
    failed: bool

    @property
    def html(self) -> Markup:
        """The lines, those marked that a check points at."""
        mark = Markup("<mark>{}</mark>").format
        first = self.tail.first
        lines = list(self.tail.lines)
        for number in self.wanted_lines:
            if first <= number < first + len(lines):
                lines[number - first] = mark(lines[number - first])
        return Markup("\n").join(lines)


@dataclass(frozen=True)
class _Picture:
    name: str
    width: int
    height: int
    embedded: str | None


def _tiles(record: RunRecord) -> Iterator[_Tile]:
    missing = len(_not_evaluated(record))
    failed = sum(not check.passed for check in record.checks)
    said = [
        f"{count} {word}"
        for count, word in ((failed, "failed"), (missing, "not evaluated"))
        if count
    ]
    yield _Tile(
        "Checks",
        f"{len(record.checks) - failed} of {len(record.checks) + missing}",
        ", ".join(said) or ("all passed" if record.checks else "none declared"),
        bool(said) or not record.checks,
    )
    done = sum(step.outcome == "done" for step in record.steps)
    yield _Tile(
        "Steps",
        f"{done} of {len(record.steps)}",
        "done",
        done < len(record.steps),
    )
    ended_badly = sum(command.exit_code != 0 for command in record.commands)
    yield _Tile(
        "Commands",
        str(len(record.commands)),
        f"{ended_badly} did not exit 0" if ended_badly else "all exited 0",
        ended_badly > 0,
    )
    redacted = sum(record.redactions.values())
    yield _Tile("Secrets taken out", str(redacted), "before anything was written", False)


def _ordered_checks(record: RunRecord) -> Sequence[Check]:
    """The failed ones first: they are what the reader has to look at."""
    return sorted(record.checks, key=lambda check: check.passed)


def _not_evaluated(record: RunRecord) -> tuple[str, ...]:
    evaluated = {check.name for check in record.checks}
    return tuple(name for name in record.expected_checks if name not in evaluated)


def _bars(record: RunRecord) -> list[_Bar | None]:
    ends = [
        (step.started - record.started).total_seconds() + (step.duration_seconds or 0)
        for step in record.steps
        if step.started
    ]
    total = max([*ends, record_seconds(record) or 0, 0.001])
    found: list[_Bar | None] = []
    for step in record.steps:
        if step.started is None:
            found.append(None)
            continue
        left = max(0.0, (step.started - record.started).total_seconds()) / total * 100
        width = min(100 - left, (step.duration_seconds or 0) / total * 100)
        found.append(_Bar(round(left, 2), round(width, 2)))
    return found


def _log_names(record: RunRecord, listed: Mapping[str, str]) -> list[str]:
    """Logs of commands in the order they ran, then every other log."""
    named = dict.fromkeys(command.log for command in record.commands if command.log in listed)
    others = (name for name in listed if Path(name).suffix in _LOG_SUFFIXES)
    return list(dict.fromkeys((*named, *others)))


def _logs(record: RunRecord, directory: Path, names: Sequence[str]) -> Iterator[_Log]:
    share = min(ONE_LOG_BYTES, ALL_LOGS_BYTES // max(1, len(names)))
    failed = {command.log for command in record.commands if command.exit_code != 0}
    wanted: dict[str, set[int]] = {}
    for check in record.checks:
        if check.artefact and check.line:
            wanted.setdefault(check.artefact, set()).add(check.line)
    for name in names:
        path = directory / name
        yield _Log(
            name,
            path.stat().st_size,
            read_tail(path, most_bytes=share),
            frozenset(wanted.get(name, ())),
            name in failed,
        )


def _pictures(directory: Path, listed: Mapping[str, str]) -> Iterator[_Picture]:
    room = ALL_PICTURES_BYTES
    for name in listed:
        if not name.lower().endswith(".png") or (size := png_size(directory / name)) is None:
            continue
        weight = (directory / name).stat().st_size
        embedded = None
        if weight <= room:
            room -= weight
            embedded = base64.b64encode((directory / name).read_bytes()).decode()
        yield _Picture(name, *size, embedded)


def _place(record: RunRecord, directory: Path) -> str:
    """The run's directory as a reader would type it, with nothing of this machine in it."""
    here = Path.cwd()
    whole = directory.resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else record.run_id


@cache
def _template() -> Template:
    return _environment().get_template("report.html.j2")


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    package = Path(__file__).resolve().parent
    environment = Environment(
        # Installed, the templates are in the package; in a checkout they stand beside it.
        loader=FileSystemLoader([package / "templates", package.parent / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        anchor=lambda name: f"log-{quote(name, safe='')}",
        breakable=_breakable,
        command=shlex.join,
        duration=_duration,
        link=lambda name: f"./{quote(name)}",
        moment=_moment,
        shortened=_shortened,
        size=_size,
        value=_value,
    )
    return environment


def _breakable(name: str) -> Markup:
    """A file's name that may break after a folder or a dot rather than in a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[/.])(?=.)", name))


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _moment(when: datetime | None) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if when else "–"


def _shortened(text: str) -> str:
    cut = len(text) - LONGEST_VALUE
    return text if cut <= 0 else f"{text[:LONGEST_VALUE]}… ({cut:,} more characters)"


def _size(count: int) -> str:
    for unit, weight in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= weight:
            return f"{count / weight:.1f} {unit}"
    return f"{count} B"


def _value(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
