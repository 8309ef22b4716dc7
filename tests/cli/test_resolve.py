"""`hotpass resolve`: uncertain pairs go to people, and what they decide is heeded from then on."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest

from hotpass.cli import main
from hotpass.pipeline import read_refined

HEADER = "Organisation Name,Phone,Town,Province,Postcode,Notes"
KAROO = "Karoo Land Surveyors CC,017 381 4741,Secunda,Mpumalanga,2302,"
MISSPELT = "Karoo Land Surveyros,,,Mpumalanga,,"
OTHER = "Drakensberg Dental Supplies,031 555 0199,Durban,KwaZulu-Natal,4001,"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    write_rows(tmp_path / "in" / "list.csv", KAROO, MISSPELT, OTHER)
    return tmp_path


def write_rows(path: Path, *rows: str) -> None:
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")


def review(folder: Path, *more: str) -> int:
    paths = ["--input-dir", f"{folder / 'in'}", "--review", f"{folder / 'review.xlsx'}"]
    return main(["resolve", *paths, *more])


def answer(folder: Path, decision: str) -> int:
    """Write `decision` beside every pair and hand the workbook in."""
    workbook = openpyxl.load_workbook(folder / "review.xlsx")
    sheet = workbook["Review"]
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 2).value = decision
    workbook.save(folder / "review.xlsx")
    return main(
        ["resolve", "--answers", f"{folder / 'review.xlsx'}", *remembered(folder)],
    )


def remembered(folder: Path) -> list[str]:
    return ["--decisions", f"{folder / 'decisions.csv'}"]


def pairs(folder: Path) -> list[dict[str, object]]:
    sheet = openpyxl.load_workbook(folder / "review.xlsx")["Review"]
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def organisations(folder: Path, *more: str) -> int:
    output = folder / "out" / "refined.xlsx"
    assert (
        main(["refine", "--input-dir", f"{folder / 'in'}", "--output-path", f"{output}", *more])
        == 0
    )
    return read_refined(output).height


def test_an_uncertain_pair_is_laid_side_by_side_with_the_reason(folder: Path) -> None:
    assert review(folder) == 0

    (pair,) = pairs(folder)
    names = {pair["Organisation name one"], pair["Organisation name other"]}
    assert names == {"Karoo Land Surveyors CC", "Karoo Land Surveyros"}
    assert pair["Why"] == "agree: province; differ: organisation name"
    assert pair["Decision"] is None
    assert pair["Place one"] in ("list.csv, row 2", "list.csv, row 3")


@pytest.mark.parametrize(("word", "count"), [("same", 2), ("Different ", 3), ("y", 2), ("nee", 3)])
def test_refine_heeds_what_was_decided(folder: Path, word: str, count: int) -> None:
    review(folder)

    assert answer(folder, word) == 0

    assert organisations(folder, *remembered(folder)) == count


def test_a_pair_is_not_asked_about_again_once_decided(folder: Path) -> None:
    review(folder)
    answer(folder, "different")

    review(folder, *remembered(folder))

    assert pairs(folder) == []


def test_a_decision_outlives_new_files_other_order_and_other_notes(folder: Path) -> None:
    review(folder)
    answer(folder, "different")
    (folder / "in" / "list.csv").unlink()
    write_rows(folder / "in" / "newer.csv", OTHER, f"{MISSPELT}Called in May", KAROO)

    assert organisations(folder, *remembered(folder)) == 3


def test_a_row_that_was_corrected_is_asked_about_anew(folder: Path) -> None:
    review(folder)
    answer(folder, "different")
    write_rows(folder / "in" / "list.csv", KAROO, MISSPELT.replace("Mpumalanga", ""), OTHER)

    review(folder, *remembered(folder))

    assert len(pairs(folder)) == 1


def test_the_later_of_two_answers_counts(folder: Path) -> None:
    review(folder)
    answer(folder, "different")

    answer(folder, "same")

    decisions = pl.read_csv(folder / "decisions.csv")
    assert decisions["decision"].to_list() == ["same"]


def test_pairs_that_nobody_decided_stay_open(folder: Path) -> None:
    review(folder)

    answer(folder, " ")
    review(folder, *remembered(folder))

    assert len(pairs(folder)) == 1


def test_a_wrong_word_is_named_with_its_row_and_nothing_is_remembered(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review(folder)
    answer(folder, "same")
    before = (folder / "decisions.csv").read_text()

    assert answer(folder, "perhaps") == 2

    said = capsys.readouterr().err
    assert "sheet Review, row 2: the decision 'perhaps' is neither same nor different" in said
    assert (folder / "decisions.csv").read_text() == before


def test_a_pair_whose_key_was_edited_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review(folder)
    workbook = openpyxl.load_workbook(folder / "review.xlsx")
    workbook["Review"]["A2"] = "these two"
    workbook.save(folder / "review.xlsx")

    assert answer(folder, "same") == 2

    assert "row 2: the cell Pair was changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("one,other\n", "it lacks the column decision"),
        (
            "one,other,decision,name_one,name_other\n0123456789abcdef,fedcba9876543210,maybe,a,b\n",
            "line 2: one and other must be keys of 16 hexadecimal digits",
        ),
    ],
)
def test_a_spoilt_file_of_decisions_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    (folder / "decisions.csv").write_text(text)

    assert review(folder, *remembered(folder)) == 2

    assert sentence in capsys.readouterr().err
    assert not (folder / "review.xlsx").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "nothing to do"),
        (["--answers", "review.xlsx"], "--answers needs --decisions"),
        (["--review", "review.csv"], "give it a name that ends in .xlsx"),
        (["--answers", "none.xlsx", "--decisions", "d.csv"], "none.xlsx: there is no such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(folder)

    assert main(["resolve", "--input-dir", "in", *arguments]) == 2

    assert sentence in capsys.readouterr().err


def test_two_registration_numbers_are_one_where_a_person_says_so(tmp_path: Path) -> None:
    from hotpass.config.profile import Profile
    from hotpass.contracts.organisation import INPUT_FIELDS
    from hotpass.stages.resolve import resolve
    from hotpass.stages.resolve.decisions import content_keys
    from hotpass.stages.resolve.subject import ORGANISATION

    numbers = ["2001/000001/07", "2002/000002/07"]
    frame = pl.DataFrame(
        {"organisation_name": ["Karoo Land Surveyors"] * 2, "registration_number": numbers},
    ).with_columns(
        pl.lit("a.csv").alias("source_file"),
        pl.lit("a").alias("source_sheet"),
        pl.int_range(2, dtype=pl.UInt32).alias("source_row"),
        *(
            pl.lit(None, dtype=pl.String).alias(field)
            for field in INPUT_FIELDS
            if field not in ("organisation_name", "registration_number")
        ),
    )
    one, other = content_keys(frame, list(ORGANISATION.kinds))
    decisions = pl.DataFrame(
        {"one": one, "other": other, "decision": "same", "name_one": "", "name_other": ""}
    )

    resolved = resolve(frame, Profile(name="test", columns={}), decisions=decisions)

    assert resolved.metrics["organisations"] == 1
    assert resolved.metrics["decisions_not_kept"] == 0
