"""Review: uncertain pairs as a workbook for people, and their answers back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from hotpass.errors import BadInput
from hotpass.outputs import written_together
from hotpass.stages.resolve.decisions import DIFFERENT, SAME
from hotpass.stages.resolve.subject import ORGANISATION
from hotpass.stages.workbook import Sheet, read_sheets, title, write_workbook

SHEET = "Review"
HELP = (
    f"Write {SAME} or {DIFFERENT} in the column Decision; leave it empty where you do not know.",
    "`hotpass resolve --answers` with this workbook keeps what you wrote; each later run heeds it.",
    "The columns Pair and Decision are read back; the others are for you alone.",
    "Probability is how likely the two rows are one organisation; Now is what is done about them"
    " until you decide.",
)
ANSWERS = {
    **dict.fromkeys(("same", "s", "yes", "y", "1", "true", "ja"), SAME),
    **dict.fromkeys(("different", "d", "no", "n", "0", "false", "nee"), DIFFERENT),
}
PAIR = r"^([0-9a-f]{16})-([0-9a-f]{16})$"
FROZEN_COLUMNS = 2


def queue(uncertain: pl.DataFrame) -> pl.DataFrame:
    """Lay out the uncertain pairs of `resolve` for people, both rows side by side."""
    fields = list(ORGANISATION.kinds)
    odds = pl.lit(2.0).pow(pl.col("weight"))
    return uncertain.select(
        pl.concat_str("one_key", "other_key", separator="-").alias("pair"),
        pl.lit(None, dtype=pl.String).alias("decision"),
        pl.when("is_one").then(pl.lit(SAME)).otherwise(pl.lit(DIFFERENT)).alias("now"),
        (odds / (1 + odds)).round(3).alias("probability"),
        _explain(fields).alias("why"),
        *(
            pl.col(f"{side}_{field}").alias(f"{field} {side}")
            for field in fields
            for side in ("one", "other")
        ),
        *(_place(side) for side in ("one", "other")),
    )


def write_review(path: Path, pairs: pl.DataFrame, *, created: datetime) -> None:
    """Write a queue as a workbook, whole or not at all."""
    about = pl.DataFrame({"how_to": HELP})
    sheets = [Sheet(SHEET, pairs, FROZEN_COLUMNS), Sheet("About", about)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_together(path.parent, path.stem) as folder:
        write_workbook(folder / path.name, sheets, created=created)


def read_answers(path: Path) -> pl.DataFrame:
    """Read the decisions of a filled-in workbook; pairs without one are left out.

    Raises:
        BadInput: it is no review workbook, or a cell of it says neither same nor different.
    """
    texts = read_sheets(path, SHEET)
    if missing := [name for name in ("Pair", "Decision") if name not in texts.columns]:
        raise BadInput(
            f"{path}, sheet {SHEET}: it lacks the column {missing[0]}; "
            "give a workbook that `hotpass resolve --review` wrote."
        )
    said = pl.col("Decision").str.strip_chars().str.to_lowercase()
    numbered = texts.with_row_index("row", offset=2).filter(said.fill_null("") != "")
    read = numbered.with_columns(
        decision=said.str.strip_suffix(".0").replace_strict(ANSWERS, default=None),
        keys=pl.col("Pair").str.extract_groups(PAIR),
    )
    wrong = read.filter(pl.col("decision").is_null())
    if wrong.height:
        raise BadInput(
            f"{path}, sheet {SHEET}, row {wrong['row'][0]}: the decision "
            f"{wrong['Decision'][0]!r} is neither {SAME} nor {DIFFERENT}; write one of these, "
            "or nothing."
        )
    one, other = (pl.col("keys").struct.field(number) for number in "12")
    lost = read.filter(one.is_null())
    if lost.height:
        raise BadInput(
            f"{path}, sheet {SHEET}, row {lost['row'][0]}: the cell Pair was changed, so that "
            "nobody can tell which rows are meant; take it from the workbook as it was written."
        )
    return read.select(
        one.alias("one"),
        other.alias("other"),
        "decision",
        *(
            (pl.col(header) if header in read.columns else pl.lit(None, dtype=pl.String)).alias(
                name
            )
            for name, header in (
                ("name_one", title("organisation_name one")),
                ("name_other", title("organisation_name other")),
            )
        ),
    )


def _explain(fields: list[str]) -> pl.Expr:
    """Say which fields agree, and which differ where both are filled."""
    one, other = "one_{}", "other_{}"
    agreeing = [
        pl.when(pl.col(one.format(field)) == pl.col(other.format(field))).then(
            pl.lit(field.replace("_", " "))
        )
        for field in fields
    ]
    differing = [
        pl.when(pl.col(one.format(field)) != pl.col(other.format(field))).then(
            pl.lit(field.replace("_", " "))
        )
        for field in fields
    ]
    agree, differ = (
        pl.concat_list(words).list.drop_nulls().list.join(", ") for words in (agreeing, differing)
    )
    return pl.concat_str(
        pl.when(agree != "").then("agree: " + agree),
        pl.when(differ != "").then("differ: " + differ),
        separator="; ",
        ignore_nulls=True,
    )


def _place(side: str) -> pl.Expr:
    file, sheet, row = (pl.col(f"{side}_source_{part}") for part in ("file", "sheet", "row"))
    named = pl.when(sheet != "").then(sheet)
    return pl.concat_str(
        file, named, pl.format("row {}", row), separator=", ", ignore_nulls=True
    ).alias(f"place {side}")
