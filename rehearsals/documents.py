"""The project's Markdown documents, brought up to date with a run.

The text of each is computed in `rehearsals.entries`; here it is read, locked and written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evidence.models import RunRecord
from rehearsals.entries import (
    RunToRender,
    run_to_render,
    update_latest_evidence,
    update_log,
    update_next_steps,
    update_schedule,
)
from rehearsals.errors import RehearsalError
from rehearsals.markers import MarkerProblem
from rehearsals.targets import RehearsalsFile

LOCK_SECONDS = 30


class DocumentsNotRendered(RehearsalError):
    """No document was touched; `problems` holds every reason, each with its document."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        heading = f"{count} in the documents, so none was touched:"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True)
class DocumentChange:
    """A document that a run changed, by its path in the project, and what it now says anew."""

    path: Path
    what: str


@dataclass(frozen=True)
class _Document:
    path: Path
    what: str
    updates: tuple[Callable[[str, RunToRender], str], ...]


_DOCUMENTS = (
    _Document(Path("Next_Steps.md"), "the status of its task", (update_next_steps,)),
    _Document(Path("Next_Steps_Log.md"), "an entry for the run", (update_log,)),
    _Document(
        Path("docs/operations/staging-rehearsal-plan.md"),
        "the schedule and the latest evidence",
        (update_schedule, update_latest_evidence),
    ),
)


def render_documents(
    root: Path, record: RunRecord, directory: Path, *, rehearsals: RehearsalsFile
) -> tuple[DocumentChange, ...]:
    """Bring the documents in `root` up to date with a run whose evidence lies in `directory`.

    Returns what changed: nothing when the run was rendered before. Raises DocumentsNotRendered,
    naming each missing marker and the line to add, before any document is touched. A drill is
    no rehearsal and appears in no document.
    """
    if record.drill:
        return ()
    root = root.absolute()
    run = run_to_render(root, record, directory, rehearsals)
    with _locked(root):
        changes = _find_changes(root, run)
        for document, content in changes:
            _replace(root, document.path, content)
    return tuple(DocumentChange(document.path, document.what) for document, _ in changes)


def _find_changes(root: Path, run: RunToRender) -> list[tuple[_Document, bytes]]:
    """The documents that the run changes, with their new bytes; every problem in one error."""
    changes: list[tuple[_Document, bytes]] = []
    problems: list[str] = []
    for document in _DOCUMENTS:
        name = document.path.as_posix()
        try:
            before = (root / document.path).read_bytes()
        except FileNotFoundError:
            problems.append(f"{name} does not exist; restore it: git checkout HEAD -- {name}")
            continue
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}.")
            continue
        # Bytes that are not UTF-8 go through unharmed.
        text = before.decode("utf-8", "surrogateescape")
        for update in document.updates:
            try:
                text = update(text, run)
            except MarkerProblem as problem:
                problems.append(f"{name}: {problem}")
        after = text.encode("utf-8", "surrogateescape")
        if after != before:
            changes.append((document, after))
    if problems:
        raise DocumentsNotRendered(tuple(problems))
    return changes


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Only one process at a time reads and writes the documents of a project."""
    from filelock import FileLock, Timeout

    name = ".staging/locks/documents.lock"
    path = root / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(path, timeout=LOCK_SECONDS).acquire()
    except Timeout:
        raise RehearsalError(
            f"another run has held {name} for {LOCK_SECONDS} s; wait for it to end, then run again."
        ) from None
    except OSError as error:
        raise RehearsalError(f"{name} cannot be locked: {error}.") from None
    with held:
        yield


def _replace(root: Path, name: Path, content: bytes) -> None:
    """Swap a document for its new text in one step; its mode stays, and a link stays a link."""
    path = (root / name).resolve()
    partial = path.with_name(f"{path.name}.partial")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise RehearsalError(
            f"{name.as_posix()} cannot be written ({error.strerror}) and is as it was; "
            "make its folder writable or free some space, then run again."
        ) from None
