"""Frames to one formatted workbook, and the text of a sheet back again."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fastexcel
import polars as pl
from rustpy_xlsxwriter import FastExcel, Format

from hotpass.errors import BadInput, CannotWrite
from hotpass.outputs import naming_the_file
from hotpass.sources.guard import refuse_what_is_no_workbook
from hotpass.sources.package import examine_package, is_package

ROWS_A_SHEET = 1_048_575
"""Excel's limit of 1,048,576 rows, less the header."""
LONGEST_TEXT = 32_767
"""Excel's limit of characters in a cell."""
MARKUP_A_CELL = 64
"""Bytes of XML around a cell's text, at most, while the sheet is written to a temporary file."""
NARROWEST, WIDEST = 10.0, 48.0
"""Column widths in characters."""
HEADER_COLOUR = "#1F3864"
CORE_PROPERTIES = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties \
xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\
<dcterms:created xsi:type="dcterms:W3CDTF">{created:%Y-%m-%dT%H:%M:%SZ}</dcterms:created>\
</cp:coreProperties>"""


@dataclass(frozen=True)
class Sheet:
    """A frame and the sheet's name; the frame's columns become its header row."""

    name: str
    frame: pl.DataFrame
    frozen_columns: int = 0


def write_workbook(path: Path, sheets: Sequence[Sheet], *, created: datetime) -> None:
    """Write the sheets with header style, filter, frozen header and fitted widths.

    Text stays text, whatever it starts with. A frame longer than a sheet goes on in a sheet
    of the same name with a number. The same frames and `created` give the same bytes.

    Raises CannotWrite when the temporary folder has no room for it, OSError when the disk has
    none.
    """
    parts = [part for sheet in sheets for part in _parts(sheet)]
    _ensure_room([part.frame for part in parts])
    buffer = io.BytesIO()
    workbook = FastExcel(buffer)
    for part in parts:
        _add(workbook, part)
    with naming_the_file(Path(tempfile.gettempdir())):
        workbook.save()
    _set_created(buffer, created)
    path.write_bytes(buffer.getbuffer())


def read_sheets(path: Path, name: str) -> pl.DataFrame:
    """Read the sheets that `write_workbook` made of one frame, every cell as text.

    Raises BadInput when the file is no workbook, would take too much memory, or has no such
    sheet.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    refuse_what_is_no_workbook(path, str(path))
    if is_package(path):
        examine_package(path, str(path))
    try:
        workbook = fastexcel.read_excel(path)
        names = [found for found in workbook.sheet_names if _is_part(found, name)]
        frames = [workbook.load_sheet(found, dtypes="string").to_polars() for found in names]
    except fastexcel.FastExcelError as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{path}: cannot be read as a workbook ({reason}).") from error
    if not frames:
        raise BadInput(
            f"{path}: it has no sheet {name!r}; give a workbook that `hotpass refine` wrote."
        )
    if any(frame.columns != frames[0].columns for frame in frames):
        raise BadInput(f"{path}: its sheets {', '.join(names)} have different columns.")
    return pl.concat(frames)


def title(field: str) -> str:
    """Return a field's name as its column is headed in a workbook."""
    return field.replace("_", " ").capitalize()


def _parts(sheet: Sheet) -> list[Sheet]:
    frames = list(sheet.frame.iter_slices(ROWS_A_SHEET)) or [sheet.frame]
    return [
        Sheet(f"{sheet.name} {number}" if number > 1 else sheet.name, frame, sheet.frozen_columns)
        for number, frame in enumerate(frames, start=1)
    ]


def _is_part(found: str, name: str) -> bool:
    return found == name or (
        found.startswith(f"{name} ") and found.removeprefix(f"{name} ").isdecimal()
    )


def _ensure_room(frames: Sequence[pl.DataFrame]) -> None:
    # The writer keeps each sheet's XML in a temporary file and panics when that disk is full.
    needed = sum(int(f.estimated_size()) + MARKUP_A_CELL * f.width * f.height for f in frames)
    folder = tempfile.gettempdir()
    if shutil.disk_usage(folder).free < needed:
        raise CannotWrite(
            f"{folder}: the workbook needs up to {needed / 1e6:,.0f} MB of room here while it is "
            "written; free some, or set TMPDIR to a folder that has it."
        )


def _add(workbook: FastExcel, sheet: Sheet) -> None:
    frame = sheet.frame.with_columns(pl.col(pl.String).str.slice(0, LONGEST_TEXT))
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    dates = [name for name, dtype in frame.schema.items() if dtype == pl.Date]
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    formats = (
        # As text, so that an edited postcode keeps its zero and an edited "=" starts no formula.
        {name: Format().set_num_format("@") for name in texts}
        | {name: Format().set_num_format("yyyy-mm-dd") for name in dates}
        | {name: Format().set_num_format("yyyy-mm-dd hh:mm:ss") for name in times}
    )
    workbook.freeze(row=1, col=sheet.frozen_columns, sheet=sheet.name)
    workbook.sheet(
        sheet.name,
        frame.rename(title),
        header_format=Format()
        .set_bold()
        .set_font_color("#FFFFFF")
        .set_background_color(HEADER_COLOUR),
        autofilter=True,
        column_widths=[_width(column) for column in frame.get_columns()],
        column_formats={title(name): form for name, form in formats.items()},
        ignore_errors=[title(name) for name in texts],
    )


def _width(column: pl.Series) -> float:
    # The first thousand rows stand for the rest; nine in ten values fit.
    lengths = column.head(1000).cast(pl.String).str.len_chars()
    widest = max(lengths.quantile(0.9) or 0.0, len(column.name) + 3.0)
    return min(max(widest + 2.0, NARROWEST), WIDEST)


def _set_created(buffer: io.BytesIO, created: datetime) -> None:
    """Replace the moment of writing, which the writer takes from the system's clock."""
    with zipfile.ZipFile(buffer, "a") as archive:
        position = archive.namelist().index("docProps/core.xml")
        kept, after = archive.infolist()[:position], archive.infolist()[position + 1 :]
        later = {info.filename: archive.read(info) for info in after}
        archive.start_dir = archive.infolist()[position].header_offset
        archive.filelist[position:] = []
        archive.NameToInfo = {info.filename: info for info in kept}
        text = CORE_PROPERTIES.format(created=created.astimezone(UTC))
        for name, content in {"docProps/core.xml": text.encode(), **later}.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
        buffer.truncate()
