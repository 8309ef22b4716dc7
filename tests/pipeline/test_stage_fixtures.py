"""What each stage makes of a small given input is written down, and a change shows as its diff.

When a change is meant, `python tests/pipeline/test_stage_fixtures.py` writes the expected
files anew; their diff belongs into the same commit as the change. What is given is kept by
hand. Nulls are left out, and so are times and sizes, which differ from run to run.
"""

from __future__ import annotations

import csv
import difflib
import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from hotpass.config.profiles import load_profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE, Organisation
from hotpass.pipeline import Hooks, RefineRequest, refine
from hotpass.sources.folder import read_sheets
from hotpass.stages.aggregate import aggregate
from hotpass.stages.enrich import enrich
from hotpass.stages.ingest import ingest
from hotpass.stages.normalise import normalise
from hotpass.stages.resolve import resolve
from hotpass.stages.validate import validate

FIXTURES = Path(__file__).parent / "fixtures"
PROFILE = load_profile("staging")
MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
VARYING = {"seconds", "bytes"}
TYPED: dict[str, Any] = {
    "source_row": pl.UInt32,
    "employees": pl.Int64,
    "last_contacted": pl.Date,
    "source_count": pl.Int64,
}
Texts = dict[str, str]
"""What each expected file holds, by its name."""


def ingested(folder: Path) -> Texts:
    result = ingest(folder, PROFILE)
    sheets = [
        {key: value for key, value in vars(sheet).items() if value not in (None, (), {})}
        for sheet in result.sheets
    ]
    return {
        "frame.json": as_json(result.frame),
        "sheets.json": as_json(sheets),
        "warnings.json": as_json(result.warnings),
        "metrics.json": as_json(result.metrics),
    }


def normalised(_: Path) -> Texts:
    result = normalise(given("normalise", "frame", [*PLACE, *INPUT_FIELDS], typed=False), PROFILE)
    return tables(frame=result.frame, problems=result.problems, metrics=result.metrics)


def resolved(_: Path) -> Texts:
    result = resolve(given("resolve", "frame", [*PLACE, *INPUT_FIELDS]), PROFILE, seed=0)
    return tables(frame=result.frame)


def aggregated(_: Path) -> Texts:
    columns = ["organisation_id", *PLACE, *INPUT_FIELDS]
    result = aggregate(given("aggregate", "frame", columns), PROFILE)
    return tables(
        organisations=result.organisations,
        origins=result.origins,
        rows=result.rows,
        metrics=result.metrics,
    )


def validated(_: Path) -> Texts:
    result = validate(
        given("validate", "organisations", list(Organisation.model_fields)),
        given("validate", "rows", [*PLACE, "organisation_id", "fate"]),
    )
    return tables(
        organisations=result.organisations,
        rejected=result.rejected,
        rows=result.rows,
        metrics=result.metrics,
    )


def enriched(_: Path) -> Texts:
    result = enrich(
        given("enrich", "organisations", list(Organisation.model_fields)),
        allow_network=False,
        clock=lambda: MOMENT,
    )
    return tables(
        organisations=result.organisations, additions=result.additions, metrics=result.metrics
    )


def exported(folder: Path) -> Texts:
    """The whole way, since what is exported is what all the stages made."""
    output = folder.parent / "out" / "refined.xlsx"
    hooks = Hooks(clock=lambda: MOMENT, timer=lambda: 0.0)
    refine(RefineRequest(folder, output, PROFILE), hooks)
    sheets = {sheet.name: sheet.cells.rows() for sheet in read_sheets(output, output.parent)}
    return {
        "workbook.json": as_json(sheets),
        "quality.md": output.with_suffix(".quality.md").read_text(encoding="utf-8"),
    }


STAGES: dict[str, Callable[[Path], Texts]] = {
    "ingest": ingested,
    "normalise": normalised,
    "resolve": resolved,
    "aggregate": aggregated,
    "validate": validated,
    "enrich": enriched,
    "export": exported,
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_makes_of_its_input_what_is_written_down(stage: str, tmp_path: Path) -> None:
    made = STAGES[stage](lay_out(tmp_path / "in"))

    differences = [
        line
        for name, text in made.items()
        for line in difflib.unified_diff(
            (FIXTURES / stage / "expected" / name).read_text(encoding="utf-8").splitlines(),
            text.splitlines(),
            fromfile=f"{stage}/expected/{name}",
            tofile="now",
            lineterm="",
        )
    ]
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)
    assert made.keys() == {path.name for path in (FIXTURES / stage / "expected").iterdir()}


def lay_out(folder: Path) -> Path:
    """The given texts as an input folder; a folder of texts becomes a workbook of sheets."""
    folder.mkdir(parents=True)
    for path in sorted((FIXTURES / "ingest" / "given").iterdir()):
        if path.is_file():
            shutil.copy(path, folder)
            continue
        book = xlsxwriter.Workbook(folder / path.name, {"strings_to_numbers": True})
        for text in sorted(path.iterdir(), reverse=True):
            sheet = book.add_worksheet(text.stem)
            with text.open(encoding="utf-8", newline="") as lines:
                for number, cells in enumerate(csv.reader(lines)):
                    sheet.write_row(number, 0, [cell or None for cell in cells])
        book.close()
    return folder


def given(stage: str, name: str, columns: list[str], *, typed: bool = True) -> pl.DataFrame:
    """A frame that a stage is given; what a record does not say is null."""
    records = json.loads((FIXTURES / stage / "given" / f"{name}.json").read_text(encoding="utf-8"))
    kinds = TYPED if typed else {"source_row": pl.UInt32}
    schema = {column: kinds.get(column, pl.String) for column in columns}
    as_written = {name: pl.String if kind == pl.Date else kind for name, kind in schema.items()}
    frame = pl.DataFrame(records, schema=as_written)
    return frame.with_columns(
        pl.col(name).str.to_date() for name, kind in schema.items() if kind == pl.Date
    )


def tables(**parts: pl.DataFrame | dict[str, int | float]) -> Texts:
    return {f"{name}.json": as_json(part) for name, part in parts.items()}


def as_json(value: Any) -> str:
    """A value a line, so that a change is a changed line."""
    if isinstance(value, pl.DataFrame):
        value = [
            {key: cell for key, cell in record.items() if cell is not None}
            for record in value.to_dicts()
        ]
    if isinstance(value, dict):
        value = {key: one for key, one in value.items() if key not in VARYING}
    return json.dumps(value, ensure_ascii=False, indent=1, default=plain) + "\n"


def plain(value: date) -> str:
    return value.isoformat()


def rewrite() -> None:
    """Write down what the stages make now."""
    for stage, run in STAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            made = run(lay_out(Path(folder) / "in"))
        expected = FIXTURES / stage / "expected"
        shutil.rmtree(expected, ignore_errors=True)
        expected.mkdir(parents=True)
        for name, text in made.items():
            (expected / name).write_text(text, encoding="utf-8")
        print(f"{stage}: {', '.join(made)}")


if __name__ == "__main__":
    rewrite()
