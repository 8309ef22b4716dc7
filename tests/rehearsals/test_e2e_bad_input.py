"""An end-to-end rehearsal on input that cannot be used: marked, and nothing half written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.verify import verify
from rehearsals.run import rehearse

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
SETTINGS = """\
[rehearsals.e2e]
title = "Preflight"
profile = "{profile}"
input_dir = "data"
truth = "truth.json"

[targets.embedded]
mode = "embedded"
kinds = ["e2e"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the sample as its input, which each test spoils."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "project"
    shutil.copytree(SAMPLE, root / "data")
    shutil.copy(SAMPLE.with_name("sample.truth.json"), root / "truth.json")
    (root / "rehearsals.toml").write_text(SETTINGS.format(profile="staging"))
    return root


def truncate_a_workbook(root: Path) -> None:
    path = root / "data" / "register.xlsx"
    path.write_bytes(path.read_bytes()[:2000])


def name_a_web_page_as_workbook(root: Path) -> None:
    (root / "data" / "page.xls").write_text("<html><table><tr><td>1</td></tr></table></html>")


def add_an_unknown_column(root: Path) -> None:
    path = root / "data" / "mailing-list.csv"
    path.write_text(path.read_text().replace("\n", ",shoe size\n", 1))


def misspell_the_profile(root: Path) -> None:
    (root / "rehearsals.toml").write_text(SETTINGS.format(profile="stagin"))


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (truncate_a_workbook, "register.xlsx"),
        (name_a_web_page_as_workbook, "page.xls"),
        (add_an_unknown_column, "shoe size"),
        (misspell_the_profile, "staging"),
    ],
)
def test_input_that_cannot_be_used_fails_the_run_in_one_sentence(
    project: Path, spoil: Callable[[Path], None], named: str
) -> None:
    spoil(project)

    code = rehearse("e2e", "embedded", root=project)

    (run,) = (project / "dist/staging/e2e").iterdir()
    (sentence,) = (
        line for line in (run / "refine.log").read_text().splitlines() if line != "ingest"
    )
    assert (code, json.loads((run / "run.json").read_text())["verdict"]) == (1, "failed")
    assert sentence.startswith("hotpass: ")
    assert named in sentence
    assert not list((run).glob("artifacts/refined*"))
    assert verify(run).findings == ()


def test_an_empty_input_folder_blocks_the_run(project: Path) -> None:
    shutil.rmtree(project / "data")
    (project / "data").mkdir()

    code = rehearse("e2e", "embedded", root=project)

    (run,) = (project / "dist/staging/e2e").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert (code, record["verdict"]) == (3, "blocked")
    assert "the input folder data is empty" in record["reason"]
