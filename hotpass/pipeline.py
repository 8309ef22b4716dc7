"""The stages in order, from a folder of workbooks to checked outputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from hotpass.config.profile import Profile
from hotpass.contracts.frame import violations
from hotpass.contracts.organisation import ORGANISATIONS, PLACE
from hotpass.errors import BadInput, InternalError
from hotpass.outputs import ensure_writable
from hotpass.progress import Progress, silent
from hotpass.sources.folder import folder_of, would_be_read
from hotpass.stages.aggregate import aggregate
from hotpass.stages.export import RefinedTables, export_enriched, export_refined
from hotpass.stages.ingest import Ingested, ingest
from hotpass.stages.normalise import normalise
from hotpass.stages.quality import (
    Counts,
    FileDigest,
    QualityReport,
    count_violations,
    digest,
    judge,
    measure_fields,
)
from hotpass.stages.read_back import contract_violations, read_refined, read_valid
from hotpass.stages.refined import add_earlier_counts, keep_identities
from hotpass.stages.since import take_since
from hotpass.stages.validate import FATES, Validated, count_fates, validate
from hotpass.stages.violations import locate_problems, locate_violations

if TYPE_CHECKING:
    from hotpass.stages.enrich.visits import Politeness

__all__ = [
    "EnrichOutcome",
    "EnrichRequest",
    "Hooks",
    "RefineOutcome",
    "RefineRequest",
    "contract_violations",
    "enrich_workbook",
    "read_refined",
    "refine",
]

WORKBOOK_SUFFIX = ".xlsx"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Hooks:
    """What a caller may replace: clocks, randomness, and who hears of progress."""

    clock: Callable[[], datetime] = _now
    timer: Callable[[], float] = time.perf_counter
    seed: int = 0
    progress: Progress = silent


@dataclass(frozen=True)
class RefineRequest:
    """Refine `input_dir`, a folder, file or pattern, into the workbook `output_path` and more."""

    input_dir: Path
    output_path: Path
    profile: Profile
    archive: bool = False
    since: date | None = None
    """Go on only with rows last contacted from this day on; the others are counted."""
    decisions_path: Path | None = None
    """File of `hotpass resolve` in which people's decisions about pairs of rows are kept."""


@dataclass(frozen=True)
class RefineOutcome:
    """The report as written, the files (workbook first), and each stage's metrics."""

    report: QualityReport
    files: tuple[Path, ...]
    archive: Path | None
    metrics: dict[str, dict[str, int | float]]


@dataclass(frozen=True)
class EnrichRequest:
    """Fill the empty fields of the refined workbook `input_path` into `output_path`."""

    input_path: Path
    output_path: Path
    allow_network: bool = False
    politeness: Politeness | None = None


@dataclass(frozen=True)
class EnrichOutcome:
    """What was added, what the network did not give, and the files (workbook first)."""

    organisations: int
    additions: pl.DataFrame
    """organisation_id, field, value, source, confidence, at."""
    warnings: tuple[str, ...]
    files: tuple[Path, ...]
    metrics: dict[str, dict[str, int | float]]


def refine(request: RefineRequest, hooks: Hooks | None = None) -> RefineOutcome:
    """Read, normalise, resolve, aggregate, validate and export, all or nothing.

    Raises:
        BadInput: something in the input, or the output's name, cannot be used.
        CannotWrite: the output's folder refuses files (said before any work is done).
        InternalError: an input row was lost or doubled on the way.
    """
    hooks = hooks or Hooks()
    _ensure_output(request.output_path)
    _ensure_apart(request)
    started = hooks.clock()
    stages = _Stages(hooks)

    with stages.timed("ingest"):
        ingested = ingest(request.input_dir, request.profile, report=hooks.progress)

    # Imported here, since it takes a second that a refused input need not wait for.
    from hotpass.stages.resolve import resolve
    from hotpass.stages.resolve.decisions import read_decisions

    path = request.decisions_path
    decisions = None if path is None else read_decisions(path)
    with stages.timed("normalise"):
        normalised = normalise(ingested.frame, request.profile)
        taken, left_out = take_since(normalised.frame, request.since)
    with stages.timed("resolve"):
        resolved = keep_identities(taken, ingested.known, request.profile) or resolve(
            taken, request.profile, seed=hooks.seed, decisions=decisions
        )
    with stages.timed("aggregate"):
        aggregated = add_earlier_counts(
            aggregate(resolved.frame, request.profile, report=hooks.progress), ingested.known
        )
    with stages.timed("validate"):
        validated = validate(aggregated.organisations, aggregated.rows, request.profile.validators)
        _ensure_reconciled(taken, validated)

    def report() -> QualityReport:
        counts = _counts(ingested, validated, left_out=left_out.height)
        fields = measure_fields(validated.organisations, normalised.problems)
        return QualityReport(
            profile=request.profile.name,
            started=started,
            inputs=_digests(request.input_dir, ingested),
            sheets=ingested.sheets,
            counts=counts,
            fields=fields,
            violations=count_violations(validated.rejected),
            thresholds=judge(request.profile.thresholds, counts, fields),
            warnings=ingested.warnings,
            seconds=stages.seconds_so_far(),
        )

    with stages.timed("export"):
        exported = export_refined(
            RefinedTables(
                organisations=validated.organisations,
                origins=_of_those_kept(aggregated.origins, validated),
                lost=_of_those_kept(aggregated.lost, validated),
                rejected=validated.rejected,
                rows=pl.concat([validated.rows, left_out], how="vertical_relaxed"),
                violations=locate_violations(
                    validated.rejected, aggregated.origins, ingested.sheets
                ),
                doubtful=locate_problems(normalised.problems, ingested.sheets),
            ),
            request.output_path,
            report,
            moment=started,
            archive=request.archive,
            progress=hooks.progress,
        )
    return RefineOutcome(
        report=exported.report,
        files=exported.files,
        archive=exported.archive,
        metrics={
            "ingest": ingested.metrics,
            "normalise": normalised.metrics,
            "resolve": resolved.metrics,
            "aggregate": aggregated.metrics,
            "validate": validated.metrics,
            "export": exported.metrics,
        },
    )


