"""Profiles are found by name, extend one another, and name their own mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpass.config.profile import Thresholds, header_key
from hotpass.config.profiles import load_profile, profile_names
from hotpass.contracts.validator import Validator
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
        ('description = "No columns."\n', "needs at least one header"),
        ("match_probability = 1.5\n" + MINIMAL, "match_probability is 1.5"),
        ('ignored_columns = ["company"]\n' + MINIMAL, "which columns.organisation_name claims too"),
        (MINIMAL + 'town = "Town"\n', "columns.town is 'Town'"),
        ('extends = "generic"\n[columns]\ntown = "Town"\n', "columns.town is 'Town'"),
        ('extends = "generik"\n', "extends names no profile, 'generik'; did you mean 'generic'?"),
        ("extends = 3\n", "line 1: extends must be the name of a profile, or a list of names"),
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


def write(folder: Path, **profiles: str) -> None:
    for name, text in profiles.items():
        (folder / f"{name}.toml").write_text(text)


BASE = 'day_first = false\n[columns]\norganisation_name = ["Company"]\nprovince = ["Region"]\n'


def test_of_several_extended_profiles_the_first_named_counts_most(tmp_path: Path) -> None:
    write(
        tmp_path,
        one='default_region = "NA"\nmatch_probability = 0.9\n',
        two=f'default_region = "BW"\nunknown_columns = "warn"\n{BASE}',
        both='extends = ["one", "two"]\n',
    )

    profile = load_profile("both", tmp_path)

    assert (profile.default_region, profile.match_probability) == ("NA", 0.9)
    assert (profile.unknown_columns, profile.day_first) == ("warn", False)


def test_a_profile_that_two_others_extend_counts_after_both(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE,
        left='extends = "base"\nday_first = true\n',
        right='extends = "base"\n[columns]\ntown = ["Region"]\n',
        both='extends = ["left", "right"]\n',
    )

    profile = load_profile("both", tmp_path)

    # What base says, seen through left, would otherwise undo what right says.
    assert profile.columns["town"] == ("Region",)
    assert profile.columns["province"] == ()
    assert profile.day_first is True


def test_profiles_named_in_contradicting_orders_are_refused(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE,
        heir='extends = "base"\n',
        both='extends = ["base", "heir"]\n',
    )

    with pytest.raises(BadInput, match="name the one that extends first"):
        load_profile("both", tmp_path)


def test_tables_of_extended_profiles_are_joined_key_by_key(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=f"{BASE}[validators.phone]\nrequired = true\n[thresholds.filled]\nemail = 0.5\n",
        heir='extends = "base"\n[validators.phone]\nmax_length = 12\n'
        "[thresholds]\nrejected = 0.1\n",
    )

    profile = load_profile("heir", tmp_path)

    assert profile.validators["phone"] == Validator(required=True, max_length=12)
    assert profile.thresholds == Thresholds(rejected=0.1, filled={"email": 0.5})


def test_what_is_replaced_is_forgotten_and_not_joined(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=f"{BASE}[validators.phone]\nrequired = true\n",
        heir='extends = "base"\nreplace = ["columns.organisation_name", "validators.phone"]\n'
        '[columns]\norganisation_name = ["Club"]\n',
    )

    profile = load_profile("heir", tmp_path)

    assert profile.columns["organisation_name"] == ("Club",)
    assert "phone" not in profile.validators


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('\nreplace = ["columns.twon"]\n', "line 2: replace names no key, 'columns.twon'; did"),
        ("[validators.fone]\n", "line 1: validators.fone is not a field"),
        (
            '[validators.phone]\npatern = "x"\n',
            "line 2: validators.phone.patern is not a known key",
        ),
        (
            '[validators.phone]\npattern = "("\n',
            "line 2: validators.phone.pattern is '(': it is no",
        ),
        ('[validators.phone]\npattern = "(?=x)"\n', "looks around or refers back"),
        (
            "[validators.phone]\nminimum = 3\n",
            "cannot be held against phone, which is of kind text",
        ),
        ("[validators.employees]\nminimum = 3\nmaximum = 2\n", "no value keeps both"),
        ('[validators.province]\nchoices = ["Natal"]\n', "allows 'Natal', which the contract"),
        ("[thresholds]\nrejcted = 0.1\n", "rejcted is not a known key; did you mean 'rejected'?"),
        ("[thresholds.filled]\nemial = 0.1\n", "thresholds.filled.emial is not a field; did you"),
    ],
)
def test_a_mistake_in_what_a_profile_asks_for_is_named_with_its_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "mine.toml").write_text(f'extends = "generic"{text}' if text[0] == "\n" else text)

    with pytest.raises(BadInput) as refusal:
        load_profile("mine", tmp_path)

    assert sentence in str(refusal.value)


def test_a_contradiction_between_two_files_is_named_at_the_one_that_makes_it(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        base=f"{BASE}[validators.employees]\nmaximum = 5\n",
        heir='extends = "base"\n[validators.employees]\nminimum = 6\n',
    )

    with pytest.raises(BadInput, match=r"heir\.toml: line 3: validators\.employees\.minimum is 6"):
        load_profile("heir", tmp_path)


HEADERS = st.lists(
    st.sampled_from(["Region", "re-gion", "Town", "Place", "Code"]), unique_by=header_key
)
LISTS = st.dictionaries(st.sampled_from(["town", "province", "postcode"]), HEADERS)


@settings(max_examples=30)
@given(LISTS, LISTS)
def test_however_profiles_claim_headers_none_is_claimed_twice_and_the_heir_decides(
    base: dict[str, list[str]], heir: dict[str, list[str]]
) -> None:
    base, heir = without_repeats(base), without_repeats(heir)
    with TemporaryDirectory() as name:
        folder = Path(name)
        own = "".join(f"{field} = {json.dumps(headers)}\n" for field, headers in heir.items())
        theirs = "".join(f"{field} = {json.dumps(headers)}\n" for field, headers in base.items())
        write(folder, base=f"{MINIMAL}{theirs}", heir=f'extends = "base"\n[columns]\n{own}')

        columns = load_profile("heir", folder).columns

    claimed = [header_key(header) for headers in columns.values() for header in headers]
    assert len(claimed) == len(set(claimed))
    for field, headers in heir.items():
        assert columns.get(field, ())[: len(headers)] == tuple(headers)
    said = {header_key(h) for headers in (*base.values(), *heir.values()) for h in headers}
    assert set(claimed) == said | {"company"}


def without_repeats(lists: dict[str, list[str]]) -> dict[str, list[str]]:
    seen: set[str] = set()
    kept: dict[str, list[str]] = {}
    for field, headers in lists.items():
        kept[field] = [header for header in headers if header_key(header) not in seen]
        seen |= {header_key(header) for header in headers}
    return kept
