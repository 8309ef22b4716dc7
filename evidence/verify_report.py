"""`invoke evidence.verify`: what was found, told to a person or to a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from evidence.errors import BadOption
from evidence.findings import Finding
from evidence.inventory import one_line
from evidence.models import Mode
from evidence.verification import Chain, Verification, VerificationReport
from evidence.verify import Demands
from evidence.verify_path import verify_path

_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([hdw]?)")
_UNITS = {"h": "hours", "d": "days", "": "days", "w": "weeks"}
_FINGERPRINT = re.compile("[0-9a-fA-F]{64}")


def verify_and_tell(
    path: Path,
    *,
    require: str | None = None,
    max_age: str | None = None,
    signer: str | None = None,
    chain: bool = False,
    as_json: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Verify what lies at a path for whoever called; returns the exit code: 1 on any finding.

    Raises BadOption for an option that cannot be meant, EvidenceError when nothing is there.
    """
    demands = Demands(_mode(require), _span(max_age), _fingerprint(signer))
    report = verify_path(path, demands, chain=chain)
    if as_json:
        say(report.model_dump_json(indent=2))
    else:
        for line in describe(report):
            say(line)
    return 0 if report.ok else 1


def describe(report: VerificationReport) -> Iterator[str]:
    """The report in lines for a terminal; nothing of a run can break or colour one."""
    alone = len(report.runs) == 1 and report.runs[0].path == report.path
    lines = _run_lines(report.runs[0]) if alone else _folder_lines(report)
    return map(one_line, lines)


def _run_lines(run: Verification) -> Iterator[str]:
    yield from map(_finding_line, run.findings)
    if run.signer is not None:
        yield f"signer   {run.signer.fingerprint}"
        yield f"         {run.signer.whose}"
    if run.time_stamp is not None:
        yield f"sealed   no later than {run.time_stamp.time:%Y-%m-%d %H:%M:%S} UTC"
        yield f"         as {run.time_stamp.authority} says"
    for note in run.notes:
        yield f"note     {note}"
    if run.run_id is not None:
        yield f"{run.run_id}: {_claim(run)}"
    yield "unchanged since it was sealed" if run.ok else _refusal(len(run.findings))


def _folder_lines(report: VerificationReport) -> Iterator[str]:
    """A line a run, its findings below it; then the chains; then the signers and the sum."""
    signers = {run.signer.fingerprint: run.signer for run in report.runs if run.signer}
    for run in report.runs:
        name = run.run_id or str(run.path)
        yield f"{'✓' if run.ok else '✕'} {name}  {_claim(run)}".rstrip()
        yield from (f"  {_finding_line(finding)}" for finding in run.findings)
        if run.signer is not None and len(signers) > 1:
            yield f"  signed by {run.signer.fingerprint}"
    for chain in report.chains or ():
        yield from _chain_lines(chain)
    for signer in signers.values():
        yield f"signer   {signer.fingerprint}"
        yield f"         {signer.whose}"
    for note in dict.fromkeys(note for run in report.runs for note in run.notes):
        yield f"note     {note}"
    good = sum(run.ok for run in report.runs)
    yield f"{good} of {_counted(len(report.runs), 'run')} unchanged since sealed"
    if not report.ok:
        yield _refusal(report.findings)


def _chain_lines(chain: Chain) -> Iterator[str]:
    mark = "✕" if chain.findings else "✓"
    span = f"{chain.runs[0]} to {chain.runs[-1]}" if len(chain.runs) > 1 else chain.runs[0]
    counted = _counted(len(chain.runs), "run")
    yield f"{mark} chain of {chain.kind} on {chain.target}: {counted}, {span}"
    yield from (f"  {_finding_line(finding)}" for finding in chain.findings)
    yield from (f"  note     {note}" for note in chain.notes)
    yield f"  newest   {chain.newest}"


def _claim(run: Verification) -> str:
    if run.verdict is None:
        return ""
    embedded = " (simulated, not live)" if run.mode == "embedded" else ""
    return f"{'sealed as' if run.ok else 'claims to be'} {run.verdict}, {run.mode}{embedded}"


def _finding_line(finding: Finding) -> str:
    place = f"{finding.path}: " if finding.path else ""
    return f"✕ {finding.kind:<11} {place}{finding.detail}"


def _refusal(count: int) -> str:
    return f"NOT VERIFIED: {_counted(count, 'finding')}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _mode(require: str | None) -> Mode | None:
    modes: dict[str | None, Mode | None] = {None: None, "live": "live", "embedded": "embedded"}
    if require not in modes:
        raise BadOption(f"--require takes live or embedded, not {require}.")
    return modes[require]


def _span(max_age: str | None) -> timedelta | None:
    if max_age is None:
        return None
    written = _SPAN.fullmatch(max_age.strip())
    if written is None:
        raise BadOption(f"--max-age takes days as 7 or 7d, hours as 12h, weeks as 2w: {max_age}?")
    return timedelta(**{_UNITS[written[2]]: float(written[1])})


def _fingerprint(signer: str | None) -> str | None:
    if signer is not None and not _FINGERPRINT.fullmatch(signer):
        raise BadOption(f"--signer takes a key's fingerprint, 64 hexadecimal digits, not {signer}.")
    return signer
