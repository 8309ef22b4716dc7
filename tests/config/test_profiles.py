"""Profiles are found by name, extend one another, and name their own mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotpass.config.profile import header_key
from hotpass.config.profiles import load_profile, profile_names
from hotpass.errors import BadInput

MINIMAL = '[columns]\norganisation_name = ["Company"]\n'


def test_the_shipped_profiles_are_known_by_name() -> None:
    assert profile_names() == ("aviation", "generic", "staging")


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_describes_itself_and_finds_the_name_of_an_organisation(
    name: str,
) -> None:
    profile = load_profile(name)

    assert profile.description.endswith(".")
    assert "Organisation Name" in profile.columns["organisation_name"]


def test_an_unknown_profile_is_refused_with_the_nearest_and_the_known_ones() -> None:
    with pytest.raises(BadInput) as refusal:
        load_profile("stagging")

    assert str(refusal.value) == (
        "There is no profile 'stagging'; did you mean 'staging'? "
        "(known profiles: aviation, generic, staging)."
    )


def test_a_profile_of_ones_own_comes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "staging.toml").write_text('description = "Mine."\n' + MINIMAL)

    assert load_profile("staging", tmp_path).description == "Mine."


def test_a_profile_that_extends_another_adds_headers_and_replaces_settings(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.toml").write_text(
        'extends = "generic"\nday_first = false\n[columns]\norganisation_name = ["Aero Club"]\n'
    )

    profile = load_profile("mine", tmp_path)

    generic = load_profile("generic")
    expected = ("Aero Club", *generic.columns["organisation_name"])
    assert profile.columns["organisation_name"] == expected
    assert (profile.day_first, generic.day_first) == (False, True)


def test_a_header_moved_to_another_field_leaves_the_field_it_had(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "generic"\n[columns]\ntown = ["Region"]\n')

    profile = load_profile("mine", tmp_path)

    assert "Region" in profile.columns["town"]
    assert "Region" not in profile.columns["province"]


def test_a_header_can_be_ignored_that_the_extended_profile_maps(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "generic"\nignored_columns = ["date"]\n')

    assert "Date" not in load_profile("mine", tmp_path).columns["last_contacted"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("day_frist = true\n" + MINIMAL, "day_frist is not a known key; did you mean 'day_first'?"),
        ('[columns]\norganisation_name = ["A"]\nfone = ["B"]\n', "columns.fone is not a field"),
        ("[columns]\n", "columns.organisation_name needs at least one header"),
        ('description = "No columns."\n', "columns is missing"),
        ("match_probability = 1.5\n" + MINIMAL, "match_probability is 1.5"),
        ('ignored_columns = ["company"]\n' + MINIMAL, "which columns.organisation_name claims too"),
        (MINIMAL + 'town = "Town"\n', "columns.town is 'Town'"),
        ('extends = "generic"\n[columns]\ntown = "Town"\n', "columns.town is 'Town'"),
        ('extends = "generik"\n', "extends names no profile, 'generik'; did you mean 'generic'?"),
        ('extends = ["generic"]\n', "extends must be the name of one profile"),
        ('extends = "mine"\n', "extends goes round in a circle at 'mine'"),
        ('name = "other"\n' + MINIMAL, "name is taken from the file's name"),
        ("day_first = \n", "cannot be read"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_file_and_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)

    with pytest.raises(BadInput) as refusal:
        load_profile("mine", tmp_path)

    assert str(refusal.value).startswith(f"Profile {path}")
    assert sentence in str(refusal.value)


def test_every_mistake_in_a_profile_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('day_first = "yes please"\nfoo = 1\n' + MINIMAL)

    with pytest.raises(BadInput, match=r"(?s)day_first.*foo"):
        load_profile("mine", tmp_path)


@pytest.mark.parametrize("header", ["E-Mail", " email:", "E MAIL", "é-mail"])
def test_headers_that_differ_only_in_case_accents_and_punctuation_are_one(header: str) -> None:
    assert header_key(header) == "email"


def test_a_header_of_punctuation_alone_is_compared_as_it_is() -> None:
    assert header_key(" # ") == "#"
