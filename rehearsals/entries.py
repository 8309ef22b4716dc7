"""What each document says of the runs: pure functions from its text to its text.

Which entry stands is decided from the entries alone, never from the clock or the order of
calls: runs rendered in any order, by anyone, give the same documents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from evidence.models import RunRecord
from rehearsals.errors import RehearsalError
from rehearsals.markdown import Markdown, render, span
from rehearsals.markers import Entry, RunKey, key_of, replace_beneath, replace_region
from rehearsals.targets import KindSettings, RehearsalsFile, Window

EMBEDDED_ROWS = 5
EMBEDDED_LOG_ENTRIES = 20
DEVIATIONS_SHOWN = 20


@dataclass(frozen=True)
class RunToRender:
    """A run as the templates see it: `run` in each of them. `evidence` is its folder's path."""

    record: RunRecord
    evidence: str
    rehearsals: RehearsalsFile

    @property
    def marker(self) -> Markdown:
        """The comment that makes an entry this run's."""
        return Markdown(key_of(self.record).comment)

    @property
    def title(self) -> str:
        """The kind's title in `rehearsals.toml`."""
        return _title(self.record.kind, self.rehearsals)

    @property
    def owners(self) -> str:
        """Who answers for it; `(simulated)` behind each where it was embedded."""
        owners = _owners(self.record.kind, self.record.target, self.rehearsals)
        role = "" if self.record.mode == "live" else " (simulated)"
        return ", ".join(f"{owner}{role}" for owner in owners)

    @property
    def span(self) -> str:
        """From when to when it ran, in UTC."""
        return span(self.record.started, self.record.finished)

    @property
    def is_ready_for_sign_off(self) -> bool:
        """Whether a reviewer may be asked to sign: only a live run that passed."""
        return self.record.mode == "live" and self.record.verdict == "passed"

    @property
    def took_place(self) -> bool:
        """Whether anything ran: a blocked run touched nothing and left nothing to show."""
        return self.record.verdict != "blocked"

    @property
    def checks(self) -> str:
        """How many checks passed, of those that were to be evaluated."""
        checks = self.record.checks
        count = len(checks) + len(_unevaluated(self.record))
        return f"{sum(check.passed for check in checks)} of {count} passed"

    @property
    def files(self) -> tuple[str, ...]:
        """The required files that the run really left."""
        captured = {artefact.name for artefact in self.record.artefacts}
        return tuple(name for name in self.record.required_files if name in captured)

    @property
    def deviations(self) -> tuple[str, ...]:
        """What a reviewer must know besides the verdict, a sentence each; long lists are cut."""
        found = find_deviations(self.record)
        if len(found) <= DEVIATIONS_SHOWN:
            return found
        return (*found[:DEVIATIONS_SHOWN], f"{len(found) - DEVIATIONS_SHOWN} more; see the report")


def run_to_render(
    root: Path, record: RunRecord, directory: Path, rehearsals: RehearsalsFile
) -> RunToRender:
    """The run whose evidence lies in `directory`, which documents name from `root` on."""
    directory = directory.absolute()
    inside = directory.is_relative_to(root)
    path = (directory.relative_to(root) if inside else directory).as_posix()
    return RunToRender(record, f"{path}/", rehearsals)


def update_next_steps(text: str, run: RunToRender) -> str:
    """`Next_Steps.md` with the run beneath the task that its kind answers."""
    entry = _line("next_steps_entry.md.j2", run)
    return replace_beneath(
        text,
        f"task {run.record.kind}",
        where=f"the line of the task that {run.record.kind} rehearsals answer",
        render=lambda old: [kept.text for kept in latest_entries([*old, entry])],
    )


def update_log(text: str, run: RunToRender) -> str:
    """`Next_Steps_Log.md` with the run's entry."""
    entry = _entry("log_entry.md.j2", run)

    def entries(old: tuple[Entry, ...]) -> str:
        kept = newest_entries([*old, entry], embedded=EMBEDDED_LOG_ENTRIES)
        texts = [Markdown(each.text) for each in kept]
        return render("log.md.j2", entries=texts, embedded_kept=EMBEDDED_LOG_ENTRIES)

    return replace_region(text, "log", where="below the title", render=entries)


def update_schedule(text: str, run: RunToRender) -> str:
    """The staging rehearsal plan with the booked windows and what took place."""
    row = [_line("schedule_row.md.j2", run)] if run.took_place else []

    def schedule(old: tuple[Entry, ...]) -> str:
        kept = newest_entries([*old, *row], embedded=EMBEDDED_ROWS)
        windows = sorted(
            run.rehearsals.windows, key=lambda window: (window.opens, window.kind, window.target)
        )
        return render(
            "schedule_table.md.j2",
            entries=[Markdown(each.text) for each in kept],
            windows=[_window(window, kept, run.rehearsals) for window in windows],
            embedded_kept=EMBEDDED_ROWS,
        )

    return replace_region(
        text, "schedule", where="below the table under `## Schedule`", render=schedule
    )


