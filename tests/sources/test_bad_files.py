"""A file that cannot be read is refused in one sentence, before it costs memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.errors import BadInput
from hotpass.sources.folder import find_inputs, read_sheets


def workbook_bytes(*cells: tuple[int, int, str]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Members")
    for row, column, text in cells or ((0, 0, "Name"),):
        sheet.write(row, column, text)
    book.close()
    return stream.getvalue()


def refusal_of(path: Path) -> str:
    with pytest.raises(BadInput) as refusal:
        list(read_sheets(path, path.parent))
    return str(refusal.value)


def replace_part(data: bytes, name: str, content: bytes) -> bytes:
    """The same package with one part replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", 8) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.csv"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert refusal_of(tmp_path / name) == (
        f"{name} is empty (0 bytes); delete it or save it again."
    )


@pytest.mark.parametrize("start", ["<html><table>", "\ufeff\n<!DOCTYPE html>", "<TABLE border=1>"])
def test_a_web_page_named_as_a_workbook_is_refused(tmp_path: Path, start: str) -> None:
    path = tmp_path / "export.xls"
    path.write_text(start + "<tr><td>Name</td></tr>", encoding="utf-8")

    assert refusal_of(path) == (
        "export.xls is a web page named .xls; "
        "open it in a spreadsheet program and save it as .xlsx."
    )


def test_text_named_as_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("Name;Phone\n")

    assert "is named .xlsx but is no workbook" in refusal_of(path)


def test_a_binary_workbook_is_refused_rather_than_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsb", "w") as archive:
        archive.writestr("xl/workbook.bin", b"")

    (found,), _ = find_inputs(tmp_path)

    assert refusal_of(found) == (
        "a.xlsb is a binary workbook, which is not read; save it as .xlsx."
    )


def test_another_kind_of_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<document/>")

    assert "a.xlsx is an archive but no workbook" in refusal_of(tmp_path / "a.xlsx")


@settings(max_examples=40, deadline=None)
@given(share=st.floats(min_value=0.01, max_value=0.99))
def test_a_workbook_cut_short_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    whole = workbook_bytes()
    path = tmp_path_factory.mktemp("cut") / "a.xlsx"
    path.write_bytes(whole[: max(5, int(len(whole) * share))])

    assert refusal_of(path).startswith("a.xlsx is damaged or cut short")


def test_a_workbook_with_a_damaged_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    data = workbook_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        begin = archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 70
    path.write_bytes(data[:begin] + b"\xff" * 20 + data[begin + 20 :])

    assert refusal_of(path).startswith("a.xlsx is damaged or cut short")


def test_a_workbook_with_entities_of_its_own_is_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><workbook>&b;</workbook>'
    (tmp_path / "a.xlsx").write_bytes(replace_part(workbook_bytes(), "xl/workbook.xml", bomb))

    assert refusal_of(tmp_path / "a.xlsx").startswith("a.xlsx is damaged")


def test_a_workbook_that_lost_the_part_of_a_sheet_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook_bytes())) as old,
        zipfile.ZipFile(stream, "w") as new,
    ):
        for part in old.namelist():
            if "worksheets/" not in part:
                new.writestr(part, old.read(part))
    (tmp_path / "a.xlsx").write_bytes(stream.getvalue())

    assert refusal_of(tmp_path / "a.xlsx").startswith("a.xlsx is damaged")


def test_a_file_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a\udcff.csv").write_text("Name\nA\n")

    with pytest.raises(BadInput, match="is not UTF-8; rename it"):
        find_inputs(tmp_path)


def test_two_cells_that_lie_far_apart_are_refused_before_the_sheet_is_laid_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook_bytes((0, 0, "Name"), (1_048_575, 16_383, "stray")))

    assert refusal_of(path) == (
        "The sheet 'Members' of a.xlsx reaches to cell XFD1048576, 17,179,869,184 cells of which "
        "2 are filled; delete what lies far from the table, or save the table as .csv."
    )


def test_a_dimension_that_lies_does_not_hide_a_stray_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    data = workbook_bytes((0, 0, "Name"), (1_048_575, 16_383, "stray"))
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read(part).replace(b"A1:XFD1048576", b"A1:B2")
    path.write_bytes(replace_part(data, part, sheet))

    assert "reaches to cell XFD1048576" in refusal_of(path)


def test_formatted_blank_cells_far_away_are_no_reason_to_refuse(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("Members")
    sheet.write(0, 0, "Name")
    sheet.write_blank(1_048_575, 16_383, None, book.add_format({"bold": True}))
    book.close()

    (read_sheet,) = read_sheets(tmp_path / "a.xlsx", tmp_path)

    assert read_sheet.cells.rows() == [("Name",)]


def test_shared_strings_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(replace_part(workbook_bytes(), "xl/sharedStrings.xml", b" " * 80_000_000))

    assert "holds more text than can be read safely" in refusal_of(path)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        find_inputs(tmp_path / "nowhere")


def test_lock_files_and_hidden_files_are_passed_over_in_silence(tmp_path: Path) -> None:
    for name in ("~$members.xlsx", ".hidden.csv", "members.csv", ".git/a.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Name\nA\n")

    found, warnings = find_inputs(tmp_path)

    assert [path.name for path in found] == ["members.csv"]
    assert warnings == ()


def test_another_kind_of_file_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("Name\nA\n")
    (tmp_path / "letter.docx").write_bytes(b"x")

    _, warnings = find_inputs(tmp_path)

    assert warnings == ("letter.docx is not a kind of table that is read; passed over.",)


def test_a_folder_without_any_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"x")

    with pytest.raises(BadInput, match=r"holds no table; put \.xlsx"):
        find_inputs(tmp_path)
