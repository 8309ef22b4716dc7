"""The ways in which people write one name."""

from __future__ import annotations

import polars as pl

from hotpass.sample.draws import Draws

LEGAL_FORM_SPELLINGS: dict[str, dict[str, int]] = {
    "(Pty) Ltd": {
        "(Pty) Ltd": 6,
        "Pty Ltd": 3,
        "(PTY) LTD": 2,
        "Pty. Ltd.": 1,
        "(Pty) Limited": 1,
        "(Edms) Bpk": 1,
        "": 5,
    },
    "Ltd": {"Ltd": 4, "Limited": 3, "Ltd.": 1, "": 2},
    "CC": {"CC": 5, "cc": 2, "C.C.": 1, "BK": 1, "": 3},
    "NPC": {"NPC": 5, "(NPC)": 2, "NPC (RF)": 1, "": 3},
    "Inc": {"Inc": 3, "Inc.": 2, "Incorporated": 1, "": 2},
}
ABBREVIATIONS = {
    " Academy": " Acad",
    " Primary School": " Prim School",
    " Secondary School": " Sec School",
    " High School": " HS",
    " Services": " Serv",
    " Technologies": " Tech",
    " Transport": " Trpt",
    " Holdings": " Hldgs",
    " Centre": " Ctr",
    " Medical": " Med",
    " Engineering": " Eng",
    " Construction": " Constr",
    " Agricultural": " Agric",
    " Foundation": " Found",
    " Association": " Assoc",
    " Institute": " Inst",
    " National": " Nat",
    " Community": " Comm",
    " and ": " & ",
}
_HABITS = {"plain": 46, "typo": 14, "abbreviated": 12, "turned": 6, "case": 12, "spaces": 10}
_SPACES = ["  ", "\u00a0", " - "]


def spell_names(rows: pl.DataFrame, draws: Draws) -> pl.Series:
    """The name of each row, from its `head`, `rest` and `legal_form`, as somebody wrote it."""
    habit, form, name, text = pl.col("habit"), pl.col("form"), pl.col("name"), pl.col("text")
    plain = pl.concat_str("head", "rest", separator=" ")
    unaccented = plain.str.normalize("NFD").str.replace_all(r"\p{M}", "")
    return (
        rows.with_columns(
            habit=draws.weighted("habit", _HABITS),
            form=_legal_form(draws),
            name=pl.when(draws.happens("accents", 0.5)).then(unaccented).otherwise(plain),
            at=draws.below("where", plain.str.len_chars().cast(pl.Int64) - 3) + 1,
        )
        .with_columns(
            name=pl.when(habit == "typo")
            .then(_mistyped(name, pl.col("at"), draws))
            .when(habit == "abbreviated")
            .then(name.str.replace_many(list(ABBREVIATIONS), list(ABBREVIATIONS.values())))
            .when(habit == "turned")
            .then(pl.concat_str("rest", pl.lit(", "), "head"))
            .otherwise(name)
        )
        .with_columns(
            text=pl.concat_str(
                name, pl.when(form != "").then(form), separator=" ", ignore_nulls=True
            )
        )
        .select(
            pl.when((habit == "case") & draws.happens("capitals", 0.7))
            .then(text.str.to_uppercase())
            .when(habit == "case")
            .then(text.str.to_lowercase())
            .when(habit == "spaces")
            .then(pl.lit(" ") + text.str.replace(" ", draws.one_of("space", _SPACES)))
            .otherwise(text)
        )
        .to_series()
    )


def _mistyped(text: pl.Expr, at: pl.Expr, draws: Draws) -> pl.Expr:
    """Two letters swapped, one left out, one doubled, or one wrong; never the first."""
    before, letter, following = (
        text.str.slice(0, at),
        text.str.slice(at, 1),
        text.str.slice(at + 1, 1),
    )
    after = text.str.slice(at + 2)
    wrong = draws.one_of("wrong letter", list("aeiourstnlkmp"))
    kind = draws.below("kind of typo", 4)
    return (
        pl.when(kind == 0)
        .then(pl.concat_str(before, following, letter, after))
        .when(kind == 1)
        .then(pl.concat_str(before, following, after))
        .when(kind == 2)
        .then(pl.concat_str(before, letter, letter, following, after))
        .otherwise(pl.concat_str(before, wrong, following, after))
    )


def _legal_form(draws: Draws) -> pl.Expr:
    written = pl.lit("")
    for form, spellings in LEGAL_FORM_SPELLINGS.items():
        drawn = draws.weighted(f"spelling of {form}", spellings)
        written = pl.when(pl.col("legal_form") == form).then(drawn).otherwise(written)
    return written
