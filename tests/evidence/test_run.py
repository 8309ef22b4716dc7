"""What a rehearsal does through its one object is recorded and redacted, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadName, CannotRecord, EvidenceError, MissingArtefact
from evidence.journal import read_journal
from evidence.log_file import LogFile
from evidence.models import GitState, RunRecord, Setting
from evidence.outcome import record_from
from evidence.processes import ProcessIdentity, group_is_alive, is_alive, wait_until
from evidence.run import Run, open_run

# That a test ends is part of what it shows.
pytestmark = pytest.mark.timeout(60)

SECRET = "Zq81-very-secret-value"


def opened(root: Path, **changed: Any) -> AbstractContextManager[Run]:
    """A run of the kind `demo`, quiet and with one secret."""
    settings: dict[str, Any] = {
        "kind": "demo",
        "target": "embedded",
        "mode": "embedded",
        "operator": "someone",
        "host": "somewhere",
        "git": GitState(commit=None, dirty=True),
        "tools": {"python": "3.11"},
        "configuration": {"rows": Setting(value=3, origin="a flag")},
        "expected_checks": (),
        "required_files": (),
        "secrets": {"TOKEN": SECRET},
        "echo": lambda line: None,
    }
    return open_run(root, **settings | changed)


def record_of(run: Run) -> RunRecord:
    reading = read_journal(run.directory / "journal.jsonl")
    assert reading.problems == ()
    return record_from(reading.events)


def events_of(run: Run, name: str) -> list[dict[str, Any]]:
    reading = read_journal(run.directory / "journal.jsonl")
    return [dict(event) for event in reading.events if event["event"] == name]


def test_a_run_that_does_what_it_should_passes(tmp_path: Path) -> None:
    with opened(tmp_path, expected_checks=["said"], required_files=["say.log", "x.json"]) as run:
        with run.step("say"):
            result = run.command(["echo", "hello"], log="say.log")
            run.check("said", expected="hello", observed=result.tail, passed=True)
        run.save("x.json", {"rows": 3})

    record = record_of(run)
    assert (record.verdict, record.reason) == ("passed", "The one check passed.")
    assert [step.outcome for step in record.steps] == ["done"]
    assert record.checks[0].step == "say"
    assert {file.name for file in record.artefacts} == {"say.log", "x.json", "cli.sh"}


def test_the_directory_is_named_by_kind_and_second_and_is_private(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.save("sub/x.txt", "text")

    assert run.directory == tmp_path / "demo" / run.timestamp
    assert datetime.strptime(run.timestamp, "%Y%m%dT%H%M%SZ")
    assert run.directory.stat().st_mode & 0o777 == 0o700
    files = [path for path in run.directory.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_taken_second_waits_for_the_next(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 31, 14, 0, 0, 250_000, tzinfo=UTC)]

    def sleep(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    clock = Clock(now=lambda: now[0], monotonic=SYSTEM_CLOCK.monotonic, sleep=sleep)

    with opened(tmp_path, clock=clock) as first, opened(tmp_path, clock=clock) as second:
        pass

    assert (first.timestamp, second.timestamp) == ("20260131T140000Z", "20260131T140001Z")


def test_a_secret_is_in_no_file_and_not_on_the_terminal(tmp_path: Path) -> None:
    said: list[str] = []
    with opened(tmp_path, echo=said.append) as run:
        with run.step(f"step {SECRET}"):
            run.command(
                ["sh", "-c", f"echo {SECRET}; echo $PASS; echo $0", SECRET],
                log="a.log",
                env={"PASS": SECRET},
            )
        run.check("x", expected=SECRET, observed=SECRET, passed=False)
        run.note(f"note {SECRET}")
        run.save("a.txt", SECRET)
        run.save("a.bin", b"\xff\x00" + SECRET.encode() + b"\xfe")
        run.save("a.json", {SECRET: [SECRET]})

    for path in run.directory.rglob("*"):
        assert SECRET.encode() not in path.read_bytes(), path
    assert said == ["<redacted:TOKEN>"] * 3
    assert record_of(run).redactions["TOKEN"] > 10


def test_a_secret_that_is_learnt_on_the_way_is_redacted_from_then_on(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.learn_secret("SESSION", "learnt-at-run-time")
        result = run.command(["echo", "has learnt-at-run-time"], log="a.log")

    assert result.tail == "has <redacted:SESSION>"
    assert "learnt-at-run-time" not in (run.directory / "journal.jsonl").read_text()


def test_a_secret_that_is_too_short_is_noted(tmp_path: Path) -> None:
    with opened(tmp_path, secrets={"PIN": "123", "NOT_SET": ""}) as run:
        run.learn_secret("CODE", "45")

    assert [note.text for note in record_of(run).notes] == [
        "The secret 'PIN' is too short to be redacted.",
        "The secret 'CODE' is too short to be redacted.",
    ]


def test_the_secrets_of_a_run_are_known_to_whoever_looks_through_it_later(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.learn_secret("SESSION", "learnt-at-run-time")

    assert run.redactor.values == {"TOKEN": SECRET, "SESSION": "learnt-at-run-time"}


def test_the_log_keeps_the_bytes_as_they_came(tmp_path: Path) -> None:
    sent = rb"\033[31mred\033[0m 10%%\r20%%\377\376\n"

    with opened(tmp_path) as run:
        result = run.command(["printf", sent.decode()], log="a.log")

    assert (run.directory / "a.log").read_bytes() == b"\x1b[31mred\x1b[0m 10%\r20%\xff\xfe\n"
    assert result.tail == "20%��"


def test_two_commands_may_share_a_log(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.command(["echo", "one"], log="a.log")
        run.command(["echo", "two"], log="a.log")

    assert (run.directory / "a.log").read_text() == "one\ntwo\n"


def test_a_log_is_capped_and_the_record_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = partial(LogFile, head_bytes=3000, segment_bytes=1000)
    monkeypatch.setattr("evidence.command.LogFile", small)

    with opened(tmp_path) as run:
        result = run.command(["sh", "-c", "echo first; seq 100000; echo last"], log="a.log")

    (command,) = record_of(run).commands
    log = (run.directory / "a.log").read_text()
    assert len(log) < 5100
    assert f"\n[{command.left_out_bytes} bytes are left out here; this log is capped]\n" in log
    assert log.startswith("first\n1\n") and log.endswith("\n100000\nlast\n")
    assert result.tail.endswith("100000\nlast")


def test_a_command_that_fails_is_for_a_check_to_judge(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        failed = run.command(["sh", "-c", "exit 7"], log="a.log")
        missing = run.command(["no-such-tool"], log="b.log")
        late = run.command(["sleep", "300"], log="c.log", timeout=0.2)

    assert (failed.exit_code, missing.exit_code, late.exit_code) == (7, 127, None)
    assert late.timed_out
    assert missing.tail == "no-such-tool cannot be started: No such file or directory."
    assert [command.exit_code for command in record_of(run).commands] == [7, 127, None]


def test_a_command_gets_what_is_added_to_the_environment(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        result = run.command(
            ["sh", "-c", "echo $ADDED $HOME; pwd"],
            log="a.log",
            env={"ADDED": "yes"},
            cwd=tmp_path,
        )

    assert result.tail.splitlines() == [f"yes {os.environ['HOME']}", str(tmp_path)]


def test_a_process_is_recorded_so_that_it_can_be_ended_later(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.command(["true"], log="a.log")
        run.record_process("server", os.getpid())

    (started,) = events_of(run, "command-started")
    (server,) = events_of(run, "process")
    assert set(started["process"]) == {"pid", "started", "group", "birth"}
    assert started["process"]["pid"] == started["process"]["group"]
    assert is_alive(ProcessIdentity(**server["process"]))


def test_nothing_that_a_command_started_outlives_the_run(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.command(
            ["sh", "-c", "setsid sh -c 'echo $$ > pid; sleep 300' &"], log="a.log", cwd=tmp_path
        )
        assert wait_until((tmp_path / "pid").exists, 5)

    pid = int((tmp_path / "pid").read_text())
    assert not group_is_alive(pid)
    assert any("outlived" in note.text for note in record_of(run).notes)


def test_an_exception_in_a_step_is_recorded_and_comes_through(tmp_path: Path) -> None:
    failing = pytest.raises(ValueError, match="no rows")
    with failing, opened(tmp_path) as run, run.step("refine"):
        raise ValueError(f"no rows in {SECRET}")

    record = record_of(run)
    assert record.verdict == "incomplete"
    assert record.reason == (
        "The run broke off in step 'refine': ValueError: no rows in <redacted:TOKEN>"
    )
    assert record.steps[0].outcome == "failed"


def test_an_exception_that_the_rehearsal_handles_leaves_a_failed_step(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.check("one", expected=1, observed=1, passed=True)
        try:
            with run.step("refine"):
                raise ValueError("no rows")
        except ValueError:
            run.note("went on")

    record = record_of(run)
    assert (record.verdict, record.reason) == (
        "failed",
        "step 'refine' failed: ValueError: no rows.",
    )


class Signalled(KeyboardInterrupt):
    """An interruption as an engine makes it of a signal."""

    name = "SIGTERM"


def test_an_interruption_is_recorded_with_its_signal(tmp_path: Path) -> None:
    with pytest.raises(Signalled), opened(tmp_path) as run, run.step("refine"):
        raise Signalled

    record = record_of(run)
    assert record.verdict == "incomplete"
    assert record.reason == "SIGTERM interrupted the run in step 'refine'."


def test_clean_ups_run_newest_first_whatever_ends_the_run(tmp_path: Path) -> None:
    order: list[str] = []
    with pytest.raises(Signalled), opened(tmp_path) as run:
        run.cleanup("first", lambda: order.append("first"))
        run.cleanup("second", lambda: order.append("second"))
        raise Signalled

    assert order == ["second", "first"]
    assert [event["name"] for event in events_of(run, "clean-up")] == ["second", "first"]


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_a_clean_up_that_fails_is_noted_and_keeps_no_other_from_running(tmp_path: Path) -> None:
    order: list[str] = []
    with opened(tmp_path) as run:
        run.cleanup("first", lambda: order.append("first"))
        run.cleanup("second", raising(OSError("gone")))
        run.check("one", expected=1, observed=1, passed=True)

    record = record_of(run)
    assert order == ["first"]
    assert [note.text for note in record.notes] == ["Clean-up 'second' failed: OSError: gone"]
    assert record.verdict == "passed"


def test_an_interruption_of_a_clean_up_leaves_the_others_to_run(tmp_path: Path) -> None:
    order: list[str] = []
    with pytest.raises(Signalled), opened(tmp_path) as run:
        run.cleanup("first", lambda: order.append("first"))
        run.cleanup("second", raising(Signalled()))

    assert order == ["first"]
    assert record_of(run).verdict == "incomplete"


def test_an_artefact_that_is_gone_at_the_end_keeps_the_run_from_passing(tmp_path: Path) -> None:
    with pytest.raises(MissingArtefact, match="is gone after"), opened(tmp_path) as run:
        run.check("one", expected=1, observed=1, passed=True)
        run.save("x", "text").unlink()

    assert record_of(run).verdict == "incomplete"


def test_a_verb_after_the_end_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        pass

    with pytest.raises(EvidenceError, match="is closed: its run has ended"):
        run.note("late")


def test_an_action_that_cleans_up_may_run_commands(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        run.cleanup("say", lambda: print(run.command(["echo", "bye"], log="a.log").tail))

    assert (run.directory / "a.log").read_text() == "bye\n"
    assert "echo bye" in (run.directory / "cli.sh").read_text()


def test_a_blocked_run_says_why(tmp_path: Path) -> None:
    with opened(tmp_path, expected_checks=["one"]) as run:
        run.block(("No window is open.", "The token is missing."))

    record = record_of(run)
    assert (record.verdict, record.reason) == (
        "blocked",
        "Nothing was rehearsed: No window is open. The token is missing.",
    )


def test_what_a_command_wrote_is_adopted_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        (run.directory / "out.bin").write_bytes(b"\x00\x01")
        run.adopt("out.bin")

    (artefact,) = [file for file in record_of(run).artefacts if file.name == "out.bin"]
    assert (run.directory / "out.bin").read_bytes() == b"\x00\x01"
    assert (artefact.size, artefact.sha256[:8]) == (2, "b413f47d")


def test_a_file_that_is_missing_cannot_be_adopted(tmp_path: Path) -> None:
    with (
        opened(tmp_path) as run,
        pytest.raises(MissingArtefact, match="'x' cannot be captured: No"),
    ):
        run.adopt("x")


@pytest.mark.parametrize(
    "make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc/hosts")]
)
def test_what_is_no_plain_file_cannot_be_adopted(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    with opened(tmp_path) as run, pytest.raises(MissingArtefact, match="'x' cannot be captured"):
        make(run.directory / "x")
        run.adopt("x")


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../x", "/x", "a/../x", "a//b", "a/", "a\\b", "a\nb", "a\0b", "\udcff"),
        *("run.json", "journal.jsonl", "cli.sh", "x.partial"),
    ],
)
def test_a_name_that_no_artefact_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with opened(tmp_path) as run, pytest.raises(BadName, match="cannot be an artefact's name"):
        run.save(name, "text")


def test_a_link_in_the_directory_leads_no_file_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with opened(tmp_path) as run, pytest.raises(BadName, match="leads out"):
        (run.directory / "sub").symlink_to(tmp_path / "elsewhere")
        run.save("sub/x", "text")

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_saved_is_readable_json(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        path = run.save("x.json", {"when": datetime(2026, 1, 31, tzinfo=UTC), "nan": float("nan")})

    assert json.loads(path.read_text()) == {"when": "2026-01-31T00:00:00+00:00", "nan": "nan"}


def test_a_root_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    refused = pytest.raises(CannotRecord, match=r"file/demo cannot be written: Not a directory")
    with refused, opened(tmp_path / "file"):
        pass


@pytest.mark.parametrize("kind", ["", "..", "a/b", "/a"])
def test_a_kind_that_is_no_folder_name_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BadName, match="cannot be a kind's name"), opened(tmp_path, kind=kind):
        pass


PROLOGUE = """
import os, resource, signal, sys
from pathlib import Path
from evidence.errors import EvidenceError
from evidence.journal import Journal
from evidence.models import GitState
from evidence.run import open_run

