"""What is inside an XLSX package, looked at in a stream before anything is read from it.

A sheet of two cells that lie far apart takes gigabytes once it is read, because readers
lay it out as a rectangle, and its `<dimension>` may say anything. So the cell references
themselves are looked at.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree  # nosec B405

from hotpass.errors import BadInput
from hotpass.sources.sheet import column_index, column_letters

PACKAGE = b"PK\x03\x04"
"""What an archive begins with."""
MAX_CELLS = 50_000_000
"""Cells of the rectangle that a sheet may span, filled or not."""
MAX_STRINGS_BYTES = 1_500_000_000
"""Bytes of the table of shared strings."""
SMALL_BYTES = 64_000_000
MAX_RATIO = 100
"""A part that is not small may be this many times larger than it is compressed."""

_LAST_ROW = 1_048_576
_CHUNK = 1 << 18
_LONGEST_ROW = 64 << 20
_MAX_DEFLATE_RATIO = 1032

_TWO_LETTERS = re.compile(rb" r=[\"'][A-Z]{2}")
_LETTERS = re.compile(rb" r=[\"']([A-Z]{2,3})\d")
_CELL = re.compile(rb"<(?:\w+:)?c\s(?:[^>]*?\s)?r=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*?(/?)>")
_FIRST_COLUMN = re.compile(rb'<c r="A\d+"[^>]*>(?:<f(?:[^>]*/>|[^>]*>[^<]*</f>))?<(?:v>[^<]|is>)')
_FORMULA_WITHOUT_VALUE = re.compile(
    rb"<(?:\w+:)?c\s(?![^>]*t=\"str\")(?:[^>]*?\s)?r=\"([A-Z]+\d+)\"[^>]*>"
    rb"<(?:\w+:)?f(?:\s[^>]*/>|\s*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>"
)
_ERROR = re.compile(rb"<(?:\w+:)?c\s(?:[^>]*?\s)?r=\"([A-Z]+\d+)\"[^>]*\st=\"e\"[^>]*>")


@dataclass(frozen=True)
class SheetFacts:
    """What the stream of one sheet shows."""

    begins_in_first_column: bool
    has_merged_cells: bool
    formulas_without_value: tuple[str, ...]
    error_cells: tuple[str, ...]


def is_package(path: Path) -> bool:
    """Whether the file begins as an archive does, whole or cut short."""
    with path.open("rb") as stream:
        return stream.read(len(PACKAGE)) == PACKAGE


def examine_package(package_file: Path | BinaryIO, file: str) -> dict[str, SheetFacts]:
    """The facts of each worksheet by name.

    Raises BadInput, naming `file`, for a package that is cut short, is no workbook, or
    would take too much memory.
    """
    with _opened(package_file, file) as package:
        parts = {info.filename: info for info in package.infolist()}
        strings = parts.get("xl/sharedStrings.xml")
        if strings is not None:
            _refuse_swollen_strings(package, strings, file)
        return {
            name: _examine_sheet(package, parts[part], f"sheet '{name}' of {file}")
            for name, part in _sheet_parts(package)
        }


def sheet_names(package_file: Path | BinaryIO, file: str) -> tuple[str, ...]:
    """The names of the worksheets alone; raises BadInput as `examine_package` does."""
    with _opened(package_file, file) as package:
        return tuple(name for name, _ in _sheet_parts(package))


@contextmanager
def _opened(package_file: Path | BinaryIO, file: str) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(package_file) as package:
            if "xl/workbook.bin" in package.namelist():
                raise BadInput(f"{file} is a binary workbook, which is not read; save it as .xlsx.")
            if "xl/workbook.xml" not in package.namelist():
                raise BadInput(
                    f"{file} is an archive but no workbook; save its table as .xlsx or .csv."
                )
            yield package
    except (zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError, RuntimeError):
        raise BadInput(
            f"{file} is damaged or cut short; get it again or save it once more."
        ) from None


def _sheet_parts(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Each worksheet's name with the part that holds it; sheets of charts have no cells."""
    parts = set(package.namelist())
    relations = {
        relation.get("Id"): relation
        for relation in _small_xml(package, "xl/_rels/workbook.xml.rels")
    }
    for element in _small_xml(package, "xl/workbook.xml").iter():
        if element.tag.rpartition("}")[2] != "sheet":
            continue
        identifier = next(
            (value for key, value in element.items() if key.rpartition("}")[2] == "id"), None
        )
        relation = relations.get(identifier)
        if relation is None:
            raise zipfile.BadZipFile(f"a sheet without a part: {element.get('name')}")
        if str(relation.get("Type")).endswith("/worksheet"):
            target = posixpath.join("/xl", str(relation.get("Target")))
            part = posixpath.normpath(target).lstrip("/")
            if part not in parts:
                raise zipfile.BadZipFile(part)
            yield str(element.get("name")), part


