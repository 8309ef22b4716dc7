"""A profile: how one kind of input is read, matched and judged."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hotpass.contracts.validator import Validator

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1)]


class Thresholds(BaseModel):
    """What the quality report must reach for the output to be fit for use.

    `rejected` is the largest share of the rows that may be rejected, `unreadable` the largest
    number of values that could not be read per row; `filled` gives the smallest share of the
    organisations that must have a value, by field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rejected: Share | None = None
    unreadable: Share | None = None
    filled: dict[str, Share] = Field(default_factory=dict)


class Profile(BaseModel):
    """What the stages need to know about the data at hand.

    `columns` maps each field of the organisation contract to the headers that people
    write for it, the most trusted first; `ignored_columns` are headers that are dropped
    and counted. Headers are compared by `header_key`. `ignored_sheets` are patterns of sheet
    names (`Lookup*`), in any case, that hold no organisations. `source_priority` are patterns of
    input file names (`registry*.xlsx`), the most trusted first. `validators` are rules by field
    that hold beside the contract's, `thresholds` what the whole must reach. `settings` are what
    hotpass.toml may hold; it, the environment and flags overrule them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Words
    description: str = ""
    columns: dict[str, tuple[Words, ...]]
    ignored_columns: tuple[Words, ...] = ()
    ignored_sheets: tuple[Words, ...] = ()
    unknown_columns: Literal["refuse", "warn"] = "refuse"
    default_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "ZA"
    day_first: bool = True
    resolve_duplicates: bool = True
    match_probability: Share = 0.95
    source_priority: tuple[Words, ...] = ()
    validators: dict[str, Validator] = Field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    settings: dict[str, Any] = Field(default_factory=dict)


def header_key(header: str) -> str:
    """A header without case, accents, spaces and punctuation: `E-Mail :` and `email` are one."""
    plain = unicodedata.normalize("NFKD", header).casefold()
    return "".join(character for character in plain if character.isalnum()) or plain.strip()
