"""No file takes the memory of the process that reads it, whatever it unpacks to."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from hotpass.errors import BadInput
from hotpass.sources import apart
from hotpass.sources.apart import read_apart

LITTLE = 1 << 28
REFUSAL = (
    "a.xlsx takes more than 0.25 GB of memory to be read; delete what lies far from its tables, "
    "or save them as .csv."
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(autouse=True)
def no_reader_of_another_test() -> None:
    """One that took much memory in another test would not be kept in this one."""
    apart._end_idle()


def with_sheet(path: Path, rows: str, strings: str | None = None) -> Path:
    """A workbook that a spreadsheet program would open, its one sheet of these rows."""
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("Members").write(0, 0, "Name")
    book.close()
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    )
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def refusal_of(path: Path, memory: int = LITTLE) -> str:
    with pytest.raises(BadInput) as refusal:
        list(read_apart(path, path.name, memory=memory))
    return str(refusal.value)


def test_cells_without_a_reference_do_not_hide_how_far_a_sheet_reaches(tmp_path: Path) -> None:
    wide = f'<row r="1">{"<c><v>1</v></c>" * 16_384}</row>'
    path = with_sheet(tmp_path / "a.xlsx", f'{wide}<row r="1048576"><c><v>1</v></c></row>')

    assert refusal_of(path) == REFUSAL


def test_one_long_text_in_very_many_cells_is_refused(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, 20_001)
    )
    path = with_sheet(tmp_path / "a.xlsx", rows, f"<si><t>{'x' * 32_767}</t></si>")
    assert path.stat().st_size < 200_000

    assert refusal_of(path) == REFUSAL


def test_after_a_file_that_took_too_much_the_next_is_read(tmp_path: Path) -> None:
    wide = f'<row r="1">{"<c><v>1</v></c>" * 16_384}</row>'
    bomb = with_sheet(tmp_path / "a.xlsx", f'{wide}<row r="1048576"><c><v>1</v></c></row>')
    plain = with_sheet(tmp_path / "b.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    refusal_of(bomb)

    (sheet,) = read_apart(plain, "b.xlsx", memory=LITTLE)

    assert sheet.cells.rows() == [("1",)]


def test_one_reader_serves_file_after_file(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    list(read_apart(path, "a.xlsx"))
    readers = [child.pid for child in apart._idle]

    list(read_apart(path, "a.xlsx"))

    assert [child.pid for child in apart._idle] == readers


def test_a_reader_is_kept_however_much_memory_its_parent_has_used(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    used = bytearray(apart.KEPT_UP_TO)
    used[::4096] = b"x" * len(used[::4096])

    list(read_apart(path, "a.xlsx"))

    assert len(apart._idle) == 1


def test_a_reader_left_in_the_middle_of_a_file_is_not_used_again(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    started = read_apart(path, "a.xlsx")
    next(started)

    started.close()

    (sheet,) = read_apart(path, "a.xlsx")
    assert sheet.cells.rows() == [("1",)]


def test_a_reader_that_is_killed_is_told_of(tmp_path: Path) -> None:
    path = with_sheet(tmp_path / "a.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>')
    list(read_apart(path, "a.xlsx"))
    apart._idle[-1].terminate()
    apart._idle[-1].wait()

    assert refusal_of(path) == (
        "a.xlsx cannot be read: its reader ended with -15; save it once more in a spreadsheet "
        "program."
    )


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        list(read_apart(tmp_path / "a.xlsx", "a.xlsx"))
