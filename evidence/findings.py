"""Find every way in which a sealed run is not what was sealed, or not what its journal gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, Literal

from pydantic import ValidationError

from evidence.content import stream_problem
from evidence.errors import BadJournal
from evidence.inventory import (
    ATTESTATION_NAME,
    JOURNAL_NAME,
    PICTURE_NAME,
    RECORD_NAME,
    REPORT_NAME,
    SCRIPT_NAME,
    SUMS_NAME,
    sums_text,
)
from evidence.journal import JournalReading, read_journal_lines
from evidence.models import Frozen, RunRecord
from evidence.outcome import record_from
from evidence.run_files import LARGEST_HELD_BYTES, RunFiles, read_start
from evidence.statement import Attestation, predicate_for

FindingKind = Literal[
    "added",
    "age",
    "attestation",
    "backdated",
    "bundle",
    "changed",
    "content",
    "deleted",
    "forked",
    "journal",
    "misplaced",
    "mode",
    "removed",
    "renamed",
    "run.json",
    "signature",
    "signer",
    "sums",
    "time-stamp",
    "unsealed",
]

# What every run has beside the files that its kind requires.
EVERY_RUN = (JOURNAL_NAME, RECORD_NAME, SCRIPT_NAME, REPORT_NAME)


class Finding(Frozen):
    """Something that is not as it was sealed, or not as it was asked for."""

    kind: FindingKind
    path: str | None
    detail: str


def file_findings(
    files: RunFiles, there: Mapping[str, str], attestation: Attestation
) -> Iterator[Finding]:
    """What differs between the files that are there, with their digests, and the signed ones."""
    signed = attestation.subjects
    gone = {name: digest for name, digest in signed.items() if name not in there}
    new = {name: digest for name, digest in there.items() if name not in signed}
    for name, digest in sorted(gone.items()):
        twin = next((other for other, found in new.items() if found == digest), None)
        if twin is None:
            yield Finding(kind="removed", path=name, detail="this sealed file is not there")
        else:
            del new[twin]
            yield Finding(kind="renamed", path=name, detail=f"this sealed file is now {twin}")
    for name in sorted(new):
        yield Finding(kind="added", path=name, detail="this file was not sealed")
    for name, what in files.inventory.strange:
        yield Finding(kind="added", path=name, detail=f"this is {what}, which was not sealed")
    for name in sorted(signed.keys() & there.keys()):
        if signed[name] != there[name]:
            detail = f"sealed with SHA-256 {signed[name]}, now {there[name]}"
            yield Finding(kind="changed", path=name, detail=detail)
    listed = {name: digest for name, digest in signed.items() if name != SUMS_NAME}
    right = hashlib.sha256(sums_text(listed)).hexdigest()
    if SUMS_NAME in there and there[SUMS_NAME] != right:
        detail = "this list of digests is not the signed one"
        yield Finding(kind="sums", path=SUMS_NAME, detail=detail)


def record_findings(
    files: RunFiles, there: Mapping[str, str], attestation: Attestation | None
) -> Iterator[Finding]:
    """What does not follow from the journal, and what is not what its name says."""
    if JOURNAL_NAME not in there:
        yield Finding(kind="journal", path=JOURNAL_NAME, detail="there is no journal")
        return
    reading = _journal(files)
    for problem in reading.problems:
        yield Finding(kind="journal", path=JOURNAL_NAME, detail=problem)
    try:
        record = record_from(reading.events)
    except BadJournal as error:
        yield Finding(kind="journal", path=JOURNAL_NAME, detail=str(error))
        return
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # A forged journal may hold anything where a recorder writes a number or a name.
        detail = f"no record can be computed from it: {type(error).__name__}: {error}"
        yield Finding(kind="journal", path=JOURNAL_NAME, detail=detail)
        return
    if RECORD_NAME in there:
        yield from _run_json_findings(files, record)
    if attestation is not None:
        said = attestation.predicate
        if said != predicate_for(record, said.signed_with):
            detail = f"the signed statement is not what the journal gives ({record.verdict})"
            yield Finding(kind="attestation", path=ATTESTATION_NAME, detail=detail)
    if record.verdict == "passed":
        yield from _required_findings(files, there, record)
    yield from _artefact_findings(there, record, attestation)


def _journal(files: RunFiles) -> JournalReading:
    """The journal, or as much of it as is held in memory."""
    with files.open(JOURNAL_NAME) as file:
        reading = read_journal_lines(_lines(file, LARGEST_HELD_BYTES))
        whole = not file.read(1)
    if whole:
        return reading
    problem = f"it is longer than is read, {LARGEST_HELD_BYTES} bytes"
    return replace(reading, problems=(*reading.problems, problem))


def _lines(file: BinaryIO, most: int) -> Iterator[bytes]:
    while most > 0 and (line := file.readline(most)):
        yield line
        most -= len(line)


def _run_json_findings(files: RunFiles, record: RunRecord) -> Iterator[Finding]:
    try:
        written = RunRecord.model_validate_json(read_start(files, RECORD_NAME))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        detail = f"this is not a run's record: {place + ': ' if place else ''}{first['msg']}"
        yield Finding(kind="run.json", path=RECORD_NAME, detail=detail)
    else:
        if written != record:
            detail = f"this is not what the journal gives: {_difference(written, record)}"
            yield Finding(kind="run.json", path=RECORD_NAME, detail=detail)


def _required_findings(
    files: RunFiles, there: Mapping[str, str], record: RunRecord
) -> Iterator[Finding]:
    """A run that did not pass may lack files, and says so; one that passed rests on them all."""
    for name in (*record.required_files, *EVERY_RUN):
        if name not in there:
            detail = "this required file is missing"
            yield Finding(kind="content", path=name, detail=detail)
        elif problem := _content_problem(files, name):
            yield Finding(kind="content", path=name, detail=f"this required file {problem}")
    if PICTURE_NAME in there and (problem := _content_problem(files, PICTURE_NAME)):
        yield Finding(kind="content", path=PICTURE_NAME, detail=f"this picture {problem}")


def _content_problem(files: RunFiles, name: str) -> str | None:
    with files.open(name) as file:
        return stream_problem(name, file)


def _artefact_findings(
    there: Mapping[str, str], record: RunRecord, attestation: Attestation | None
) -> Iterator[Finding]:
    """Files that were sealed, but not as they had been captured."""
    sealed = attestation.subjects if attestation else there
    captured = {artefact.name: artefact.sha256 for artefact in record.artefacts}
    for name, digest in captured.items():
        if name in there and there[name] == sealed.get(name) != digest:
            detail = "this is not what the journal says was captured"
            yield Finding(kind="content", path=name, detail=detail)


def _difference(written: RunRecord, computed: RunRecord) -> str:
    names = [
        name for name in RunRecord.model_fields if getattr(written, name) != getattr(computed, name)
    ]
    return f"{', '.join(names)} differ{'s' if len(names) == 1 else ''}"
