"""Outputs appear all together or not at all, whatever comes between."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from hotpass.errors import CannotWrite
from hotpass.outputs import ensure_writable, naming_the_file, written_together


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)


def test_every_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    write(tmp_path, a="old", c="kept")

    with written_together(tmp_path, "refined") as folder:
        write(folder, a="new", b="new")
        assert (tmp_path / "a").read_text() == "old"

    assert files(tmp_path) == {"a": "new", "b": "new", "c": "kept"}


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, a="old")

    with pytest.raises(KeyboardInterrupt), written_together(tmp_path, "refined") as folder:
        write(folder, a="new", b="new")
        raise KeyboardInterrupt

    assert files(tmp_path) == {"a": "old"}


def test_an_interruption_between_two_moves_waits_until_all_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Path.replace

    def interrupted_move(path: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return move(path, target)

    with pytest.raises(KeyboardInterrupt), written_together(tmp_path, "refined") as folder:
        write(folder, a="new", b="new")
        monkeypatch.setattr(Path, "replace", interrupted_move)

    assert files(tmp_path) == {"a": "new", "b": "new"}


def test_a_disk_without_hard_links_still_brings_the_earlier_files_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, a="old", b="old")
    move = Path.replace

    def refuse_b(path: Path, target: Path) -> Path:
        if path.read_text() == "new" and path.name == "b":
            raise OSError(errno.EIO, "Input/output error")
        return move(path, target)

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "replace", refuse_b)
    monkeypatch.setattr(os, "link", no_links)

    with pytest.raises(OSError, match="Input/output"), written_together(tmp_path, "x") as folder:
        write(folder, a="new", b="new")

    assert files(tmp_path) == {"a": "old", "b": "old"}


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    ensure_writable(tmp_path / "deep" / "er" / "out.xlsx")

    assert files(tmp_path / "deep" / "er") == {}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a="file")

    with pytest.raises(CannotWrite, match=r"/a: cannot write here: a file of this name"):
        ensure_writable(tmp_path / "a" / "out.xlsx")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="this is a folder"):
        ensure_writable(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "parquet: underlying IO error: No space left on device (os error 28)",
        'Couldn\'t write to xml file: Os { code: 28, kind: StorageFull, message: "No space" }',
    ],
)
def test_an_error_of_a_rust_library_gets_its_number_and_its_file(
    tmp_path: Path, words: str
) -> None:
    with pytest.raises(OSError, match="No space left") as raised, naming_the_file(tmp_path):
        raise RuntimeError(words)

    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(tmp_path))


def test_any_other_error_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a column is missing"), naming_the_file(tmp_path):
        raise RuntimeError("a column is missing")
