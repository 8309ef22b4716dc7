"""Runs to seal and to tamper with, recorded by the real recorder."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, sync_playwright

from evidence.journal import read_journal
from evidence.keys import SigningKey, load_signing_key
from evidence.models import GitState, Mode, RunRecord, Setting
from evidence.outcome import record_from
from evidence.run import Run, open_run
from evidence.seal import Seal, seal


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG file with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


RED_PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + png_chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + png_chunk(b"IEND", b"")
)


class Recorded(NamedTuple):
    """A run that has ended and is not sealed."""

    directory: Path
    record: RunRecord


class Sealed(NamedTuple):
    """A run that is sealed."""

    directory: Path
    record: RunRecord
    seal: Seal


Rehearse = Callable[[Run], None]


def greet(run: Run) -> None:
    """A small run that passes: a command, a log, JSON, a picture, a check."""
    with run.step("greet"):
        said = run.command(["sh", "-c", "echo hello; echo second line"], log="hello.log")
        run.save("facts.json", {"greeted": True})
        run.save("shots/graph.png", RED_PIXEL)
        run.check(
            "the greeting exits 0",
            expected="0",
            observed=str(said.exit_code),
            passed=said.exit_code == 0,
            artefact="hello.log",
            line=2,
        )


def record_run(
    root: Path,
    rehearse: Rehearse = greet,
    *,
    mode: Mode = "embedded",
    target: str = "embedded",
    required_files: tuple[str, ...] = ("hello.log", "facts.json", "shots/graph.png"),
    previous: str | None = None,
    secrets: dict[str, str] | None = None,
) -> Recorded:
    """Record a run below `root` and compute its record."""
    with open_run(
        root,
        kind="e2e",
        target=target,
        mode=mode,
        operator="thandi",
        host="laptop",
        git=GitState(commit="0" * 40, dirty=False),
        tools={"python": "3.11"},
        configuration={"profile": Setting(value="generic", origin="a flag")},
        expected_checks=("the greeting exits 0",),
        required_files=required_files,
        simulated=("lineage server",) if mode == "embedded" else (),
        secrets=secrets or {},
        previous=previous,
        echo=lambda line: None,
    ) as run:
        rehearse(run)
    directory = run.directory
    return Recorded(directory, record_from(read_journal(directory / "journal.jsonl").events))


@pytest.fixture(scope="session")
def config_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration folder with a signing key in it."""
    directory = tmp_path_factory.mktemp("config") / "hotpass"
    load_signing_key(directory)
    return directory


@pytest.fixture(scope="session")
def key(config_dir: Path) -> SigningKey:
    """The key of `config_dir`."""
    return load_signing_key(config_dir)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """A run that passed and is not sealed yet."""
    return record_run(tmp_path / "staging")


@pytest.fixture
def sealed(recorded: Recorded, key: SigningKey) -> Sealed:
    """A run that passed and is sealed, without the report's picture."""
    made = seal(recorded.directory, recorded.record, key, screenshot=False)
    return Sealed(recorded.directory, recorded.record, made)


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., Recorded]:
    """Record a run of one's own: `new_run(rehearse, mode=…)`."""

    def record(rehearse: Rehearse = greet, **options: object) -> Recorded:
        return record_run(tmp_path / "staging", rehearse, **options)  # type: ignore[arg-type]

    return record


@pytest.fixture
def in_browser() -> Callable[..., AbstractContextManager[Page]]:
    """Open a page in the browser that pictures are taken with: `in_browser(path, width=…)`."""

    @contextmanager
    def opened(path: Path, *, width: int = 1000) -> Iterator[Page]:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), chromium_sandbox=os.geteuid() != 0
            )
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(path.as_uri())
            yield page
            browser.close()

    return opened
