"""The engine from outside: exit codes, verdicts and evidence, whatever happens to a run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import psutil
import pytest

from evidence.verify import verify

if TYPE_CHECKING:
    from conftest import Project

    MakeProject = Callable[[str], Project]

SECRET = "probe-key-3f9b1c77aa"


def test_a_run_whose_checks_hold_passes_and_verifies(make_project: MakeProject) -> None:
    project = make_project("passes")

    code, printed = project.rehearse("pictured")

    assert (code, project.record()["verdict"]) == (0, "passed"), printed
    assert (project.runs()[0] / "report.png").exists(), printed
    assert verify(project.runs()[0]).findings == ()


def test_embedded_evidence_says_so_and_is_refused_as_live(make_project: MakeProject) -> None:
    project = make_project("passes")

    _, printed = project.rehearse()

    assert "PASSED (embedded: cannot stand in for a live run)" in printed
    assert project.record()["mode"] == "embedded"
    assert verify(project.runs()[0], require_mode="live").findings != ()


def test_a_failed_check_fails_the_run_but_lets_later_steps_tell(make_project: MakeProject) -> None:
    project = make_project("fails_its_check")

    code, printed = project.rehearse()

    assert (code, project.record()["verdict"]) == (1, "failed"), printed
    assert (project.signs / "went-on").exists()


def test_a_check_that_was_never_made_fails_the_run(make_project: MakeProject) -> None:
    project = make_project("skips_its_check")

    code, printed = project.rehearse()

    assert (code, project.record()["verdict"]) == (1, "failed"), printed
    assert "the probe answers" in project.record()["reason"]


def test_a_mistake_in_the_rehearsal_is_recorded_and_cleaned_up(make_project: MakeProject) -> None:
    project = make_project("crashes")

    code, printed = project.rehearse()

    assert code == 1, printed
    assert project.record()["verdict"] != "passed"
    assert "a mistake in the rehearsal itself" in printed
    assert "Traceback" not in printed
    assert (project.signs / "cleaned").exists()
    assert verify(project.runs()[0]).findings == ()


@pytest.mark.parametrize("behaviour", ["hangs", "hangs_in_python"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_run_as_incomplete(
    make_project: MakeProject, behaviour: str, number: signal.Signals, code: int
) -> None:
    project = make_project(behaviour)
    process = project.start()
    project.wait_for_sign("started")

    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)

    assert process.returncode == code, printed
    assert project.record()["verdict"] == "incomplete"
    assert number.name in project.record()["reason"]
    assert (project.signs / "cleaned").exists()
    assert verify(project.runs()[0]).findings == ()


def test_an_interrupted_run_leaves_no_process_behind(make_project: MakeProject) -> None:
    project = make_project("hangs")
    process = project.start()
    project.wait_for_sign("started")
    children = _wait_for_children(process.pid)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert [child for child in children if _still_runs(child)] == []


def test_a_second_interrupt_does_not_cut_the_clean_up(make_project: MakeProject) -> None:
    project = make_project("cleans_up_slowly")
    process = project.start()
    project.wait_for_sign("started")
    process.send_signal(signal.SIGINT)
    project.wait_for_sign("cleaning")

    process.send_signal(signal.SIGINT)
    (project.signs / "go").touch()
    printed, _ = process.communicate(timeout=60)

    assert process.returncode == 130, printed
    assert (project.signs / "cleaned").exists()
    assert project.record()["verdict"] == "incomplete"


def test_a_missing_credential_blocks_the_run_before_anything_is_touched(
    make_project: MakeProject,
) -> None:
    project = make_project("passes")

    code, printed = project.rehearse(target="far")

    assert (code, project.record()["verdict"]) == (3, "blocked"), printed
    assert "PROBE_KEY is not set" in project.record()["reason"]
    assert not (project.signs / "reached").exists()


def test_a_plan_touches_nothing(make_project: MakeProject) -> None:
    project = make_project("passes")

    code, printed = project.rehearse("plan")

    assert code == 0, printed
    assert "the probe answers" in printed
    assert sorted(path.name for path in project.root.iterdir()) == ["rehearsals.toml"]


def test_the_same_rehearsal_does_not_run_twice_at_once(make_project: MakeProject) -> None:
    project = make_project("hangs")
    first = project.start()
    project.wait_for_sign("started")

    code, printed = project.rehearse()

    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert code == 3
    assert "already running" in printed
    assert len(project.runs()) == 1


def test_a_credential_reaches_no_file_and_no_terminal(make_project: MakeProject) -> None:
    project = make_project("tells_its_secret")
    project.environment["PROBE_KEY"] = SECRET

    code, printed = project.rehearse(target="far")

    assert code == 0, printed
    assert SECRET not in printed
    holders = [
        path
        for path in project.root.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert holders == []
    assert "<redacted:PROBE_KEY>" in (project.runs()[0] / "ask.log").read_text()


def test_an_evidence_folder_that_cannot_be_made_is_one_sentence(make_project: MakeProject) -> None:
    project = make_project("passes")
    (project.root / "dist").write_text("a file where the folder should be")

    code, printed = project.rehearse()

    assert code != 0
    assert "Traceback" not in printed
    assert "dist" in printed.splitlines()[-1]


def _still_runs(process: psutil.Process) -> bool:
    # A zombie has ended; only its parent, gone by now, has not asked how.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for_children(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    for _ in range(500):
        children = parent.children(recursive=True)
        if children:
            return children
        os.sched_yield()
        psutil.wait_procs([], timeout=0.02)
    pytest.fail("the engine started no process")
