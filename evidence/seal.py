"""Seal a finished run: make its report, digest every file, sign, and make all of it read-only.

The attestation is written last and under a temporary name first, so a run is either sealed
whole or not sealed at all; sealing that was broken off can be done again. What others say of
the attestation, a time-stamp or the certificate of a CI identity, is had before that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from evidence.content import content_problem
from evidence.errors import BadKey, BrowserFailed, MissingPackage, SealRefused
from evidence.inventory import (
    AFTER_THE_STATEMENT,
    ATTESTATION_NAME,
    CERTIFICATION_NAME,
    JOURNAL_NAME,
    PICTURE_NAME,
    RECORD_NAME,
    REPORT_NAME,
    SIGNER_NAME,
    SUMS_NAME,
    TIME_STAMP_NAME,
    digest_of,
    digests_of,
    sums_text,
    take_inventory,
    write_file,
)
from evidence.journal import read_journal, sync_directory
from evidence.keyless import KeylessKey
from evidence.keys import SigningKey
from evidence.leaks import find_leaks
from evidence.models import RunRecord
from evidence.outcome import record_from
from evidence.redact import Redactor
from evidence.report import stream_report
from evidence.statement import SignedWith, envelope_for, statement_digest, statement_for
from evidence.time_stamps import BadTimeStamp, TimeStampAuthority, request_time_stamp

_MADE_HERE = (
    RECORD_NAME,
    REPORT_NAME,
    PICTURE_NAME,
    SIGNER_NAME,
    SUMS_NAME,
    *AFTER_THE_STATEMENT,
)
_EMPTY = "an empty folder"
_LEAKS_SHOWN = 5


@dataclass(frozen=True)
class Seal:
    """What sealing made: the SHA-256 (hex) of the statement, and whose key signed it.

    `picture_problem` says in one sentence why there is no `report.png`, `time_stamp_problem`
    why there is no time-stamp although an authority was asked; None where nothing is amiss.
    """

    directory: Path
    digest: str
    fingerprint: str
    label: str
    picture_problem: str | None
    time_stamp_problem: str | None = None


def seal(
    directory: Path,
    record: RunRecord,
    key: SigningKey,
    *,
    redactor: Redactor | None = None,
    screenshot: bool = True,
    authority: TimeStampAuthority | None = None,
) -> Seal:
    """Seal the run in `directory`. `record` must be what its journal gives, or nothing is sealed.

    `redactor` knows the run's secrets; without one only the shapes of tokens are looked for.
    The picture of the report is left out, and said to be, where no browser can take it: a run
    is not lost for that. `authority` is asked for a time-stamp; where it gives none, the seal
    stands without one, unless it is required.

    Raises SealRefused for a run that is sealed already, whose journal tells something else,
    that still holds a secret, that passed with evidence that is damaged, that the key does not
    sign, or that lacks a required time-stamp.
    """
    _refuse_unsealable(directory, record)
    _remove_remains(directory)
    _refuse_leaks(directory, redactor or Redactor())

    write_file(directory / RECORD_NAME, [record_text(record)])
    digests = digests_of(directory, take_inventory(directory).files)
    pieces = stream_report(record, directory, digests)
    write_file(directory / REPORT_NAME, (piece.encode() for piece in pieces))
    picture_problem = _picture(directory) if screenshot else None
    write_file(directory / SIGNER_NAME, [key.public_pem])

    subjects = _digest_everything(directory)
    try:
        signed = _sign(record, subjects, key, authority)
    except (BadKey, BadTimeStamp, MissingPackage) as error:
        raise SealRefused(f"{directory} was not sealed: {error}") from None
    _make_read_only(directory, subjects)
    for name, content in signed.files.items():
        write_file(directory / name, [content])
        _make_read_only(directory, [name])
    sync_directory(directory)
    digest = statement_digest(signed.statement)
    return Seal(
        directory, digest, key.fingerprint, key.label, picture_problem, signed.time_stamp_problem
    )


def record_text(record: RunRecord) -> bytes:
    """`run.json`: the record as indented JSON."""
    return json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False).encode() + b"\n"


def _refuse_unsealable(directory: Path, record: RunRecord) -> None:
    if (directory / ATTESTATION_NAME).exists():
        raise SealRefused(f"{directory} is sealed already; a run is sealed once.")
    reading = read_journal(directory / JOURNAL_NAME)
    if record != record_from(reading.events):
        raise SealRefused(
            f"{directory} was not sealed: the record is not the one that {JOURNAL_NAME} gives."
        )
    for name, kind in take_inventory(directory).strange:
        if kind != _EMPTY:
            raise SealRefused(f"{directory / name} is {kind}; only plain files can be sealed.")
    if record.verdict == "passed":
        _refuse_damage(directory, record, reading.problems)


def _refuse_damage(directory: Path, record: RunRecord, problems: tuple[str, ...]) -> None:
    """A run that passed is sealed only when its own evidence bears it out."""
    found = [f"{JOURNAL_NAME}: {problem}" for problem in problems]
    found += [
        f"{name} {problem}"
        for name in record.required_files
        if (problem := content_problem(directory / name))
    ]
    found += _changed_since_captured(directory, record)
    if found:
        raise SealRefused(f"{directory} passed but cannot be sealed: {'; '.join(found)}.")


def _changed_since_captured(directory: Path, record: RunRecord) -> list[str]:
    captured = {artefact.name: artefact.sha256 for artefact in record.artefacts}
    return [
        f"{name} changed after it was captured"
        for name, digest in captured.items()
        if (directory / name).is_file() and digest_of(directory / name) != digest
    ]


def _remove_remains(directory: Path) -> None:
    """What sealing left that was broken off, and empty folders, for no digest stands for those."""
    for name in _MADE_HERE:
        (directory / name).unlink(missing_ok=True)
        (directory / f"{name}.partial").unlink(missing_ok=True)
    while empty := [name for name, kind in take_inventory(directory).strange if kind == _EMPTY]:
        for name in empty:
            (directory / name).rmdir()


def _refuse_leaks(directory: Path, redactor: Redactor) -> None:
    names = take_inventory(directory).files
    places = [str(leak) for leak in find_leaks(directory, names, redactor)]
    if places:
        more = len(places) - _LEAKS_SHOWN
        shown = "; ".join(places[:_LEAKS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise SealRefused(
            f"{directory} was not sealed, for it still holds a secret: {shown}. Take it out at its "
            "source and rehearse again; whoever could read the folder may have seen it."
        )


def _picture(directory: Path) -> str | None:
    """Take the report's picture, which shows the report's own bands; returns why not."""
    from evidence.browser import screenshot

    try:
        screenshot(directory / REPORT_NAME, directory / PICTURE_NAME)
    except BrowserFailed as error:
        return str(error)
    return None


def _digest_everything(directory: Path) -> dict[str, str]:
    """Write SHA256SUMS; returns the digest of every file but the attestation, that one too."""
    names = [name for name in take_inventory(directory).files if name != SUMS_NAME]
    digests = digests_of(directory, names)
    write_file(directory / SUMS_NAME, [sums_text(digests)])
    digests[SUMS_NAME] = digest_of(directory / SUMS_NAME)
    return dict(sorted(digests.items(), key=lambda item: item[0].encode()))


class _Signed(NamedTuple):
    """A statement and the files around it in the order of writing, the attestation last."""

    statement: bytes
    files: dict[str, bytes]
    time_stamp_problem: str | None


def _sign(
    record: RunRecord,
    subjects: Mapping[str, str],
    key: SigningKey,
    authority: TimeStampAuthority | None,
) -> _Signed:
    signed_with = SignedWith(
        label=key.label, source=key.source, time_stamped_by=authority.url if authority else None
    )
    statement = statement_for(record, subjects, signed_with)
    envelope = envelope_for(statement, key)
    files: dict[str, bytes] = {}
    if authority is not None:
        try:
            files[TIME_STAMP_NAME] = request_time_stamp(authority, envelope)
        except BadTimeStamp as error:
            if authority.required:
                raise
            # The statement must not promise what is not there.
            return _sign(record, subjects, key, None)._replace(time_stamp_problem=str(error))
    if isinstance(key, KeylessKey):
        files[CERTIFICATION_NAME] = key.certify(statement)
    files[ATTESTATION_NAME] = envelope
    return _Signed(statement, files, None)


def _make_read_only(directory: Path, names: Iterable[str]) -> None:
    for name in names:
        path = directory / name
        path.chmod(path.stat().st_mode & ~0o222)
