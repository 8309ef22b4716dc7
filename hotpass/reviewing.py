"""From a folder of workbooks to the pairs that people should look at, and their answers kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotpass.config.profile import Profile
from hotpass.errors import BadInput
from hotpass.outputs import ensure_writable
from hotpass.pipeline import Hooks
from hotpass.sources.folder import would_be_read
from hotpass.stages.ingest import ingest
from hotpass.stages.normalise import normalise

WORKBOOK_SUFFIX = ".xlsx"


@dataclass(frozen=True)
class ReviewRequest:
    """Resolve the rows under `input_dir` and write the uncertain pairs to `review_path`."""

    input_dir: Path
    review_path: Path
    profile: Profile
    decisions_path: Path | None = None


@dataclass(frozen=True)
class Reviewed:
    """How many pairs are in the workbook, and the metrics of resolve."""

    pairs: int
    warnings: tuple[str, ...]
    metrics: dict[str, int | float]


def review(request: ReviewRequest, hooks: Hooks | None = None) -> Reviewed:
    """Read, normalise and resolve, and write the review workbook.

    Raises:
        BadInput: something in the input, the decisions, or the output's name cannot be used.
        CannotWrite: the output's folder refuses files (said before any work is done).
    """
    hooks = hooks or Hooks()
    if request.review_path.suffix.lower() != WORKBOOK_SUFFIX:
        raise BadInput(
            f"{request.review_path}: the review is a workbook; give it a name that ends in .xlsx."
        )
    if would_be_read(request.review_path, request.input_dir):
        raise BadInput(
            f"{request.review_path}: the review would be read as one of the inputs "
            f"{request.input_dir}; choose a place apart from them."
        )
    ensure_writable(request.review_path)

    from hotpass.stages.resolve import resolve
    from hotpass.stages.resolve.decisions import no_decisions, read_decisions
    from hotpass.stages.review import queue, write_review

    path = request.decisions_path
    decisions = no_decisions() if path is None else read_decisions(path)
    hooks.progress("ingest", 0, None)
    ingested = ingest(request.input_dir, request.profile, report=hooks.progress)
    hooks.progress("normalise", 0, None)
    normalised = normalise(ingested.frame, request.profile)
    hooks.progress("resolve", 0, None)
    resolved = resolve(normalised.frame, request.profile, seed=hooks.seed, decisions=decisions)
    hooks.progress("export", 0, None)
    write_review(request.review_path, queue(resolved.uncertain), created=hooks.clock())
    return Reviewed(resolved.uncertain.height, ingested.warnings, resolved.metrics)


def keep_answers(answers_path: Path, decisions_path: Path) -> tuple[int, int]:
    """Add the answers of a filled-in review to the decisions; return how many, and of all.

    Raises:
        BadInput: one of the files is not what it should be; the decisions stay as they were.
    """
    from hotpass.stages.resolve.decisions import merge_decisions, read_decisions, write_decisions
    from hotpass.stages.review import read_answers

    answers = read_answers(answers_path)
    decisions = merge_decisions(read_decisions(decisions_path), answers)
    ensure_writable(decisions_path)
    write_decisions(decisions_path, decisions)
    return answers.height, decisions.height
