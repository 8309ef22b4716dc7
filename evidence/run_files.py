"""The files of one run, wherever they lie: what a verifier may know of a folder or a bundle."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import BinaryIO, Protocol

from evidence.inventory import Inventory, take_inventory

# What a verifier holds in memory at once: a journal, a record, a JSON file.
LARGEST_HELD_BYTES = 128 * 2**20


class RunFiles(Protocol):
    """Named byte streams. Names are relative, with `/` between folders."""

    @property
    def inventory(self) -> Inventory:
        """What is there."""

    def open(self, name: str) -> BinaryIO:
        """A file's bytes from its start; it can seek."""

    def digest(self, name: str) -> str:
        """SHA-256 (hex) of a file."""


class DirectoryFiles:
    """The files below a directory, as they were listed at first; no link is followed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.inventory = take_inventory(directory)

    def open(self, name: str) -> io.BufferedReader:
        """A file's bytes from its start."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(self.directory / name, flags), "rb")

    def digest(self, name: str) -> str:
        """SHA-256 (hex) of a file."""
        with self.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def read_start(files: RunFiles, name: str, most: int = LARGEST_HELD_BYTES) -> bytes:
    """A file's bytes, at most one more than `most`, so that a longer one shows."""
    with files.open(name) as file:
        return read_at_most(file, most + 1)


def read_at_most(file: BinaryIO, most: int) -> bytes:
    """A stream's first bytes; a reader asked for more than there is would make room for it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return file.read(min(size, most))
