"""ODS workbooks: what the reader does not tell of them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.etree import ElementTree  # nosec B405

from hotpass.sources.merged import Range

_MEDIA_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def is_open_document(content: bytes) -> bool:
    """Whether these bytes are an archive that says it is a workbook of this kind."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package, package.open("mimetype") as kind:
            return kind.read(len(_MEDIA_TYPE)) == _MEDIA_TYPE
    except (KeyError, zipfile.BadZipFile):
        return False


def merged_ranges(stream: BinaryIO) -> dict[str, list[Range]]:
    """The merged cells of each sheet by its name; sheets without any may be missing.

    A damaged archive has none here: the reader says what is wrong with it.
    """
    ranges: dict[str, list[Range]] = {}
    try:
        with zipfile.ZipFile(stream) as package, package.open("content.xml") as content:
            for sheet, merged in _spans(content):
                ranges.setdefault(sheet, []).append(merged)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError):
        return {}
    return ranges


def _spans(content: IO[bytes]) -> Iterator[tuple[str, Range]]:
    sheet, row, column, rows = "", 0, 0, 1
    for event, element in ElementTree.iterparse(content, ("start", "end")):  # nosec B314
        kind = element.tag.removeprefix(_TABLE)
        if event == "end":
            if kind == "table-row":
                row += rows
                element.clear()
        elif kind == "table":
            sheet, row = str(element.get(f"{_TABLE}name")), 0
        elif kind == "table-row":
            column, rows = 0, _number(element, "number-rows-repeated")
        elif kind in ("table-cell", "covered-table-cell"):
            bottom = row + _number(element, "number-rows-spanned") - 1
            right = column + _number(element, "number-columns-spanned") - 1
            if (bottom, right) != (row, column):
                yield sheet, ((row, column), (bottom, right))
            column += _number(element, "number-columns-repeated")


def _number(element: ElementTree.Element, name: str) -> int:
    text = element.get(f"{_TABLE}{name}", "1")
    return int(text) if text.isdecimal() else 1
