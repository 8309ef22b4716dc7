"""The whole under one profile: refine, then what the toggles ask for, skipped when nothing changed.

Every toggle does what it says or is not there: observability and backfill belong to the flows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from hotpass.config.profile import Profile
from hotpass.outputs import write_whole
from hotpass.pipeline import (
    EnrichOutcome,
    EnrichRequest,
    Hooks,
    RefineOutcome,
    RefineRequest,
    contract_violations,
    enrich_workbook,
    refine,
)
from hotpass.sources.folder import find_inputs, folder_of
from hotpass.stages.quality import FileDigest, Judgement, digest


@dataclass(frozen=True)
class Toggles:
    """What is done beside refining; `entity_resolution` None leaves it to the profile."""

    entity_resolution: bool | None = None
    enrichment: bool = False
    compliance: bool = False
    incremental: bool = False
    since: date | None = None


class Finding(BaseModel):
    """One thing that compliance asks, and whether it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: str
    found: str
    holds: bool


class Compliance(BaseModel):
    """What is written to `*.compliance.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = 1
    profile: str
    holds: bool
    findings: tuple[Finding, ...]


class State(BaseModel):
    """What an incremental run keeps in `*.state.json` to know that nothing changed since."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = 1
    asked: str
    """Digest of profile, toggles, seed and version."""
    inputs: tuple[FileDigest, ...]
    outputs: tuple[FileDigest, ...]
    compliance: Compliance | None


@dataclass(frozen=True)
class Orchestrated:
    """What was done; an incremental run that found nothing changed has neither outcome."""

    refined: RefineOutcome | None
    enriched: EnrichOutcome | None
    compliance: Compliance | None
    files: tuple[Path, ...]
    """Written beside those of the outcomes."""


def orchestrate(
    request: RefineRequest,
    toggles: Toggles,
    enriching: EnrichRequest,
    hooks: Hooks | None = None,
) -> Orchestrated:
    """Refine, enrich and judge as the toggles say; `enriching` names the enriched workbook.

    An incremental run does nothing when inputs, profile, toggles and outputs are as its last
    one left them, and else everything: which rows are one organisation depends on all of them.

    Raises as `refine` and `enrich_workbook` do.
    """
    hooks = hooks or Hooks()
    profile = _profile(request.profile, toggles)
    asked = _digest_of_what_is_asked(request, profile, toggles, enriching, hooks.seed)
    state_path = _beside(request, ".state.json")
    if toggles.incremental and (state := _unchanged(state_path, asked, request)) is not None:
        return Orchestrated(None, None, state.compliance, ())

    refined = refine(replace(request, profile=profile, since=toggles.since), hooks)
    enriched = enrich_workbook(enriching, hooks) if toggles.enrichment else None
    files: list[Path] = []
    compliance = None
    if toggles.compliance:
        workbooks = [outcome.files[0] for outcome in (refined, enriched) if outcome is not None]
        compliance = judge_compliance(profile, refined.report.thresholds, workbooks)
        files.append(_beside(request, ".compliance.json"))
        write_whole(files[-1], compliance.model_dump_json(indent=2) + "\n")
    if toggles.incremental:
        outputs = [*refined.files, *(enriched.files if enriched else ()), *files]
        state = State(
            asked=asked,
            inputs=refined.report.inputs,
            outputs=tuple(digest(path, name=path.name) for path in outputs),
            compliance=compliance,
        )
        files.append(state_path)
        write_whole(state_path, state.model_dump_json(indent=2) + "\n")
    return Orchestrated(refined, enriched, compliance, tuple(files))


def judge_compliance(
    profile: Profile, thresholds: tuple[Judgement, ...], workbooks: list[Path]
) -> Compliance:
    """Read the workbooks back from disk and hold them against contract and thresholds."""
    findings = []
    for path in workbooks:
        broken = contract_violations(path)
        findings.append(
            Finding(
                asks=f"{path.name} keeps the contract",
                found=f"{broken.height:,} violations",
                holds=broken.is_empty(),
            )
        )
    findings += [
        Finding(
            asks=f"{judgement.threshold} {judgement.wanted:.1%}",
            found=f"{judgement.reached:.1%}",
            holds=judgement.kept,
        )
        for judgement in thresholds
    ]
    holds = all(finding.holds for finding in findings)
    return Compliance(profile=profile.name, holds=holds, findings=tuple(findings))


def _profile(profile: Profile, toggles: Toggles) -> Profile:
    if toggles.entity_resolution is None:
        return profile
    return profile.model_copy(update={"resolve_duplicates": toggles.entity_resolution})


def _beside(request: RefineRequest, suffix: str) -> Path:
    return request.output_path.with_suffix(suffix)


def _digest_of_what_is_asked(
    request: RefineRequest, profile: Profile, toggles: Toggles, enriching: EnrichRequest, seed: int
) -> str:
    asked = {
        "version": metadata.version("hotpass"),
        "profile": profile.model_dump(mode="json"),
        "toggles": [toggles.enrichment, toggles.compliance, str(toggles.since)],
        "network": enriching.allow_network,
        "archive": request.archive,
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _unchanged(path: Path, asked: str, request: RefineRequest) -> State | None:
    """Return the state of the last run if it would be done again to the same end."""
    try:
        state = State.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None  # never run, or written by another version: the work is done anew
    folder = folder_of(request.input_dir)
    inputs, _ = find_inputs(request.input_dir)
    same = (
        state.asked == asked
        and {file.file for file in state.inputs}
        == {found.relative_to(folder).as_posix() for found in inputs}
        and _stand(state.inputs, folder)
        and _stand(state.outputs, path.parent)
    )
    return state if same else None


def _stand(files: tuple[FileDigest, ...], folder: Path) -> bool:
    return all(
        (folder / file.file).is_file() and digest(folder / file.file, name=file.file) == file
        for file in files
    )