def opened():
    return open_run(
        Path(sys.argv[1]), kind="demo", target="embedded", mode="embedded", operator="x", host="x",
        git=GitState(commit=None, dirty=False), tools={}, configuration={},
        expected_checks=["one"], required_files=["a.log"], echo=lambda line: None,
    )

def rehearse(run):
    run.cleanup("nothing", lambda: None)
    with run.step("first"):
        run.command(["echo", "hello"], log="a.log")
        run.check("one", expected=1, observed=1, passed=True)
    run.save("x.json", {"a": 1})
"""

KILLED_AT_EACH_EVENT = (
    PROLOGUE
    + """
append = Journal.append

def killing_after(count):
    def counted(journal, event, **fields):
        nonlocal count
        written = append(journal, event, **fields)
        count -= 1
        if not count:
            os.kill(os.getpid(), signal.SIGKILL)
        return written
    return counted

events = 0
while True:
    events += 1
    child = os.fork()
    if not child:
        Journal.append = killing_after(events)
        with opened() as run:
            rehearse(run)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(events - 1)
"""
)


def run_python(script: str, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout


def test_a_run_killed_at_any_event_is_incomplete_and_keeps_all_before_it(tmp_path: Path) -> None:
    script = KILLED_AT_EACH_EVENT.replace("sys.argv[1]", "sys.argv[1], str(events)", 1)

    killed = int(run_python(script, str(tmp_path)))

    assert killed >= 10
    for count in range(1, killed + 1):
        (path,) = (tmp_path / str(count)).glob("demo/*/journal.jsonl")
        reading = read_journal(path)
        assert (len(reading.events), reading.problems) == (count, ())
        # The last event is the end: whoever is killed after it has finished.
        assert record_from(reading.events).verdict == (
            "passed" if count == killed else "incomplete"
        )


FULL_DISK = (
    PROLOGUE
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with opened() as run:
        rehearse(run)
        limit = int(sys.argv[2])
        sys.dont_write_bytecode = True  # what could be written of it would be taken for the whole
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        if sys.argv[3] == "log":
            run.command(["sh", "-c", "yes | head -c 50000; sleep 300"], log="b.log")
        else:
            try:
                run.note("x" * 50000)
            except EvidenceError:
                pass
except EvidenceError as error:
    print(error)
"""
)


