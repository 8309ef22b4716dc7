"""A command's log on disk: all of it up to a cap, then its beginning and its end.

What has come is in files at any moment, so a killed recorder loses none of it;
`gather_log` puts the parts together, at the end of the command or after a crash.
"""

from __future__ import annotations

import os
from pathlib import Path

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
        os.close(self._descriptor)
        self._segment += 1
        self._descriptor = _open(_segment_path(self.path, self._segment))
        self._room = self._segment_bytes
        _segment_path(self.path, self._segment - 2).unlink(missing_ok=True)


def gather_log(path: Path, segment_bytes: int = SEGMENT_BYTES) -> int:
    """Append a log's segments to it, after a line that says how much is missing; return how much.

    Nothing happens when there are no segments.
    """
    try:
        segments = sorted(path.parent.glob(f"{path.name}.*.partial"), key=_segment_number)
        if not segments:
            return 0
        left_out = (_segment_number(segments[0]) - 1) * segment_bytes
        with path.open("ab") as log:
            if left_out:
                log.write(b"\n[%d bytes are left out here; this log is capped]\n" % left_out)
            for segment in segments:
                with segment.open("rb") as part:
                    while chunk := part.read(1 << 20):
                        log.write(chunk)
        for segment in segments:
            segment.unlink()
        return left_out
    except OSError as error:
        raise CannotRecord(path, error) from error


def _open(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise CannotRecord(path, error) from error


def _segment_path(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number:06d}.partial")


def _segment_number(segment: Path) -> int:
    return int(segment.name.split(".")[-2])
