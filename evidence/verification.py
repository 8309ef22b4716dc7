"""What verifying finds, typed: the form of `invoke evidence.verify --json`, version 1."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import computed_field

from evidence.findings import Finding
from evidence.models import Frozen, Mode, Verdict
from evidence.time_stamps import TimeStamp
from evidence.trusted_keys import CertifiedIdentity

Trust = Literal["local", "trusted", "certified", "unknown"]


class Signer(Frozen):
    """Whose key the signature is by, as far as this machine knows.

    `local` is the key that signs here, `trusted` one of the trusted-keys file, `certified` one
    of a CI identity that no line of that file is about; `whose` says it in words. `signed_with`
    is the signer's own word and proves nothing.
    """

    fingerprint: str
    trust: Trust
    whose: str
    signed_with: str
    identity: CertifiedIdentity | None = None


class Verification(Frozen):
    """What verifying one run found.

    What the statement says of the run is None when not even that could be read: `digest` is
    the SHA-256 (hex) of the statement, `previous` that of the run before it.
    """

    path: Path
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    signer: Signer | None = None
    time_stamp: TimeStamp | None = None
    verdict: Verdict | None = None
    mode: Mode | None = None
    run_id: str | None = None
    kind: str | None = None
    target: str | None = None
    timestamp: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    digest: str | None = None
    previous: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.findings


class Chain(Frozen):
    """The row of sealed runs of one kind on one target, oldest first by what they say.

    `newest` is the SHA-256 (hex) of the last statement: what a chain cannot show is whether
    there were later ones, so compare it with what you know from elsewhere.
    """

    kind: str
    target: str
    runs: tuple[str, ...]
    newest: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


class VerificationReport(Frozen):
    """What verifying a path found: one run, or every run of a folder.

    `chains` is None unless they were asked for; `max_age_seconds` and `required_mode` are what
    was asked for.
    """

    format_version: Literal[1] = 1
    path: Path
    verified_at: datetime
    required_mode: Mode | None
    max_age_seconds: float | None
    runs: tuple[Verification, ...]
    chains: tuple[Chain, ...] | None = None

    @property
    def findings(self) -> int:
        """How many findings there are in all."""
        told = sum(len(run.findings) for run in self.runs)
        return told + sum(len(chain.findings) for chain in self.chains or ())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return self.findings == 0
