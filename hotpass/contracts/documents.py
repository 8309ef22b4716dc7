"""Models as documents: JSON Schema, Frictionless Table Schema, pages of the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hotpass.config.page import settings_page
from hotpass.contracts.contract import Column, Contract, Kind, columns
from hotpass.contracts.organisation import ORGANISATIONS

CONTRACTS: tuple[Contract, ...] = (ORGANISATIONS,)
"""Every contract of the pipeline; a new dataset joins here."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TABLE_TYPES: dict[Kind, str] = {"text": "string", "integer": "integer", "date": "date"}


def documents() -> dict[Path, str]:
    """Return the text of every derived file, by its path from the checkout's root."""
    texts = {
        Path("docs/reference/schemas.md"): _page(CONTRACTS),
        Path("docs/reference/configuration.md"): settings_page(),
    }
    for contract in CONTRACTS:
        schemas = Path("schemas")
        texts[schemas / f"{contract.name}.schema.json"] = _as_json(json_schema(contract))
        texts[schemas / f"{contract.name}.table.json"] = _as_json(table_schema(contract))
    return texts


def json_schema(contract: Contract) -> dict[str, Any]:
    """Derive the JSON Schema (2020-12) of one row as an object."""
    return {"$schema": DIALECT, **contract.model.model_json_schema()}


def table_schema(contract: Contract) -> dict[str, Any]:
    """Derive the Frictionless Table Schema of the whole table.

    Source of the format: https://specs.frictionlessdata.io/table-schema/
    """
    return {
        "fields": [_field(column) for column in columns(contract)],
        "missingValues": [""],
        "primaryKey": list(contract.unique),
    }


def _field(column: Column) -> dict[str, Any]:
    constraints = {
        "required": column.required or None,
        "unique": column.unique or None,
        "pattern": column.pattern,
        "minLength": column.min_length,
        "maxLength": column.max_length,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "enum": None if column.choices is None else list(column.choices),
    }
    field: dict[str, Any] = {
        "name": column.name,
        "type": TABLE_TYPES[column.kind],
        "description": column.description,
    }
    if column.examples:
        field["example"] = column.examples[0]
    if said := {name: value for name, value in constraints.items() if value is not None}:
        field["constraints"] = said
    return field


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _page(contracts: tuple[Contract, ...]) -> str:
    parts = [
        "# Schemas",
        "Written by `hotpass contracts generate` from the models in `hotpass/contracts/`; "
        "`hotpass contracts check` fails when it is out of date.",
        *(_section(contract) for contract in contracts),
    ]
    return "\n\n".join(parts) + "\n"


def _section(contract: Contract) -> str:
    keys = ", ".join(f"`{name}`" for name in contract.unique)
    rows = "\n".join(
        f"| `{column.name}` | {column.kind} | {'yes' if column.required else ''} "
        f"| {_rules(column)} | {_meaning(column)} |"
        for column in columns(contract)
    )
    return (
        f"## {contract.name.capitalize()}\n\n{contract.model.__doc__}\n\n"
        f"No two rows share their {keys}. The same as files: "
        f"[JSON Schema](../../schemas/{contract.name}.schema.json) of a row, "
        f"[Table Schema](../../schemas/{contract.name}.table.json) of the table.\n\n"
        f"| field | kind | required | rules | meaning |\n|---|---|---|---|---|\n{rows}"
    )


def _rules(column: Column) -> str:
    said = [
        column.pattern and f"`{_cell(column.pattern)}`",
        _bounds(column.min_length, column.max_length, "characters"),
        _bounds(column.minimum, column.maximum, ""),
        column.choices and "one of " + ", ".join(column.choices),
        column.unique and "unique",
    ]
    return "; ".join(text for text in said if text)


def _bounds(low: int | None, high: int | None, unit: str) -> str:
    if high is None:
        return "" if low is None else f"at least {low:,} {unit}".strip()
    return (f"at most {high:,} {unit}" if low is None else f"{low:,} to {high:,} {unit}").strip()


def _meaning(column: Column) -> str:
    examples = ", ".join(f"`{_cell(example)}`" for example in column.examples)
    return _cell(column.description) + (f" Example: {examples}." if examples else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
