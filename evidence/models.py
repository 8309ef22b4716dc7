"""What a run's evidence says: the typed form of `run.json`, format version 1."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

Mode = Literal["embedded", "live"]
Verdict = Literal["passed", "failed", "incomplete", "blocked"]
Outcome = Literal["done", "failed", "interrupted", "not-run"]


class Frozen(BaseModel):
    """A value that cannot change and refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(Frozen):
    """A named assertion: what was expected, what was observed, and the artefact that shows it."""

    name: str
    step: str
    expected: str
    observed: str
    passed: bool
    artefact: str | None = None
    line: int | None = None


class Command(Frozen):
    """A process that the run started.

    `exit_code` is None when it never ended by itself. `left_running` says that it left others
    of its group behind, which were ended. `left_out_bytes` is what the capped log lacks.
    """

    step: str
    argv: tuple[str, ...]
    log: str
    started: datetime
    duration_seconds: float | None = None
    exit_code: int | None = None
    timed_out: bool = False
    left_running: bool = False
    left_out_bytes: int = 0


class Step(Frozen):
    """A named, timed part of a run; `problem` says in one sentence why it failed."""

    name: str
    started: datetime | None = None
    duration_seconds: float | None = None
    outcome: Outcome = "not-run"
    problem: str | None = None


class Artefact(Frozen):
    """A file of the evidence as it was when it was captured; size in bytes, digest in hex."""

    name: str
    size: int
    sha256: str


class Drill(Frozen):
    """A fault that was really injected, the checks that it must turn red, and those it did."""

    fault: str
    expected_red: tuple[str, ...]
    observed_red: tuple[str, ...]


class Note(Frozen):
    """A sentence that the run left for its reader."""

    at: datetime
    step: str
    text: str


class GitState(Frozen):
    """The commit that was rehearsed; `dirty` when the working tree differed from it."""

    commit: str | None
    dirty: bool


class Setting(Frozen):
    """A configuration value and where it came from (`rehearsals.toml`, a flag, a default)."""

    value: JsonValue
    origin: str


class RunRecord(Frozen):
    """Everything `run.json` holds. It is computed from `journal.jsonl` alone.

    `previous` is the SHA-256 (hex) of the in-toto statement of the run before it
    of the same kind and target, or None for the first.
    """

    format_version: Literal[1] = 1
    kind: str
    timestamp: str
    target: str
    mode: Mode
    drill: bool = False
    simulated: tuple[str, ...] = ()
    operator: str
    host: str
    git: GitState
    tools: dict[str, str]
    configuration: dict[str, Setting]
    override: str | None = None
    started: datetime
    finished: datetime | None = None
    steps: tuple[Step, ...] = ()
    commands: tuple[Command, ...] = ()
    checks: tuple[Check, ...] = ()
    drills: tuple[Drill, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    expected_checks: tuple[str, ...] = ()
    required_files: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    redactions: dict[str, int] = {}
    verdict: Verdict
    reason: str
    previous: str | None = None

    @property
    def run_id(self) -> str:
        """`<kind>/<timestamp>`."""
        return f"{self.kind}/{self.timestamp}"
