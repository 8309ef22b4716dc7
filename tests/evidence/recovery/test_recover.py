"""What a recovery ends, cleans up and tells, and what it never touches."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evidence.errors import BadJournal, CannotRecord, RunHeld, SealRefused
from evidence.journal import Event, read_journal
from evidence.log_file import LogFile
from evidence.processes import identify, is_alive, wait_until
from evidence.recover import Recovered, remove_empty_runs, unfinished_runs, unsealed_runs
from evidence.run import Run

if TYPE_CHECKING:
    from conftest import Recorder

# That a recovery ends is part of what it shows.
pytestmark = pytest.mark.timeout(60)

Recover = Callable[..., Recovered]
Findings = Callable[[Path], tuple[object, ...]]

SECRET = "Zq81-very-secret-value"


def events_of(directory: Path, name: str) -> list[Event]:
    events = read_journal(directory / "journal.jsonl").events
    return [event for event in events if event["event"] == name]


def notes_of(recovered: Recovered) -> list[str]:
    return [note.text for note in recovered.record.notes]


def killed_during(recorder: Recorder, script: str, *before: str) -> Path:
    """The directory of a run that is killed once its last command says `started`."""

    def ask(run: Run) -> None:
        with run.step("ask"):
            for each in (*before, script):
                run.command(["sh", "-c", each], log="ask.log")

    def die(line: str) -> None:
        if line == "started":
            recorder.kill_oneself()

    return recorder.killed(ask, echo=die)


def pid_in(path: Path) -> int:
    assert wait_until(lambda: path.exists() and path.read_text().strip() != "", 10)
    return int(path.read_text())


def is_running(pid: int) -> bool:
    identity = identify(pid)
    return identity is not None and is_alive(identity)


def test_a_command_that_still_runs_is_ended_and_what_it_had_said_is_kept(
    recorder: Recorder, recover: Recover, findings: Findings, tmp_path: Path
) -> None:
    script = f"echo $$ > {tmp_path}/pid; echo hello; echo started; sleep 300"
    directory = killed_during(recorder, script)
    pid = pid_in(tmp_path / "pid")
    assert is_running(pid)

    recovered = recover(directory)

    assert not is_running(pid)
    assert recovered.ended == 2
    assert recovered.record.reason == (
        "The run was cut off in step 'ask' and closed by a recovery."
    )
    assert (directory / "ask.log").read_text() == "hello\nstarted\n"
    assert "ask.log" in {artefact.name for artefact in recovered.record.artefacts}
    assert findings(directory) == ()


def test_a_grandchild_in_a_session_of_its_own_is_found_and_ended(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    script = f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 300' & echo started; sleep 300"
    directory = killed_during(recorder, script)
    pid = pid_in(tmp_path / "pid")

    recover(directory)

    assert not is_running(pid)


def test_a_command_that_hid_its_environment_is_ended_with_its_group(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    script = f"env -i sleep 300 & echo $! > {tmp_path}/pid; echo started; exec env -i sleep 300"
    directory = killed_during(recorder, script)
    pid = pid_in(tmp_path / "pid")

    recover(directory)

    assert not is_running(pid)


def test_a_server_that_was_recorded_is_ended(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    def serve(run: Run) -> None:
        server = subprocess.Popen(["sleep", "300"], start_new_session=True)
        (tmp_path / "pid").write_text(str(server.pid))
        run.record_process("server", server.pid)

    directory = recorder.killed(serve)

    recovered = recover(directory)

    assert not is_running(pid_in(tmp_path / "pid"))
    assert notes_of(recovered) == [
        "1 process of the run outlived its recorder and had to be ended."
    ]


def test_a_server_that_was_not_recorded_yet_is_found_by_its_environment(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    def serve(run: Run) -> None:
        server = subprocess.Popen(["sleep", "300"], start_new_session=True, env=run.environment)
        (tmp_path / "pid").write_text(str(server.pid))

    recover(recorder.killed(serve))

    assert not is_running(pid_in(tmp_path / "pid"))


def test_a_process_that_got_the_pid_of_one_of_the_run_is_not_touched(
    recorder: Recorder, recover: Recover, bystander: int
) -> None:
    def serve(run: Run) -> None:
        told = identify(bystander)
        assert told is not None
        assert told.birth is not None
        earlier = {**vars(told), "birth": f"{told.birth}0", "started": told.started - 60}
        run._journal.append("process", step="", name="server", process=earlier)

    recovered = recover(recorder.killed(serve))

    assert is_running(bystander)
    assert recovered.ended == 0


@pytest.mark.parametrize("mark", ["PATH", "", "EVIDENCE_RUN_", None, 3])
def test_a_mark_that_no_recorder_makes_ends_nothing(
    recorder: Recorder, recover: Recover, bystander: int, mark: object
) -> None:
    directory = recorder.killed(recorder.ask)
    rewrite(directory, lambda opened: opened | {"mark": mark})

    recover(directory)

    assert is_running(bystander)


def test_the_copy_of_a_run_touches_nothing_of_the_run(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    script = f"echo $$ > {tmp_path}/pid; echo started; sleep 300"
    directory = killed_during(recorder, script)
    pid = pid_in(tmp_path / "pid")
    copy = tmp_path / "elsewhere/demo" / directory.name
    copy.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", directory, copy], check=True)

    recovered = recover(copy)

    assert (recovered.ended, is_running(pid)) == (0, True)
    assert recover(directory).ended == 2


def test_a_run_that_is_being_recorded_is_left_alone(recorder: Recorder, recover: Recover) -> None:
    def look(run: Run) -> None:
        with pytest.raises(RunHeld):
            recover(run.directory)
        assert unfinished_runs(recorder.root) == ()

    directory = recorder.record(recorder.root, look)

    assert events_of(directory, "resumed") == []


def test_a_run_whose_recorder_is_about_to_seal_it_is_left_alone(
    recorder: Recorder, recover: Recover
) -> None:
    directory = recorder.record(recorder.root, recorder.ask)

    with pytest.raises(RunHeld, match=f"is being recorded by process {os.getpid()}"):
        recover(directory)


def test_a_wall_clock_that_was_set_makes_no_recorder_look_gone(recorder: Recorder) -> None:
    own = identify(os.getpid())
    assert own is not None

    before = type(own)(own.pid, own.started - 7200, own.group, own.birth)

    assert is_alive(before)


def test_a_run_of_another_machine_is_closed_only_when_asked_and_nothing_is_run_for_it(
    recorder: Recorder, recover: Recover, findings: Findings, tmp_path: Path
) -> None:
    def due(run: Run) -> None:
        run.cleanup("wipe", lambda: None, recovery=["touch", str(tmp_path / "wiped")])

    directory = recorder.killed(due)
    rewrite(directory, lambda opened: opened | {"machine": "build-7"})
    assert unfinished_runs(recorder.root) == ()
    with pytest.raises(RunHeld, match="was recorded on build-7"):
        recover(directory)

    recovered = recover(directory, from_elsewhere=True)

    assert not (tmp_path / "wiped").exists()
    assert notes_of(recovered) == [
        f"Clean-up 'wipe' failed: it belongs where the run was recorded: touch {tmp_path}/wiped"
    ]
    assert findings(directory) == ()


def test_clean_ups_are_done_by_their_commands_newest_first(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    def due(run: Run) -> None:
        for name in ("first", "second"):
            run.cleanup(name, lambda: None, recovery=["sh", "-c", f"echo {name}"])

    directory = recorder.killed(due)

    recover(directory)

    assert (directory / "recovery.log").read_text() == "second\nfirst\n"
    assert [event["name"] for event in events_of(directory, "clean-up")] == ["second", "first"]


@pytest.mark.parametrize(
    ("recovery", "problem"),
    [
        (None, "only the process that is gone could do it; do it by hand."),
        (["sh", "-c", "exit 3"], "its command exited 3, see recovery.log."),
        (["no-such-tool"], "its command exited 127, see recovery.log."),
        (["sleep", "300"], "its command did not end in 0 s."),
        (["echo", SECRET], "its command needs TOKEN, which is not set."),
    ],
)
def test_a_clean_up_that_cannot_be_done_is_told_and_keeps_no_other_from_being_done(
    recorder: Recorder,
    recover: Recover,
    tmp_path: Path,
    recovery: list[str] | None,
    problem: str,
) -> None:
    def due(run: Run) -> None:
        run.cleanup("other", lambda: None, recovery=["touch", str(tmp_path / "other")])
        run.cleanup("wipe", lambda: None, recovery=recovery)

    directory = recorder.killed(due, secrets={"TOKEN": SECRET})

    recovered = recover(directory, clean_up_seconds=0.3)

    assert notes_of(recovered) == [f"Clean-up 'wipe' failed: {problem}"]
    assert (tmp_path / "other").exists()


def test_a_clean_up_gets_the_secrets_that_were_taken_out_of_its_command(
    recorder: Recorder, recover: Recover, tmp_path: Path
) -> None:
    def due(run: Run) -> None:
        script = f'echo "$0" | tee {tmp_path}/got'
        run.cleanup("wipe", lambda: None, recovery=["sh", "-c", script, SECRET])

    directory = recorder.killed(due, secrets={"TOKEN": SECRET})

    recover(directory, secrets={"TOKEN": SECRET})

    assert (tmp_path / "got").read_text() == f"{SECRET}\n"
    assert (directory / "recovery.log").read_text() == "<redacted:TOKEN>\n"
    assert SECRET not in (directory / "journal.jsonl").read_text()


def test_what_is_captured_of_a_capped_log_is_put_together(
    recorder: Recorder, recover: Recover, findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(LogFile, head_bytes=3000, segment_bytes=1000)
    monkeypatch.setattr("evidence.command.LogFile", small)
    directory = killed_during(recorder, "seq 100000; echo started; sleep 300")
    assert len(list(directory.glob("*.partial"))) == 2

    recover(directory)

    log = (directory / "ask.log").read_text()
    assert log.startswith("1\n2\n") and log.endswith("100000\nstarted\n")
    assert "bytes are left out here" in log
    assert list(directory.glob("*.partial")) == []
    assert findings(directory) == ()


def test_a_log_that_two_commands_share_is_captured_as_it_was_left(
    recorder: Recorder, recover: Recover, findings: Findings
) -> None:
    directory = killed_during(recorder, "echo started; sleep 300", "echo first")

    recover(directory)

    assert (directory / "ask.log").read_text() == "first\nstarted\n"
    assert findings(directory) == ()


def test_a_file_that_is_not_as_it_was_captured_is_told(
    recorder: Recorder, recover: Recover, findings: Findings
) -> None:
    directory = recorder.killed(recorder.ask)
    (directory / "facts.json").write_text("{}")
    (directory / "ask.log").unlink()

    recovered = recover(directory)

    assert "facts.json changed after it was captured." in notes_of(recovered)
    assert "ask.log was captured, and is gone." in notes_of(recovered)
    assert findings(directory) == ()


def test_what_was_redacted_before_and_after_adds_up(recorder: Recorder, recover: Recover) -> None:
    def tell(run: Run) -> None:
        run.command(["echo", SECRET], log="ask.log")
        run.cleanup("wipe", lambda: None, recovery=["echo", SECRET])

    directory = recorder.killed(tell, secrets={"TOKEN": SECRET})
    (said,) = events_of(directory, "command-ended")

    recovered = recover(directory, secrets={"TOKEN": SECRET})

    before = json.loads(json.dumps(said["redactions"]))["TOKEN"]
    assert recovered.record.redactions["TOKEN"] > before > 0


def test_a_run_that_is_recovered_late_follows_what_was_sealed_meanwhile(
    recorder: Recorder, recover: Recover
) -> None:
    first, second = (recorder.killed_at(5, torn=False) for _ in range(2))

    recover(second)
    recover(first)

    (late,) = events_of(first, "resumed")
    assert previous_in(first) == late["previous_run"] != previous_in(second)


def test_a_journal_that_was_changed_is_left_alone(recorder: Recorder, recover: Recover) -> None:
    directory = recorder.killed_at(6, torn=False)
    journal = directory / "journal.jsonl"
    changed = journal.read_bytes().replace(b'"step":"ask"', b'"step":"sak"', 1)
    journal.write_bytes(changed)

    with pytest.raises(BadJournal, match="is not as it was recorded, so nothing is done by it"):
        recover(directory)

    assert journal.read_bytes() == changed


def test_a_secret_in_what_was_left_blocks_the_seal_until_it_is_gone(
    recorder: Recorder, recover: Recover, findings: Findings
) -> None:
    directory = recorder.killed(recorder.ask, secrets={"TOKEN": SECRET})
    (directory / "half.txt").write_text(SECRET)
    for _ in range(2):
        with pytest.raises(SealRefused, match="still holds a secret"):
            recover(directory, secrets={"TOKEN": SECRET})
    assert unsealed_runs(recorder.root) == (directory,)

    (directory / "half.txt").unlink()

    assert recover(directory, secrets={"TOKEN": SECRET}).record.verdict == "incomplete"
    assert len(events_of(directory, "resumed")) == 1
    assert findings(directory) == ()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    recorder: Recorder, recover: Recover, read_only: Callable[[Path], None]
) -> None:
    directory = recorder.killed(recorder.ask)
    read_only(recorder.root)

    with pytest.raises(CannotRecord, match="cannot be written: Read-only file system"):
        recover(directory)


def test_a_folder_in_which_nothing_was_begun_is_removed_once_it_is_old(tmp_path: Path) -> None:
    names = ("20260131T140000Z", "20260131T140001Z", "other")
    old, young, other = (tmp_path / "demo" / name for name in names)
    for folder in (old, young, other):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 120,) * 2)
    os.utime(other, (time.time() - 120,) * 2)

    assert remove_empty_runs(tmp_path) == (old,)
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def rewrite(directory: Path, change: Callable[[Event], Event]) -> None:
    """Forge the opening of a journal, the chain after it too."""
    previous, lines = "0" * 64, []
    for event in read_journal(directory / "journal.jsonl").events:
        forged = (change(event) if event["event"] == "opened" else event) | {"previous": previous}
        line = json.dumps(forged, ensure_ascii=False, separators=(",", ":")).encode()
        previous = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    (directory / "journal.jsonl").write_bytes(b"".join(lines))


def previous_in(directory: Path) -> object:
    return json.loads((directory / "run.json").read_bytes())["previous"]


@pytest.fixture
def bystander() -> Iterator[int]:
    """A process that has nothing to do with any run."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Make a folder read-only, for root as well."""
    mounted: list[Path] = []

    def mount(folder: Path) -> None:
        for options in (["--bind"], ["-o", "remount,bind,ro"]):
            made = subprocess.run(
                ["mount", *options, str(folder), str(folder)],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode:
                pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
            mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=True)
