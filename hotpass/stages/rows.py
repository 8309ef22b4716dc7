"""Which rows below a header are data, and which are units, headings, notes and headers again."""

from __future__ import annotations

import polars as pl

from hotpass.sources.sheet import Sheet
from hotpass.stages.headers import NAME_FIELD, Header

_LABELS = (
    "notes?|nota|n\\.?b|sources?|bron|legend|key|prepared by|compiled by|captured by"
    "|approved by|opgestel deur|last updated|updated"
)
_TOTALS = "(?:grand |sub-?)?total|totaal|sub-?totaal|count|page"
# A label that stands alone, before a colon, or, for a total, before a number.
_LABEL = (
    rf"(?i)^\W*(?:{_LABELS}|{_TOTALS})\b\.?(?:\W*$|[^:]{{0,24}}:)|^\W*(?:{_TOTALS})\s+(?:of\s+)?\d"
)
_FOOTNOTE = r"^(?:\*|†|‡|\(\d\)|\d\)) ?\S"
_UNIT = (
    r"(?i)^(?:\(.*\)|\[.*\]|[dmyj]{1,4}(?:[-/. ][dmyj]{1,4}){1,2}|e\.g\. .*"
    r"|[%#]|R|ZAR|km|m|kg|no\.?|text|string|number|numeric|integer|date|yes/no|required|optional|mandatory"
    r"|teks|getal|datum|ja/nee|verpligtend|opsioneel)$"
)
_SENTENCE = r"(?:\S+\s+){5,}\S+[.!]$"


def find_data_rows(sheet: Sheet, header: Header, fields: pl.DataFrame) -> tuple[pl.Series, int]:
    """Whether each row of `fields`, the rows below the header, is data; and how many are text.

    Blank rows are neither. Text is a row of units under the header (`dd/mm/yyyy`), a heading
    merged across the table, a header written again, a row with values in ignored columns only
    (numbered in advance), and what stands below the table: labels, footnotes, sentences, and
    single values that are set apart or in another column than the name.
    """
    start = header.position + 1
    own, first = pl.col("own"), pl.col("first")
    marks = (
        sheet.cells.slice(start)
        .select(
            first=pl.coalesce(pl.all()),
            repeats_header=pl.any_horizontal(
                pl.all_horizontal(
                    pl.nth(column).eq_missing(pl.lit(written.get(column), pl.String))
                    for column in header.texts
                )
                for written in header.written
            ),
            all_units=pl.all_horizontal(pl.all().str.contains(_UNIT).fill_null(True)),
        )
        .with_columns(
            sheet.own_values.slice(start).alias("own"),
            *fields.select(
                named=pl.col(NAME_FIELD).is_not_null(),
                useless=pl.all_horizontal(pl.all().is_null()),
            ),
            pl.int_range(start, sheet.cells.height, eager=True)
            .is_in(sorted(sheet.banners))
            .alias("banner"),
        )
        .with_columns(
            blank=own == 0,
            # A name may look like a unit where nothing beside it does.
            units=pl.col("all_units") & (own > 0) & ((own > 1) | ~pl.col("named")),
            # With more values beside it, a name that looks like a label is a name.
            label=((own <= 2) | first.str.ends_with(":"))
            & (first.str.contains(_LABEL) | first.str.contains(_FOOTNOTE)),
        )
        .with_columns(
            label=pl.col("label") | ((own == 1) & first.str.contains(_SENTENCE)),
        )
        .select(
            blank="blank",
            heading=~pl.col("blank")
            & (
                (pl.col("units").cum_count() == pl.col("units").cum_sum())
                | pl.col("repeats_header")
                | pl.col("useless")
                | (pl.col("banner") & (own == 1))
            ),
            # In a table of one column every value stands alone.
            full=(own > (1 if len(header.texts) > 1 else 0)) & ~pl.col("label"),
            apart=pl.col("blank") | pl.col("label") | ((own == 1) & ~pl.col("named")),
        )
    )
    below = pl.int_range(pl.len()) >= _end_of_table(marks)
    text = pl.col("heading") | (below & ~pl.col("blank"))
    rows = marks.select(text=text, data=~pl.col("blank") & ~text)
    return rows.get_column("data"), int(rows.get_column("text").sum())


def _end_of_table(marks: pl.DataFrame) -> int:
    """The first row after the last full one that is blank or reads as a note."""
    full = marks.get_column("full").arg_true()
    after = int(full[-1]) + 1 if full.len() else 0
    apart = marks.get_column("apart").slice(after).arg_true()
    return after + int(apart[0]) if apart.len() else marks.height
