"""How the evidence of a rehearsal is sealed and told of: after its run, or by a recovery."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsals.errors import Blocked
from rehearsals.targets import RehearsalsFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evidence.keys import SigningKey
    from evidence.models import RunRecord
    from evidence.redact import Redactor
    from evidence.time_stamps import TimeStampAuthority

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sealing:
    """What runs are sealed with here; without `screenshot` the report is not pictured."""

    key: SigningKey
    authority: TimeStampAuthority | None
    screenshot: bool = True


def prepare_sealing(*, screenshot: bool = True) -> Sealing:
    """Open the signing key and find the time-stamp authority, before anything rests on them."""
    from evidence.keys import load_signing_key
    from evidence.time_stamps import configured_authority

    return Sealing(load_signing_key(), configured_authority(), screenshot)


def seal_run(
    directory: Path, record: RunRecord, redactor: Redactor, *, sealing: Sealing, say: Say
) -> None:
    """Seal a run's evidence; where that is refused, the folder says why and the error comes on."""
    from evidence.artefacts import REFUSAL_NAME
    from evidence.errors import CannotRecord, EvidenceError
    from evidence.inventory import write_file
    from evidence.seal import seal

    try:
        (directory / REFUSAL_NAME).unlink(missing_ok=True)
        sealed = seal(
            directory,
            record,
            sealing.key,
            redactor=redactor,
            screenshot=sealing.screenshot,
            authority=sealing.authority,
        )
    except (EvidenceError, OSError) as error:
        told = error if isinstance(error, EvidenceError) else CannotRecord(directory, error)
        with suppress(OSError):
            write_file(directory / REFUSAL_NAME, [f"{told}\n".encode()])
        raise told from error
    if sealed.picture_problem:
        say(f"no picture of the report: {sealed.picture_problem}")
    if sealed.time_stamp_problem:
        say(f"sealed without a time-stamp: {sealed.time_stamp_problem}")


def render_run(
    root: Path, record: RunRecord, directory: Path, *, rehearsals: RehearsalsFile, say: Say
) -> None:
    """Bring the documents up to date and tell of it; no failure changes what the run was."""
    from rehearsals.documents import render_documents

    try:
        changes = render_documents(root, record, directory, rehearsals=rehearsals)
    except Exception as error:
        say(f"documents not updated: {error or type(error).__name__}")
        return
    for change in changes:
        say(f"updated {change.path}: {change.what}")


def secret_values(names: Iterable[str]) -> dict[str, str]:
    """The values of a target's credentials by name, and of what opens the signing key."""
    from evidence.keys import signing_secrets

    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    return given | signing_secrets()


@contextmanager
def hold_target(root: Path, kind: str, target: str) -> Iterator[None]:
    """Hold the lock of a kind and target; raises Blocked when another process holds it."""
    from filelock import FileLock, Timeout

    path = root / ".staging" / "locks" / f"{kind}-{target}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Blocked(
            f"a {kind} rehearsal on {target} is already running here, or one is being recovered; "
            "wait for it to end."
        ) from None
    try:
        yield
    finally:
        lock.release()
