"""Invoke's front door: names and help of every task; what they do is in the packages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

ROOT = Path(__file__).resolve().parent


@task(
    name="e2e",
    help={
        "target": "where it runs: `embedded`, or a live target of rehearsals.toml",
        "plan": "say what a run would do and what stands in its way; touch nothing",
        "override": "the reason for a live run outside its window; it goes into the evidence",
    },
)
def rehearse_e2e(
    context: Context, target: str = "embedded", plan: bool = False, override: str | None = None
) -> None:
    """Rehearse the whole pipeline end to end: overview, refine, enrich, qa."""
    from rehearsals.run import rehearse

    _end_with(
        lambda: rehearse("e2e", target, root=ROOT, plan_only=plan, override=override, say=_say)
    )


@task(
    positional=["path"],
    help={
        "path": "a run's folder, a bundle, or a folder of runs as dist/staging",
        "require": "accept this mode only: `live` refuses embedded evidence",
        "max_age": "refuse a run that ended longer ago: 7 or 7d, 12h, 2w",
        "signer": "accept only evidence signed by the key of this fingerprint",
        "chain": "in a folder of runs: find those deleted, put in or dated back",
        "json": "print what was found as JSON, schemas/verification.schema.json",
    },
)
def verify(
    context: Context,
    path: str,
    require: str | None = None,
    max_age: str | None = None,
    signer: str | None = None,
    chain: bool = False,
    json: bool = False,
) -> None:
    """Check sealed runs: every change to one is listed, and any fails."""
    from evidence.verify_report import verify_and_tell

    _end_with(
        lambda: verify_and_tell(
            Path(path),
            require=require,
            max_age=max_age,
            signer=signer,
            chain=chain,
            as_json=json,
            say=_say,
        )
    )


@task(
    positional=["run"],
    help={
        "run": "the folder of a sealed run",
        "to": "the file to write, or a folder for it; by default beside the run",
    },
)
def bundle(context: Context, run: str, to: str | None = None) -> None:
    """Write a sealed run as one file that tar and unzip read."""
    from evidence.bundle import bundle_and_tell

    _end_with(lambda: bundle_and_tell(Path(run), Path(to) if to else None, say=_say))


@task(
    positional=["path"],
    help={"path": "the bundle", "to": "the folder in which the run's folder is made"},
)
def unpack(context: Context, path: str, to: str = ".") -> None:
    """Unpack a bundle, once it is shown to be whole."""
    from evidence.bundle import unpack_and_tell

    _end_with(lambda: unpack_and_tell(Path(path), Path(to), say=_say))


@task(name="list", help={"root": "the evidence folder; by default that of rehearsals.toml"})
def list_evidence(context: Context, root: str | None = None) -> None:
    """List the runs kept here, newest first."""
    from evidence.listing import list_and_tell
    from rehearsals.kinds import load_settings

    def tell() -> int:
        return list_and_tell(Path(root or ROOT / load_settings(ROOT).evidence.root), say=_say)

    _end_with(tell)


@task(
    help={
        "trust": "whose key it is: trust the key in --file from now on",
        "file": "that key: a public key in PEM, or the folder of a run that it sealed",
    },
)
def key(context: Context, trust: str | None = None, file: str | None = None) -> None:
    """Show the key that seals evidence here, or trust another one."""
    from evidence.key_listing import key_and_tell

    _end_with(lambda: key_and_tell(trust, Path(file) if file else None, say=_say))


@task(
    help={
        "from_elsewhere": "close the runs of other machines too; nothing there is cleaned up",
    },
)
def recover(context: Context, from_elsewhere: bool = False) -> None:
    """End, clean up and seal the runs that were cut off."""
    from rehearsals.recover import recover_and_tell

    _end_with(lambda: recover_and_tell(ROOT, from_elsewhere=from_elsewhere, say=_say))


def _say(line: str) -> None:
    print(line, flush=True)


def _end_with(action: Callable[[], int]) -> None:
    """Exit with the action's code; what a person did wrong is one sentence, never a traceback."""
    from evidence.errors import EvidenceError
    from rehearsals.errors import RehearsalError

    try:
        code = action()
    except (RehearsalError, EvidenceError, OSError) as error:
        raise Exit(f"hotpass: {error}", code=getattr(error, "exit_code", 1)) from None
    if code:
        sys.exit(code)


def _collect(**groups: tuple[object, ...]) -> Collection:
    collection = Collection()
    for name, tasks in groups.items():
        collection.add_collection(Collection(name, *tasks))
    return collection


namespace = _collect(
    rehearse=(rehearse_e2e,), evidence=(verify, list_evidence, bundle, unpack, key, recover)
)
