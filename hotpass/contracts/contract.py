"""What a contract is, and the columns that every derived form is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

Kind = Literal["text", "integer", "date"]

KINDS: dict[tuple[str, str | None], Kind] = {
    ("string", None): "text",
    ("integer", None): "integer",
    ("string", "date"): "date",
}
"""JSON Schema's type and format -> kind of column."""

RULES = {"pattern", "minLength", "maxLength", "minimum", "maximum", "enum"}
ANNOTATIONS = {"type", "format", "title", "description", "examples", "default"}


@dataclass(frozen=True)
class Contract:
    """A dataset: its row model, and what no single row can say."""

    name: str
    model: type[BaseModel]
    unique: tuple[str, ...]
    """Fields whose value may stand in one row only."""


@dataclass(frozen=True)
class Column:
    """One field of a contract with every rule that its values must keep."""

    name: str
    kind: Kind
    description: str
    examples: tuple[str, ...]
    required: bool
    unique: bool
    pattern: str | None
    min_length: int | None
    max_length: int | None
    minimum: int | None
    maximum: int | None
    choices: tuple[str, ...] | None


def columns(contract: Contract) -> tuple[Column, ...]:
    """Return the columns of a contract in the order of its model's fields.

    Raises TypeError for a field that a table cannot hold (a list, an object) and for a rule
    that the derived forms do not know, since they would drop it without a word.
    """
    properties = contract.model.model_json_schema()["properties"]
    return tuple(_column(contract, name, schema) for name, schema in properties.items())


def _column(contract: Contract, name: str, schema: dict[str, Any]) -> Column:
    alternatives = schema.get("anyOf", [schema])
    values = [form for form in alternatives if form.get("type") != "null"]
    kind = KINDS.get((values[0].get("type", ""), values[0].get("format")))
    if len(values) != 1 or kind is None:
        raise TypeError(f"{contract.name}.{name}: not a text, an integer or a date: {schema}")
    rules = values[0]
    if unknown := rules.keys() - RULES - ANNOTATIONS:
        raise TypeError(f"{contract.name}.{name}: no derived form knows {sorted(unknown)}")
    choices = rules.get("enum")
    return Column(
        name=name,
        kind=kind,
        description=schema.get("description", ""),
        examples=tuple(str(example) for example in schema.get("examples", ())),
        required=len(alternatives) == len(values),
        unique=name in contract.unique,
        pattern=rules.get("pattern"),
        min_length=rules.get("minLength"),
        max_length=rules.get("maxLength"),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
        choices=None if choices is None else tuple(choices),
    )
