"""The model: what agreeing and differing say about two records being one organisation.

Each level states m, how often records of one organisation are like that, and u, how often those
of two organisations are. They are reasoned, not trained: training needs many rows, and would
give another model for every input. Levels with a term frequency take u from the records.
"""

from __future__ import annotations

import math
from typing import Any

from splink import SettingsCreator

from hotpass.stages.resolve.subject import Kind, Subject

SHARED = (
    "coalesce(list_sum(list_transform(list_intersect(tokens, others), lambda t: t & 255)), 0) / 8.0"
)
# Words that both have count for, words that one lacks against, and more so where each has words
# that the other lacks: "Karoo Flight School" may be "Karoo Flight", hardly "Karoo Dental".
EVIDENCE = f"""
create or replace macro evidence(tokens, others, bits, other_bits) as
    1.45 * {SHARED} - 0.15 * greatest(bits, other_bits) - 0.45 * least(bits, other_bits)
"""
EVIDENCE_STEPS = (24, 20, 16, 13, 10, 7, 4, 1, -2)
# However rare its words, a name or address may be shared by a branch or a neighbour.
MOST_EVIDENCE = 4
# Strangers in one building may share its switchboard too, more often than chance has it.
CROWDING = 5
# Who moved has another house number; a site that has another one is hardly ever the same.
MOVED, STANDING = 0.03, 0.0001


def build_model(population: int, subject: Subject) -> SettingsCreator:
    """Return splink's settings for such records drawn from a population of that size."""
    rare = 1 / population  # stands in for u where term frequencies replace it
    comparisons: dict[str, tuple[list[dict[str, Any]], tuple[Kind, ...]]] = {
        "name": (_name_levels(population), ("name",)),
        "identifier": (_identifier_levels(rare), ("identifier",)),
        "typed": (_typed_levels(rare), ("typed_identifier",)),
        "phone": (_phone_levels(rare), ("phone",)),
        "domain": (_domain_levels(rare), ("email", "website")),
        "date": (_date_levels(rare), ("date",)),
        "place": (
            _place_levels(population, is_fixed=bool(subject.fields("location"))),
            ("address", "location", "town", "postcode", "region"),
        ),
    }
    return SettingsCreator(
        link_type="dedupe_only",
        # Of all others, about one is the same organisation.
        probability_two_random_records_match=1 / population,
        comparisons=[
            {"output_column_name": name, "comparison_levels": levels}
            for name, (levels, kinds) in comparisons.items()
            if subject.fields(*kinds)
        ],
        blocking_rules_to_generate_predictions=[],
        retain_matching_columns=False,
    )


def _name_levels(population: int) -> list[dict[str, Any]]:
    rare = 1 / population
    alike = "jaro_winkler_similarity(letters_l, letters_r) >= 0.9 and length(letters_l) >= 8"
    edits = "damerau_levenshtein(letters_l, letters_r)"
    return [
        _unknown("name_key"),
        _level("name_key_l = name_key_r", 0.5, rare, term="name_key"),
        _level(f"{alike} and {edits} <= 1", 0.2, 1.5 * rare, term="name_key"),
        _level(f"{alike} and {edits} = 2", 0.1, 4 * rare, term="name_key"),
        *_word_levels("name", population),
        _level("ELSE", 0.06, 0.98),
    ]


def _identifier_levels(rare: float) -> list[dict[str, Any]]:
    """A number is given to one company only: it is shared by a slip, or not at all."""
    return [
        _unknown("identifier"),
        _level("identifier_l = identifier_r", 0.9, 0.001 * rare),
        _level("ELSE", 0.001, 0.99),
    ]


def _typed_levels(rare: float) -> list[dict[str, Any]]:
    slips = "damerau_levenshtein(typed_l, typed_r)"
    return [
        _unknown("typed"),
        _level("typed_l = typed_r", 0.7, 0.001 * rare),
        _level(f"{slips} <= 1", 0.1, 2e-5),
        _level(f"{slips} = 2", 0.05, 1e-3),
        _level("ELSE", 0.35, 0.999),
    ]


