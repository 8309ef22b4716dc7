"""ODS workbooks are read as the others are: canonical text, merged cells filled."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hotpass.errors import BadInput
from hotpass.sources.folder import list_sheets, read_sheets

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def write(path: Path, rows: str) -> Path:
    """A workbook of one sheet, Members, of these rows."""
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMESPACES}><office:body>'
        f'<office:spreadsheet><table:table table:name="Members">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", content)
        package.writestr(
            "META-INF/manifest.xml",
            '<manifest xmlns="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def cell(text: str = "", kind: str = "string", more: str = "") -> str:
    value = {"float": f'office:value="{text}"', "date": f'office:date-value="{text}"'}.get(kind, "")
    return (
        f'<table:table-cell office:value-type="{kind}" {value} {more}>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def test_values_are_canonical_text_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ods",
        row("<table:table-cell/>", more='table:number-rows-repeated="2"')
        + row(cell("Name"), cell("12", "float"), cell("12.5", "float"), cell("2024-02-03", "date"))
        + row('<table:table-cell table:number-columns-repeated="1024"/>',
              more='table:number-rows-repeated="1048000"'),
    )  # fmt: skip

    (sheet,) = read_sheets(path, tmp_path)

    numbered = dict(zip(sheet.row_numbers, sheet.cells.rows(), strict=True))
    assert numbered[3] == ("Name", "12", "12.5", "2024-02-03")
    assert sheet.cells.height == 3
    assert list_sheets(path, "a.ods") == ("Members",)


def test_a_merged_cell_fills_every_cell_that_it_covers(tmp_path: Path) -> None:
    merged = 'table:number-rows-spanned="2" table:number-columns-spanned="2"'
    covered = "<table:covered-table-cell/>"
    path = write(
        tmp_path / "a.ods",
        row("<table:table-cell/>", cell("Province"), cell("x"), cell("Name"))
        + row("<table:table-cell/>", cell("Limpopo", more=merged), covered, cell("A"))
        + row("<table:table-cell/>", covered, covered, cell("B")),
    )

    (sheet,) = read_sheets(path, tmp_path)

    assert sheet.first_column == 1
    assert sheet.cells.rows()[1:] == [("Limpopo", "Limpopo", "A"), ("Limpopo", "Limpopo", "B")]
    assert sheet.own_values.to_list() == [3, 2, 1]


def test_cells_repeated_without_end_are_refused(tmp_path: Path) -> None:
    many = 'table:number-columns-repeated="16384"'
    path = write(
        tmp_path / "a.ods", row(cell("x", more=many), more='table:number-rows-repeated="1048576"')
    )

    with pytest.raises(BadInput, match=r"a\.ods cannot be read"):
        list(read_sheets(path, tmp_path))


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ods", "<table:table-row>")

    with pytest.raises(BadInput, match=r"a\.ods cannot be read"):
        list(read_sheets(path, tmp_path))
