"""A rehearsal that is cut off anywhere is recovered, and no signal tears its evidence."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psutil
import pytest

from evidence.processes import ProcessIdentity, identify, is_alive, wait_until
from evidence.verify import verify
from rehearsals.errors import Interrupted
from rehearsals.signals import handled_signals
from rehearsals.terminal import outlasting

if TYPE_CHECKING:
    from conftest import Project

    MakeProject = Callable[[str], Project]

# That a rehearsal ends is part of what these tests show.
pytestmark = pytest.mark.timeout(120)

SECRET = "probe-key-3f9b1c77aa"
DOCUMENTS = {
    "Next_Steps.md": "- [ ] Probe. <!-- hotpass:task probe -->\n",
    "Next_Steps_Log.md": "<!-- hotpass:begin log -->\n<!-- hotpass:end log -->\n",
    "docs/operations/staging-rehearsal-plan.md": "<!-- hotpass:begin schedule -->\n"
    "<!-- hotpass:end schedule -->\n\n- Probe <!-- hotpass:evidence probe -->\n",
}


@pytest.fixture
def mount() -> Iterator[Callable[..., None]]:
    """Mount a file system for the length of a test."""
    folders: set[str] = set()

    def mounted(*arguments: object) -> None:
        words = [str(argument) for argument in arguments]
        made = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
        folders.add(words[-1])

    yield mounted
    for folder in folders:
        subprocess.run(["umount", "-l", folder], check=True)


def write_documents(project: Project) -> None:
    for name, text in DOCUMENTS.items():
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text(text)


def killed(project: Project) -> list[ProcessIdentity]:
    """Have the engine killed while its command runs; what it had started."""
    process = project.start()
    assert wait_until(lambda: any(log.read_text() for log in project.root.rglob("ask.log")), 30)
    children = psutil.Process(process.pid).children(recursive=True)
    started = [identify(child.pid) for child in children]
    process.kill()
    process.communicate(timeout=30)
    return [identity for identity in started if identity is not None]


def test_a_killed_rehearsal_is_ended_cleaned_up_sealed_and_rendered(
    make_project: MakeProject,
) -> None:
    project = make_project("hangs_and_can_be_recovered")
    write_documents(project)
    children = killed(project)
    _, planned = project.rehearse("plan")
    assert "1 unfinished run; invoke evidence.recover" in planned.splitlines()

    code, printed = project.recover()

    (run,) = project.runs()
    assert code == 0, printed
    assert printed.splitlines()[0] == (
        f"probe/{run.name}: sealed as incomplete: The run was cut off in step 'ask' and closed "
        f"by a recovery.; {len(children)} of its processes ended"
    )
    assert [child for child in children if is_alive(child)] == []
    assert (project.signs / "cleaned").exists()
    assert verify(run).findings == ()
    assert run.name in (project.root / "Next_Steps_Log.md").read_text()

    code, printed = project.recover()

    assert (code, printed) == (0, "no unfinished run in dist/staging\n")


def test_a_run_that_was_sealed_and_not_rendered_is_rendered_by_a_recovery(
    make_project: MakeProject,
) -> None:
    project = make_project("passes")
    project.rehearse()
    write_documents(project)

    code, printed = project.recover()

    assert code == 0
    assert project.runs()[0].name in (project.root / "Next_Steps_Log.md").read_text(), printed


def test_a_rehearsal_that_runs_is_skipped(make_project: MakeProject) -> None:
    project = make_project("hangs")
    process = project.start()
    project.wait_for_sign("started")

    code, printed = project.recover()

    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert code == 0
    assert "skipped: a probe rehearsal on embedded is already running here" in printed
    assert "SIGTERM" in project.record()["reason"]


def test_a_seal_that_is_refused_is_one_sentence_and_marks_the_run_and_no_document(
    make_project: MakeProject,
) -> None:
    project = make_project("leaves_a_secret")
    project.environment["PROBE_KEY"] = SECRET
    write_documents(project)

    code, printed = project.rehearse(target="far")

    (run,) = project.runs()
    last = printed.splitlines()[-1]
    assert code == 1
    assert "was not sealed, for it still holds a secret" in last
    assert "Traceback" not in printed
    assert (run / "not-sealed.txt").read_text() == f"{last}\n"
    assert not (run / "attestation.json").exists()
    assert {name: (project.root / name).read_text() for name in DOCUMENTS} == DOCUMENTS

    (run / "raw.txt").unlink()
    code, printed = project.recover()

    assert (code, project.record()["verdict"]) == (0, "passed"), printed
    assert not (run / "not-sealed.txt").exists()


def test_a_rehearsal_that_leaves_the_interpreter_is_incomplete_whatever_its_code(
    make_project: MakeProject,
) -> None:
    project = make_project("exits")

    code, printed = project.rehearse()

    assert (code, project.record()["verdict"]) == (1, "incomplete"), printed
    assert verify(project.runs()[0]).findings == ()


@pytest.mark.parametrize("debug", ["", "1"])
def test_what_a_rehearsal_broke_off_with_is_said_without_its_secrets(
    make_project: MakeProject, debug: str
) -> None:
    project = make_project("breaks_off_with_its_secret")
    project.environment.update(PROBE_KEY=SECRET, HOTPASS_DEBUG=debug)

    code, printed = project.rehearse(target="far")

    assert code == 1
    assert "ValueError: refused: <redacted:PROBE_KEY>" in printed
    assert SECRET not in printed
    assert ("Traceback" in printed) == bool(debug)


def test_a_disk_that_is_full_ends_the_rehearsal_and_a_recovery_seals_it_once_there_is_room(
    make_project: MakeProject, mount: Callable[..., None]
) -> None:
    project = make_project("fills_the_disk")
    disk = project.root / "dist"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", disk)

    code, printed = project.rehearse()

    last = printed.splitlines()[-1]
    assert code == 1
    assert "Traceback" not in printed
    assert "cannot be written: No space left on device; make room" in last

    mount("-o", "remount,size=20m", disk)
    code, printed = project.recover()

    assert (code, project.record()["verdict"]) == (0, "incomplete"), printed
    assert verify(project.runs()[0]).findings == ()


def test_an_evidence_folder_that_is_read_only_is_one_sentence(
    make_project: MakeProject, mount: Callable[..., None]
) -> None:
    project = make_project("passes")
    disk = project.root / "dist"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", "ro", "tmpfs", disk)

    code, printed = project.rehearse()

    assert code == 1
    assert "Traceback" not in printed
    assert printed.splitlines()[-1] == (
        f"{disk}/staging/probe cannot be written: Read-only file system; "
        "make room or choose another place."
    )
    assert not (project.signs / "reached").exists()


def test_a_terminal_that_is_gone_ends_no_rehearsal(make_project: MakeProject) -> None:
    project = make_project("says_much")
    process = project.start()
    project.wait_for_sign("started")
    assert process.stdout is not None

    process.stdout.close()
    (project.signs / "go").touch()
    code = process.wait(60)

    assert (code, project.record()["verdict"]) == (0, "passed")
    assert verify(project.runs()[0]).findings == ()


def test_a_signal_while_the_run_is_opened_waits_until_it_is(
    make_project: MakeProject,
) -> None:
    project = make_project("hangs")
    git = project.root / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nkill -TERM $PPID\n")
    git.chmod(0o755)
    project.environment["PATH"] = f"{git.parent}:{os.environ['PATH']}"

    code, printed = project.rehearse()

    assert code == 143, printed
    assert project.record()["verdict"] == "incomplete"
    assert "SIGTERM" in project.record()["reason"]
    assert [step["outcome"] for step in project.record()["steps"]] == ["not-run"]


def test_what_a_clean_up_starts_after_a_signal_can_be_ended_by_one(
    make_project: MakeProject,
) -> None:
    project = make_project("cleans_up_by_a_command")
    process = project.start()
    project.wait_for_sign("started")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert (project.runs()[0] / "clean.log").read_text() == "True\n"


def test_a_plan_says_that_its_steps_were_not_run(make_project: MakeProject) -> None:
    project = make_project("passes")

    _, printed = project.rehearse("plan")

    assert printed.splitlines()[-1] == "this is the plan only; not-run: ask"


def test_a_blocked_run_says_that_its_steps_were_not_run(make_project: MakeProject) -> None:
    project = make_project("passes")

    project.rehearse(target="far")

    assert [(step["name"], step["outcome"]) for step in project.record()["steps"]] == [
        ("ask", "not-run")
    ]


def test_a_signal_is_raised_once_kept_while_opening_and_told_while_sealing() -> None:
    said: list[str] = []
    with handled_signals(said.append) as signals:
        signals.keep()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted, match="SIGTERM"):
            signals.deliver()
        signal.raise_signal(signal.SIGINT)
        signals.tell()
        signal.raise_signal(signal.SIGINT)

    assert said == ["SIGINT noted; the evidence is being sealed."]


def test_a_signal_that_was_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled_signals(print):
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_is_said_to_a_terminal_that_is_gone_is_tried_once() -> None:
    tried: list[str] = []

    def fail(line: str) -> None:
        tried.append(line)
        raise BrokenPipeError

    say = outlasting(fail)
    say("one")
    say("two")

    assert tried == ["one"]
