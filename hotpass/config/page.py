"""The settings as a page of the docs, written from the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from pydantic import BaseModel

from hotpass.config.layers import keys_of, table_of, variable_of
from hotpass.config.merge import Key, dotted
from hotpass.config.settings import HotpassConfig

Schema: TypeAlias = dict[str, Any]
"""The JSON Schema of one setting."""

INTRODUCTION = """\
# Settings

Written by `hotpass contracts generate` from the model in `hotpass/config/settings.py`.

A value comes from the highest of these layers that holds it:

| layer | how it is written |
|---|---|
| flag | `--input-dir data` |
| environment | `HOTPASS_INPUT_DIR=data`; a table and its key with two underscores between them |
| `hotpass.toml` in the current folder | `input_dir = "data"`; tables as `[visits]` |
| profile | the same under `[settings]` in the profile's file |
| default | below |

`hotpass config show --origin` prints every value with the layer that decided it. A key that is
not known is refused, with its line and the nearest known one. Lists replace one another whole.

| setting | type | default | environment | meaning |
|---|---|---|---|---|"""


def settings_page() -> str:
    """Return docs/reference/configuration.md: every setting with type, default and variable."""
    return "\n".join([INTRODUCTION, *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    defaults = HotpassConfig().model_dump(mode="json")
    for key in keys_of(HotpassConfig):
        value = defaults
        for name in key:
            value = value[name]
        schema = _schema(key)
        default = "not set" if value is None else f"`{json.dumps(value)}`"
        yield (
            f"| `{dotted(key)}` | {_type(schema)} | {default} | `{variable_of(key)}` "
            f"| {schema.get('description', '')} |"
        )


def _schema(key: Key) -> Schema:
    model: type[BaseModel] = HotpassConfig
    for name in key[:-1]:
        model = table_of(model.model_fields[name].annotation) or model
    schema: Schema = model.model_json_schema()["properties"][key[-1]]
    return schema


def _type(schema: Schema) -> str:
    forms = schema.get("anyOf", [schema])
    return ", ".join(_kind(form) for form in forms if form.get("type") != "null")


def _kind(form: Schema) -> str:
    choices = form.get("enum")
    if isinstance(choices, list):
        return ", ".join(f"`{choice}`" for choice in choices)
    names = {"path": "path", "date": "date"}
    kind = names.get(str(form.get("format")), str(form["type"]))
    bounds = [
        f"{sign} {form[bound]}"
        for bound, sign in (("minimum", "≥"), ("maximum", "≤"))
        if bound in form
    ]
    return " ".join([kind, *bounds])
