"""A profile: how one kind of input is read, matched and judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Profile(BaseModel):
    """What the stages need to know about the data at hand.

    `columns` maps each field of the organisation contract to the headers that people
    write for it; `ignored_columns` are headers that are dropped and counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = ""
    columns: dict[str, tuple[str, ...]]
    ignored_columns: tuple[str, ...] = ()
    unknown_columns: Literal["refuse", "warn"] = "refuse"
    default_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "ZA"
    day_first: bool = True
    resolve_duplicates: bool = True
    match_probability: Share = 0.95
    source_priority: tuple[str, ...] = ()
