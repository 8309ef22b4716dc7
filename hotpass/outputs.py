"""Files that appear all together or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotpass.errors import CannotWrite

REASONS: dict[int, str] = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EFBIG: "the file would pass the size limit of this account or disk",
    errno.EACCES: "permission denied; choose another place or change its permissions",
    errno.EPERM: "permission denied; choose another place or change its permissions",
    errno.EROFS: "the disk is read-only; choose another place",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EEXIST: "a file of this name stands in the way; choose another place",
    errno.EISDIR: "this is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long for this disk",
}
OS_ERROR = re.compile(r"(?:os error |Os \{ code: )([0-9]+)")


def explain_os_error(error: OSError) -> str:
    """Say in one sentence where the system refused and what to do about it."""
    reason = REASONS.get(error.errno or 0, error.strerror or str(error))
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
    return f"{place}: {reason}." if place else f"{reason[:1].upper()}{reason[1:]}."


@contextmanager
def naming_the_file(path: Path) -> Iterator[None]:
    """Turn an input/output error that a Rust library words in its own way into an OSError."""
    try:
        yield
    except BaseException as error:
        # A panic of such a library is a BaseException; only its name tells it from others.
        number = OS_ERROR.search(str(error))
        if number is None or not (
            isinstance(error, Exception) or type(error).__name__ == "PanicException"
        ):
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from error


def ensure_writable(output_path: Path) -> None:
    """Make the folder of `output_path` and prove that a file can be written there.

    Meant for before the work starts, so that an hour of it is not thrown away.

    Raises:
        CannotWrite: the folder cannot be made or refuses a file, or the path is a folder.
    """
    if output_path.is_dir():
        raise CannotWrite(f"{output_path}: this is a folder; name the file to write in it.")
    try:
        output_path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output_path.parent) as probe:
            probe.write(b"\0")
    except OSError as error:
        reason = REASONS.get(error.errno or 0, error.strerror)
        raise CannotWrite(f"{output_path.parent}: cannot write here: {reason}.") from error


def write_whole(path: Path, text: str) -> None:
    """Write one text file so that a reader finds the old one or the new one, never a part."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(text.encode("utf-8"))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def written_together(folder: Path, stem: str) -> Iterator[Path]:
    """Yield an empty folder; every file in it moves to `folder` when the block ends well.

    When the block fails, or a move does, nothing new is left in `folder` and the files that
    stood there before stand again. The empty folder is inside `folder`, so a move is a
    rename on one disk.
    """
    unfinished = Path(tempfile.mkdtemp(prefix=f".{stem}-", suffix=".partial", dir=folder))
    try:
        yield unfinished
        new_files = sorted(unfinished.iterdir())
        for path in new_files:
            _flush_to_disk(path)
        with _signals_held():
            _move_all(new_files, folder, set_aside=unfinished / "before")
    except OSError as error:
        # A failed write names no file, and the unfinished ones are nobody's concern.
        if error.filename is None or str(error.filename).startswith(str(unfinished)):
            raise OSError(error.errno, error.strerror, str(folder)) from error
        raise
    finally:
        with _signals_held():
            shutil.rmtree(unfinished, ignore_errors=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _move_all(new_files: list[Path], folder: Path, set_aside: Path) -> None:
    set_aside.mkdir()
    targets = [folder / path.name for path in new_files]
    for target in targets:
        if target.exists():
            _keep(target, set_aside / target.name)
    try:
        for path, target in zip(new_files, targets, strict=True):
            path.replace(target)
    except OSError:
        for path, target in zip(new_files, targets, strict=True):
            earlier = set_aside / target.name
            if earlier.exists():
                earlier.replace(target)
            elif not path.exists():
                target.unlink()
        raise


def _keep(path: Path, beside: Path) -> None:
    try:
        os.link(path, beside)
    except OSError:  # a disk without hard links
        shutil.copy2(path, beside)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Put off interruptions until the block has ended.

    Done with handlers and not with a signal mask: a mask covers one thread, and the kernel
    would hand the signal to one of the worker threads of polars instead.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python interrupts the main thread only.
        return
    arrived: list[int] = []
    before = {
        number: signal.signal(number, lambda signum, frame: arrived.append(signum))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for signum in arrived:
            signal.raise_signal(signum)
