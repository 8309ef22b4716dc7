"""A large sample: the same messy values in plain tables, cut into files of a size to handle.

The cells are the same for the same seed; the bytes of the workbooks are not, because
the fast writer stamps them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import rustpy_xlsxwriter

from hotpass.sample.tables import TABLES, rows_of

ROWS_A_FILE = 200_000


def write_plain_files(mentions: pl.DataFrame, folder: Path) -> list[pl.DataFrame]:
    """Write the files of a sample into an existing folder and say where each row went."""
    places = []
    for table in TABLES:
        rows = rows_of(table, mentions)
        stem, suffix = Path(table.file).stem, Path(table.file).suffix
        for part, page in enumerate(rows.iter_slices(ROWS_A_FILE), start=1):
            file = f"{stem}-{table.sheet.lower()}-{part:02}{suffix}".replace("--", "-")
            written = page.select(
                pl.col(field).alias(header) for header, field in table.columns.items()
            )
            if suffix == ".csv":
                written.write_csv(folder / file)
            else:
                workbook = rustpy_xlsxwriter.FastExcel(str(folder / file))
                workbook.sheet(table.sheet, written)
                workbook.save()
            places.append(
                page.select(
                    "id",
                    file=pl.lit(file),
                    sheet=pl.lit(table.sheet),
                    row=pl.int_range(2, 2 + pl.len()),
                )
            )
    return places
