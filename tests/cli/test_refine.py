"""`hotpass refine` as a person meets it: a summary when it works, one sentence when it does not."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pytest

from hotpass.cli import main

HEADER = ["Name", "Phone", "E-mail"]
ROWS = [
    ["Karoo Aviation Academy (Pty) Ltd", "021 555 0123", "info@karoo.co.za"],
    ["Karoo Aviation Academy Pty Ltd", "+27 21 555 0123", "INFO@KAROO.CO.ZA"],
    ["Tsitsikamma Timber CC", "042 280 3561", "sales@tsitsitimber.co.za"],
]
OUTPUTS = {
    "refined.xlsx",
    "refined.parquet",
    "refined.rows.parquet",
    "refined.origins.parquet",
    "refined.lost.parquet",
    "refined.violations.xlsx",
    "refined.quality.json",
    "refined.quality.md",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where no hotpass.toml is and no variable of the environment has a say."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HOTPASS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "members.xlsx").write_bytes(workbook([HEADER, *ROWS]))
    return folder


def workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Members"
    for row in rows:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def encrypted() -> bytes:
    buffer = io.BytesIO()
    plain = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(workbook([HEADER, *ROWS])))
    plain.encrypt("password", buffer)
    return buffer.getvalue()


def refine(sources: Path, output: Path, *more: str) -> int:
    profile = () if "--profile" in more else ("--profile", "generic")
    return main(
        ["refine", "--input-dir", str(sources), "--output-path", str(output), *profile, *more]
    )


def start(sources: Path, output: Path, *, largest_file: int = -1) -> subprocess.Popen[str]:
    script = (
        # Python would take what could be written of a module's bytecode for the whole of it.
        "import resource, sys; sys.dont_write_bytecode = True; from hotpass.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file}, {largest_file})); "
        "sys.exit(main())"
    )
    return subprocess.Popen(
        [
            *(sys.executable, "-c", script, "refine", "--profile", "generic"),
            *("--input-dir", str(sources), "--output-path", str(output)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_summary_reconciles_the_rows_and_names_the_outputs(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "folder" / "refined.xlsx"

    assert refine(sources, output) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[0] == "3 rows read = 2 kept + 1 merged + 0 rejected"
    assert out[1].startswith("2 organisations from 1 file in ")
    assert f"written: {output}" in out
    assert {path.name for path in output.parent.iterdir()} == OUTPUTS


def test_a_threshold_of_the_profile_that_is_not_reached_is_told_and_reported(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/strict.toml").write_text(
        'extends = "generic"\n[validators.email]\npattern = "karoo"\n'
        "[thresholds]\nrejected = 0.3\nunreadable = 0\nfilled = { phone = 0.5, town = 0.1 }\n"
    )
    (tmp_path / "hotpass.toml").write_text('profile_dir = "mine"\n')

    assert refine(sources, tmp_path / "out/refined.xlsx", "--profile", "strict") == 0

    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("threshold")]
    assert told == [
        "threshold broken: rejected at most 30.0%, reached 33.3%",
        "threshold broken: town filled at least 10.0%, reached 0.0%",
    ]
    report = json.loads((tmp_path / "out/refined.quality.json").read_text())
    assert {each["threshold"]: each["kept"] for each in report["thresholds"]} == {
        "rejected at most": False,
        "unreadable at most": True,
        "phone filled at least": True,
        "town filled at least": False,
    }


def test_the_archive_is_written_when_asked_for(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(sources, tmp_path / "out/refined.xlsx", "--archive") == 0

    (archive,) = (tmp_path / "out").glob("refined-*Z.zip")
    assert f"archived: {archive}" in capsys.readouterr().out


def test_what_is_not_given_comes_from_the_settings(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hotpass.toml").write_text('input_dir = "in"\noutput_path = "file/refined.xlsx"\n')
    monkeypatch.setenv("HOTPASS_ARCHIVE", "true")

    assert main(["refine"]) == 0

    assert len(list((tmp_path / "file").glob("refined-*.zip"))) == 1


def replace(name: str, content: bytes) -> Callable[[Path], None]:
    def arrange(folder: Path) -> None:
        (folder / "members.xlsx").unlink()
        (folder / name).write_bytes(content)

    return arrange


BAD_INPUTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "an empty folder": (lambda folder: (folder / "members.xlsx").unlink(), "in"),
    "an encrypted workbook": (replace("locked.xlsx", encrypted()), "locked.xlsx"),
    "a truncated workbook": (
        replace("cut.xlsx", workbook([HEADER, *ROWS])[:2000]),
        "cut.xlsx",
    ),
    "a web page named .xls": (
        replace("page.xls", b"<html><table><tr><td>1</td></tr></table></html>"),
        "page.xls",
    ),
    "an empty file": (replace("nothing.xlsx", b""), "nothing.xlsx"),
    "a sheet without a header": (
        replace("bare.xlsx", workbook([["1", "2", "3"], ["4", "5", "6"]])),
        "bare.xlsx",
    ),
    "a column no profile knows": (
        replace("odd.xlsx", workbook([[*HEADER, "Shoe size"], *([*row, "9"] for row in ROWS)])),
        "Shoe size",
    ),
}


@pytest.mark.parametrize("kind", BAD_INPUTS)
def test_a_bad_input_is_one_sentence_and_leaves_nothing(
    kind: str, sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange, named = BAD_INPUTS[kind]
    arrange(sources)

    code = refine(sources, tmp_path / "out/refined.xlsx")

    sentences = said_by_hotpass(capsys.readouterr().err)
    assert (code, len(sentences)) == (2, 1), sentences
    assert named in sentences[0]
    assert list((tmp_path / "out").iterdir()) == []


def said_by_hotpass(text: str) -> list[str]:
    """Every line of stderr that is not progress."""
    return [line for line in text.splitlines() if not line.startswith("ingest")]


def test_an_unknown_profile_is_answered_with_the_nearest(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(sources, tmp_path / "out/refined.xlsx", "--profile", "stagin") == 2

    assert "'staging'" in capsys.readouterr().err


def test_a_missing_input_folder_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(tmp_path / "nowhere", tmp_path / "out/refined.xlsx") == 2

    (sentence,) = said_by_hotpass(capsys.readouterr().err)
    assert "nowhere" in sentence


@pytest.mark.parametrize("folder", ["/proc/hotpass", "/dev/null/hotpass"])
def test_an_output_folder_that_cannot_be_written_is_one_sentence(
    folder: str, sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(sources, Path(folder) / "refined.xlsx") == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"hotpass: {folder}: cannot write here: ")


def test_a_disk_that_takes_no_more_is_one_sentence_and_leaves_nothing(
    sources: Path, tmp_path: Path
) -> None:
    process = start(sources, tmp_path / "out/refined.xlsx", largest_file=6_000)

    _, stderr = process.communicate(timeout=60)

    assert process.returncode == 1
    assert stderr.splitlines()[-1] == (
        f"hotpass: {tmp_path}/out: the file would pass the size limit of this account or disk."
    )
    assert "Traceback" not in stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
)
def test_a_run_that_is_ended_half_way_leaves_nothing(
    number: signal.Signals, code: int, sources: Path, tmp_path: Path
) -> None:
    process = start(sources, tmp_path / "out/refined.xlsx")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("ingest")

    process.send_signal(number)

    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in stderr) == (code, False)
    assert list((tmp_path / "out").iterdir()) == []
