"""Settings are merged from four layers, and each value remembers which one it came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from hotpass.config.settings import HotpassConfig, load_settings
from hotpass.errors import BadInput


def test_without_any_layer_every_setting_is_a_default(tmp_path: Path) -> None:
    settings = load_settings(environment={}, folder=tmp_path)

    assert settings.config == HotpassConfig()
    assert {"profile", "visits.most_sites"} <= set(settings.origins)
    assert set(settings.origins.values()) == {"default"}


def test_a_later_layer_wins_and_the_origin_says_so(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text('profile = "aviation"\nseed = 1\narchive = true\n')

    settings = load_settings(
        {"seed": 3, "input_dir": None},
        environment={"HOTPASS_SEED": "2", "HOTPASS_ARCHIVE": "false"},
        folder=tmp_path,
    )

    config = settings.config
    assert (config.profile, config.archive, config.seed) == ("aviation", False, 3)
    assert settings.origins["profile"] == "hotpass.toml"
    assert settings.origins["archive"] == "HOTPASS_ARCHIVE"
    assert settings.origins["seed"] == "--seed"
    assert settings.origins["input_dir"] == "default"


def test_a_false_flag_is_given_and_wins(tmp_path: Path) -> None:
    settings = load_settings(
        {"archive": False}, environment={"HOTPASS_ARCHIVE": "1"}, folder=tmp_path
    )

    assert settings.config.archive is False


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    settings = load_settings(environment={"HOTPASS_PROFILE": ""}, folder=tmp_path)

    assert settings.origins["profile"] == "default"


def test_an_unknown_key_in_the_file_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text('input_dri = "x"\n')

    with pytest.raises(
        BadInput, match=r"hotpass\.toml: line 1: input_dri .* did you mean 'input_dir'\?"
    ):
        load_settings(environment={}, folder=tmp_path)


def test_a_misspelt_variable_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"HOTPASS_PROFLIE .* did you mean HOTPASS_PROFILE\?"):
        load_settings(environment={"HOTPASS_PROFLIE": "x"}, folder=tmp_path)


def test_a_variable_of_another_program_is_left_alone(tmp_path: Path) -> None:
    settings = load_settings(environment={"HOTPASS_SIGNING_KEY": "x"}, folder=tmp_path)

    assert settings.config == HotpassConfig()


def test_every_value_that_does_not_fit_is_named_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text('archive = "perhaps"\n')

    with pytest.raises(BadInput) as refusal:
        load_settings(environment={"HOTPASS_SEED": "many"}, folder=tmp_path)

    assert "archive (from hotpass.toml, line 1) is 'perhaps'" in str(refusal.value)
    assert "seed (from HOTPASS_SEED) is 'many'" in str(refusal.value)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text("profile = \n")

    with pytest.raises(BadInput, match=r"hotpass\.toml cannot be read"):
        load_settings(environment={}, folder=tmp_path)


def test_a_configuration_cannot_be_changed_once_it_is_decided() -> None:
    with pytest.raises(ValidationError):
        HotpassConfig().seed = 5  # type: ignore[misc]


def test_every_unknown_key_of_the_file_is_named_with_its_line_and_the_nearest(
    tmp_path: Path,
) -> None:
    (tmp_path / "hotpass.toml").write_text(
        "most_sites = 3\n\n[visits]\nmost_byte = 5\n[visist]\n", encoding="utf-8"
    )

    with pytest.raises(BadInput) as refusal:
        load_settings(environment={}, folder=tmp_path)

    assert "line 1: most_sites is not a setting; did you mean 'visits.most_sites'?" in str(
        refusal.value
    )
    assert "line 4: visits.most_byte is not a setting; did you mean 'visits.most_bytes'?" in str(
        refusal.value
    )
    assert "line 5: visist is not a setting; did you mean 'visits'?" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("visits = 3\n", "line 1: visits is a table of settings; write [visits]"),
        ("[seed]\nx = 1\n", "line 1: seed is a single value, not a table"),
        ("seed = " + "[" * 5_000, "cannot be read"),
    ],
)
def test_a_table_where_a_value_belongs_and_the_reverse_are_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "hotpass.toml").write_text(text)

    with pytest.raises(BadInput) as refusal:
        load_settings(environment={}, folder=tmp_path)

    assert problem in str(refusal.value)


def test_a_setting_within_a_table_comes_from_any_layer(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text("[visits]\nmost_sites = 1\nmost_bytes = 2000\n")

    settings = load_settings(environment={"HOTPASS_VISITS__MOST_SITES": "7"}, folder=tmp_path)

    assert (settings.config.visits.most_sites, settings.config.visits.most_bytes) == (7, 2000)
    assert settings.origins["visits.most_sites"] == "HOTPASS_VISITS__MOST_SITES"
    assert settings.origins["visits.most_bytes"] == "hotpass.toml"
    assert settings.origins["visits.seconds_between"] == "default"


PROFILE = 'extends = "generic"\n[settings]\nseed = 4\narchive = true\n'


def test_what_a_profile_proposes_comes_after_the_defaults_and_before_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE)
    (tmp_path / "hotpass.toml").write_text(
        f'profile = "mine"\nprofile_dir = "{tmp_path}"\nseed = 5\n'
    )

    settings = load_settings(environment={}, folder=tmp_path)

    assert (settings.config.archive, settings.origins["archive"]) == (True, "profile mine")
    assert (settings.config.seed, settings.origins["seed"]) == (5, "hotpass.toml")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('profile = "staging"', "settings.profile cannot be set by a profile"),
        ("seeed = 1", "settings.seeed is not a setting; did you mean 'seed'?"),
    ],
)
def test_a_profile_that_proposes_what_it_may_not_is_refused(
    tmp_path: Path, line: str, problem: str
) -> None:
    (tmp_path / "mine.toml").write_text(f"{PROFILE}{line}\n")

    with pytest.raises(BadInput) as refusal:
        load_settings({"profile": "mine", "profile_dir": tmp_path}, environment={}, folder=tmp_path)

    assert problem in str(refusal.value)