def update_latest_evidence(text: str, run: RunToRender) -> str:
    """The staging rehearsal plan with the latest evidence in its artefact checklist."""
    line = [_line("latest_evidence.md.j2", run)] if run.took_place else []
    return replace_beneath(
        text,
        f"evidence {run.record.kind}",
        where=f"the line of `**{run.title}**` under `## Artefact Checklist`",
        render=lambda old: [kept.text for kept in latest_entries([*old, *line])],
    )


def find_deviations(record: RunRecord) -> tuple[str, ...]:
    """What departed from a plain pass: reason, override, checks, files, steps, the run's notes."""
    captured = {artefact.name for artefact in record.artefacts}
    uncaptured = [name for name in record.required_files if name not in captured]
    expected = record.verdict != "blocked"
    found = (
        *(
            f"Check failed: {check.name}; expected {check.expected}; observed {check.observed}"
            for check in record.checks
            if not check.passed
        ),
        *(f"Check never evaluated: {name}" for name in _unevaluated(record) if expected),
        *(f"Required file not captured: {name}" for name in uncaptured if expected),
        *(
            f"Step {step.outcome}: {step.name}" + (f"; {step.problem}" if step.problem else "")
            for step in record.steps
            if step.outcome in ("failed", "interrupted")
        ),
        *(f"Note at {note.step or 'the end'}: {note.text}" for note in record.notes),
    )
    # The reason of a failed run only repeats the first of what was found.
    told = record.verdict == "passed" or (record.verdict == "failed" and found)
    return (
        *(() if told else (f"{record.verdict.capitalize()}: {record.reason}",)),
        *(() if record.override is None else (f"Run outside its window: {record.override}",)),
        *found,
    )


def newest_entries(entries: Iterable[Entry], *, embedded: int) -> tuple[Entry, ...]:
    """Newest first: every live run, and of each kind the latest `embedded` embedded ones.

    Of two entries about one run the later in the sequence stands.
    """
    by_run = {(entry.key.timestamp, entry.key.kind): entry for entry in entries}
    kept: list[Entry] = []
    counts: dict[str, int] = {}
    for _, entry in sorted(by_run.items(), key=lambda item: item[0], reverse=True):
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


def _unevaluated(record: RunRecord) -> tuple[str, ...]:
    evaluated = {check.name for check in record.checks}
    return tuple(name for name in record.expected_checks if name not in evaluated)


def _line(template: str, run: RunToRender) -> Entry:
    entry = _entry(template, run)
    return Entry(entry.key, " ".join(entry.text.split()))


def _entry(template: str, run: RunToRender) -> Entry:
    text = render(template, run=run)
    if run.marker not in text:
        # Without it the entry would be taken for a part of its neighbour the next time.
        raise RehearsalError(f"templates/{template} does not print {{{{ run.marker }}}}; add it.")
    return Entry(key_of(run.record), text)


def _window(
    window: Window, entries: Iterable[Entry], rehearsals: RehearsalsFile
) -> dict[str, object]:
    """A booked window as a row, with the live runs that took place in it."""
    owners = window.owners or _owners(window.kind, window.target, rehearsals)
    return {
        "title": _title(window.kind, rehearsals),
        "span": span(window.opens, window.closes),
        "owners": ", ".join(owners),
        "target": window.target,
        "runs": [
            f"{entry.key.kind}/{entry.key.timestamp}"
            for entry in entries
            if entry.key.mode == "live" and _lies_in(window, entry.key)
        ],
    }


def _lies_in(window: Window, key: RunKey) -> bool:
    opens, closes = (
        f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in (window.opens, window.closes)
    )
    same_place = (key.kind, key.target) == (window.kind, window.target)
    return same_place and opens <= key.timestamp < closes


def _title(kind: str, rehearsals: RehearsalsFile) -> str:
    settings = _settings(kind, rehearsals)
    return settings.title if settings else kind


def _owners(kind: str, target: str, rehearsals: RehearsalsFile) -> tuple[str, ...]:
    """Who answers for a kind on a target: the target's owners, or else the kind's."""
    named = rehearsals.targets[target].owners if target in rehearsals.targets else ()
    settings = _settings(kind, rehearsals)
    return named or (settings.owners if settings else ()) or ("nobody named",)


def _settings(kind: str, rehearsals: RehearsalsFile) -> KindSettings | None:
    # An old entry's kind or window may be gone from the file by now.
    settings = getattr(rehearsals.rehearsals, kind, None)
    return settings if isinstance(settings, KindSettings) else None
