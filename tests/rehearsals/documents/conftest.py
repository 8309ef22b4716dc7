"""A project with the three documents, and runs to render into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evidence.models import Artefact, Check, GitState, RunRecord
from rehearsals.documents import DocumentChange, render_documents
from rehearsals.e2e import EndToEndSettings
from rehearsals.targets import RehearsalsFile, parse_rehearsals

NEXT_STEPS = """\
# Next Steps

- [ ] **2025-12-31 · QA** — Execute full E2E runs. <!-- hotpass:task e2e -->
- [ ] **2026-01-05 · Platform** — Validate guardrails. <!-- hotpass:task backfill -->
"""
LOG = """\
# Log

<!-- hotpass:begin log -->
<!-- hotpass:end log -->

## Remarks
"""
PLAN = """\
## Schedule

| Rehearsal | Date |
| --- | --- |
| By hand | 2025-11-01 |

### What ran

<!-- hotpass:begin schedule -->
<!-- hotpass:end schedule -->

## Artefact Checklist

- **Full E2E preflight** <!-- hotpass:evidence e2e -->
"""
REHEARSALS = """\
[rehearsals.e2e]
title = "Full E2E preflight"
owners = ["QA"]
profile = "staging"
input_dir = "data/sample"
truth = "data/sample.truth.json"

[targets.embedded]
mode = "embedded"
kinds = ["e2e"]

[targets.staging]
mode = "live"
kinds = ["e2e"]
owners = ["Platform", "QA"]

[[windows]]
kind = "e2e"
target = "staging"
opens = 2025-12-18T00:00:00Z
closes = 2025-12-19T00:00:00Z
"""


@dataclass(frozen=True)
class Project:
    """A project's folder and its documents."""

    root: Path
    rehearsals: RehearsalsFile

    next_steps = property(lambda self: self.root / "Next_Steps.md")
    log = property(lambda self: self.root / "Next_Steps_Log.md")
    plan = property(lambda self: self.root / "docs/operations/staging-rehearsal-plan.md")

    @property
    def documents(self) -> tuple[Path, ...]:
        """The three of them."""
        return (self.next_steps, self.log, self.plan)

    def render(self, *records: RunRecord) -> tuple[DocumentChange, ...]:
        """Render runs, one after the other; what the last one changed."""
        changes: tuple[DocumentChange, ...] = ()
        for record in records:
            directory = self.root / "dist/staging" / record.run_id
            changes = render_documents(self.root, record, directory, rehearsals=self.rehearsals)
        return changes

    def contents(self) -> tuple[bytes, ...]:
        """The bytes of the documents."""
        return tuple(path.read_bytes() for path in self.documents)


@pytest.fixture(scope="session")
def a_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """Make a project in a new folder."""

    def make() -> Project:
        rehearsals = parse_rehearsals(REHEARSALS, {"e2e": EndToEndSettings})
        project = Project(tmp_path_factory.mktemp("project"), rehearsals)
        project.plan.parent.mkdir(parents=True)
        for path, text in zip(project.documents, (NEXT_STEPS, LOG, PLAN), strict=True):
            path.write_text(text, encoding="utf-8")
        return project

    return make


@pytest.fixture
def project(a_project: Callable[[], Project]) -> Project:
    """A project without any run."""
    return a_project()


@pytest.fixture(scope="session")
def a_run() -> Callable[..., RunRecord]:
    """Make the record of a run: an embedded pass, unless told otherwise."""

    def make(
        timestamp: str = "20251118T101500Z", mode: str = "embedded", **changes: Any
    ) -> RunRecord:
        started = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        values: dict[str, Any] = {
            "kind": "e2e",
            "timestamp": timestamp,
            "target": "embedded" if mode == "embedded" else "staging",
            "mode": mode,
            "operator": "ada",
            "host": "workbench",
            "git": GitState(commit="c0ffee", dirty=False),
            "tools": {},
            "configuration": {},
            "started": started,
            "finished": started + timedelta(minutes=12),
            "checks": (
                Check(name="rows add up", step="refine", expected="9", observed="9", passed=True),
            ),
            "expected_checks": ("rows add up",),
            "artefacts": (Artefact(name="overview.log", size=1, sha256="0" * 64),),
            "required_files": ("overview.log",),
            "verdict": "passed",
            "reason": "1 of 1 checks passed",
        }
        return RunRecord.model_validate(values | changes)

    return make
