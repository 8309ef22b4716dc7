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
    assert set(settings.origins) == set(HotpassConfig.model_fields)
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

    with pytest.raises(BadInput, match=r"hotpass\.toml: input_dri .* did you mean 'input_dir'\?"):
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

    assert "archive (from hotpass.toml) is 'perhaps'" in str(refusal.value)
    assert "seed (from HOTPASS_SEED) is 'many'" in str(refusal.value)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hotpass.toml").write_text("profile = \n")

    with pytest.raises(BadInput, match=r"hotpass\.toml cannot be read"):
        load_settings(environment={}, folder=tmp_path)


def test_a_configuration_cannot_be_changed_once_it_is_decided() -> None:
    with pytest.raises(ValidationError):
        HotpassConfig().seed = 5  # type: ignore[misc]
