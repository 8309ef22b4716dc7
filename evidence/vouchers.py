"""What others say of an attestation, in the files beside it: when it was sealed, and by whom.

The signed statement promises these files, so that one that was taken away is missed; one that
was not promised counts as added, like any other file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from evidence.configuration import KEYLESS
from evidence.errors import BadKey, MissingPackage
from evidence.findings import Finding, FindingKind
from evidence.inventory import CERTIFICATION_NAME, TIME_STAMP_NAME
from evidence.keyless import certified_identity
from evidence.run_files import RunFiles, read_start
from evidence.statement import Attestation
from evidence.time_stamps import BadTimeStamp, TimeStamp, read_time_stamp, trusted_authorities
from evidence.trusted_keys import CertifiedIdentity

_LARGEST_TIME_STAMP = 2**17
_LARGEST_CERTIFICATION = 2**26
# A clock may be wrong by this much; after this long a reader should know.
_TOLERANCE = timedelta(minutes=5)
_LONG_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Vouchers:
    """What the promised files show; `names` are those that are promised and there."""

    names: frozenset[str] = frozenset()
    time_stamp: TimeStamp | None = None
    identity: CertifiedIdentity | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def read_vouchers(
    files: RunFiles, there: Mapping[str, str], attestation: Attestation, envelope: bytes
) -> Vouchers:
    """Check the files that the statement promises; `envelope` is the attestation's own file.

    Where a package is missing that could check one, or no authority is trusted here, a note
    says so, and nothing is taken from the file.
    """
    promised = {
        TIME_STAMP_NAME: attestation.predicate.signed_with.time_stamped_by is not None,
        CERTIFICATION_NAME: attestation.predicate.signed_with.source == KEYLESS,
    }
    wanted = [name for name, is_promised in promised.items() if is_promised]
    findings = [
        _finding("removed", name, "the statement says that this file is there")
        for name in wanted
        if name not in there
    ]
    names = frozenset(name for name in wanted if name in there)
    notes: list[str] = []
    time_stamp = identity = None
    if TIME_STAMP_NAME in names:
        time_stamp = _time_stamp(files, attestation, envelope, findings, notes)
    if CERTIFICATION_NAME in names:
        identity = _identity(files, attestation, findings, notes)
    return Vouchers(names, time_stamp, identity, tuple(findings), tuple(notes))


def _time_stamp(
    files: RunFiles,
    attestation: Attestation,
    envelope: bytes,
    findings: list[Finding],
    notes: list[str],
) -> TimeStamp | None:
    response = read_start(files, TIME_STAMP_NAME, _LARGEST_TIME_STAMP)
    try:
        found = read_time_stamp(response, envelope, trusted_authorities())
    except MissingPackage as error:
        notes.append(f"the time-stamp was not checked: {error}")
        return None
    except BadTimeStamp as error:
        findings.append(_finding("time-stamp", TIME_STAMP_NAME, str(error)))
        return None
    if not found.trusted:
        notes.append(
            f"the time-stamp by {found.authority} was not checked: name its root certificate in "
            "HOTPASS_TSA_CERTIFICATE"
        )
        return None
    said = attestation.predicate.finished or attestation.predicate.started
    if said > found.time + _TOLERANCE:
        detail = f"it was time-stamped at {found.time}, before the run says that it ended, {said}"
        findings.append(_finding("time-stamp", TIME_STAMP_NAME, detail))
    elif found.time > said + _LONG_AFTER:
        days = (found.time - said) / timedelta(days=1)
        notes.append(f"it was time-stamped {days:.1f} days after the run says that it ended")
    return found


def _identity(
    files: RunFiles, attestation: Attestation, findings: list[Finding], notes: list[str]
) -> CertifiedIdentity | None:
    bundle = read_start(files, CERTIFICATION_NAME, _LARGEST_CERTIFICATION)
    try:
        return certified_identity(bundle, attestation.payload)
    except MissingPackage as error:
        notes.append(f"the signer's identity was not checked: {error}")
    except BadKey as error:
        findings.append(_finding("signer", CERTIFICATION_NAME, str(error)))
    return None


def _finding(kind: FindingKind, path: str, detail: str) -> Finding:
    return Finding(kind=kind, path=path, detail=detail)
