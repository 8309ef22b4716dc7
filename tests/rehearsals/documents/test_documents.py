"""What the documents say after a run, and which run stands in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from evidence.models import Check, Note, RunRecord, Step
from rehearsals.documents import render_documents
from rehearsals.kinds import load_settings

if TYPE_CHECKING:
    from conftest import Project

    ARun = Callable[..., RunRecord]

REPOSITORY = Path(__file__).parents[3]
READY = "**Ready for sign-off**"


def test_a_passed_live_run_makes_its_task_ready_for_sign_off(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251218T101500Z", "live"))

    task, status, other = project.next_steps.read_text().splitlines()[2:]
    assert task.startswith("- [ ] **2025-12-31 · QA** — Execute full E2E runs.")
    assert status.startswith(
        "  - **Ready for sign-off**: live run on `staging`, passed 2025-12-18 10:15 UTC. "
        "Evidence: [`dist/staging/e2e/20251218T101500Z/`](dist/staging/e2e/20251218T101500Z/)."
    )
    assert other.startswith("- [ ] **2026-01-05 · Platform**")


@pytest.mark.parametrize("verdict", ["passed", "failed", "incomplete", "blocked"])
def test_an_embedded_run_is_never_sign_off_material(
    project: Project, a_run: ARun, verdict: str
) -> None:
    project.render(a_run(verdict=verdict))

    status = project.next_steps.read_text().splitlines()[3]
    assert status.startswith(f"  - Embedded rehearsal, not sign-off material: {verdict} ")
    assert READY not in status


@pytest.mark.parametrize("verdict", ["failed", "incomplete", "blocked"])
def test_a_live_run_that_did_not_pass_takes_readiness_back(
    project: Project, a_run: ARun, verdict: str
) -> None:
    project.render(a_run("20251218T101500Z", "live"))

    project.render(a_run("20251218T120000Z", "live", verdict=verdict, reason="the disk was full"))

    text = project.next_steps.read_text()
    assert READY not in text
    assert f"`staging`, {verdict} 2025-12-18 12:00 UTC: the disk was full. Evidence:" in text


def test_an_older_run_never_overwrites_a_newer_one(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251118T101500Z"))
    before = project.next_steps.read_bytes()

    project.render(a_run("20251117T101500Z", verdict="failed"))

    assert project.next_steps.read_bytes() == before


def test_an_embedded_run_stands_beside_the_live_one(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251218T101500Z", "live"))

    project.render(a_run("20251219T101500Z"))

    live, embedded = project.next_steps.read_text().splitlines()[3:5]
    assert (READY in live, "Embedded rehearsal" in embedded) == (True, True)


def test_a_log_entry_tells_every_deviation(project: Project, a_run: ARun) -> None:
    record = a_run(
        "20251218T101500Z",
        "live",
        verdict="failed",
        reason="1 check failed",
        override="the window was moved",
        checks=(Check(name="rows add up", step="s", expected="9", observed="8", passed=False),),
        expected_checks=("rows add up", "gates are green"),
        required_files=("overview.log", "qa.log"),
        steps=(Step(name="qa", outcome="failed", problem="no space left"),),
        notes=(Note(at="2025-12-18T10:16:00Z", step="qa", text="the gates did not start"),),
    )

    project.render(record)

    entry = project.log.read_text().split("-->")[2].split("<!--")[0]
    assert entry.strip().splitlines() == [
        "### 2025-12-18 10:15 UTC — Full E2E preflight, live: failed",
        "",
        "- Evidence: [`dist/staging/e2e/20251218T101500Z/`](dist/staging/e2e/20251218T101500Z/)",
        "- Target: `staging`",
        "- Commit: `c0ffee`",
        "- Checks: 0 of 2 passed",
        "- Deviations observed:",
        "  - Run outside its window: the window was moved.",
        "  - Check failed: rows add up; expected 9; observed 8.",
        "  - Check never evaluated: gates are green.",
        "  - Required file not captured: qa.log.",
        "  - Step failed: qa; no space left.",
        "  - Note at qa: the gates did not start.",
    ]


@pytest.mark.parametrize("verdict", ["failed", "incomplete", "blocked"])
def test_a_reason_that_nothing_else_tells_is_a_deviation(
    project: Project, a_run: ARun, verdict: str
) -> None:
    project.render(a_run(verdict=verdict, reason="SIGTERM interrupted the run"))

    assert (
        f"\n  - {verdict.capitalize()}: SIGTERM interrupted the run.\n" in project.log.read_text()
    )


def test_a_second_run_leaves_the_first_ones_entry_as_it_was(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251118T101500Z"))
    remarked = project.log.read_bytes().replace(b"observed: none", b"observed: none  \n- Seen.")
    project.log.write_bytes(remarked)
    first = remarked[remarked.index(b"<!-- hotpass:run") : remarked.index(b"\n\n<!-- hotpass:end")]

    project.render(a_run("20251119T101500Z"))

    second, kept = project.log.read_bytes().split(first)
    assert b"e2e/20251119T101500Z" in second
    assert kept == b"\n\n<!-- hotpass:end log -->\n\n## Remarks\n"


def test_the_same_run_rendered_twice_touches_no_file(project: Project, a_run: ARun) -> None:
    project.render(a_run())
    before = [path.stat() for path in project.documents]

    changes = project.render(a_run())

    after = [path.stat() for path in project.documents]
    assert changes == ()
    assert [(each.st_ino, each.st_mtime_ns) for each in after] == [
        (each.st_ino, each.st_mtime_ns) for each in before
    ]


def test_a_run_sealed_anew_replaces_its_own_entries(project: Project, a_run: ARun) -> None:
    project.render(a_run(verdict="incomplete", finished=None))

    project.render(a_run(verdict="failed"))

    texts = [path.read_text() for path in project.documents]
    assert [text.count("<!-- hotpass:run e2e/20251118T101500Z") for text in texts] == [1, 1, 2]
    assert [("failed" in text.lower(), "incomplete" in text) for text in texts] == [
        (True, False)
    ] * 3


def test_the_schedule_gets_a_row_for_what_ran(project: Project, a_run: ARun) -> None:
    project.render(a_run(required_files=("overview.log", "never-written.log")))

    assert _rows(project.plan)[-1] == [
        "Full E2E preflight",
        "2025-11-18 10:15 – 10:27",
        "QA (simulated)",
        "embedded",
        "Passed. Embedded dry run, not sign-off material. "
        "Artefacts: dist/staging/e2e/20251118T101500Z/ with overview.log.",
    ]


def test_a_booked_window_names_the_live_runs_in_it(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251217T235959Z", "live"))
    unused = _rows(project.plan)[3]

    project.render(a_run("20251218T000000Z", "live", finished=None))

    used = _rows(project.plan)[3]
    window = [
        "Full E2E preflight",
        "2025-12-18 00:00 – 2025-12-19 00:00",
        "Platform, QA",
        "staging",
    ]
    assert unused == [*window, "Booked. No live run in it yet."]
    assert used == [*window, "Booked. Live runs in it: e2e/20251218T000000Z."]


def test_local_runs_do_not_flood_the_documents(project: Project, a_run: ARun) -> None:
    live = [a_run(f"202512{day:02}T000000Z", "live") for day in range(1, 8)]
    embedded = [a_run(f"202511{day:02}T000000Z") for day in range(1, 26)]

    project.render(*live, *embedded)

    plan, log = project.plan.read_text(), project.log.read_text()
    assert (plan.count(" live -->"), plan.count(" embedded -->")) == (7 + 1, 5 + 1)
    assert (log.count(" live -->"), log.count(" embedded -->")) == (7, 20)
    assert "e2e/20251121T000000Z" in plan and "e2e/20251120T000000Z" not in plan


def test_the_checklist_names_the_latest_evidence(project: Project, a_run: ARun) -> None:
    project.render(a_run("20251118T101500Z"), a_run("20251119T101500Z"))

    assert (
        project.plan.read_text()
        .splitlines()[-1]
        .startswith(
            "  - Latest rehearsal evidence: `dist/staging/e2e/20251119T101500Z/` "
            "(embedded on `embedded`, passed)."
        )
    )


def test_a_blocked_run_is_logged_but_took_no_place(project: Project, a_run: ARun) -> None:
    project.render(a_run(verdict="blocked"))

    assert "e2e/20251118T101500Z" in project.log.read_text()
    assert "e2e/20251118T101500Z" not in project.plan.read_text()


def test_a_drill_appears_nowhere(project: Project, a_run: ARun) -> None:
    before = project.contents()

    changes = project.render(a_run(mode="live", drill=True))

    assert (changes, project.contents()) == ((), before)


def test_runs_that_end_at_once_all_get_their_entry(project: Project, a_run: ARun) -> None:
    records = [a_run(f"20251118T1015{second:02}Z") for second in range(12)]

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(project.render, records))

    log = project.log.read_text()
    assert [record.run_id for record in records if record.run_id not in log] == []


def test_the_documents_of_this_repository_take_a_run(tmp_path: Path, a_run: ARun) -> None:
    names = ("Next_Steps.md", "Next_Steps_Log.md", "docs/operations/staging-rehearsal-plan.md")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)

    changes = render_documents(
        tmp_path,
        a_run("99991231T000000Z"),
        tmp_path / "dist/staging/e2e/99991231T000000Z",
        rehearsals=load_settings(REPOSITORY),
    )

    assert [change.path.as_posix() for change in changes] == list(names)
    assert {len(row) for row in _rows(tmp_path / names[2])} == {3, 5}


def _rows(path: Path) -> list[list[str]]:
    """The cells of every table row of a document, header rows too, as a reader sees them."""
    rows: list[list[str]] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text())
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif before.type in ("th_open", "td_open"):
            visible = [each for each in token.children or [] if each.type != "html_inline"]
            rows[-1].append("".join(each.content for each in visible).strip())
    return rows
