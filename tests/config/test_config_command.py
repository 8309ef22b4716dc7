"""`hotpass config show` prints what is decided, and where it comes from."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from hotpass.cli import main
from hotpass.config.settings import HotpassConfig, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTPASS_VISITS__MOST_SITES", "7")
    (tmp_path / "hotpass.toml").write_text('profile = "aviation"\n')


def test_each_value_stands_beside_its_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "--origin", "--input-dir", "in"]) == 0

    shown = {
        line.partition(" ")[0]: line.rpartition("# ")[2]
        for line in capsys.readouterr().out.splitlines()
        if "=" in line
    }
    assert shown["profile"] == "hotpass.toml"
    assert shown["input_dir"] == "--input-dir"
    assert shown["most_sites"] == "HOTPASS_VISITS__MOST_SITES"
    assert shown["seed"] == "default"


def test_what_is_printed_decides_the_same_as_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["config", "show"])
    printed = capsys.readouterr().out
    other = tmp_path / "other"
    other.mkdir()
    (other / "hotpass.toml").write_text(printed)

    assert load_settings(environment={}, folder=other).config == load_settings().config
    assert tomllib.loads(printed)["visits"]["most_sites"] == 7


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "show", "--json", "--origin"])

    document = json.loads(capsys.readouterr().out)
    assert document["profile"] == {"value": "aviation", "origin": "hotpass.toml"}
    assert document["visits.most_bytes"]["value"] == HotpassConfig().visits.most_bytes
