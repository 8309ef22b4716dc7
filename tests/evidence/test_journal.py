"""The journal keeps every whole line, and a reader sees each place where it was touched."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evidence.clock import Clock
from evidence.errors import BadJournal, CannotRecord
from evidence.journal import Journal, read_journal

START = datetime(2026, 1, 31, 14, tzinfo=UTC)


def as_it_is(value: JsonValue) -> JsonValue:
    return value


def write_journal(path: Path, count: int) -> bytes:
    journal = Journal(path, as_it_is)
    for number in range(count):
        journal.append("note", text=f"number {number}")
    journal.close()
    return path.read_bytes()


@pytest.fixture(scope="module")
def ten_lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_journal(tmp_path_factory.mktemp("journal") / "journal.jsonl", 10)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, as_it_is)

    journal.append("note", text="a „quoted“ text\nof two lines", number=3)
    journal.close()

    reading = read_journal(path)
    assert reading.problems == ()
    (event,) = reading.events
    assert event["event"] == "note"
    assert event["text"] == "a „quoted“ text\nof two lines"
    assert (event["seq"], event["number"], event["previous"]) == (1, 3, "0" * 64)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    write_journal(tmp_path / "journal.jsonl", 1)

    assert (tmp_path / "journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_old_journal_is_never_touched(tmp_path: Path) -> None:
    before = write_journal(tmp_path / "journal.jsonl", 2)

    with pytest.raises(CannotRecord, match="File exists"):
        Journal(tmp_path / "journal.jsonl", as_it_is)

    assert (tmp_path / "journal.jsonl").read_bytes() == before


def test_every_value_passes_through_the_redaction(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", lambda value: ["seen", value])

    journal.append("note", text="x")
    journal.close()

    assert read_journal(tmp_path / "journal.jsonl").events[0]["text"] == ["seen", "x"]


class Odd:
    """A value that resists."""

    def __repr__(self) -> str:
        raise RuntimeError("not printable")


def values_of_all_kinds() -> dict[str, object]:
    loop: list[object] = []
    loop.append(loop)
    return {
        "not_a_number": float("nan"),
        "infinite": float("-inf"),
        "bytes": b"\xff\x00text",
        "path": Path("a/b"),
        "moment": START,
        "set": {3, 1, 2},
        "itself": loop,
        "odd": Odd(),
        "half_a_character": "\udcff",
        "huge": 10**5000,
        "a_type": int,
        "keys": {1: "one", None: "none", ("a", 2): "pair"},
    }


@pytest.mark.parametrize("name", sorted(values_of_all_kinds()))
def test_a_value_that_json_cannot_hold_cuts_nothing_short(tmp_path: Path, name: str) -> None:
    journal = Journal(tmp_path / "journal.jsonl", as_it_is)

    journal.append("note", value=values_of_all_kinds()[name])
    journal.append("note", value="after")
    journal.close()

    reading = read_journal(tmp_path / "journal.jsonl")
    assert reading.problems == ()
    assert [event["event"] for event in reading.events] == ["note", "note"]


@given(st.data())
def test_a_journal_cut_at_any_byte_keeps_every_whole_line(
    tmp_path_factory: pytest.TempPathFactory, ten_lines: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(ten_lines)))
    path = tmp_path_factory.mktemp("cut") / "journal.jsonl"
    path.write_bytes(ten_lines[:cut])

    reading = read_journal(path)

    whole = ten_lines[:cut].count(b"\n")
    torn = not ten_lines[:cut].endswith(b"\n") and cut > 0
    assert [event["text"] for event in reading.events] == [f"number {n}" for n in range(whole)]
    assert len(reading.problems) == torn
    assert all(f"line {whole + 1} is torn" in problem for problem in reading.problems)


@given(st.data())
def test_any_changed_byte_shows(
    tmp_path_factory: pytest.TempPathFactory, ten_lines: bytes, data: st.DataObject
) -> None:
    # All but the last line, which only the seal's digest covers.
    last_line = ten_lines[:-1].rindex(b"\n")
    place = data.draw(st.integers(0, last_line))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != ten_lines[place]))
    path = tmp_path_factory.mktemp("changed") / "journal.jsonl"
    path.write_bytes(ten_lines[:place] + bytes([byte]) + ten_lines[place + 1 :])

    assert read_journal(path).problems != ()


@given(st.permutations(range(10)).filter(lambda order: order != sorted(order)))
def test_reordered_lines_show(
    tmp_path_factory: pytest.TempPathFactory, ten_lines: bytes, order: list[int]
) -> None:
    lines = ten_lines.splitlines(keepends=True)
    path = tmp_path_factory.mktemp("order") / "journal.jsonl"
    path.write_bytes(b"".join(lines[number] for number in order))

    assert read_journal(path).problems != ()


@given(st.integers(0, 8))
def test_a_removed_line_shows(
    tmp_path_factory: pytest.TempPathFactory, ten_lines: bytes, removed: int
) -> None:
    lines = ten_lines.splitlines(keepends=True)
    path = tmp_path_factory.mktemp("removed") / "journal.jsonl"
    path.write_bytes(b"".join(lines[:removed] + lines[removed + 1 :]))

    problems = read_journal(path).problems

    assert any(f"line {removed + 1} does not follow" in problem for problem in problems)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "journal.jsonl"
    path.write_bytes(data)

    reading = read_journal(path)

    assert bool(reading.problems) == bool(data)


def test_a_journal_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadJournal, match=r"journal\.jsonl cannot be read: No such file"):
        read_journal(tmp_path / "journal.jsonl")


def test_a_wall_clock_that_jumps_back_leaves_the_elapsed_time_alone(tmp_path: Path) -> None:
    walls = iter([START, START - timedelta(hours=2)])
    ticks = itertools.count(100.0, 0.5)
    clock = Clock(now=lambda: next(walls), monotonic=lambda: next(ticks), sleep=lambda _: None)
    journal = Journal(tmp_path / "journal.jsonl", as_it_is, clock)

    journal.append("note")
    journal.append("note")
    journal.close()

    reading = read_journal(tmp_path / "journal.jsonl")
    first, second = reading.events
    assert reading.problems == ()
    assert (first["at"], second["at"]) == ("2026-01-31T14:00:00.000Z", "2026-01-31T12:00:00.000Z")
    assert float(str(second["elapsed"])) > float(str(first["elapsed"])) >= 0


def test_a_signal_in_the_middle_of_an_append_breaks_no_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, as_it_is)
    interruptions = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for delay in range(1, 400):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay / 1_000_000)
                for _ in range(10):
                    journal.append("note", text="x" * 200)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interruptions += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    journal.append("finished")
    journal.close()

    reading = read_journal(path)
    assert interruptions > 0
    assert reading.problems == ()
    assert reading.events[-1]["event"] == "finished"


FILL_UP = """
import resource, signal, sys
from pathlib import Path
from evidence.errors import CannotRecord
from evidence.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.dont_write_bytecode = True  # what could be written of it would be taken for the whole
journal = Journal(Path(sys.argv[1]), lambda value: value)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    for number in range(1000):
        journal.append("note", text="x" * 100)
