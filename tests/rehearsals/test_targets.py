"""`rehearsals.toml`: every mistake in it is named at once, with its line and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsals.e2e import EndToEndSettings
from rehearsals.errors import BadRehearsalsFile, Usage
from rehearsals.kinds import find_kind, load_settings, staging_for
from rehearsals.targets import parse_rehearsals
from rehearsals.toml_places import key_lines

PROJECT = Path(__file__).resolve().parents[2]
KINDS = {"e2e": EndToEndSettings}
GOOD = """\
[rehearsals.e2e]
title = "Preflight"
profile = "staging"
input_dir = "data"
truth = "truth.json"

[targets.embedded]
mode = "embedded"
kinds = ["e2e"]

[targets.far]
mode = "live"
kinds = ["e2e"]

[[windows]]
kind = "e2e"
target = "far"
opens = 2026-01-01T10:00:00Z
closes = 2026-01-01T12:00:00Z
"""


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRehearsalsFile) as caught:
        parse_rehearsals(text, KINDS)
    return caught.value.problems


def test_the_projects_own_file_is_good() -> None:
    file = load_settings(PROJECT)

    assert file.target("embedded").mode == "embedded"
    assert isinstance(file.settings_of("e2e"), EndToEndSettings)


def test_every_mistake_is_named_at_once_with_its_line() -> None:
    text = GOOD.replace('title = "Preflight"', 'titel = "Preflight"').replace(
        'mode = "live"', 'mode = "lvie"'
    )

    problems = problems_of(text)

    assert problems == (
        "line 1: rehearsals.e2e.title is missing; add it",
        "line 2: rehearsals.e2e.titel is not a known key; did you mean 'title'?",
        "line 12: targets.far.mode is 'lvie' but must be one of embedded, live; "
        "did you mean 'live'?",
    )


def test_a_window_that_closes_before_it_opens_is_refused() -> None:
    text = GOOD.replace("closes = 2026-01-01T12", "closes = 2026-01-01T09")

    assert problems_of(text) == ("line 19: windows[1] closes before it opens",)


def test_a_window_of_an_unknown_target_names_the_nearest() -> None:
    (problem,) = problems_of(GOOD.replace('target = "far"', 'target = "fra"'))

    assert problem == (
        "line 17: windows[1].target names 'fra', which does not exist; did you mean 'far'?"
    )


def test_a_window_without_a_time_zone_is_refused() -> None:
    (problem,) = problems_of(GOOD.replace("2026-01-01T10:00:00Z", "2026-01-01T10:00:00"))

    assert "windows[1].opens has no time zone" in problem


def test_a_target_for_an_unknown_kind_is_refused() -> None:
    (problem,) = problems_of(
        GOOD.replace('mode = "live"\nkinds = ["e2e"]', 'mode = "live"\nkinds = ["e2"]')
    )

    assert problem == (
        "line 13: targets.far.kinds names the unknown kind 'e2'; did you mean 'e2e'?"
    )


def test_a_misspelt_kind_table_is_refused() -> None:
    problems = problems_of(GOOD.replace("[rehearsals.e2e]", "[rehearsals.e2]"))

    assert problems == ("line 1: rehearsals.e2 is not a known key; did you mean 'e2e'?",)


def test_text_that_is_not_toml_is_one_sentence() -> None:
    (problem,) = problems_of("[targets\n")

    assert problem.startswith("it is not TOML: ")


def test_a_kind_without_its_table_says_which_to_add() -> None:
    file = parse_rehearsals(GOOD[GOOD.index("[targets.embedded]") :], KINDS)

    with pytest.raises(Usage, match=r"add a \[rehearsals\.e2e\] table"):
        file.settings_of("e2e")


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(Usage, match="did you mean 'embedded'"):
        parse_rehearsals(GOOD, KINDS).target("embeded")


def test_a_target_that_does_not_take_the_kind_is_refused() -> None:
    text = GOOD.replace('mode = "embedded"\nkinds = ["e2e"]', 'mode = "embedded"\nkinds = []')

    with pytest.raises(Usage, match=r"does not take e2e rehearsals; use far"):
        staging_for(find_kind("e2e"), "embedded", parse_rehearsals(text, KINDS), PROJECT)


def test_a_folder_without_the_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"No rehearsals\.toml in"):
        load_settings(tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_with_reasons(text: str) -> None:
    try:
        parse_rehearsals(text, KINDS)
    except BadRehearsalsFile as error:
        assert error.problems


@given(
    st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=6, unique=True),
    st.integers(0, 4),
)
def test_each_key_is_found_in_the_line_where_it_stands(keys: list[str], blank: int) -> None:
    text = "[table]\n" + "".join("\n" * blank + f"{key} = 1\n" for key in keys)

    lines = key_lines(text)

    for index, key in enumerate(keys):
        assert lines[("table", key)] == 2 + blank + index * (blank + 1)
