"""What is read is a folder, one file, or all files that fit a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotpass.config.profiles import load_profile
from hotpass.errors import BadInput
from hotpass.pipeline import RefineRequest, refine
from hotpass.sources.folder import find_inputs, folder_of
from hotpass.stages.ingest import ingest

FILES = ("2023/a.csv", "2024/a.csv", "2024/deep/b.csv", "2024/notes.txt", "[old].csv")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Organisation,Tel\n{name},1\n")
    return tmp_path / "data"


def found(data: Path, pattern: str) -> list[str]:
    paths, _ = find_inputs(data / pattern)
    return [path.relative_to(data).as_posix() for path in paths]


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("", ["2023/a.csv", "2024/a.csv", "2024/deep/b.csv", "[old].csv"]),
        ("2024", ["2024/a.csv", "2024/deep/b.csv"]),
        ("*/a.csv", ["2023/a.csv", "2024/a.csv"]),
        ("**/*.csv", ["2023/a.csv", "2024/a.csv", "2024/deep/b.csv", "[old].csv"]),
        ("202[34]", ["2023/a.csv", "2024/a.csv", "2024/deep/b.csv"]),
        ("2024/a.csv", ["2024/a.csv"]),
        ("[old].csv", ["[old].csv"]),
    ],
)
def test_a_pattern_finds_the_files_that_fit_it(data: Path, pattern: str, files: list[str]) -> None:
    assert found(data, pattern) == files


def test_names_are_told_from_the_folder_before_the_first_wildcard(data: Path) -> None:
    result = ingest(data / "20*" / "a.csv", load_profile("generic"))

    assert folder_of(data / "20*" / "a.csv") == data
    assert result.frame["source_file"].to_list() == ["2023/a.csv", "2024/a.csv"]


def test_a_pattern_that_nothing_fits_is_refused(data: Path) -> None:
    with pytest.raises(BadInput, match=r"No table fits .*/data/\*\.xlsx; name files that end in"):
        find_inputs(data / "*.xlsx")


def test_a_pattern_in_a_folder_that_does_not_exist_is_refused(data: Path) -> None:
    with pytest.raises(BadInput, match=r"The input folder .*/none does not exist"):
        find_inputs(data / "none" / "*.xlsx")


def test_a_pattern_may_be_refined_into_its_own_folder_unless_the_output_fits_it(
    data: Path,
) -> None:
    def request(output: str) -> RefineRequest:
        return RefineRequest(data / "2024" / "*", data / output, load_profile("generic"))

    assert refine(request("refined.xlsx")).report.counts.read == 2
    with pytest.raises(BadInput, match="the output would fit the inputs"):
        refine(request("2024/refined.xlsx"))