except CannotRecord as error:
    print(error)
    print(number)
    print(journal.lost == str(error))
"""


def test_a_full_disk_is_one_sentence_and_keeps_every_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    told = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    sentence, written, lost = told
    assert (
        sentence == f"{path} cannot be written: File too large; make room or choose another place."
    )
    reading = read_journal(path)
    assert reading.problems == ()
    assert len(reading.events) == int(written) > 5
    assert lost == "True"


KILL_ITSELF = """
import os, signal, sys
from pathlib import Path
from evidence.journal import Journal
journal = Journal(Path(sys.argv[1]), lambda value: value)
for number in range(int(sys.argv[2])):
    journal.append("note", number=number)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    ended = subprocess.run([sys.executable, "-c", KILL_ITSELF, str(path), "7"], check=False)

    assert ended.returncode == -signal.SIGKILL
    assert [event["number"] for event in read_journal(path).events] == list(range(7))


@given(st.data())
def test_a_journal_cut_anywhere_can_be_resumed(
    tmp_path_factory: pytest.TempPathFactory, ten_lines: bytes, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(ten_lines)))
    path = tmp_path_factory.mktemp("resumed") / "journal.jsonl"
    path.write_bytes(ten_lines[:cut])

    journal = Journal.resume(path, as_it_is)
    journal.append("interrupted")
    journal.close()

    reading = read_journal(path)
    whole = ten_lines[:cut].count(b"\n")
    torn = ten_lines[:cut].rpartition(b"\n")[2].decode("utf-8", "backslashreplace")
    assert reading.problems == ()
    names = [event["event"] for event in reading.events]
    assert names == ["note"] * whole + ["resumed", "interrupted"]
    assert reading.events[whole]["torn"] == torn


def test_a_journal_that_was_changed_is_not_resumed(tmp_path: Path, ten_lines: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    changed = ten_lines.replace(b"number 3", b"number 4")
    path.write_bytes(changed)

    with pytest.raises(BadJournal, match="line 5 does not follow"):
        Journal.resume(path, as_it_is)

    assert path.read_bytes() == changed


def test_the_time_goes_on_in_a_resumed_journal(tmp_path: Path) -> None:
    later = START + timedelta(minutes=10)
    first = Clock(now=lambda: START, monotonic=lambda: 500.0, sleep=lambda _: None)
    second = Clock(now=lambda: later, monotonic=lambda: 3.0, sleep=lambda _: None)
    journal = Journal(tmp_path / "journal.jsonl", as_it_is, first)
    journal.append("note")
    journal.close()

    Journal.resume(tmp_path / "journal.jsonl", as_it_is, second).close()

    reading = read_journal(tmp_path / "journal.jsonl")
    assert [event["elapsed"] for event in reading.events] == [0, 600]


def test_an_event_cannot_take_the_fields_of_the_chain(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", as_it_is)

    with pytest.raises(TypeError, match="previous"):
        journal.append("note", previous="0" * 64)

    journal.close()
    assert (tmp_path / "journal.jsonl").stat().st_size == 0


def test_a_line_holds_nothing_but_one_json_object(ten_lines: bytes) -> None:
    for line in ten_lines.splitlines():
        assert list(json.loads(line))[:5] == ["seq", "at", "elapsed", "previous", "event"]
