"""A command's log on disk: all of it up to a cap, then its beginning and its end.

What has come is in files at any moment, so a killed recorder loses none of it;
`gather_log` puts the parts together, at the end of the command or after a crash, its own
included: the names of the parts say how long the beginning is.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import BinaryIO

from evidence.errors import CannotRecord

HEAD_BYTES = 32 << 20
# Two segments are kept, so the end that is kept is between one and two segments long.
SEGMENT_BYTES = 16 << 20


class LogFile:
    """Appends to a log, mode 600; `write` and `close` raise CannotRecord when the disk refuses."""

    def __init__(
        self, path: Path, head_bytes: int = HEAD_BYTES, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.path = path
        self.left_out = 0
        self._room = head_bytes
        self._segment_bytes = segment_bytes
        self._segment = 0
        self._head = 0
        self._descriptor = _open(path)

    def write(self, data: bytes) -> None:
        """Append bytes: to the log while it has room, then to the segments of its end."""
        rest = memoryview(data)
        try:
            while rest:
                if not self._room:
                    self._next_segment()
                taken = os.write(self._descriptor, rest[: self._room])
                self._room -= taken
                rest = rest[taken:]
        except OSError as error:
            raise CannotRecord(self.path, error) from error

    def close(self) -> None:
        """Put the log together; `left_out` then counts the bytes that it lacks."""
        try:
            os.close(self._descriptor)
        except OSError as error:
            raise CannotRecord(self.path, error) from error
        if self._segment:
            self.left_out = gather_log(self.path, self._segment_bytes)

    def _next_segment(self) -> None:
        if not self._segment:
            self._head = os.fstat(self._descriptor).st_size
        os.close(self._descriptor)
        self._segment += 1
        self._descriptor = _open(self._segment_path(self._segment))
        self._room = self._segment_bytes
        self._segment_path(self._segment - 2).unlink(missing_ok=True)

    def _segment_path(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{self._head}.{number:06d}.partial")


def gather_log(path: Path, segment_bytes: int = SEGMENT_BYTES) -> int:
    """Append a log's segments to it, after a line that says how much is missing; return how much.

    Nothing happens when there are no segments, and what was broken off is done again.
    """
    try:
        segments = find_segments(path)
        if not segments:
            return 0
        head, first = _place(segments[0])
        left_out = (first - 1) * segment_bytes
        # A log that is longer than its beginning was put together already.
        if path.stat().st_size == head:
            _replace_with_whole(path, left_out, segments)
        # The oldest goes last, for its number tells what is left out.
        for segment in reversed(segments):
            segment.unlink()
        return left_out
    except OSError as error:
        raise CannotRecord(path, error) from error


def find_segments(log: Path) -> tuple[Path, ...]:
    """The parts of a log's end that were not put together yet, oldest first."""
    named = re.compile(rf"{re.escape(log.name)}\.\d+\.\d{{6,}}\.partial")
    return tuple(
        sorted((path for path in log.parent.iterdir() if named.fullmatch(path.name)), key=_place)
    )


def _replace_with_whole(log: Path, left_out: int, segments: tuple[Path, ...]) -> None:
    whole = log.with_name(f"{log.name}.partial")
    whole.unlink(missing_ok=True)
    with os.fdopen(_open(whole), "wb") as file:
        _copy(log, file)
        if left_out:
            file.write(b"\n[%d bytes are left out here; this log is capped]\n" % left_out)
        for segment in segments:
            _copy(segment, file)
    whole.replace(log)


def _copy(path: Path, to: BinaryIO) -> None:
    with path.open("rb") as part:
        shutil.copyfileobj(part, to, 1 << 20)


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise CannotRecord(path, error) from error


def _place(segment: Path) -> tuple[int, int]:
    """The length of the log's beginning in bytes, and the segment's number."""
    _, head, number, _ = segment.name.rsplit(".", 3)
    return int(head), int(number)
