"""Hold a run's directory, so that one process alone records, recovers or seals it.

The kernel lets go of it with the process, however that ends, so nothing is ever left held.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from evidence.errors import CannotRecord, RunHeld


@contextlib.contextmanager
def hold_directory(directory: Path) -> Iterator[None]:
    """Hold a directory while the block runs; raises RunHeld when another process does."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotRecord(directory, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunHeld(f"{directory} is being recorded or recovered right now.") from None
        except OSError:
            # A file system without such locks: the recorder's process alone tells then.
            pass
        yield
    finally:
        os.close(descriptor)
