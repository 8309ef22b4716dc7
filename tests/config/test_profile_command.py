"""`hotpass profile`: mistakes named with their place, profiles shown whole, new ones begun."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

from hotpass.cli import main
from hotpass.config.profiles import load_profile

MINIMAL = '[columns]\norganisation_name = ["Company"]\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder whose hotpass.toml names the folder of profiles."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HOTPASS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "hotpass.toml").write_text('profile_dir = "mine"\n')
    (tmp_path / "mine").mkdir()


def test_the_shipped_profiles_have_neither_mistake_nor_remark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "lint"]) == 0

    assert capsys.readouterr().out == "3 profiles checked, no mistake.\n"


def test_every_mistake_is_a_line_with_file_line_and_suggestion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mine/club.toml").write_text(f"day_frist = true\n{MINIMAL}fone = []\n")

    assert main(["profile", "lint", "club"]) == 1

    output = capsys.readouterr()
    assert output.out.splitlines() == [
        "mine/club.toml:1: mistake: day_frist is not a known key; did you mean 'day_first'?",
    ]
    assert output.err == "hotpass: 1 mistake in profiles.\n"


def test_a_mistake_in_what_is_extended_makes_the_heir_fail_and_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mine/base.toml").write_text(f"day_first = 3\n{MINIMAL}")
    Path("mine/heir.toml").write_text('extends = "base"\n')

    assert main(["profile", "lint", "heir", "base", "--json"]) == 1

    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["file"], problem["line"]) == ("mine/base.toml", 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{MINIMAL}town = ["Town", "TOWN"]\n', ":3: remark: columns.town says 'TOWN' twice"),
        (
            f'source_priority = ["*", "a*"]\n{MINIMAL}',
            ":1: remark: source_priority never comes to 'a*'",
        ),
    ],
)
def test_what_has_no_effect_is_remarked_and_fails_nothing(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine/club.toml").write_text(text)

    assert main(["profile", "lint", "mine/club.toml"]) == 0

    assert f"mine/club.toml{said}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("seeed = 1", "mine/club.toml:4: mistake: settings.seeed is not a setting"),
        ("seed = -1", "mistake: Settings: seed (from profile club) is -1"),
    ],
)
def test_settings_that_a_profile_proposes_are_checked_too(
    setting: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine/club.toml").write_text(f"{MINIMAL}[settings]\n{setting}\n")

    assert main(["profile", "lint", "club"]) == 1

    assert said in capsys.readouterr().out


def test_a_profile_shown_stands_alone_and_means_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["profile", "show", "aviation"])
    Path("mine/whole.toml").write_text(capsys.readouterr().out)

    whole = load_profile("whole", Path("mine"))

    assert whole == load_profile("aviation").model_copy(update={"name": "whole"})


def test_a_value_is_shown_with_the_profiles_that_it_is_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["profile", "show", "aviation", "--origin", "--json"]) == 0

    origins = json.loads(capsys.readouterr().out)["origins"]
    assert origins["columns.town"] == "aviation, generic"
    assert origins["columns.province"] == "generic"
    assert origins["description"] == "aviation"


def test_a_new_profile_has_no_mistake_and_is_never_written_over_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["profile", "new", "club", "--extends", "aviation", "--description", '"Clubs".']
    assert main(command) == 0
    assert main(["profile", "lint", "club"]) == 0

    assert main(command) == 2

    assert "mine/club.toml: it exists already" in capsys.readouterr().err
    assert tomllib.loads(Path("mine/club.toml").read_text()) == {
        "extends": "aviation",
        "description": '"Clubs".',
        "columns": {},
    }


@pytest.mark.parametrize("name", ["../out", "a b", ""])
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    assert main(["profile", "new", name]) == 2
