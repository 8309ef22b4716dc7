"""Check a sealed run against its own seal: every finding, each in one sentence.

Integrity needs nothing but the run. Who sealed it is another question: the run brings its
signer's public key along, and only someone who knows that key can answer it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from evidence.bundle_names import root_name
from evidence.bundle_reading import BundleFiles, open_bundle
from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadBundle, EvidenceError
from evidence.findings import Finding, FindingKind, file_findings, record_findings
from evidence.inventory import ATTESTATION_NAME, JOURNAL_NAME
from evidence.models import Mode
from evidence.run_files import DirectoryFiles, RunFiles, read_start
from evidence.signature import judge_signature
from evidence.statement import MalformedAttestation, Predicate, read_attestation
from evidence.verification import Verification
from evidence.vouchers import read_vouchers

__all__ = ["Demands", "Verification", "verify", "verify_run"]

UNSEALED = "it is not sealed; if it runs no longer, invoke evidence.recover seals it as incomplete"
# Clocks of two machines differ by less.
_CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Demands:
    """What a run has to be beside whole.

    `mode` refuses the other one, `max_age` a run that ended longer ago, `signer` every key but
    the one of that fingerprint (SHA-256 hex of its DER form).
    """

    mode: Mode | None = None
    max_age: timedelta | None = None
    signer: str | None = None


def verify(
    path: Path,
    *,
    require_mode: Mode | None = None,
    max_age: timedelta | None = None,
    signer: str | None = None,
    config_dir: Path | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Verification:
    """Check the sealed run in the directory or bundle `path`; nothing is unpacked.

    The options are those of `Demands`. Raises EvidenceError when `path` is neither.
    """
    return verify_run(path, Demands(require_mode, max_age, signer), config_dir, clock.now())


def verify_run(
    path: Path, demands: Demands, config_dir: Path | None, now: datetime
) -> Verification:
    """Check one run, in a directory or a bundle, by what is demanded of it now."""
    if path.is_dir():
        files = DirectoryFiles(path)
        if not {ATTESTATION_NAME, JOURNAL_NAME} & set(files.inventory.files):
            raise EvidenceError(f"{path} holds no run: it has no {ATTESTATION_NAME}.")
        return _verified(path, files, demands, config_dir, now)
    if not path.exists():
        raise EvidenceError(f"{path} is not there; name a run's directory, or a bundle.")
    try:
        with open_bundle(path) as bundle:
            found = _verified(path, bundle, demands, config_dir, now)
            return _with_findings(found, _bundle_findings(found, bundle))
    except BadBundle as error:
        return Verification(path=path, findings=(_finding("bundle", None, str(error).rstrip(".")),))


def _verified(
    path: Path, files: RunFiles, demands: Demands, config_dir: Path | None, now: datetime
) -> Verification:
    names = files.inventory.files
    if ATTESTATION_NAME not in names:
        return Verification(path=path, findings=(_finding("unsealed", None, UNSEALED),))
    there = {name: files.digest(name) for name in names if name != ATTESTATION_NAME}
    envelope = read_start(files, ATTESTATION_NAME)
    try:
        attestation = read_attestation(envelope)
    except MalformedAttestation as error:
        unreadable = _finding("attestation", ATTESTATION_NAME, str(error).rstrip("."))
        return Verification(path=path, findings=(unreadable, *record_findings(files, there, None)))
    vouchers = read_vouchers(files, there, attestation, envelope)
    there = {name: digest for name, digest in there.items() if name not in vouchers.names}
    judged = judge_signature(
        files,
        there,
        attestation,
        expected=demands.signer,
        vouchers=vouchers,
        config_dir=config_dir,
    )
    said = attestation.predicate
    return Verification(
        path=path,
        findings=(
            *judged.findings,
            *vouchers.findings,
            *_demand_findings(said, demands, now),
            *file_findings(files, there, attestation),
            *record_findings(files, there, attestation),
        ),
        notes=(*judged.notes, *vouchers.notes),
        signer=judged.signer,
        time_stamp=vouchers.time_stamp,
        verdict=said.verdict,
        mode=said.mode,
        run_id=f"{said.kind}/{said.timestamp}",
        kind=said.kind,
        target=said.target,
        timestamp=said.timestamp,
        started=said.started,
        finished=said.finished,
        digest=attestation.digest,
        previous=said.previous,
    )


def _demand_findings(said: Predicate, demands: Demands, now: datetime) -> Iterator[Finding]:
    if demands.mode is not None and said.mode != demands.mode:
        detail = f"this evidence is {said.mode}; {demands.mode} was asked for"
        yield _finding("mode", None, detail)
    if demands.max_age is None:
        return
    age = now - (said.finished or said.started)
    if age > demands.max_age:
        detail = f"this run is {_days(age)} old; at most {_days(demands.max_age)} was asked for"
        yield _finding("age", None, detail)
    elif age < -_CLOCK_TOLERANCE:
        yield _finding(
            "age", None, f"this run ended {_days(-age)} after now, so its age is unknown"
        )


def _bundle_findings(found: Verification, bundle: BundleFiles) -> Iterator[Finding]:
    if found.kind is not None and found.timestamp is not None:
        right = root_name(found.kind, found.timestamp)
        if bundle.root != right:
            detail = f"the folder in the bundle is {bundle.root}; this run's is {right}"
            yield _finding("misplaced", None, detail)
    for name in bundle.damaged:
        yield _finding("bundle", name, "its content is not what its checksum was made of")


def _with_findings(found: Verification, more: Iterable[Finding]) -> Verification:
    return found.model_copy(update={"findings": (*more, *found.findings)})


def _finding(kind: FindingKind, path: str | None, detail: str) -> Finding:
    return Finding(kind=kind, path=path, detail=detail)


def _days(span: timedelta) -> str:
    days = span / timedelta(days=1)
    return f"{days:.1f} days" if days >= 1 else f"{span / timedelta(hours=1):.1f} hours"
