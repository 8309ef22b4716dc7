"""The append-only record of a run: one JSON event a line, each naming the digest of the one before.

Everything that `run.json` says is computed from this file, so a line is whole or it
is not there: neither a signal in the middle of an append nor a full disk can break the chain.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadJournal, CannotRecord, EvidenceError
from evidence.json_values import json_value

FILE_NAME = "journal.jsonl"
FIRST_PREVIOUS = "0" * 64

# After these the journal is on the disk itself, whatever becomes of the machine.
DURABLE_EVENTS = frozenset({"opened", "resumed", "blocked", "finished", "interrupted", "crashed"})
# Every other event waits at most this long for the next fsync that an event brings.
SECONDS_BETWEEN_SYNCS = 0.25

_OWN_FIELDS = frozenset({"seq", "at", "elapsed", "previous"})

Event = dict[str, JsonValue]
Redact = Callable[[JsonValue], JsonValue]


@dataclass(frozen=True)
class _Position:
    """What the next line continues."""

    sequence: int
    previous: str
    size: int


class Journal:
    """Writes a new journal; an existing file is never touched.

    `redact` sees every value before it is written.
    """

    def __init__(self, path: Path, redact: Redact, clock: Clock = SYSTEM_CLOCK) -> None:
        self._open(path, redact, clock, os.O_CREAT | os.O_EXCL)
        try:
            sync_directory(path.parent)
        except OSError as error:
            raise CannotRecord(path, error) from error

    @classmethod
    def resume(
        cls,
        path: Path,
        redact: Redact,
        clock: Clock = SYSTEM_CLOCK,
        *,
        opening: Mapping[str, object] | None = None,
        **fields: object,
    ) -> Journal:
        """Go on with the journal of a recorder that is gone, after an event `resumed`.

        A torn last line moves into that event, which has the `fields` too. `opening` is what
        to open a journal with that has not even its first line. Raises BadJournal when a line
        is not what a recorder writes: such a journal is left alone.
        """
        reading = read_journal(path)
        if reading.broken:
            raise BadJournal(f"{path} cannot be resumed: {reading.problems[0]}.")
        last = reading.events[-1] if reading.events else {}
        elapsed = _seconds(last, 0.0)
        journal = cls.__new__(cls)
        journal._open(path, redact, clock, 0)
        # Nobody measured the time between; the wall clock is all that there is.
        with contextlib.suppress(ValueError):
            between = clock.now() - datetime.fromisoformat(str(last.get("at")))
            elapsed += max(0.0, between.total_seconds())
        journal._opened_at -= elapsed
        journal._position = _Position(len(reading.events) + 1, reading.digest, reading.size)
        try:
            os.ftruncate(journal._descriptor, reading.size)
        except OSError as error:
            raise CannotRecord(path, error) from error
        if not reading.events and opening is not None:
            journal.append("opened", **opening)
        journal.append("resumed", torn=reading.torn, **fields)
        return journal

    def _open(self, path: Path, redact: Redact, clock: Clock, flags: int) -> None:
        self.path = path
        self.lost: str | None = None
        self._redact = redact
        self._clock = clock
        self._opened_at = clock.monotonic()
        self._synced_at = self._opened_at
        self._lock = threading.RLock()
        self._position = _Position(1, FIRST_PREVIOUS, 0)
        self._in_flight: _Position | None = None
        flags |= os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise CannotRecord(path, error) from error

    def append(self, event: str, **fields: object) -> Event:
        """Write one event and return it as written.

        Values of any type are taken. Raises CannotRecord when the disk refuses the line;
        `lost` then says so for good, since the record is no longer complete.
        """
        if taken := _OWN_FIELDS & fields.keys():
            raise TypeError(f"fields that every event has of its own: {', '.join(sorted(taken))}")
        with self._lock:
            if self._descriptor < 0:
                raise EvidenceError(f"{self.path} is closed: its run has ended.")
            self._settle()
            start = self._position
            elapsed = self._clock.monotonic() - self._opened_at
            written: Event = {
                "seq": start.sequence,
                "at": moment(self._clock.now()),
                "elapsed": round(elapsed, 6),
                "previous": start.previous,
                "event": event,
                **{name: self._redact(json_value(value)) for name, value in fields.items()},
            }
            line = json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            after = _Position(
                start.sequence + 1, hashlib.sha256(line[:-1]).hexdigest(), start.size + len(line)
            )
            try:
                self._in_flight = after
                self._write(line)
                self._position = after
                self._in_flight = None
                self._sync(event, written)
            except OSError as error:
                self.lost = str(CannotRecord(self.path, error))
                with contextlib.suppress(OSError):
                    self._settle()
                raise CannotRecord(self.path, error) from error
            return written

    def close(self) -> None:
        """Put everything on the disk and let go of the file."""
        with self._lock:
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                raise CannotRecord(self.path, error) from error
            finally:
                os.close(self._descriptor)
                # Another file may get the number; a late event must not go there.
                self._descriptor = -1

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _sync(self, event: str, written: Event) -> None:
        now = self._clock.monotonic()
        counts = event in DURABLE_EVENTS or written.get("passed") is False
        if counts or now - self._synced_at >= SECONDS_BETWEEN_SYNCS:
            os.fsync(self._descriptor)
            self._synced_at = now

    def _settle(self) -> None:
        """Find out what became of a line whose append was broken off, by a signal or the disk."""
        if self._in_flight is None:
            return
        size = os.fstat(self._descriptor).st_size
        if size == self._in_flight.size:
            self._position = self._in_flight
        elif size > self._position.size:
            os.ftruncate(self._descriptor, self._position.size)
        self._in_flight = None


@dataclass(frozen=True)
class JournalReading:
    """What a journal says, and every place where it is not what a recorder writes.

    `torn` is what stands after the last line that is whole; `size` (bytes) and `digest`
    (of the last line, SHA-256 in hex) are where a recorder would go on.
    """

    events: tuple[Event, ...]
    problems: tuple[str, ...]
    torn: bytes = b""
    size: int = 0
    digest: str = FIRST_PREVIOUS

    @property
    def broken(self) -> bool:
        """Whether more is wrong than that the end is cut off."""
        return len(self.problems) > bool(self.torn)


def read_journal(path: Path) -> JournalReading:
    """Read a journal file, whole or cut anywhere; raises BadJournal only when there is none."""
    try:
        with path.open("rb") as lines:
            return read_journal_lines(lines)
    except OSError as error:
        raise BadJournal(f"{path} cannot be read: {error.strerror or error}.") from error


def read_journal_lines(lines: Iterable[bytes]) -> JournalReading:
    """Read a journal from its lines, each with its line break.

    `problems` has a sentence for each line that is torn, is not an event, or does not
    follow from the line before it.
    """
    events: list[Event] = []
    problems: list[str] = []
    previous, sequence, elapsed = FIRST_PREVIOUS, 0, 0.0
    torn, size = b"", 0
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            problems.append(f"line {number} is torn: the file ends in the middle of it")
            torn = line
            break
        event = _parsed(line)
        if event is None:
            problems.append(f"line {number} is not an event: it is not a JSON object")
        else:
            events.append(event)
            problems += _breaks(event, number, previous, sequence, elapsed)
            sequence, elapsed = _whole(event, "seq", number), _seconds(event, elapsed)
        previous, size = hashlib.sha256(line[:-1]).hexdigest(), size + len(line)
    return JournalReading(tuple(events), tuple(problems), torn, size, previous)


def moment(when: datetime) -> str:
    """The moment in UTC to the millisecond, as `2026-01-31T14:00:00.000Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sync_directory(directory: Path) -> None:
    """Put a directory's own entries on the disk, so that a new file in it outlives a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parsed(line: bytes) -> Event | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _breaks(event: Event, number: int, previous: str, sequence: int, elapsed: float) -> list[str]:
    """What is wrong between an event and the one before it."""
    found = []
    if event.get("previous") != previous:
        found.append(
            f"line {number} does not follow from the line before it: "
            "one of the two was changed, removed or put in between"
        )
    if event.get("seq") != sequence + 1:
        found.append(f"line {number} has sequence number {event.get('seq')}, not {sequence + 1}")
    if not isinstance(event.get("event"), str) or not isinstance(event.get("at"), str):
        found.append(f"line {number} is not an event: it lacks its name or its time")
    if _seconds(event, -1.0) < elapsed:
        found.append(f"line {number} was written earlier than the line before it")
    return found


def _whole(event: Event, key: str, otherwise: int) -> int:
    value = event.get(key)
    return value if isinstance(value, int) else otherwise


def _seconds(event: Event, otherwise: float) -> float:
    value = event.get("elapsed")
    return value if isinstance(value, int | float) else otherwise