@pytest.mark.parametrize("what", ["log", "journal"])
def test_a_full_disk_is_one_sentence_and_such_a_run_never_passes(tmp_path: Path, what: str) -> None:
    told = run_python(FULL_DISK, str(tmp_path), "20000", what)

    (directory,) = (tmp_path / "demo").iterdir()
    reading = read_journal(directory / "journal.jsonl")
    record = record_from(reading.events)
    assert told.count("\n") == 1
    assert "cannot be written: File too large" in told
    assert reading.problems == ()
    assert record.verdict == "incomplete"
    assert "cannot be written: File too large" in record.reason
    assert (directory / "a.log").read_text() == "hello\n"
    if what == "log":
        assert (directory / "b.log").stat().st_size == 20000


def test_a_full_file_system_is_one_sentence_and_such_a_run_never_passes(
    small_disk: Path,
) -> None:
    with pytest.raises(CannotRecord, match="No space left on device"), opened(small_disk) as run:
        run.check("one", expected=1, observed=1, passed=True)
        run.command(["head", "-c", "5000000", "/dev/urandom"], log="a.log")

    record = record_of(run)
    assert record.verdict == "incomplete"
    assert record.commands[0].exit_code is None
    assert (run.directory / "a.log").stat().st_size > 100_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


WAITS = (
    PROLOGUE
    + """
class Terminated(KeyboardInterrupt):
    name = "SIGTERM"

def interrupt(number, frame):
    raise Terminated

signal.signal(signal.SIGTERM, interrupt)
with opened() as run:
    run.cleanup("nothing", lambda: None)
    with run.step("wait"):
        run.command(["sh", "-c", "echo $$; sleep 300 & sleep 300"], log="a.log")
"""
)


def test_a_terminated_recorder_ends_its_commands_and_says_incomplete(tmp_path: Path) -> None:
    recorder = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(tmp_path)], stderr=subprocess.DEVNULL
    )
    assert wait_until(lambda: any(log.stat().st_size for log in tmp_path.glob("demo/*/a.log")), 20)

    recorder.send_signal(signal.SIGTERM)
    recorder.wait(40)

    (directory,) = (tmp_path / "demo").iterdir()
    record = record_from(read_journal(directory / "journal.jsonl").events)
    assert record.reason == "SIGTERM interrupted the run in step 'wait'."
    assert not group_is_alive(int((directory / "a.log").read_text()))
    assert [event["event"] for event in read_journal(directory / "journal.jsonl").events][-1] == (
        "interrupted"
    )
