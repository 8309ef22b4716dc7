"""`hotpass contracts`: the derived files, and the check that they are current."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotpass.cli import main

PAGE = Path("docs/reference/schemas.md")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "hotpass"\n')
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    return tmp_path


def test_what_generate_writes_passes_the_check(checkout: Path) -> None:
    assert main(["contracts", "generate"]) == 0

    assert main(["contracts", "check"]) == 0


def test_a_changed_file_fails_the_check_and_is_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["contracts", "generate"])
    (checkout / PAGE).write_text("# Schemas\n")

    assert main(["contracts", "check"]) == 1
    assert capsys.readouterr().err == (
        f"hotpass: out of date: {PAGE}; run `hotpass contracts generate`.\n"
    )


def test_the_check_writes_nothing(checkout: Path) -> None:
    main(["contracts", "check"])

    assert sorted(path.name for path in checkout.iterdir()) == ["deep", "pyproject.toml"]


def test_outside_a_checkout_the_answer_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["contracts", "check"]) == 2
    assert "not inside a checkout of Hotpass" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_files_are_the_same_under_any_hash_seed(checkout: Path, seed: str) -> None:
    main(["contracts", "generate"])
    committed = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}

    subprocess.run(
        [sys.executable, "-m", "hotpass", "contracts", "generate"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
    )

    again = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    assert again == committed
