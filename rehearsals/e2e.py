"""The full end-to-end preflight: the canonical sequence on messy workbooks, read back from disk.

The four commands are the run-book's; what they left on disk is then judged by reading it
again, never by what they said of themselves.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsals.kinds import Kind, Staging
from rehearsals.targets import KindSettings, Share, Words

if TYPE_CHECKING:
    from evidence.run import CommandResult, Run

COMMANDS = ("overview", "refine", "enrich", "qa")

EVERY_ROW_READ = "every input row is read"
ROWS_RECONCILE = "read = kept + merged + rejected, to the row"
REJECTED_AS_PLANTED = "only rows planted as unusable are rejected"
CONTRACT_KEPT = "the refined workbook keeps its contract"
MERGES_PRECISE = "merged rows are really one organisation"
DUPLICATES_FOUND = "planted duplicates are merged"
ONLY_EMPTY_FILLED = "enrich changes only empty fields"
ADDITIONS_SOURCED = "every added value names its source and confidence"
GATES_GREEN = "every quality gate is green"


class EndToEndSettings(KindSettings):
    """What is read, and what must be reached."""

    profile: Words
    input_dir: Words
    truth: Words
    minimum_precision: Share = 0.98
    minimum_recall: Share = 0.9


EndToEndStaging = Staging[EndToEndSettings]


def rehearse_end_to_end(run: Run, staging: EndToEndStaging) -> None:
    """Run overview, refine, enrich and qa as the run-book has them, then judge what they left."""
    artifacts = run.directory / "artifacts"
    artifacts.mkdir()
    refined, enriched = artifacts / "refined.xlsx", artifacts / "enriched.xlsx"
    profile, network = staging.settings.profile, str(staging.target.allow_network).lower()

    with run.step("overview"):
        _hotpass(run, staging, "overview")
    with run.step("refine"):
        refine = _hotpass(
            run, staging, "refine",
            "--input-dir", staging.settings.input_dir,
            "--output-path", _from_root(refined, staging),
            "--profile", profile, "--archive",
        )  # fmt: skip
    if refine.exit_code == 0:
        with run.step("enrich"):
            enrich = _hotpass(
                run, staging, "enrich",
                "--input", _from_root(refined, staging),
                "--output", _from_root(enriched, staging),
                "--profile", profile, f"--allow-network={network}",
            )  # fmt: skip
        with run.step("judge refined"):
            judge_refined(run, staging, refined)
        if enrich.exit_code == 0:
            with run.step("judge enriched"):
                judge_enriched(run, refined, enriched)
    else:
        run.note("refine left no workbook, so enrich and the checks on both could not run.")
    with run.step("qa"):
        _hotpass(run, staging, "qa", "all", "--log-dir", _from_root(artifacts / "qa", staging))
        judge_gates(run, artifacts / "qa" / "qa.json")
    with run.step("record"):
        run.save("metadata.json", _metadata(run, staging))
        for path in sorted(artifacts.rglob("*")):
            if path.is_file():
                run.adopt(path.relative_to(run.directory).as_posix())


def find_obstacles(staging: EndToEndStaging) -> tuple[str, ...]:
    """Why a run could not start: no input, no truth to judge by, no browser for the picture."""
    from evidence.browser import find_chromium

    settings, found = staging.settings, []
    folder = staging.root / settings.input_dir
    if not folder.is_dir():
        found.append(
            f"the input folder {settings.input_dir} does not exist; run `make sample`, "
            "or name another in rehearsals.e2e.input_dir."
        )
    elif not any(path.is_file() for path in folder.rglob("*")):
        found.append(f"the input folder {settings.input_dir} is empty; put workbooks into it.")
    if not (staging.root / settings.truth).is_file():
        found.append(
            f"the planted truth {settings.truth} does not exist, so merges could not be judged; "
            "run `make sample`."
        )
    if find_chromium() is None:
        found.append("there is no Chromium for the report's picture; run `make setup`.")
    return tuple(found)


def exits_zero(command: str) -> str:
    """The name of the check that a command ended well."""
    return f"hotpass {command} exits 0"


def _hotpass(run: Run, staging: EndToEndStaging, command: str, *arguments: str) -> CommandResult:
    result = run.command(
        ["hotpass", command, *arguments],
        log=f"{command}.log",
        timeout=1800,
        env={"PATH": _path_with_this_environment()},
        cwd=staging.root,
    )
    run.check(
        exits_zero(command),
        expected="0",
        observed="timed out" if result.timed_out else str(result.exit_code),
        passed=result.exit_code == 0,
        artefact=result.log,
    )
    return result


def judge_refined(run: Run, staging: EndToEndStaging, refined: Path) -> None:
    """Check the refined workbook and the ledger beside it, as they are on disk."""
    from hotpass.pipeline import contract_violations, read_refined
    from rehearsals.reconciliation import judge_merges, read_ledger, read_truth

    settings = staging.settings
    ledger = read_ledger(refined)
    truth = read_truth(staging.root / settings.truth)
    name = "artifacts/refined.rows.parquet"

    missing = truth.places - ledger.places
    unplanted = ledger.places - truth.places
    run.check(
        EVERY_ROW_READ,
        expected=f"{len(truth.places)} rows, as planted",
        observed=f"{len(ledger.places)} rows, {len(missing)} missing, {len(unplanted)} unplanted",
        passed=not missing and not unplanted and ledger.rows == len(truth.places),
        artefact=name,
    )
    kept_on_disk = read_refined(refined).height
    fates = ledger.fates
    run.check(
        ROWS_RECONCILE,
        expected=f"{len(truth.places)} = kept + merged + rejected; {kept_on_disk} kept in workbook",
        observed=f"{fates['kept']} + {fates['merged']} + {fates['rejected']}"
        f" = {sum(fates.values())}",
        passed=sum(fates.values()) == len(truth.places) and fates["kept"] == kept_on_disk,
        artefact=name,
    )
    rejected, planted_as_unusable = ledger.rejected, set(truth.rejected)
    run.check(
        REJECTED_AS_PLANTED,
        expected=f"{len(planted_as_unusable)} rows, as planted",
        observed=f"{len(rejected)} rows, {len(rejected - planted_as_unusable)} of them usable, "
        f"{len(planted_as_unusable - rejected)} unusable ones let through",
        passed=rejected == planted_as_unusable,
        artefact=name,
    )
    violations = contract_violations(refined)
    run.check(
        CONTRACT_KEPT,
        expected="0 violations",
        observed=f"{violations.height} violations in {kept_on_disk} organisations",
        passed=violations.height == 0 and kept_on_disk > 0,
        artefact="artifacts/refined.xlsx",
    )
    merges = judge_merges(ledger, truth)
    run.check(
        MERGES_PRECISE,
        expected=f"precision >= {settings.minimum_precision}",
        observed=f"{merges.precision:.4f} ({merges.right} of {merges.merged} merged pairs)",
        passed=merges.precision >= settings.minimum_precision,
        artefact=name,
    )
    run.check(
        DUPLICATES_FOUND,
        expected=f"recall >= {settings.minimum_recall}",
        observed=f"{merges.recall:.4f} ({merges.right} of {merges.planted} planted pairs)",
        passed=merges.recall >= settings.minimum_recall,
        artefact=name,
    )


def judge_enriched(run: Run, refined: Path, enriched: Path) -> None:
    """Check the enriched workbook against the refined one, cell by cell."""
    from rehearsals.reconciliation import compare_enriched

    difference = compare_enriched(refined, enriched)
    run.check(
        ONLY_EMPTY_FILLED,
        expected="0 values changed, 0 lost, the same organisations",
        observed=f"{difference.changed} changed, {difference.lost} lost, "
        f"{difference.filled} filled, {difference.unmatched} organisations unmatched",
        passed=not (difference.changed or difference.lost or difference.unmatched),
        artefact="artifacts/enriched.xlsx",
    )
    run.check(
        ADDITIONS_SOURCED,
        expected=f"{difference.filled} filled values, each with source and confidence",
        observed=f"{difference.sourced} with both, {difference.unsourced} without",
        passed=difference.sourced == difference.filled and difference.unsourced == 0,
        artefact="artifacts/enriched.additions.parquet",
    )


def judge_gates(run: Run, report: Path) -> None:
    """Check the report that `hotpass qa all` left."""
    from rehearsals.reconciliation import read_gates

    gates = read_gates(report)
    red = [name for name, passed in gates.items() if not passed]
    run.check(
        GATES_GREEN,
        expected="all gates passed",
        observed=f"{len(gates) - len(red)} of {len(gates)} passed"
        + (f"; red: {', '.join(red)}" if red else ""),
        passed=bool(gates) and not red,
        artefact="qa.log",
    )


def _metadata(run: Run, staging: EndToEndStaging) -> dict[str, object]:
    from rehearsals.surroundings import digest_files, tool_versions

    return {
        "run": f"{run.kind}/{run.timestamp}",
        "target": staging.target_name,
        "mode": staging.target.mode,
        "profile": staging.settings.profile,
        "allow_network": staging.target.allow_network,
        "inputs": digest_files(staging.root / staging.settings.input_dir, staging.root),
        "tools": tool_versions(),
    }


def _from_root(path: Path, staging: EndToEndStaging) -> str:
    # Relative, so that the recorded command reads the same on another machine.
    return (
        path.relative_to(staging.root).as_posix()
        if path.is_relative_to(staging.root)
        else str(path)
    )


def _path_with_this_environment() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


KIND = Kind(
    name="e2e",
    settings=EndToEndSettings,
    steps=("overview", "refine", "enrich", "judge refined", "judge enriched", "qa", "record"),
    checks=(
        *(exits_zero(command) for command in COMMANDS),
        EVERY_ROW_READ,
        ROWS_RECONCILE,
        REJECTED_AS_PLANTED,
        CONTRACT_KEPT,
        MERGES_PRECISE,
        DUPLICATES_FOUND,
        ONLY_EMPTY_FILLED,
        ADDITIONS_SOURCED,
        GATES_GREEN,
    ),
    required_files=(
        *(f"{command}.log" for command in COMMANDS),
        "metadata.json",
        "artifacts/refined.xlsx",
        "artifacts/enriched.xlsx",
    ),
    obstacles=find_obstacles,
    rehearse=rehearse_end_to_end,
)
