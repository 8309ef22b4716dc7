"""The runs below an evidence folder, newest first: what they say of themselves, not verified."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from evidence.bundle_names import BUNDLE_SUFFIX
from evidence.chain import link_of, newest_link
from evidence.errors import EvidenceError
from evidence.inventory import ATTESTATION_NAME, JOURNAL_NAME, one_line
from evidence.models import Frozen
from evidence.statement import Attestation, MalformedAttestation, read_attestation

_RUN_NAME = re.compile(r"\d{8}T\d{6}Z")


class RunSummary(Frozen):
    """One run of a list. `verdict` is that of the seal, or `unsealed`, or `unreadable`."""

    id: str
    path: Path
    kind: str
    timestamp: str
    target: str
    mode: str
    drill: bool
    verdict: str
    sealed: bool
    started: datetime | None
    duration_seconds: float | None


def list_runs(root: Path) -> tuple[RunSummary, ...]:
    """Every run in `root` (as `<kind>/<timestamp>`), newest first; none when there is no folder."""
    found = [summarise(directory) for directory in _run_directories(root)]
    return tuple(sorted(found, key=lambda run: (run.timestamp, run.kind), reverse=True))


def previous_statement_digest(root: Path, kind: str, target: str) -> str | None:
    """SHA-256 (hex) of the statement that the next run of that kind and target follows.

    Every sealed run counts, whatever became of it, drills too.
    """
    attestations = map(_attestation, _run_directories(root, kind))
    links = (link_of(found) for found in attestations if found is not None)
    newest = newest_link(link for link in links if (link.kind, link.target) == (kind, target))
    return newest.digest if newest else None


def find_runs(folder: Path) -> tuple[Path, ...]:
    """What is verified in a folder: runs, one or two folders deep, and bundles, oldest first.

    A folder that is named as a run is found even where the run is gone from it.
    """
    found = {
        path
        for pattern in ("*", "*/*")
        for path in folder.glob(pattern)
        if (path.is_dir() and (_RUN_NAME.fullmatch(path.name) or is_run(path)))
        or (path.is_file() and path.suffix == BUNDLE_SUFFIX)
    }
    outer = [path for path in found if path.parent not in found]
    return tuple(sorted(outer, key=lambda path: (path.name, path)))


def is_run(directory: Path) -> bool:
    """Whether a run is or was recorded in that directory."""
    return any((directory / name).is_file() for name in (JOURNAL_NAME, ATTESTATION_NAME))


def list_and_tell(root: Path, *, say: Callable[[str], None] = print) -> int:
    """List the runs for a person at the terminal; returns the exit code."""
    runs = list_runs(root)
    if not runs:
        say(f"no runs in {root} yet")
        return 0
    for line in _table(runs):
        say(one_line(line))
    return 0


def _table(runs: tuple[RunSummary, ...]) -> Iterator[str]:
    rows = [("RUN", "VERDICT", "MODE", "TARGET", "TOOK")]
    for run in runs:
        took = "–" if run.duration_seconds is None else f"{run.duration_seconds:.1f} s"
        mode = f"{run.mode}, drill" if run.drill else run.mode
        rows.append((run.id, run.verdict, mode, run.target, took))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()


def _run_directories(root: Path, kind: str = "*") -> Iterator[Path]:
    for path in root.glob(f"{kind}/*/"):
        if is_run(path):
            yield path


def _attestation(directory: Path) -> Attestation | None:
    """What was sealed; None for a run that is not sealed, or whose attestation is damaged."""
    try:
        return read_attestation((directory / ATTESTATION_NAME).read_bytes())
    except (OSError, MalformedAttestation):
        return None


def summarise(directory: Path) -> RunSummary:
    """What a run says of itself: by its seal, or by the first line of its journal."""
    sealed = (directory / ATTESTATION_NAME).is_file()
    attestation = _attestation(directory)
    kind, timestamp = directory.parent.name, directory.name
    told: dict[str, object] = {
        "target": "?",
        "mode": "?",
        "drill": False,
        "verdict": "unreadable" if sealed else "unsealed",
        "started": None,
        "duration_seconds": None,
    }
    if attestation is not None:
        said = attestation.predicate
        told |= {
            "target": said.target,
            "mode": said.mode,
            "drill": said.drill,
            "verdict": said.verdict,
            "started": said.started,
            "duration_seconds": _seconds(said.started, said.finished),
        }
    else:
        told |= _opening(directory / JOURNAL_NAME)
    identity = {"id": f"{kind}/{timestamp}", "kind": kind, "timestamp": timestamp}
    return RunSummary.model_validate({**identity, "path": directory, "sealed": sealed, **told})


def _seconds(started: datetime, finished: datetime | None) -> float | None:
    return (finished - started).total_seconds() if finished else None


def _opening(journal: Path) -> dict[str, object]:
    """Target, mode and start from the first line of a journal, as far as it tells them."""
    try:
        with journal.open("rb") as lines:
            event = json.loads(lines.readline(1 << 20))
        opening = {"target": str(event["target"]), "mode": str(event["mode"])}
        return opening | {"drill": event.get("drill") is True, "started": event["at"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EvidenceError):
        return {}
