"""What a program needs of this package, in a few functions; `import evidence` offers them."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from evidence import bundle, listing, verify
from evidence.errors import EvidenceError, RunHeld
from evidence.journal import FILE_NAME, read_journal
from evidence.keys import SigningKey, load_signing_key, signing_secrets
from evidence.listing import RunSummary, previous_statement_digest
from evidence.models import GitState, Mode, RunRecord, Setting
from evidence.outcome import record_from
from evidence.recover import Recovered, recover_run, unfinished_runs
from evidence.redact import Redactor
from evidence.run import Run, open_run
from evidence.seal import seal
from evidence.surroundings import git_state, operator_name, tool_versions
from evidence.time_stamps import configured_authority
from evidence.verification import Verification

AnyPath = str | os.PathLike[str]


@contextlib.contextmanager
def record(
    root: AnyPath,
    *,
    kind: str,
    target: str,
    mode: Mode = "live",
    operator: str | None = None,
    host: str | None = None,
    git: GitState | None = None,
    tools: Mapping[str, str] | None = None,
    configuration: Mapping[str, JsonValue] | None = None,
    expected_steps: Sequence[str] = (),
    expected_checks: Sequence[str] = (),
    required_files: Sequence[str] = (),
    simulated: Sequence[str] = (),
    secrets: Mapping[str, str] | None = None,
    signing_key: str | None = None,
    screenshot: bool = False,
    echo: Callable[[str], None] = print,
) -> Iterator[Run]:
    """Record a run in `<root>/<kind>/<timestamp>` and seal it when the block is left.

    However it is left: an exception or Ctrl-C makes the run incomplete, which is sealed, and
    comes through. A check that failed, and a step, check or file that was expected and never
    came, make it failed and raise nothing.

    `secrets` are values by name that no file may hold. `signing_key` is a source as
    `evidence.keys` has them; without one the configured or local key signs. What is not given
    of operator, host, git (of the working directory) and tools is asked of the system.
    `screenshot` has a browser picture the report.

    Raises BadKey before anything is begun, CannotRecord when the disk refuses, and SealRefused
    for a run that must not be sealed, which happens above all when a secret got into a file.
    """
    root = Path(root)
    key = load_signing_key(source=signing_key)
    settings = {name: _setting(value) for name, value in (configuration or {}).items()}
    opened: Run | None = None
    try:
        with open_run(
            root,
            kind=kind,
            target=target,
            mode=mode,
            operator=operator or operator_name(),
            host=host or platform.node(),
            git=git or git_state(Path.cwd()),
            tools=tool_versions() if tools is None else tools,
            configuration=settings,
            expected_steps=expected_steps,
            expected_checks=expected_checks,
            required_files=required_files,
            simulated=simulated,
            secrets={**(secrets or {}), **signing_secrets()},
            previous=previous_statement_digest(root, kind, target),
            echo=echo,
        ) as opened:
            yield opened
    except BaseException as error:
        if opened is not None:
            # What ended the run is what its caller has to hear of first.
            try:
                _seal_recorded(opened, key, screenshot)
            except EvidenceError as refusal:
                error.add_note(str(refusal))
        raise
    _seal_recorded(opened, key, screenshot)


def verify_run(
    path: AnyPath,
    *,
    require_mode: Mode | None = None,
    max_age: timedelta | None = None,
    signer: str | None = None,
) -> Verification:
    """Check the sealed run in a directory or bundle; `ok` when there is no finding.

    `require_mode` refuses the other mode, `max_age` a run that ended longer ago, `signer` every
    key but that of the fingerprint. Raises EvidenceError when there is no run.
    """
    return verify.verify(Path(path), require_mode=require_mode, max_age=max_age, signer=signer)


def list_runs(root: AnyPath) -> tuple[RunSummary, ...]:
    """What every run below `root` says of itself, newest first; nothing of it is verified."""
    return listing.list_runs(Path(root))


def bundle_run(path: AnyPath, to: AnyPath | None = None) -> Path:
    """Write a sealed run as one file that tar and unzip read, and return where it is.

    `to` is a file, or a folder for it; by default it lies beside the run. Raises BadBundle for a
    run that is not as it was sealed.
    """
    return bundle.bundle(Path(path), Path(to) if to is not None else None)


def recover_runs(
    root: AnyPath,
    *,
    secrets: Mapping[str, str] | None = None,
    signing_key: str | None = None,
) -> tuple[Recovered, ...]:
    """Close and seal, as incomplete, the runs below `root` whose recorder is gone.

    What they had started is ended first, and clean-ups that have a command are run; `secrets`
    by name are those that the runs were given.
    """
    key = load_signing_key(source=signing_key)
    recovered = []
    for directory in unfinished_runs(Path(root)):
        with contextlib.suppress(RunHeld):
            recovered.append(recover_run(directory, partial(_seal, key, False), secrets=secrets))
    return tuple(recovered)


def _setting(value: JsonValue) -> Setting:
    return Setting(value=value, origin="the program")


def _seal_recorded(run: Run, key: SigningKey, screenshot: bool) -> None:
    record = record_from(read_journal(run.directory / FILE_NAME).events)
    _seal(key, screenshot, run.directory, record, run.redactor)


def _seal(
    key: SigningKey, screenshot: bool, directory: Path, record: RunRecord, redactor: Redactor
) -> None:
    authority = configured_authority()
    seal(directory, record, key, redactor=redactor, screenshot=screenshot, authority=authority)
