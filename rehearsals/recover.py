"""Recover the rehearsals that were cut off, and bring the documents up to date with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from evidence.errors import EvidenceError, RunHeld
from evidence.inventory import RECORD_NAME, one_line
from evidence.listing import RunSummary, list_runs, summarise
from evidence.models import RunRecord
from evidence.recover import Recovered, recover_run, remove_empty_runs, unsealed_runs
from evidence.verify import verify
from rehearsals.errors import Blocked
from rehearsals.kinds import load_settings
from rehearsals.markers import key_of
from rehearsals.sealing import (
    Say,
    Sealing,
    hold_target,
    prepare_sealing,
    render_run,
    seal_run,
    secret_values,
)
from rehearsals.targets import RehearsalsFile
from rehearsals.terminal import outlasting

_LOG = "Next_Steps_Log.md"


def recover_and_tell(
    root: Path, *, from_elsewhere: bool = False, screenshot: bool = True, say: Say = print
) -> int:
    """Recover every unfinished rehearsal of a project, a line each; returns the exit code.

    0 when none is left but those that somebody is at, 1 when one could not be recovered.
    """
    say = outlasting(say)
    rehearsals = load_settings(root)
    folder = root / rehearsals.evidence.root
    sealing = prepare_sealing(screenshot=screenshot)
    for directory in remove_empty_runs(folder):
        say(f"{directory.parent.name}/{directory.name}: nothing was recorded; removed")
    unsealed = unsealed_runs(folder)
    if not unsealed:
        say(f"no unfinished run in {rehearsals.evidence.root}")
    code = 0
    for run in map(summarise, unsealed):
        try:
            recovered = _recover(root, run, rehearsals, sealing, from_elsewhere, say)
        except (RunHeld, Blocked) as error:
            say(one_line(f"{run.id}: skipped: {error}"))
        except (EvidenceError, OSError) as error:
            say(one_line(f"{run.id}: not recovered: {error}"))
            code = 1
        else:
            say(one_line(f"{run.id}: {_told(recovered)}"))
            _render(root, recovered.record, run.path, rehearsals, say)
    for run, record in _forgotten(root, folder):
        _render(root, record, run.path, rehearsals, say)
    return code


def _recover(
    root: Path,
    run: RunSummary,
    rehearsals: RehearsalsFile,
    sealing: Sealing,
    from_elsewhere: bool,
    say: Say,
) -> Recovered:
    target = rehearsals.targets.get(run.target)
    with ExitStack() as held:
        if target is not None:
            # Cleaning up under a rehearsal that runs on the same target would spoil it.
            held.enter_context(hold_target(root, run.kind, run.target))
        return recover_run(
            run.path,
            lambda directory, record, redactor: seal_run(
                directory, record, redactor, sealing=sealing, say=say
            ),
            secrets=secret_values(target.credentials if target else ()),
            from_elsewhere=from_elsewhere,
        )


def _told(recovered: Recovered) -> str:
    record = recovered.record
    undone = sum(note.text.startswith("Clean-up ") for note in record.notes)
    ended = f"; {recovered.ended} of its processes ended" if recovered.ended else ""
    left = f"; {undone} of its clean-ups left to you, see its notes" if undone else ""
    return f"sealed as {record.verdict}: {record.reason}{ended}{left}"


def _render(
    root: Path, record: RunRecord, directory: Path, rehearsals: RehearsalsFile, say: Say
) -> None:
    # A run of which nothing but its folder is known stands in no document.
    if record.target in rehearsals.targets:
        render_run(root, record, directory, rehearsals=rehearsals, say=say)


def _forgotten(root: Path, folder: Path) -> Iterator[tuple[RunSummary, RunRecord]]:
    """The newest sealed run of each kind and target, where the log does not know it.

    That is a run whose recorder was killed between the seal and the documents.
    """
    seen: set[tuple[str, str]] = set()
    log = root / _LOG
    known = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    for run in list_runs(folder):
        if (run.kind, run.target) in seen or not run.sealed or run.drill:
            continue
        seen.add((run.kind, run.target))
        with suppress(OSError, ValueError, EvidenceError):
            record = RunRecord.model_validate_json((run.path / RECORD_NAME).read_bytes())
            if key_of(record).comment not in known and _is_sealed_here(run.path):
                yield run, record


def _is_sealed_here(directory: Path) -> bool:
    found = verify(directory)
    return found.ok and found.signer is not None and found.signer.trust == "local"
