"""Rules for a field beyond its contract, as a profile may ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hotpass.contracts.contract import Column

FOR_TEXTS: tuple[str, ...] = ("pattern", "min_length", "max_length", "choices")
FOR_INTEGERS: tuple[str, ...] = ("minimum", "maximum")
# The frame's regular expressions run in linear time and so have neither.
UNKNOWN_TO_FRAMES = re.compile(r"\(\?<?[=!]|\\[1-9]")


class Validator(BaseModel):
    """What the values of one field must keep so that their row is not rejected.

    `pattern` is looked for anywhere in the text, as in a contract; lengths are in characters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    required: bool = False
    pattern: str | None = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] | None = Field(default=None, min_length=1)

    @field_validator("pattern")
    @classmethod
    def _runs_on_frames(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from None
        if UNKNOWN_TO_FRAMES.search(pattern):
            raise ValueError("it looks around or refers back, which is not supported")
        return pattern


def contradictions(validator: Validator, column: Column) -> Iterator[tuple[str, str]]:
    """Yield each rule that cannot hold for values of this column, and why."""
    foreign = {"text": FOR_INTEGERS, "integer": FOR_TEXTS, "date": (*FOR_TEXTS, *FOR_INTEGERS)}
    for rule in foreign[column.kind]:
        if getattr(validator, rule) is not None:
            yield rule, f"cannot be held against {column.name}, which is of kind {column.kind}"
    for least, most in (("min_length", "max_length"), ("minimum", "maximum")):
        low, high = getattr(validator, least), getattr(validator, most)
        if low is not None and high is not None and low > high:
            yield least, f"is {low}, more than {most} {high}: no value keeps both"
    if column.choices and validator.choices:
        for choice in validator.choices:
            if choice not in column.choices:
                yield "choices", f"allows {choice!r}, which the contract does not"
