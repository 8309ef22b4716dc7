"""The project's Markdown documents, brought up to date with a run.

Which entry stands is decided from the entries alone, never from the clock or the order of
calls: runs rendered in any order, by anyone, give the same documents.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evidence.models import RunRecord
from rehearsals.errors import RehearsalError
from rehearsals.markdown import Markdown, render, span
from rehearsals.markers import (
    Entry,
    MarkerProblem,
    RunKey,
    key_of,
    replace_beneath,
    replace_region,
)
from rehearsals.targets import RehearsalsFile, Window

NEXT_STEPS = "Next_Steps.md"
LOG = "Next_Steps_Log.md"
PLAN = "docs/operations/staging-rehearsal-plan.md"

EMBEDDED_ROWS = 5
EMBEDDED_LOG_ENTRIES = 20
DEVIATIONS_SHOWN = 20
LOCK_SECONDS = 30


class DocumentsNotRendered(RehearsalError):
    """Documents could not be brought up to date; `problems` holds every reason, by document."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"The documents were not updated, for {count}:", *(f"  {one}" for one in problems)]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class DocumentChange:
    """A document that a run changed; the path is relative to the project's folder."""

    path: Path
    what: str


@dataclass(frozen=True)
class _Document:
    path: str
    what: str
    updated: Callable[[str], str]


def render_documents(
    root: Path, record: RunRecord, directory: Path, *, rehearsals: RehearsalsFile
) -> tuple[DocumentChange, ...]:
    """Bring the documents in `root` up to date with a run whose evidence lies in `directory`.

    Returns what changed, nothing when the run was rendered before. Either every document can
    be rendered or none is touched: DocumentsNotRendered then names each missing marker and
    the line to add. A drill is no rehearsal and appears in no document.
    """
    if record.drill:
        return ()
    root = root.absolute()
    facts = _facts(root, record, directory, rehearsals)
    with _locked(root):
        problems: list[str] = []
        changes: list[tuple[_Document, bytes]] = []
        for document in _documents(record, facts, rehearsals):
            try:
                before = (root / document.path).read_bytes()
                # Bytes that are not UTF-8 go through unharmed.
                text = document.updated(before.decode("utf-8", "surrogateescape"))
                after = text.encode("utf-8", "surrogateescape")
            except MarkerProblem as problem:
                problems.append(f"{document.path}: {problem}")
            except OSError as error:
                problems.append(
                    f"{document.path}: it cannot be read ({error.strerror}); "
                    f"restore it, for example with `git checkout -- {document.path}`."
                )
            else:
                changes += [(document, after)] if after != before else []
        if problems:
            raise DocumentsNotRendered(tuple(problems))
        for document, after in changes:
            _replace(root, document.path, after)
    return tuple(DocumentChange(Path(document.path), document.what) for document, _ in changes)


def is_ready_for_sign_off(record: RunRecord) -> bool:
    """Whether a reviewer may be asked to sign: a live run, no drill, that passed."""
    return record.mode == "live" and record.verdict == "passed" and not record.drill


def find_deviations(record: RunRecord) -> tuple[str, ...]:
    """What a reviewer must know of a run besides its verdict, one sentence each."""
    evaluated = {check.name for check in record.checks}
    found = [] if record.verdict == "passed" else [f"{record.verdict}: {record.reason}"]
    if record.override is not None:
        found.append(f"run outside its window: {record.override}")
    found += [
        f"check failed: {check.name}; expected {check.expected}; observed {check.observed}"
        for check in record.checks
        if not check.passed
    ]
    if record.verdict != "blocked":
        found += [
            f"check never evaluated: {name}"
            for name in record.expected_checks
            if name not in evaluated
        ]
    found += [
        f"step {step.outcome}: {step.name}"
        for step in record.steps
        if step.outcome in ("failed", "interrupted")
    ]
    found += [f"note at {note.step}: {note.text}" for note in record.notes]
    return tuple(found)


def newest_entries(entries: Iterable[Entry], *, embedded: int) -> tuple[Entry, ...]:
    """Newest first: every live run, and of each kind the latest `embedded` embedded ones.

    Of two entries about one run the later in the sequence stands.
    """
    by_run = {(entry.key.kind, entry.key.timestamp): entry for entry in entries}
    kept: list[Entry] = []
    counts: dict[str, int] = {}
    for entry in sorted(by_run.values(), key=_age, reverse=True):
        if entry.key.mode == "embedded":
            counts[entry.key.kind] = counts.get(entry.key.kind, 0) + 1
            if counts[entry.key.kind] > embedded:
                continue
        kept.append(entry)
    return tuple(kept)


