"""What of a document is touched, what never is, and what is said when it cannot be rendered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.models import RunRecord
from rehearsals.documents import DocumentsNotRendered
from rehearsals.errors import RehearsalError

if TYPE_CHECKING:
    from conftest import Project

    ARun = Callable[..., RunRecord]

PLAN = "docs/operations/staging-rehearsal-plan.md"
BEGIN, END = b"<!-- hotpass:begin log -->", b"<!-- hotpass:end log -->"
TASK = b"- [ ] Execute E2E. <!-- hotpass:task e2e -->"
NEWLINES = st.sampled_from([b"\n", b"\r\n"])
# Whole lines of any bytes, invalid UTF-8 included; a marker by chance is as good as impossible.
LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=4)


@settings(deadline=None, max_examples=60)
@given(newline=NEWLINES, above=LINES, below=LINES, has_mark=st.booleans(), ends=st.booleans())
def test_what_surrounds_a_region_stays_byte_for_byte(
    a_project: Callable[[], Project],
    a_run: ARun,
    newline: bytes,
    above: list[bytes],
    below: list[bytes],
    has_mark: bool,
    ends: bool,
) -> None:
    project = a_project()
    head = b"\xef\xbb\xbf" * has_mark + b"".join(line + newline for line in above) + BEGIN
    tail = END + b"".join(newline + line for line in below) + newline * ends
    project.log.write_bytes(head + newline + tail)

    project.render(a_run())

    rendered = project.log.read_bytes()
    assert rendered.startswith(head + newline) and rendered.endswith(newline + tail)
    region = rendered[len(head) : len(rendered) - len(tail)]
    assert region.count(b"\n") == region.count(newline) > 5
    assert project.render(a_run()) == ()


@settings(deadline=None, max_examples=60)
@given(newline=NEWLINES, above=LINES, below=LINES, has_mark=st.booleans(), ends=st.booleans())
def test_what_surrounds_a_task_stays_byte_for_byte(
    a_project: Callable[[], Project],
    a_run: ARun,
    newline: bytes,
    above: list[bytes],
    below: list[bytes],
    has_mark: bool,
    ends: bool,
) -> None:
    project = a_project()
    head = b"\xef\xbb\xbf" * has_mark + b"".join(line + newline for line in above) + TASK
    tail = b"".join(newline + line for line in below) + newline * ends
    project.next_steps.write_bytes(head + tail)

    project.render(a_run())

    rendered = project.next_steps.read_bytes()
    assert rendered.startswith(head) and rendered.endswith(tail)
    item = rendered[len(head) : len(rendered) - len(tail)]
    assert item.lstrip(b"\r\n").startswith(b"  - Embedded") and item.count(b"\n") == 1
    assert project.render(a_run()) == ()


def test_every_task_that_a_kind_answers_is_marked_at_its_own_depth(
    project: Project, a_run: ARun
) -> None:
    mark = "<!-- hotpass:task e2e -->"
    project.next_steps.write_text(f"1. One {mark}\n   - Two {mark}\n\nThree {mark}")

    project.render(a_run())

    starts = [line.partition(" <")[0][:13] for line in project.next_steps.read_text().split("\n")]
    assert starts == [
        "1. One",
        "   - Embedded",
        "   - Two",
        "     - Embedd",
        "",
        "Three",
        "- Embedded re",
    ]


@pytest.mark.parametrize(
    ("document", "text", "problem"),
    [
        (
            "Next_Steps.md",
            "- [ ] Execute E2E.\n",
            "`<!-- hotpass:task e2e -->` is missing; add it at the end of the line of the task "
            "that e2e rehearsals answer.",
        ),
        (
            "Next_Steps_Log.md",
            "# Log\n",
            "`<!-- hotpass:begin log -->` and `<!-- hotpass:end log -->` are missing; add both, "
            "each on a line of its own, below the title.",
        ),
        (
            "Next_Steps_Log.md",
            "# Log\n\n<!-- hotpass:end log -->\n",
            "`<!-- hotpass:begin log -->` is missing; add it on a line of its own above "
            "`<!-- hotpass:end log -->` (line 3), before the first rendered entry.",
        ),
        (
            "Next_Steps_Log.md",
            "# Log\n<!-- hotpass:begin log -->",
            "`<!-- hotpass:end log -->` is missing; add it on a line of its own below "
            "`<!-- hotpass:begin log -->` (line 2), after the last rendered entry.",
        ),
        (
            "Next_Steps_Log.md",
            "<!-- hotpass:end log -->\n<!-- hotpass:begin log -->\n",
            "`<!-- hotpass:end log -->` (line 1) stands above `<!-- hotpass:begin log -->` "
            "(line 2); move it below.",
        ),
        (
            "Next_Steps_Log.md",
            "<!-- hotpass:begin log -->\n\n<!-- hotpass:begin log -->\n<!-- hotpass:end log -->",
            "`<!-- hotpass:begin log -->` stands 2 times, in lines 1, 3; keep one.",
        ),
    ],
)
def test_a_missing_marker_is_one_sentence_that_names_the_line_to_add(
    project: Project, a_run: ARun, document: str, text: str, problem: str
) -> None:
    (project.root / document).write_text(text)

    with pytest.raises(DocumentsNotRendered) as raised:
        project.render(a_run())

    assert raised.value.problems == (f"{document}: {problem}",)


def test_every_problem_is_named_before_any_document_is_touched(
    project: Project, a_run: ARun
) -> None:
    project.log.unlink()
    project.plan.write_text("# Plan\n")
    next_steps = project.next_steps.read_bytes()

    with pytest.raises(DocumentsNotRendered) as raised:
        project.render(a_run())

    assert [problem.split(" ")[0] for problem in raised.value.problems] == [
        "Next_Steps_Log.md",
        f"{PLAN}:",
        f"{PLAN}:",
    ]
    assert project.next_steps.read_bytes() == next_steps


def test_a_document_keeps_its_mode_and_stays_a_link(project: Project, a_run: ARun) -> None:
    real = project.log.rename(project.root / "kept-elsewhere.md")
    real.chmod(0o640)
    project.log.symlink_to(real)

    project.render(a_run())

    assert project.log.is_symlink()
    assert (real.stat().st_mode & 0o777, b"e2e/2025" in real.read_bytes()) == (0o640, True)
    assert list(project.root.rglob("*.partial")) == []


def test_a_document_that_cannot_be_written_is_as_it_was(project: Project, a_run: ARun) -> None:
    before = project.log.read_bytes()
    (project.root / "Next_Steps_Log.md.partial").mkdir()

    with pytest.raises(RehearsalError, match=r"Next_Steps_Log.md cannot be written \(.+\) and is"):
        project.render(a_run())

    assert project.log.read_bytes() == before


def test_documents_that_another_run_holds_are_waited_for_then_said_to_be_held(
    project: Project, a_run: ARun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsals.documents.LOCK_SECONDS", 0.01)
    lock = project.root / ".staging/locks/documents.lock"
    lock.parent.mkdir(parents=True)

    with FileLock(lock), pytest.raises(RehearsalError, match=r"documents\.lock for 0\.01 s; wait"):
        project.render(a_run())
