"""export: what is written can be read back, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import resource
import signal
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hotpass.contracts.frame import dtypes
from hotpass.contracts.organisation import INPUT_FIELDS, ORGANISATIONS
from hotpass.errors import BadInput, CannotWrite
from hotpass.stages import workbook
from hotpass.stages.export import RefinedExport, RefinedTables, export_enriched, export_refined
from hotpass.stages.ingest import SheetRead
from hotpass.stages.losers import LOST
from hotpass.stages.quality import Counts, FieldQuality, FileDigest, QualityReport
from hotpass.stages.read_back import contract_violations, read_refined, read_valid
from hotpass.stages.violations import VIOLATIONS
from hotpass.stages.workbook import Sheet, read_sheets, write_workbook

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
ROW: dict[str, Any] = {
    "organisation_id": "org-3f9a0c12be77",
    "organisation_name": "=SUM(1;1) Academy",
    "phone": "+27215550123",
    "postcode": "0081",
    "employees": 12,
    "last_contacted": date(2024, 2, 29),
    "notes": "-1\n@home",
    "source_count": 2,
}
REPORT = QualityReport(
    profile="staging",
    started=MOMENT,
    inputs=(FileDigest(file="a.xlsx", sha256="0" * 64, bytes=3),),
    sheets=(
        SheetRead(
            file="a.xlsx",
            sheet="Leads | <b>",
            header_row=3,
            rows=2,
            columns={"Naam": "organisation_name"},
            ignored_columns=(),
            notes_skipped=1,
        ),
    ),
    counts=Counts(
        read=2, kept=1, merged=1, rejected=0, organisations=1, notes_skipped=1, columns_ignored=0
    ),
    fields={name: FieldQuality(filled=1, share=1.0, normalise_problems=0) for name in INPUT_FIELDS},
    violations={},
    warnings=("a.xlsx: a formula has no value.",),
    seconds={"ingest": 0.5},
)


def organisations(*found: dict[str, Any]) -> pl.DataFrame:
    names = dtypes(ORGANISATIONS)
    return pl.DataFrame([{name: row.get(name) for name in names} for row in found], schema=names)


def tables(*found: dict[str, Any]) -> RefinedTables:
    place = {"source_file": "a.xlsx", "source_sheet": "S", "source_row": 4}
    return RefinedTables(
        organisations=organisations(*found),
        origins=pl.DataFrame([{"organisation_id": "o", "field": "f", "value": "=v", **place}]),
        lost=LOST.to_frame(),
        violations=VIOLATIONS.to_frame(),
        doubtful=VIOLATIONS.to_frame(),
        rejected=pl.DataFrame({"source_file": ["a.xlsx"], "value": ["x" * 40_000]}),
        rows=pl.DataFrame([{**place, "organisation_id": "o", "fate": "kept", "reason": None}]),
    )


def export(folder: Path, *, archive: bool = False) -> RefinedExport:
    return export_refined(
        tables(ROW), folder / "refined.xlsx", lambda: REPORT, moment=MOMENT, archive=archive
    )


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_workbook_reads_back_as_it_was(tmp_path: Path) -> None:
    export(tmp_path)

    assert_frame_equal(read_refined(tmp_path / "refined.xlsx"), organisations(ROW))


# Excel has no lone surrogates, and XML reads a carriage return as a line feed.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(cells, st.none() | cells, st.none() | st.integers(0, 10**7)), max_size=4))
def test_any_text_and_number_survives_the_workbook(
    tmp_path: Path, rows: list[tuple[str, str | None, int | None]]
) -> None:
    frame = organisations(
        *(
            {**ROW, "organisation_name": name, "notes": notes, "employees": employees}
            for name, notes, employees in rows
        )
    )
    path = tmp_path / "refined.xlsx"

    write_workbook(path, [Sheet("Organisations", frame)], created=MOMENT)

    assert_frame_equal(read_refined(path), frame)


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    export(tmp_path)

    sheet = openpyxl.load_workbook(tmp_path / "refined.xlsx")["Organisations"]
    cell = sheet["B2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("=SUM(1;1) Academy", "s", "@")


def test_the_sheet_can_be_filtered_and_keeps_its_header_in_view(tmp_path: Path) -> None:
    export(tmp_path)

    sheet = openpyxl.load_workbook(tmp_path / "refined.xlsx")["Organisations"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("C2", "A1:Q2")
    assert sheet["A1"].font.bold


def test_a_frame_longer_than_a_sheet_goes_on_in_the_next_and_reads_back_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "ROWS_A_SHEET", 2)
    path = tmp_path / "long.xlsx"
    frame = pl.DataFrame({"name": ["a", "b", "c", "d", "e"]})

    write_workbook(path, [Sheet("Organisations", frame)], created=MOMENT)

    assert openpyxl.load_workbook(path).sheetnames[1:] == ["Organisations 2", "Organisations 3"]
    assert read_sheets(path, "Organisations")["Name"].to_list() == ["a", "b", "c", "d", "e"]


def test_origins_too_many_for_the_workbook_are_named_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotpass.stages.export.ORIGINS_IN_WORKBOOK", 0)

    export(tmp_path)

    sheet = openpyxl.load_workbook(tmp_path / "refined.xlsx")["Origins"]
    assert [cell.value for cell in sheet["A"]] == [
        "Where",
        "1 origins are in refined.origins.parquet",
    ]


def test_the_same_tables_and_moment_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    export(first, archive=True)
    export(second, archive=True)

    assert contents(first) == contents(second)


def test_the_archive_holds_every_output_and_the_digests_of_the_inputs(tmp_path: Path) -> None:
    exported = export(tmp_path, archive=True)

    assert exported.archive == tmp_path / "refined-20260301T120005Z.zip"
    with zipfile.ZipFile(exported.archive) as archive:
        assert set(archive.namelist()) == {path.name for path in exported.files} | {"inputs.sha256"}
        assert archive.read("refined.xlsx") == (tmp_path / "refined.xlsx").read_bytes()
        assert archive.read("inputs.sha256").decode() == f"{'0' * 64}  a.xlsx\n"


def test_the_quality_report_is_written_for_programs_and_for_people(tmp_path: Path) -> None:
    export(tmp_path)

    document = json.loads((tmp_path / "refined.quality.json").read_text())
    assert document["counts"]["read"] == 2
    page = (tmp_path / "refined.quality.md").read_text()
    assert "**2 rows read = 1 kept + 1 merged + 0 rejected**" in page
    assert "| a.xlsx | Leads \\| &lt;b> | 3 | 2 |" in page


def test_a_report_that_fails_leaves_the_earlier_outputs_as_they_were(tmp_path: Path) -> None:
    export(tmp_path)
    before = contents(tmp_path)

    def fail() -> QualityReport:
        raise RuntimeError("no report")

    with pytest.raises(RuntimeError, match="no report"):
        export_refined(tables(), tmp_path / "refined.xlsx", fail, moment=MOMENT, archive=True)
    assert contents(tmp_path) == before


def test_a_move_that_fails_brings_the_earlier_outputs_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path)
    (tmp_path / "refined.rows.parquet").unlink()
    before = contents(tmp_path)
    move = Path.replace

    def refuse_the_last(path: Path, target: Path) -> Path:
        if path.name == "refined.xlsx" and path.parent.name.endswith(".partial"):
            raise OSError(5, "Input/output error", str(target))
        return move(path, target)

    monkeypatch.setattr(Path, "replace", refuse_the_last)

    with pytest.raises(OSError, match="Input/output error"):
        export_refined(
            tables(), tmp_path / "refined.xlsx", lambda: REPORT, moment=MOMENT, archive=False
        )
    assert contents(tmp_path) == before


@pytest.fixture
def small_files_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any write past 2,000 bytes fails, as on a disk that is nearly full."""
    # Python takes the part of a module's bytecode that could be written for the whole of it.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("small_files_only")
