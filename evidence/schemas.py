"""JSON Schemas of the evidence's forms: generated from the models, and checked.

python -m evidence.schemas generate [schemas/]
python -m evidence.schemas check [schemas/]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from evidence.inventory import write_file
from evidence.models import RunRecord
from evidence.statement import PREDICATE_TYPE, Predicate
from evidence.verification import VerificationReport

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODELS: dict[str, tuple[type[BaseModel], str]] = {
    "run.schema.json": (RunRecord, "https://hotpass.dev/schemas/run/v1"),
    "attestation-predicate.schema.json": (Predicate, PREDICATE_TYPE),
    "verification.schema.json": (
        VerificationReport,
        "https://hotpass.dev/schemas/verification/v1",
    ),
}


def schema_texts() -> dict[str, bytes]:
    """Each schema file's name and content."""
    texts = {}
    for name, (model, identity) in _MODELS.items():
        schema = model.model_json_schema(mode="serialization")
        whole = {"$schema": _DIALECT, "$id": identity, **schema}
        texts[name] = json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"
    return texts


def generate(directory: Path) -> None:
    """Write the schemas."""
    for name, text in schema_texts().items():
        write_file(directory / name, [text])
        (directory / name).chmod(0o644)


def stale_schemas(directory: Path) -> tuple[str, ...]:
    """The names of schema files that are missing or not what the models give."""
    return tuple(
        name
        for name, text in schema_texts().items()
        if not (directory / name).is_file() or (directory / name).read_bytes() != text
    )


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code: 1 when a schema is stale, 2 for a wrong command."""
    action, directory = (*arguments, "schemas")[:2] if arguments else ("", "")
    if action == "generate" and len(arguments) <= 2:
        generate(Path(directory))
        return 0
    if action == "check" and len(arguments) <= 2:
        stale = stale_schemas(Path(directory))
        for name in stale:
            print(f"{directory}/{name} is not what the models give; run: ", end="")
            print("python -m evidence.schemas generate")
        return 1 if stale else 0
    print("usage: python -m evidence.schemas generate|check [directory]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