def _small_xml(package: zipfile.ZipFile, part: str) -> ElementTree.Element:
    try:
        with package.open(part) as stream:
            text = stream.read(SMALL_BYTES)
    except KeyError:
        raise zipfile.BadZipFile(part) from None
    # No such part has entities of its own; one that has them is an attack.
    if b"!DOCTYPE" in text.replace(b"\0", b""):
        raise zipfile.BadZipFile(part)
    return ElementTree.fromstring(text)  # nosec B314


def _refuse_swollen_strings(package: zipfile.ZipFile, strings: zipfile.ZipInfo, file: str) -> None:
    if strings.compress_size * _MAX_DEFLATE_RATIO <= SMALL_BYTES:
        return
    size = 0
    for chunk in _chunks(package, strings):
        size += len(chunk)
        swollen = size > SMALL_BYTES and size > MAX_RATIO * strings.compress_size
        if swollen or size > MAX_STRINGS_BYTES:
            raise BadInput(
                f"{file} holds more text than can be read safely "
                f"({strings.compress_size:,} bytes that unpack to over {size:,}); "
                "save its tables as .csv."
            )


def _chunks(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    # What the directory says of the size may be wrong; the stream is read to its end.
    part.file_size = 1 << 62
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _examine_sheet(package: zipfile.ZipFile, part: zipfile.ZipInfo, place: str) -> SheetFacts:
    columns = 26
    begins_in_first_column = has_formulas = False
    without_value: list[bytes] = []
    errors: list[bytes] = []
    rows_text = b""
    for rows_text in _whole_rows(package, part):
        if _TWO_LETTERS.search(rows_text):
            letters = set(_LETTERS.findall(rows_text))
            columns = max([columns, *(column_index(name.decode()) + 1 for name in letters)])
        if not begins_in_first_column:
            begins_in_first_column = _FIRST_COLUMN.search(rows_text) is not None
        has_formulas = has_formulas or b"f>" in rows_text
        if has_formulas:
            without_value += _FORMULA_WITHOUT_VALUE.findall(rows_text)
        if b't="e"' in rows_text:
            errors += _ERROR.findall(rows_text)
    if columns * _LAST_ROW > MAX_CELLS:
        _refuse_wide_box(package, part, place)
    return SheetFacts(
        begins_in_first_column,
        # They stand behind the rows.
        b"mergeCell " in rows_text,
        tuple(cell.decode() for cell in without_value),
        tuple(cell.decode() for cell in errors),
    )


def _whole_rows(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The text of a sheet, cut only where a row ends."""
    kept = b""
    for chunk in _chunks(package, part):
        text = kept + chunk
        cut = text.rfind(b"row>") + 4
        if cut < 4 and len(text) < _LONGEST_ROW:
            kept = text
            continue
        yield text[:cut] if cut >= 4 else text
        kept = text[cut:] if cut >= 4 else b""
    yield kept


def _refuse_wide_box(package: zipfile.ZipFile, part: zipfile.ZipInfo, place: str) -> None:
    """The exact rectangle, for the sheets that a rough look could not clear."""
    first_column = first_row = 1 << 30
    last_column = last_row = filled = 0
    for rows_text in _whole_rows(package, part):
        for letters, digits, blank in _CELL.findall(rows_text):
            if not blank:
                column, row = column_index(letters.decode()), int(digits)
                first_column, last_column = min(first_column, column), max(last_column, column)
                first_row, last_row = min(first_row, row), max(last_row, row)
                filled += 1
    spanned = (last_column - first_column + 1) * (last_row - first_row + 1)
    if filled and spanned > MAX_CELLS:
        raise BadInput(
            f"The {place} reaches to cell {column_letters(last_column)}{last_row}, "
            f"{spanned:,} cells of which {filled:,} are filled; "
            "delete what lies far from the table, or save the table as .csv."
        )
