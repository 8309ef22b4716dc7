"""The engine: plan, open, run, seal, render, and an exit code that says how it ended."""

from __future__ import annotations

import os
import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsals.errors import Interrupted, Usage
from rehearsals.kinds import find_kind, load_settings, staging_for
from rehearsals.plan import Plan, make_plan
from rehearsals.sealing import (
    Say,
    hold_target,
    prepare_sealing,
    render_run,
    seal_run,
    secret_values,
)
from rehearsals.signals import Signals, handled_signals
from rehearsals.targets import RehearsalsFile
from rehearsals.terminal import outlasting

if TYPE_CHECKING:
    from evidence.models import RunRecord, Verdict
    from evidence.run import Run

EXIT_CODES: dict[Verdict, int] = {"passed": 0, "failed": 1, "incomplete": 1, "blocked": 3}


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
    target or option that does not exist, Blocked when the same rehearsal already runs, and
    what the seal raises when it is refused; the documents are left alone then.
    """
    if override is not None and not override.strip():
        raise Usage('--override needs a reason that a reviewer can read: --override "why now".')
    say = outlasting(say)
    rehearsals = load_settings(root)
    kind = find_kind(kind_name)
    staging = staging_for(kind, target_name, rehearsals, root)
    plan = make_plan(kind, staging, rehearsals, now=datetime.now(UTC), override=override)
    for line in (*plan.lines(), *_unfinished(root / rehearsals.evidence.root)):
        say(line)
    if plan_only:
        say(f"this is the plan only; not-run: {', '.join(kind.steps)}")
        return EXIT_CODES["blocked"] if plan.obstacles else EXIT_CODES["passed"]
    try:
        with hold_target(root, kind.name, target_name), handled_signals(say) as signals:
            return _run_and_seal(plan, rehearsals, signals, say)
    except Interrupted as interrupted:
        say("interrupted before the run was opened; nothing was touched.")
        return 128 + interrupted.number


def _unfinished(evidence_root: Path) -> tuple[str, ...]:
    """A line about runs that were cut off: what they left may be in the way of this one."""
    from evidence.recover import unfinished_runs

    count = len(unfinished_runs(evidence_root))
    runs = "1 unfinished run" if count == 1 else f"{count} unfinished runs"
    return (f"{runs}; invoke evidence.recover",) if count else ()


def _run_and_seal(plan: Plan, rehearsals: RehearsalsFile, signals: Signals, say: Say) -> int:
    from evidence.journal import FILE_NAME, read_journal
    from evidence.outcome import record_from

    sealing = prepare_sealing()
    run, interrupted = _run(plan, rehearsals, signals, say)
    signals.tell()
    directory, root = run.directory, plan.staging.root
    record = record_from(read_journal(directory / FILE_NAME).events)
    seal_run(directory, record, run.redactor, sealing=sealing, say=say)
    render_run(root, record, directory, rehearsals=rehearsals, say=say)
    for line in _closing_lines(plan, record, directory):
        say(line)
    # A run that was over when the signal came is what its journal says that it is.
    if interrupted is not None and record.verdict == "incomplete":
        return 128 + interrupted.number
    return EXIT_CODES[record.verdict]


def _run(
    plan: Plan, rehearsals: RehearsalsFile, signals: Signals, say: Say
) -> tuple[Run, Interrupted | None]:
    """Everything that the journal records; no exception of the rehearsal leaves it unsealed."""
    from evidence.errors import sentence_of
    from evidence.listing import previous_statement_digest
    from evidence.run import open_run
    from evidence.surroundings import git_state, operator_name
    from rehearsals.configuration import settings_with_origins
    from rehearsals.surroundings import tool_versions

    kind, staging = plan.kind, plan.staging
    evidence_root = staging.root / rehearsals.evidence.root
    opened: Run | None = None
    interrupted: Interrupted | None = None
    signals.keep()
    try:
        try:
            with open_run(
                evidence_root,
                kind=kind.name,
                target=staging.target_name,
                mode=staging.target.mode,
                operator=operator_name(),
                host=platform.node(),
                git=git_state(staging.root),
                tools=tool_versions(),
                configuration=settings_with_origins(plan),
                expected_steps=kind.steps,
                expected_checks=kind.checks,
                required_files=kind.required_files,
                simulated=staging.target.simulated,
                override=plan.override,
                secrets=secret_values(staging.target.credentials),
                previous=previous_statement_digest(evidence_root, kind.name, staging.target_name),
                echo=say,
            ) as opened:
                signals.deliver()
                if plan.obstacles:
                    opened.block(plan.obstacles)
                else:
                    kind.rehearse(opened, staging)
        except (Exception, SystemExit) as error:
            if opened is None:
                raise
            told = traceback.format_exc() if os.environ.get("HOTPASS_DEBUG") else sentence_of(error)
            say(f"{kind.name} broke off: {opened.redactor.text(told)}")
        signals.tell()
    except Interrupted as signalled:
        # Without its traceback, which could keep an end from its turn that it came upon.
        interrupted = Interrupted(signalled.number, signalled.name)
    # A signal is delivered only once the run is open.
    assert opened is not None  # nosec B101
    return opened, interrupted


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
