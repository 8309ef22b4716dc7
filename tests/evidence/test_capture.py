"""Whatever a process does, it is captured to the byte, ended in time, and leaves nothing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from evidence.capture import ProcessEnd, run_process
from evidence.echo import LineEcho
from evidence.errors import CannotRecord, CannotStart
from evidence.log_file import LogFile, gather_log
from evidence.processes import (
    ProcessIdentity,
    end_processes,
    group_is_alive,
    identify,
    is_alive,
    marked_processes,
    wait_until,
)

# That a test ends is part of what it shows.
pytestmark = pytest.mark.timeout(60)


class Capture:
    """What was captured of one process."""

    def __init__(self) -> None:
        self.output = b""
        self.pid = 0

    def run(self, argv: list[str], *, timeout: float | None = None) -> ProcessEnd:
        return run_process(
            argv, sink=self.take, on_start=self.note_pid, timeout=timeout, term_seconds=0.5
        )

    def take(self, data: bytes) -> None:
        self.output += data

    def note_pid(self, pid: int) -> None:
        self.pid = pid


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def ends(group: int) -> bool:
    return wait_until(lambda: not group_is_alive(group), 5)


def test_output_and_errors_come_merged_in_their_order() -> None:
    capture = Capture()

    end = capture.run(shell("echo out; echo err >&2; echo more; exit 3"))

    assert capture.output == b"out\nerr\nmore\n"
    assert (end.exit_code, end.timed_out, end.left_running) == (3, False, False)


def test_every_byte_comes_through() -> None:
    capture = Capture()

    capture.run(python("import os; os.write(1, bytes(range(256)) * 4000)"))

    assert capture.output == bytes(range(256)) * 4000


def test_standard_input_is_empty() -> None:
    capture = Capture()

    end = capture.run(["cat"])

    assert (end.exit_code, capture.output) == (0, b"")


def test_a_signal_shows_in_the_exit_code_as_in_a_shell() -> None:
    assert Capture().run(shell("kill -TERM $$")).exit_code == 128 + signal.SIGTERM


def test_a_command_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(CannotStart, match=r"^no-such-tool cannot be started: No such file"):
        Capture().run(["no-such-tool"])


def test_a_timeout_ends_the_whole_group() -> None:
    capture = Capture()

    end = capture.run(shell("echo started; sleep 300 & sleep 300"), timeout=0.3)

    assert (end.exit_code, end.timed_out) == (None, True)
    assert capture.output == b"started\n"
    assert ends(capture.pid)


def test_a_timeout_ends_what_ignores_signals_and_floods_its_output() -> None:
    capture = Capture()
    flood = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: print('x')"

    end = capture.run(python(flood), timeout=0.5)

    assert (end.exit_code, end.timed_out) == (None, True)
    assert ends(capture.pid)


def test_what_a_command_says_while_it_is_ended_is_kept() -> None:
    capture = Capture()

    capture.run(
        shell("trap 'echo cleaning up; exit' TERM; while :; do sleep 0.05; done"), timeout=0.5
    )

    assert capture.output.endswith(b"cleaning up\n")


def test_a_child_that_keeps_the_output_open_is_not_waited_for() -> None:
    capture = Capture()

    end = capture.run(shell("sleep 300 & echo done"))

    assert (end.exit_code, end.left_running) == (0, True)
    assert capture.output == b"done\n"
    assert ends(capture.pid)


def test_a_grandchild_in_a_session_of_its_own_is_not_waited_for() -> None:
    capture = Capture()
    mark = "EVIDENCE_RUN_TEST_GRANDCHILD"

    end = run_process(
        shell("setsid sleep 300 & echo done"),
        sink=capture.take,
        on_start=capture.note_pid,
        env={**os.environ, mark: "1"},
    )

    assert end.exit_code == 0
    (left,) = marked_processes(mark)
    end_processes((left,))
    assert not is_alive(left)


def test_a_child_that_ends_by_itself_soon_after_is_heard_to_the_end() -> None:
    capture = Capture()

    end = capture.run(shell("(sleep 0.2; echo late) & echo early"))

    assert capture.output == b"early\nlate\n"
    assert not end.left_running


def test_an_interruption_ends_the_group_and_comes_through() -> None:
    capture = Capture()

    def interrupt(data: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_process(shell("echo started; sleep 300"), sink=interrupt, on_start=capture.note_pid)

    assert ends(capture.pid)


def test_a_disk_that_refuses_the_output_ends_the_group() -> None:
    capture = Capture()

    def refuse(data: bytes) -> None:
        raise CannotRecord("x.log", OSError(28, "No space left on device"))

    with pytest.raises(CannotRecord, match=r"x\.log cannot be written: No space left"):
        run_process(shell("yes"), sink=refuse, on_start=capture.note_pid)

    assert ends(capture.pid)


def test_a_second_interruption_does_not_spare_what_ignores_signals() -> None:
    capture = Capture()
    script = "trap '' TERM INT; echo started; while :; do sleep 0.05; done"

    def interrupt(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_process(shell(script), sink=interrupt, on_start=capture.note_pid)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert ends(capture.pid)


def test_a_reused_pid_is_left_alone() -> None:
    own = identify(os.getpid())
    assert own is not None
    earlier = ProcessIdentity(own.pid, own.started - 60, own.group)

    end_processes((earlier,), term_seconds=0)

    assert is_alive(own)
    assert not is_alive(earlier)


def test_the_log_holds_small_output_as_it_is(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", head_bytes=100, segment_bytes=10)

    log.write(b"a" * 100)
    log.close()

    assert (tmp_path / "x.log").read_bytes() == b"a" * 100
    assert log.left_out == 0
    assert (tmp_path / "x.log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [101, 110, 111, 119, 120])
def test_the_log_holds_all_that_its_end_can_hold(tmp_path: Path, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    log = LogFile(tmp_path / "x.log", head_bytes=100, segment_bytes=10)

    log.write(data)
    log.close()

    assert (tmp_path / "x.log").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["x.log"]


def test_a_log_over_its_cap_keeps_both_ends_and_says_what_it_lacks(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", head_bytes=100, segment_bytes=10)

    for number in range(1000):
        log.write(b"%03d" % number)
    log.close()

    text = (tmp_path / "x.log").read_text()
    head, marker, tail = text.split("\n")
    assert head == "".join(f"{number:03d}" for number in range(34))[:100]
    assert marker == f"[{log.left_out} bytes are left out here; this log is capped]"
    assert tail.endswith("998999")
    assert len(head) + log.left_out + len(tail) == 3000
    assert 10 < len(tail) <= 20


def test_what_a_killed_recorder_left_of_a_log_is_put_together(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log", head_bytes=100, segment_bytes=10)
    for number in range(1000):
        log.write(b"%03d" % number)

    left_out = gather_log(tmp_path / "x.log", segment_bytes=10)

    assert left_out > 0
    assert (tmp_path / "x.log").read_text().endswith("998999")
    assert [path.name for path in tmp_path.iterdir()] == ["x.log"]


def test_a_log_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "x.log").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CannotRecord):
        LogFile(tmp_path / "x.log")

    assert not (tmp_path / "elsewhere").exists()


def echoed(*pieces: bytes) -> list[str]:
    lines: list[str] = []
    echo = LineEcho(lines.append)
    for piece in pieces:
        echo.write(piece)
    echo.close()
    return lines


def test_a_line_is_said_once_it_is_whole() -> None:
    lines: list[str] = []

    LineEcho(lines.append).write(b"one\ntwo\nthr")

    assert lines == ["one", "two"]


def test_of_a_progress_bar_the_last_state_is_said() -> None:
    bar = b"".join(b"\r%3d%%" % percent for percent in range(101))

    assert echoed(bar, b"\n", b"done\r\n") == ["100%", "done"]


def test_a_progress_bar_without_end_is_not_held() -> None:
    lines = echoed(*(b"\rstep %d" % number for number in range(100_000)))

    assert lines == ["step 99999"]


def test_nothing_that_moves_the_cursor_or_sets_the_terminal_is_said() -> None:
    sent = b"\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\ \x07\x08text\x1b[1A\n"

    assert echoed(sent) == ["red text"]


def test_bytes_that_are_no_text_are_said_as_such() -> None:
    assert echoed(b"caf\xc3", b"\xa9 \xff\xfe\n") == ["café ��"]


def test_a_line_of_great_length_is_said_in_part() -> None:
    (line,) = echoed(*[b"x" * 65536] * 50)

    assert line == "x" * 2000 + " […]"


def test_output_far_larger_than_memory_should_hold_streams_through() -> None:
    size = 0

    def count(data: bytes) -> None:
        nonlocal size
        size += len(data)

    end = run_process(
        shell("head -c 300000000 /dev/zero"), sink=count, on_start=lambda pid: None, timeout=60
    )

    assert size == 300_000_000
    assert end.exit_code == 0