def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File too large"):
        export(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_too_little_room_for_the_temporary_file_is_said_before_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))

    with pytest.raises(CannotWrite, match="set TMPDIR to a folder that has it"):
        export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_enriched_workbook_reads_back_as_a_refined_one(tmp_path: Path) -> None:
    additions = pl.DataFrame({"organisation_id": ["o"], "at": [MOMENT], "confidence": [0.9]})
    path = tmp_path / "enriched.xlsx"

    exported = export_enriched(organisations(ROW), additions, path, moment=MOMENT)

    assert_frame_equal(read_refined(path), organisations(ROW))
    assert [file.name for file in exported.files] == [
        "enriched.xlsx",
        "enriched.additions.parquet",
        "enriched.parquet",
    ]


def edit(path: Path, cell: str, value: object) -> None:
    book = openpyxl.load_workbook(path)
    book["Organisations"][cell].value = value
    book.save(path)


def test_a_cell_that_was_spoilt_on_disk_is_found_with_its_row(tmp_path: Path) -> None:
    export(tmp_path)
    path = tmp_path / "refined.xlsx"
    edit(path, "M2", 81)
    edit(path, "N2", "lots")

    found = contract_violations(path)

    assert found.rows() == [
        ("Organisations", 2, "employees", "type", "lots"),
        ("Organisations", 2, "postcode", "pattern", "81"),
    ]
    with pytest.raises(BadInput, match=r"row 2: employees 'lots' breaks the rule `type` \(and 1"):
        read_valid(path)


def test_a_required_cell_that_is_no_number_is_reported_once(tmp_path: Path) -> None:
    export(tmp_path)
    path = tmp_path / "refined.xlsx"
    edit(path, "Q2", "two")

    assert contract_violations(path).rows() == [("Organisations", 2, "source_count", "type", "two")]


def test_a_workbook_as_written_keeps_its_contract(tmp_path: Path) -> None:
    export(tmp_path)

    assert contract_violations(tmp_path / "refined.xlsx").is_empty()


@pytest.mark.parametrize(
    ("cell", "value", "sentence"),
    [("A1", "Id", "its sheet Organisations lacks Organisation id"), ("R1", "Mine", "has Mine")],
)
def test_a_workbook_with_other_columns_is_refused(
    tmp_path: Path, cell: str, value: str, sentence: str
) -> None:
    export(tmp_path)
    path = tmp_path / "refined.xlsx"
    edit(path, cell, value)

    with pytest.raises(BadInput, match=sentence):
        read_refined(path)


def test_a_file_that_is_no_workbook_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.xlsx"
    path.write_text("hello")

    with pytest.raises(BadInput) as refused:
        read_refined(path)
    assert "\n" not in str(refused.value)


def test_a_workbook_without_organisations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)

    with pytest.raises(BadInput, match="it has no sheet 'Organisations'"):
        read_refined(path)
