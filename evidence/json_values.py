"""Turn any Python value into one that JSON can hold, so that no record is ever cut short."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath

from pydantic import BaseModel, JsonValue

# Deeper values are printed instead of taken apart.
DEEPEST = 32
# Python refuses to print longer integers in decimal.
LONGEST_INTEGER_BITS = 8192


def json_value(value: object, inside: tuple[int, ...] = ()) -> JsonValue:
    """The value in JSON's types. What JSON cannot hold becomes its `repr`; this never raises.

    `inside` holds the identities of the containers around the value, so that one that
    contains itself ends.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= LONGEST_INTEGER_BITS else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    if len(inside) < DEEPEST and id(value) not in inside:
        # A foreign object's own methods may do anything.
        with contextlib.suppress(Exception):
            return _converted(value, (*inside, id(value)))
    return _shown(value)


def printable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot hold, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _converted(value: object, inside: tuple[int, ...]) -> JsonValue:
    if isinstance(value, BaseModel):
        return json_value(value.model_dump(), inside)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: json_value(getattr(value, field.name), inside) for field in fields}
    if isinstance(value, Mapping):
        return {_key(key): json_value(item, inside) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item, inside) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((json_value(item, inside) for item in value), key=repr)
    if isinstance(value, Enum):
        return json_value(value.value, inside)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, PurePath):
        return printable(str(value))
    return _shown(value)


def _key(key: object) -> str:
    return printable(key) if isinstance(key, str) else _shown(key)


def _shown(value: object) -> str:
    try:
        return printable(repr(value))
    except Exception:
        return f"<{type(value).__name__} that cannot be printed>"