def enrich_workbook(request: EnrichRequest, hooks: Hooks | None = None) -> EnrichOutcome:
    """Read a refined workbook, fill what is empty, and write the enriched one.

    Raises:
        BadInput: the input is no refined workbook or breaks the contract.
        CannotWrite: the output's folder refuses files (said before any work is done).
        InternalError: an added value breaks the contract.
    """
    from hotpass.stages.enrich import enrich

    hooks = hooks or Hooks()
    _ensure_output(request.output_path)
    if request.output_path.resolve() == request.input_path.resolve():
        raise BadInput(f"{request.output_path}: this is the input; name another output.")
    started = hooks.clock()
    stages = _Stages(hooks)

    with stages.timed("read"):
        organisations = read_valid(request.input_path)
    with stages.timed("enrich"):
        enriched = enrich(
            organisations,
            allow_network=request.allow_network,
            clock=hooks.clock,
            politeness=request.politeness,
            report=hooks.progress,
        )
        _ensure_contract_kept(enriched.organisations)
    with stages.timed("export"):
        exported = export_enriched(
            enriched.organisations, enriched.additions, request.output_path, moment=started
        )
    return EnrichOutcome(
        organisations=enriched.organisations.height,
        additions=enriched.additions,
        warnings=enriched.warnings,
        files=exported.files,
        metrics={"enrich": enriched.metrics, "export": exported.metrics},
    )


class _Stages:
    """Times each stage and tells of its beginning."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._seconds: dict[str, float] = {}
        self._running: tuple[str, float] | None = None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        self._hooks.progress(stage, 0, None)
        self._running = (stage, self._hooks.timer())
        yield
        self._seconds = self.seconds_so_far()
        self._running = None

    def seconds_so_far(self) -> dict[str, float]:
        """Seconds by stage, the one that runs now with what it has taken until here."""
        if self._running is None:
            return dict(self._seconds)
        stage, begun = self._running
        return {**self._seconds, stage: round(self._hooks.timer() - begun, 6)}


def _ensure_output(path: Path) -> None:
    if path.suffix.lower() != WORKBOOK_SUFFIX:
        raise BadInput(f"{path}: the output is a workbook; give it a name that ends in .xlsx.")
    ensure_writable(path)


def _ensure_apart(request: RefineRequest) -> None:
    # The next run would read this run's output as input.
    if would_be_read(request.output_path, request.input_dir):
        where = "lie inside the input folder" if request.input_dir.is_dir() else "fit the inputs"
        raise BadInput(
            f"{request.output_path}: the output would {where} {request.input_dir}; "
            "choose a folder outside it."
        )


def _ensure_reconciled(read: pl.DataFrame, validated: Validated) -> None:
    """Hold the counting law, to the row: each row that was read has one fate, and no other has."""
    fates = count_fates(validated.rows)
    lost = read.select(PLACE).join(validated.rows, on=PLACE, how="anti").height
    if (
        lost
        or fates.keys() != set(FATES)
        or validated.rows.height != read.height
        or fates["kept"] != validated.organisations.height
    ):
        said = " + ".join(f"{count} {fate}" for fate, count in fates.items())
        raise InternalError(
            f"the rows do not reconcile: {read.height} read, {said}, {lost} lost, "
            f"{validated.organisations.height} organisations; this is a defect of Hotpass, "
            "please report it. Nothing was written."
        )


def _ensure_contract_kept(organisations: pl.DataFrame) -> None:
    broken = violations(ORGANISATIONS, organisations)
    if broken.height:
        first = broken.row(0, named=True)
        raise InternalError(
            f"enriching set {first['field']} to {first['value']!r}, which breaks the rule "
            f"`{first['rule']}`; this is a defect of Hotpass, please report it."
        )


def _digests(input_dir: Path, ingested: Ingested) -> tuple[FileDigest, ...]:
    names = sorted({sheet.file for sheet in ingested.sheets})
    return tuple(digest(folder_of(input_dir) / name, name=name) for name in names)


def _counts(ingested: Ingested, validated: Validated, *, left_out: int) -> Counts:
    return Counts(
        read=ingested.frame.height,
        **count_fates(validated.rows),
        left_out=left_out,
        organisations=validated.organisations.height,
        notes_skipped=sum(sheet.notes_skipped for sheet in ingested.sheets),
        columns_ignored=sum(len(sheet.ignored_columns) for sheet in ingested.sheets),
    )


def _of_those_kept(values: pl.DataFrame, validated: Validated) -> pl.DataFrame:
    return values.join(
        validated.organisations, on="organisation_id", how="semi", maintain_order="left"
    )
