"""The engine: plan, open, run, seal, render, and an exit code that says how it ended."""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rehearsals.errors import Blocked, Interrupted, RehearsalError, Usage
from rehearsals.kinds import find_kind, load_settings, staging_for
from rehearsals.plan import Plan, make_plan
from rehearsals.targets import RehearsalsFile

if TYPE_CHECKING:
    from evidence.models import RunRecord, Verdict
    from evidence.run import Run

Say = Callable[[str], None]

EXIT_CODES: dict[Verdict, int] = {"passed": 0, "failed": 1, "incomplete": 1, "blocked": 3}
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def rehearse(
    kind_name: str,
    target_name: str,
    *,
    root: Path,
    plan_only: bool = False,
    override: str | None = None,
    say: Say = print,
) -> int:
    """Rehearse a kind on a target and seal the evidence; returns the exit code.

    0 passed, 1 failed, 3 blocked, 128 + the signal's number when interrupted.
    `plan_only` prints what would happen and touches nothing. Raises Usage for a kind,
    target or option that does not exist, Blocked when the same rehearsal already runs.
    """
    if override is not None and not override.strip():
        raise Usage('--override needs a reason that a reviewer can read: --override "why now".')
    rehearsals = load_settings(root)
    kind = find_kind(kind_name)
    staging = staging_for(kind, target_name, rehearsals, root)
    plan = make_plan(kind, staging, rehearsals, now=datetime.now(UTC), override=override)
    for line in plan.lines():
        say(line)
    if plan_only:
        return EXIT_CODES["blocked"] if plan.obstacles else EXIT_CODES["passed"]
    with _one_at_a_time(plan):
        return _run_and_seal(plan, rehearsals, say)


def _run_and_seal(plan: Plan, rehearsals: RehearsalsFile, say: Say) -> int:
    from evidence.journal import read_journal
    from evidence.keys import load_signing_key
    from evidence.outcome import record_from
    from evidence.seal import seal
    from evidence.time_stamps import configured_authority

    key, authority = load_signing_key(), configured_authority()
    run, interrupted = _run(plan, rehearsals, say)
    directory = run.directory
    with _signals_held(say):
        record = record_from(read_journal(directory / "journal.jsonl").events)
        sealed = seal(directory, record, key, redactor=run.redactor, authority=authority)
        if sealed.picture_problem:
            say(f"no picture of the report: {sealed.picture_problem}")
        if sealed.time_stamp_problem:
            say(f"sealed without a time-stamp: {sealed.time_stamp_problem}")
        _render(plan, rehearsals, record, directory, say)
        for line in _closing_lines(plan, record, directory):
            say(line)
    return 128 + interrupted.number if interrupted else EXIT_CODES[record.verdict]


def _run(plan: Plan, rehearsals: RehearsalsFile, say: Say) -> tuple[Run, Interrupted | None]:
    """Everything that the journal records; no exception of the rehearsal leaves it unsealed."""
    from evidence.listing import previous_statement_digest
    from evidence.run import open_run
    from rehearsals.configuration import settings_with_origins
    from rehearsals.surroundings import git_state, operator_name, tool_versions

    kind, staging = plan.kind, plan.staging
    evidence_root = staging.root / rehearsals.evidence.root
    opened: Run | None = None
    interrupted: Interrupted | None = None
    try:
        with (
            _signals_raised(),
            open_run(
                evidence_root,
                kind=kind.name,
                target=staging.target_name,
                mode=staging.target.mode,
                operator=operator_name(),
                host=platform.node(),
                git=git_state(staging.root),
                tools=tool_versions(),
                configuration=settings_with_origins(plan),
                expected_checks=kind.checks,
                required_files=kind.required_files,
                simulated=staging.target.simulated,
                override=plan.override,
                secrets=_secrets(staging.target.credentials),
                previous=previous_statement_digest(evidence_root, kind.name, staging.target_name),
                echo=say,
            ) as run,
        ):
            opened = run
            if plan.obstacles:
                run.block(plan.obstacles)
            else:
                kind.rehearse(run, staging)
    except Interrupted as signalled:
        interrupted = signalled
    except Exception as error:
        if opened is None:
            raise
        say(f"{kind.name} broke off: {type(error).__name__}: {error}")
        if os.environ.get("HOTPASS_DEBUG"):
            raise
    if opened is None:
        raise Blocked("interrupted before the run was opened; nothing was touched.")
    return opened, interrupted


def _secrets(names: Iterable[str]) -> dict[str, str]:
    """The values of the target's credentials by name, and of what opens the signing key."""
    from evidence.keys import signing_secrets

    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    return given | signing_secrets()


def _render(
    plan: Plan, rehearsals: RehearsalsFile, record: RunRecord, directory: Path, say: Say
) -> None:
    from rehearsals.documents import render_documents

    try:
        changes = render_documents(plan.staging.root, record, directory, rehearsals=rehearsals)
    except (RehearsalError, OSError) as error:
        say(f"documents not updated: {error}")
        return
    for change in changes:
        say(f"updated {change.path}: {change.what}")


def _closing_lines(plan: Plan, record: RunRecord, directory: Path) -> tuple[str, ...]:
    root = plan.staging.root
    place = directory.relative_to(root) if directory.is_relative_to(root) else directory
    embedded = "" if record.mode == "live" else " (embedded: cannot stand in for a live run)"
    return (
        "",
        f"{record.verdict.upper()}{embedded}: {record.reason}",
        f"evidence  {place}",
        f"report    {place / 'report.html'}",
        f"check it  invoke evidence.verify {place}",
    )


@contextmanager
def _one_at_a_time(plan: Plan) -> Iterator[None]:
    """Hold the lock of this kind and target; raises Blocked when another run holds it."""
    from filelock import FileLock, Timeout

    name = f"{plan.kind.name}-{plan.staging.target_name}"
    path = plan.staging.root / ".staging" / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Blocked(
            f"a {plan.kind.name} rehearsal on {plan.staging.target_name} is already running here; "
            "wait for it to end."
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _signals_raised() -> Iterator[None]:
    """The first signal becomes Interrupted; further ones are left to the ending already begun."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number, signal.Signals(number).name)

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_held(say: Say) -> Iterator[None]:
    """While the evidence is sealed a signal is only noted: half a seal would be none."""

    def hold(number: int, frame: FrameType | None) -> None:
        say(f"{signal.Signals(number).name} noted; the evidence is being sealed.")

    before = {number: signal.signal(number, hold) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