def _date_levels(rare: float) -> list[dict[str, Any]]:
    slips = "damerau_levenshtein(date_l, date_r)"
    return [
        _unknown("date"),
        _level("date_l = date_r", 0.75, rare, term="date"),
        _level(f"{slips} <= 1", 0.1, 1e-3),
        _level(f"{slips} = 2", 0.05, 0.015),
        _level("ELSE", 0.2, 0.98),
    ]


def _phone_levels(rare: float) -> list[dict[str, Any]]:
    return [
        _unknown("phone"),
        _level("phone_l = phone_r", 0.75, rare, term="phone"),
        _level("ELSE", 0.3, 0.99),
    ]


def _domain_levels(rare: float) -> list[dict[str, Any]]:
    """E-mail and website say the same thing, so that they speak with one voice."""
    return [
        _unknown("email", "domain"),
        _level("email_l = email_r", 0.6, rare, term="email"),
        _level("domain_l = domain_r", 0.25, rare, term="domain"),
        _level("domain_l <> domain_r", 0.1, 0.95),
        _level("ELSE", 0.4, 0.99),
    ]


def _place_levels(population: int, is_fixed: bool) -> list[dict[str, Any]]:
    """Address, postcode, town and province are one place, told more or less exactly."""
    rare = 1 / population
    moved = STANDING if is_fixed else MOVED
    one_building = "false" if is_fixed else "coalesce(phone_l = phone_r, false)"
    near = (
        "coalesce(town_l = town_r or postcode_l = postcode_r "
        "or damerau_levenshtein(town_l, town_r) <= 2 "
        "or damerau_levenshtein(postcode_l, postcode_r) <= 1, true)"
    )
    # A box and a street address may both be the organisation's.
    comparable = "is_box_l = is_box_r"
    apart = f"house_l <> house_r and {comparable}"
    return [
        _unknown("address_key", "town", "postcode", "region"),
        _level(
            f"length(address_letters_l) >= 12 and {near} and not {one_building} "
            "and damerau_levenshtein(address_letters_l, address_letters_r) <= 2",
            0.2,
            0.2 * 2**-MOST_EVIDENCE * rare,
        ),
        *_word_levels("address", population, f"{near} and {one_building}", CROWDING),
        *_word_levels("address", population, near),
        _level(
            "region_l <> region_r and not coalesce(postcode_l = postcode_r, false)", 0.005, 0.75
        ),
        _level(
            f"house_l = house_r and {comparable} and (town_l = town_r or postcode_l = postcode_r)",
            0.1,
            0.0004,
        ),
        _level(f"postcode_l = postcode_r and {apart}", moved, 0.06),
        _level(f"town_l = town_r and {apart}", moved, 0.06),
        _level(apart, moved, 0.8),
        _level("postcode_l = postcode_r", 0.8, rare, term="postcode"),
        _level("town_l = town_r", 0.8, rare, term="town"),
        _level("town_l <> town_r or postcode_l <> postcode_r", 0.04, 0.95),
        _level("ELSE", 0.1, 0.1),
    ]


def _word_levels(
    field: str, population: int, condition: str = "true", crowding: int = 0
) -> list[dict[str, Any]]:
    """Grade by the evidence of the words: a level's odds are 2 to the power of its step."""
    evidence = f"evidence({field}_tokens_l, {field}_tokens_r, {field}_bits_l, {field}_bits_r)"
    most = math.log2(population) + MOST_EVIDENCE
    return [
        _level(f"{evidence} >= {step} and {condition}", 0.05, 0.05 / 2 ** (step - crowding))
        for step in EVIDENCE_STEPS
        if step <= most and (step > crowding or not crowding)
    ]


def _level(condition: str, m: float, u: float, term: str | None = None) -> dict[str, Any]:
    level: dict[str, Any] = {
        "sql_condition": condition,
        "label_for_charts": condition,
        "m_probability": m,
        "u_probability": u,
    }
    return level | ({"tf_adjustment_column": term, "tf_adjustment_weight": 1.0} if term else {})


def _unknown(*columns: str) -> dict[str, Any]:
    """Say nothing where no column is filled on both sides."""
    condition = " and ".join(f"({one}_l is null or {one}_r is null)" for one in columns)
    return {"sql_condition": condition, "label_for_charts": "unknown", "is_null_level": True}