def latest_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The latest run on each target, live targets first; embedded never stands in for live.

    Of two entries about one run the later in the sequence stands.
    """
    latest: dict[tuple[bool, str], Entry] = {}
    for entry in entries:
        place = (entry.key.mode == "embedded", entry.key.target)
        if place not in latest or entry.key.timestamp >= latest[place].key.timestamp:
            latest[place] = entry
    return tuple(latest[place] for place in sorted(latest))


def _documents(
    record: RunRecord, facts: dict[str, Any], rehearsals: RehearsalsFile
) -> tuple[_Document, ...]:
    def next_steps(text: str) -> str:
        entry = _entry("next_steps_entry.md.j2", record, facts, one_line=True)
        return replace_beneath(
            text,
            f"task {record.kind}",
            where=f"the line of the task that {record.kind} rehearsals answer",
            render=lambda old: [kept.text for kept in latest_entries([*old, entry])],
        )

    def log(text: str) -> str:
        entry = _entry("log_entry.md.j2", record, facts)
        return replace_region(
            text,
            "log",
            where="below the title",
            render=lambda old: _log([*old, entry]),
        )

    def plan(text: str) -> str:
        # A blocked run touched nothing, so nothing took place and no evidence is newer by it.
        took_place = record.verdict != "blocked"
        rows = [_entry("schedule_row.md.j2", record, facts, one_line=True)] if took_place else []
        lines = [_entry("latest_evidence.md.j2", record, facts, one_line=True)]
        with_rows = replace_region(
            text,
            "schedule",
            where="below the table under `## Schedule`",
            render=lambda old: _schedule([*old, *rows], rehearsals),
        )
        return replace_beneath(
            with_rows,
            f"evidence {record.kind}",
            where=f"the line `- **{facts['title']}**` under `## Artefact Checklist`",
            render=lambda old: [
                kept.text for kept in latest_entries([*old, *(lines if took_place else [])])
            ],
        )

    return (
        _Document(NEXT_STEPS, f"status of the task that {record.kind} answers", next_steps),
        _Document(LOG, f"entry of {record.run_id}", log),
        _Document(PLAN, "schedule and latest evidence", plan),
    )


def _log(entries: Iterable[Entry]) -> str:
    kept = newest_entries(entries, embedded=EMBEDDED_LOG_ENTRIES)
    texts = [Markdown(entry.text) for entry in kept]
    return render("log.md.j2", entries=texts, embedded_kept=EMBEDDED_LOG_ENTRIES)


def _schedule(entries: Iterable[Entry], rehearsals: RehearsalsFile) -> str:
    kept = newest_entries(entries, embedded=EMBEDDED_ROWS)
    windows = sorted(rehearsals.windows, key=lambda window: (window.opens, window.kind))
    return render(
        "schedule_table.md.j2",
        entries=[Markdown(entry.text) for entry in kept],
        windows=[_window(window, kept, rehearsals) for window in windows],
        embedded_kept=EMBEDDED_ROWS,
    )


def _window(window: Window, entries: Iterable[Entry], rehearsals: RehearsalsFile) -> dict[str, Any]:
    runs = [
        f"{key.kind}/{key.timestamp}"
        for key in (entry.key for entry in entries)
        if (key.kind, key.target, key.mode) == (window.kind, window.target, "live")
        and window.holds(_started(key))
    ]
    return {
        "title": _title(window.kind, rehearsals),
        "span": span(window.opens, window.closes),
        "owners": ", ".join(window.owners or _owners(window.kind, window.target, rehearsals)),
        "target": window.target,
        "runs": runs,
    }


def _facts(
    root: Path, record: RunRecord, directory: Path, rehearsals: RehearsalsFile
) -> dict[str, Any]:
    """What the templates may name."""
    directory = directory.absolute()
    inside = directory.is_relative_to(root)
    owners = _owners(record.kind, record.target, rehearsals)
    role = "" if record.mode == "live" else " (simulated)"
    return {
        "record": record,
        "evidence": f"{(directory.relative_to(root) if inside else directory).as_posix()}/",
        "marker": Markdown(key_of(record).comment),
        "title": _title(record.kind, rehearsals),
        "owners": ", ".join(f"{owner}{role}" for owner in owners),
        "span": span(record.started, record.finished),
        "ready": is_ready_for_sign_off(record),
        "deviations": find_deviations(record),
        "deviations_shown": DEVIATIONS_SHOWN,
        "checks_expected": len({*record.expected_checks, *(check.name for check in record.checks)}),
    }


def _entry(
    template: str, record: RunRecord, facts: dict[str, Any], *, one_line: bool = False
) -> Entry:
    key, text = key_of(record), render(template, **facts)
    if key.comment not in text:
        # Without it the entry would be taken for a part of its neighbour the next time.
        raise RehearsalError(f"templates/{template} does not print {{{{ marker }}}}; add it.")
    return Entry(key, " ".join(text.split()) if one_line else text)


def _title(kind: str, rehearsals: RehearsalsFile) -> str:
    return str(getattr(getattr(rehearsals.rehearsals, kind, None), "title", kind))


def _owners(kind: str, target: str, rehearsals: RehearsalsFile) -> tuple[str, ...]:
    """Who answers for a kind on a target: the target's owners, or else the kind's."""
    named = rehearsals.targets[target].owners if target in rehearsals.targets else ()
    settings = getattr(rehearsals.rehearsals, kind, None)
    return named or tuple(getattr(settings, "owners", ())) or ("nobody named",)


def _started(key: RunKey) -> datetime:
    return datetime.strptime(key.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _age(entry: Entry) -> tuple[str, str]:
    return entry.key.timestamp, entry.key.kind


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Only one process at a time reads and writes the documents of a project."""
    from filelock import FileLock, Timeout

    path = root / ".staging" / "documents.lock"
    try:
        path.parent.mkdir(exist_ok=True)
        lock = FileLock(path, timeout=LOCK_SECONDS).acquire()
    except Timeout:
        raise RehearsalError(
            f"Another run has been writing the documents for {LOCK_SECONDS} s ({path}); "
            "wait for it to end, then run again."
        ) from None
    except OSError as error:
        raise RehearsalError(f"The documents cannot be locked: {error}.") from None
    with lock:
        yield


def _replace(root: Path, name: str, content: bytes) -> None:
    """Swap a document for its new text in one step, keeping its mode and, if it is one, its link."""
    path = (root / name).resolve()
    partial = path.with_name(f"{path.name}.partial")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RehearsalError(
            f"{name} cannot be written ({error.strerror}); it is as it was. "
            "Make its folder writable or free some space, then run again."
        ) from None
