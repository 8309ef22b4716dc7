"""Verify whatever lies at a path: a run, a bundle, or a folder of them with their chains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from evidence.chain import Link, find_chains
from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadOption, EvidenceError
from evidence.findings import Finding, FindingKind
from evidence.inventory import ATTESTATION_NAME, JOURNAL_NAME
from evidence.listing import find_runs, is_run, summarise
from evidence.verification import Chain, Verification, VerificationReport
from evidence.verify import Demands, verify_run

_NO_DEMANDS = Demands()


def verify_path(
    path: Path,
    demands: Demands = _NO_DEMANDS,
    *,
    chain: bool = False,
    config_dir: Path | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> VerificationReport:
    """Verify a run, a bundle, or each of those one or two folders below `path`.

    `chain` looks whether each statement follows the one before it, for which a folder of runs
    is needed. Raises EvidenceError when there is nothing to verify.
    """
    now = clock.now()
    chains = None
    if path.is_dir() and not is_run(path):
        runs = tuple(_verified_in(path, demands, config_dir, now))
        if not runs:
            raise EvidenceError(f"{path} holds no run; name a run, a bundle or a folder of runs.")
        chains = _chains(runs) if chain else None
    elif chain:
        raise BadOption(f"--chain needs the folder of all the runs; name {path.absolute().parent}.")
    else:
        runs = (verify_run(path, demands, config_dir, now),)
    return VerificationReport(
        path=path,
        verified_at=now,
        required_mode=demands.mode,
        max_age_seconds=demands.max_age.total_seconds() if demands.max_age is not None else None,
        runs=runs,
        chains=chains,
    )


def _verified_in(
    folder: Path, demands: Demands, config_dir: Path | None, now: datetime
) -> Iterator[Verification]:
    for path in find_runs(folder):
        if path.is_dir() and not is_run(path):
            detail = f"no run is here: {JOURNAL_NAME} and {ATTESTATION_NAME} are gone"
            yield Verification(path=path, findings=(_finding("removed", detail),))
            continue
        found = verify_run(path, demands, config_dir, now)
        if path.is_dir() and found.run_id is not None:
            nested = path.parent != folder
            here = f"{path.parent.name}/{path.name}" if nested else path.name
            right = found.run_id if nested else found.timestamp
            if here != right:
                detail = f"this is {found.run_id}, so it lies in the wrong place"
                more = (_finding("misplaced", detail), *found.findings)
                found = found.model_copy(update={"findings": more})
        yield found


def _chains(runs: tuple[Verification, ...]) -> tuple[Chain, ...]:
    unsealed = [
        (told.kind, told.target, told.timestamp)
        for run in runs
        if any(finding.kind == "unsealed" for finding in run.findings)
        for told in [summarise(run.path)]
    ]
    return find_chains(_links(runs), unsealed)


def _links(runs: tuple[Verification, ...]) -> Iterator[Link]:
    """The runs that a statement could be read of; whether it is genuine is told with each run."""
    for run in runs:
        if run.kind and run.target and run.timestamp and run.started and run.verdict and run.digest:
            yield Link(
                kind=run.kind,
                target=run.target,
                timestamp=run.timestamp,
                started=run.started,
                verdict=run.verdict,
                digest=run.digest,
                previous=run.previous,
            )


def _finding(kind: FindingKind, detail: str) -> Finding:
    return Finding(kind=kind, path=None, detail=detail)
