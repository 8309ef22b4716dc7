"""What is signed of a run: an in-toto Statement v1 in a DSSE envelope, in one canonical form.

Sources: in-toto attestation framework, spec v1 (Statement, ResourceDescriptor);
DSSE v1.0.0 (protocol.md: pre-authentication encoding; envelope.md: JSON envelope).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, JsonValue, ValidationError

from evidence.errors import EvidenceError
from evidence.keys import SigningKey
from evidence.models import Frozen, GitState, Mode, RunRecord, Verdict

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://hotpass.dev/evidence/run/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class PredicateCheck(Frozen):
    """A check as it is signed."""

    name: str
    expected: str
    observed: str
    passed: bool


class SignedWith(Frozen):
    """What the signer says of how it sealed: its own word, which proves nothing by itself.

    `label` says what its key is worth, `source` where the key came from. `time_stamped_by` is
    the address of the authority whose time-stamp lies beside the attestation, None for none.
    """

    label: str
    source: str
    time_stamped_by: str | None = None


class Predicate(Frozen):
    """What the signature says of a run beside the digests of its files.

    `previous` is the SHA-256 (hex) of the statement of the run before it of the same kind and
    target; `redactions` counts the secret values that were taken out.
    """

    format_version: Literal[1] = 1
    kind: str
    timestamp: str
    target: str
    mode: Mode
    drill: bool
    simulated: tuple[str, ...]
    verdict: Verdict
    reason: str
    started: AwareDatetime
    finished: AwareDatetime | None
    git: GitState
    checks: tuple[PredicateCheck, ...]
    redactions: int
    previous: str | None
    signed_with: SignedWith


class MalformedAttestation(EvidenceError):
    """An attestation that is not an envelope around a statement about a run."""


@dataclass(frozen=True)
class Attestation:
    """A read envelope: the signed bytes as they were, and what they say."""

    payload: bytes
    signature: bytes
    subjects: dict[str, str]
    predicate: Predicate

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the statement: what the next run names as its previous one."""
        return statement_digest(self.payload)


def statement_for(record: RunRecord, digests: Mapping[str, str], signed_with: SignedWith) -> bytes:
    """The statement about a run: `digests` maps each file's name to its SHA-256 (hex)."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in digests.items()
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate_for(record, signed_with).model_dump(mode="json"),
    }
    return _canonical(statement)


def predicate_for(record: RunRecord, signed_with: SignedWith) -> Predicate:
    """What is signed of a record."""
    return Predicate(
        kind=record.kind,
        timestamp=record.timestamp,
        target=record.target,
        mode=record.mode,
        drill=record.drill,
        simulated=record.simulated,
        verdict=record.verdict,
        reason=record.reason,
        started=record.started,
        finished=record.finished,
        git=record.git,
        checks=tuple(
            PredicateCheck(
                name=check.name,
                expected=check.expected,
                observed=check.observed,
                passed=check.passed,
            )
            for check in record.checks
        ),
        redactions=sum(record.redactions.values()),
        previous=record.previous,
        signed_with=signed_with,
    )


def statement_digest(payload: bytes) -> str:
    """SHA-256 (hex) of a statement's bytes."""
    return hashlib.sha256(payload).hexdigest()


def envelope_for(payload: bytes, key: SigningKey) -> bytes:
    """The signed envelope around a statement, as `attestation.json` holds it."""
    signature = key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    return _envelope(payload, signature)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a DSSE signature covers (DSSE v1.0.0, protocol.md)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read_attestation(content: bytes) -> Attestation:
    """Read `attestation.json` without judging its signature.

    Raises MalformedAttestation when it is not what `envelope_for` writes, to the byte: one
    signature, standard base64, no other key, order or white space than the canonical form's.
    """
    try:
        envelope = json.loads(content)
        (entry,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(entry["sig"], validate=True)
        canonical = _envelope(payload, signature)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise MalformedAttestation(
            "attestation.json is not a DSSE envelope with one signature."
        ) from None
    if content != canonical:
        raise MalformedAttestation(
            "attestation.json is not in its canonical form: a byte outside the signed statement "
            "was changed."
        )
    return _read_statement(payload, signature)


def _read_statement(payload: bytes, signature: bytes) -> Attestation:
    try:
        statement = json.loads(payload)
        kinds = statement["_type"], statement["predicateType"]
        subjects = {
            subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]
        }
        texts = all(isinstance(text, str) for pair in subjects.items() for text in pair)
        predicate = Predicate.model_validate(statement["predicate"])
        repeated = len(subjects) != len(statement["subject"])
        canonical = _canonical(statement) == payload
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise MalformedAttestation(
            f"the statement's predicate is not a run's: {place}: {first['msg']}."
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MalformedAttestation("the signed payload is not an in-toto statement.") from None
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise MalformedAttestation(
            f"the statement is a {kinds[0]} about {kinds[1]}; expected a {STATEMENT_TYPE} about "
            f"{PREDICATE_TYPE}."
        )
    if repeated or not texts or not canonical:
        raise MalformedAttestation("the statement is not in its canonical form.")
    return Attestation(payload, signature, subjects, predicate)


def _envelope(payload: bytes, signature: bytes) -> bytes:
    envelope: dict[str, JsonValue] = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        # An empty key id, as cosign writes it: a hint that is not signed could only mislead.
        "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
    }
    return _canonical(envelope) + b"\n"


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
