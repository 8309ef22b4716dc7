"""Every data row of the input is read once, with its place; nothing else is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Profile
from hotpass.config.profiles import load_profile
from hotpass.contracts.organisation import INPUT_FIELDS, PLACE
from hotpass.errors import BadInput
from hotpass.stages.ingest import Ingested, ingest

GENERIC = load_profile("generic")
HEADER = ["Organisation Name", "Tel", "Town"]
ROWS = [["Karoo Air", "021", "Ceres"], ["Zulu Air", "031", "Durban"]]

Rows = list[list[Any]]


def workbook(folder: Path, rows: Rows, *, name: str = "a.xlsx", sheet: str = "Members") -> Path:
    book = xlsxwriter.Workbook(folder / name)
    cells = book.add_worksheet(sheet)
    for number, row in enumerate(rows):
        cells.write_row(number, 0, row)
    book.close()
    return folder / name


def ingest_rows(folder: Path, rows: Rows, profile: Profile = GENERIC) -> Ingested:
    workbook(folder, rows)
    return ingest(folder, profile)


def names(result: Ingested) -> list[tuple[int, str | None]]:
    return result.frame.select("source_row", "organisation_name").rows()


def changed(**settings: Any) -> Profile:
    return GENERIC.model_copy(update=settings)


def test_the_frame_has_the_place_and_every_field_as_text(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [HEADER, *ROWS])

    assert result.frame.columns == [*PLACE, *INPUT_FIELDS]
    assert result.frame.schema["source_row"] == pl.UInt32
    assert {result.frame.schema[field] for field in INPUT_FIELDS} == {pl.String}
    assert result.frame.select(*PLACE, "organisation_name", "phone", "town", "email").row(1) == (
        "a.xlsx",
        "Members",
        3,
        "Zulu Air",
        "031",
        "Durban",
        None,
    )


@pytest.mark.parametrize("above", [0, 1, 7, 49])
def test_the_header_may_stand_anywhere_in_the_first_fifty_rows(tmp_path: Path, above: int) -> None:
    title: Rows = [["Members of the club"], *[[] for _ in range(48)]][:above]

    result = ingest_rows(tmp_path, [*title, HEADER, *ROWS])

    assert names(result) == [(above + 2, "Karoo Air"), (above + 3, "Zulu Air")]
    assert result.sheets[0].header_row == above + 1


def test_a_header_below_the_first_fifty_rows_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"No row in the first 50 of sheet 'Members' of a\.xlsx"):
        ingest_rows(tmp_path, [["Club"], *[[] for _ in range(49)], HEADER, *ROWS])


def test_a_title_of_known_words_is_no_header(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [["Organisation"], ["Date", "2024"], HEADER, *ROWS])

    assert result.sheets[0].header_row == 3


def test_a_header_merged_over_two_rows_is_read_as_one(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.merge_range("A1:A2", "Organisation")
    sheet.merge_range("B1:C1", "Contact")
    sheet.write_row("B2", ["Tel", "E-mail"])
    sheet.write_row("A3", ["Karoo Air", "021", "a@b.co.za"])
    book.close()

    result = ingest(tmp_path, GENERIC)

    assert result.frame.select("organisation_name", "phone", "email").rows() == [
        ("Karoo Air", "021", "a@b.co.za")
    ]


def test_values_merged_down_are_given_to_each_of_their_rows(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write_row("A1", ["Province", "Organisation"])
    sheet.merge_range("A2:A4", "Limpopo")
    sheet.write_column("B2", ["A", "B"])
    book.close()

    result = ingest(tmp_path, GENERIC)

    # Row 4 holds nothing but the merged cell, which is no row of data.
    assert result.frame.select("source_row", "organisation_name", "province").rows() == [
        (2, "A", "Limpopo"),
        (3, "B", "Limpopo"),
    ]


def test_a_heading_merged_across_the_table_is_no_row_of_data(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("S")
    sheet.write_row("A1", HEADER)
    sheet.merge_range("A2:C2", "Western Cape")
    sheet.write_row("A3", ROWS[0])
    book.close()

    result = ingest(tmp_path, GENERIC)

    assert names(result) == [(3, "Karoo Air")]
    assert result.metrics["notes_skipped"] == 1


@pytest.mark.parametrize(
    "below",
    [
        [["Total", 2]],
        [["Total: 2"]],
        [["Source: the register"]],
        [["* Members in arrears are not listed"]],
        [[], ["Prepared by:", "T. Nkosi", "in Ceres"]],
        [[], ["Ask the secretary"]],
        [["", "call these"]],
        [["This list was last checked by the secretary in March."]],
        [[], ["Notes:"], ["1) Numbers are as given."], [], ["2) Codes may be wrong."]],
    ],
)
def test_text_below_the_table_is_counted_and_is_no_row_of_data(tmp_path: Path, below: Rows) -> None:
    result = ingest_rows(tmp_path, [HEADER, *ROWS, *below])

    assert [name for _, name in names(result)] == ["Karoo Air", "Zulu Air"]
    assert result.metrics["notes_skipped"] == sum(bool(row) for row in below)


@pytest.mark.parametrize(
    "row",
    [
        ["Name alone"],
        ["Total Sport (Pty) Ltd", "021", "Ceres"],
        ["Source Logistics", "021", "Ceres"],
        ["", "021", "Ceres"],
        ["Notes & Keys CC", "021"],
        ["NB", "021", "Ceres"],
    ],
)
def test_the_last_row_of_a_table_is_data_though_it_looks_a_little_like_a_note(
    tmp_path: Path, row: list[Any]
) -> None:
    result = ingest_rows(tmp_path, [HEADER, *ROWS, row])

    assert names(result)[-1] == (4, row[0] or None)
    assert result.metrics["notes_skipped"] == 0


def test_blank_rows_inside_a_table_are_passed_over_and_keep_the_numbers_right(
    tmp_path: Path,
) -> None:
    result = ingest_rows(tmp_path, [HEADER, ROWS[0], [], ["  "], ROWS[1]])

    assert names(result) == [(2, "Karoo Air"), (5, "Zulu Air")]


def test_a_header_repeated_on_every_page_is_no_row_of_data(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [HEADER, ROWS[0], HEADER, ROWS[1]])

    assert names(result) == [(2, "Karoo Air"), (4, "Zulu Air")]
    assert result.metrics["notes_skipped"] == 1


def test_rows_that_were_numbered_in_advance_are_no_rows_of_data(tmp_path: Path) -> None:
    profile = changed(ignored_columns=("No",))
    rows: Rows = [["No", "Organisation"], [1, "A"], [2, ""], [3, "B"], [4, ""], [5, ""]]

    result = ingest_rows(tmp_path, rows, profile)

    assert names(result) == [(2, "A"), (4, "B")]
    assert result.metrics["notes_skipped"] == 3


def test_a_table_of_one_column_is_read(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [["Organisation"], ["A"], ["B"], ["Total: 2"]])

    assert names(result) == [(2, "A"), (3, "B")]


def test_an_unknown_column_is_refused_with_its_cell_and_the_nearest_field(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadInput) as refusal:
        ingest_rows(tmp_path, [[], ["Organisation", "Telefone", "Xqz"], ["A", "1", "2"]])

    assert str(refusal.value) == (
        "Profile 'generic' does not know the columns 'Telefone' (nearest field: phone) in B2, "
        "'Xqz' (near no field) in C2 of sheet 'Members' of a.xlsx; add each to a field under "
        "columns, or to ignored_columns, in the profile."
    )


def test_an_unknown_column_is_only_warned_about_where_the_profile_says_so(
    tmp_path: Path,
) -> None:
    profile = changed(unknown_columns="warn")

    result = ingest_rows(tmp_path, [["Organisation", "Tel", "Xqz"], ["A", "1", "2"]], profile)

    assert names(result) == [(2, "A")]
    assert result.sheets[0].ignored_columns == ("Xqz",)
    assert result.warnings == (
        "The profile does not know 'Xqz' of sheet 'Members' of a.xlsx; not read.",
    )


def test_an_ignored_column_is_dropped_and_counted(tmp_path: Path) -> None:
    profile = changed(ignored_columns=("Ref",))

    result = ingest_rows(tmp_path, [["REF.", "Organisation"], ["1", "A"]], profile)

    assert result.sheets[0].ignored_columns == ("REF.",)
    assert result.metrics["columns_ignored"] == 1


def test_values_without_a_header_above_them_are_warned_about(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [[*HEADER, "", ""], [*ROWS[0], "", "called"]])

    assert result.warnings == (
        "Values in E of sheet 'Members' of a.xlsx have no header above them; not read.",
    )


def test_a_sheet_without_a_column_of_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"header in row 1\) holds the organisation's name"):
        ingest_rows(tmp_path, [["Tel", "Town"], ["021", "Ceres"]])


def test_a_sheet_that_the_profile_leaves_out_is_not_read(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name, rows in {"Members": [HEADER, *ROWS], "LOOKUP codes": [["WC", "x"]]}.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()

    result = ingest(tmp_path, changed(ignored_sheets=("Lookup*",)))

    assert [(sheet.sheet, sheet.header_row) for sheet in result.sheets] == [
        ("Members", 1),
        ("LOOKUP codes", None),
    ]
    assert result.frame.height == 2


def test_an_empty_sheet_is_only_warned_about(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("Members")
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ROWS[0])
    book.add_worksheet("Sheet2")
    book.close()

    result = ingest(tmp_path, GENERIC)

    assert result.warnings == ("Sheet 'Sheet2' of a.xlsx is empty; no row was read from it.",)


def test_an_input_without_any_row_of_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No row of data in any table"):
        ingest_rows(tmp_path, [HEADER])


def test_of_two_columns_of_one_field_the_more_trusted_gives_the_value(tmp_path: Path) -> None:
    rows: Rows = [["Organisation", "Cell", "Tel"], ["A", "082", "021"], ["B", "083", ""]]

    result = ingest_rows(tmp_path, rows)

    assert result.frame.get_column("phone").to_list() == ["021", "083"]
    assert result.metrics["values_set_aside"] == 1
    assert "several columns hold phone; 1 values were set aside" in result.warnings[0]


def test_the_parts_of_an_address_are_joined(tmp_path: Path) -> None:
    rows: Rows = [["Organisation", "Address 2", "Address 1"], ["A", "Ceres", "1 Main Rd"], ["B"]]

    result = ingest_rows(tmp_path, rows)

    assert result.frame.get_column("address").to_list() == ["1 Main Rd, Ceres", None]


def test_what_stands_in_brackets_does_not_hide_a_known_header(tmp_path: Path) -> None:
    result = ingest_rows(tmp_path, [["Organisation", "Phone (office)"], ["A", "021"]])

    assert result.sheets[0].columns["Phone (office)"] == "phone"


def test_files_of_all_kinds_in_subfolders_are_read_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "b").mkdir()
    workbook(tmp_path / "b", [HEADER, ROWS[0]], name="c.xlsx")
    (tmp_path / "a.csv").write_text("Organisation;Tel\nA;1\n")
    told: list[tuple[str, int, int | None]] = []

    result = ingest(tmp_path, GENERIC, report=lambda *event: told.append(event))

    assert result.frame.select(PLACE).rows() == [("a.csv", "", 2), ("b/c.xlsx", "Members", 2)]
    assert told == [("ingest", 0, 2), ("ingest", 1, 2), ("ingest", 2, 2)]


def test_the_first_bad_file_stops_everything(tmp_path: Path) -> None:
    workbook(tmp_path, [HEADER, *ROWS], name="good.xlsx")
    (tmp_path / "bad.xlsx").touch()

    with pytest.raises(BadInput, match=r"bad\.xlsx is empty"):
        ingest(tmp_path, GENERIC)


VALUE = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(VALUE, min_size=3, max_size=3), min_size=1, max_size=12))
def test_every_full_row_is_read_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("input")
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([HEADER, *rows])

    result = ingest(folder, GENERIC)

    read = result.frame.select("organisation_name", "phone", "town").rows()
    assert read == [tuple(row) for row in rows]
    assert result.frame.get_column("source_row").to_list() == list(range(2, 2 + len(rows)))
