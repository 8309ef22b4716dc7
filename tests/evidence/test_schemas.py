"""What real runs leave keeps the published schemas, however the run ended."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import evidence
from evidence.schemas import schema_texts
from evidence.verify_path import verify_path


def passes(run: evidence.Run) -> None:
    with run.step("greet"):
        said = run.command(["sh", "-c", "echo hello"], log="hello.log", env={"NAME": "x"})
        run.save("facts.json", {"greeted": True})
        run.check(
            "it exits 0",
            expected=0,
            observed=said.exit_code,
            passed=said.exit_code == 0,
            artefact="hello.log",
            line=1,
        )
    run.note("token=Ab12Cd34Ef56 is taken out and counted")


def fails(run: evidence.Run) -> None:
    with run.step("wait"):
        run.command(["sleep", "30"], log="wait.log", timeout=0.05)
        run.check("it exits 0", expected=b"\xff", observed=float("nan"), passed=False)
    run.record_drill("no route", expected_red=["it exits 0"], observed_red=[])


def breaks_off(run: evidence.Run) -> None:
    with run.step("greet"):
        raise KeyboardInterrupt


def blocks(run: evidence.Run) -> None:
    run.block(["The window is closed."])


@pytest.mark.parametrize(
    ("happens", "verdict"),
    [(passes, "passed"), (fails, "failed"), (breaks_off, "incomplete"), (blocks, "blocked")],
)
def test_what_a_run_leaves_keeps_its_schemas(
    tmp_path: Path,
    config_dir: Path,
    happens: Callable[[evidence.Run], None],
    verdict: str,
) -> None:
    with (
        contextlib.suppress(KeyboardInterrupt),
        evidence.record(
            tmp_path,
            kind="probe",
            target="embedded",
            mode="embedded",
            expected_steps=["greet"] if happens is passes else [],
            configuration={"depth": {"of": [1, None, 2.5]}},
            simulated=["lineage server"],
            signing_key=str(config_dir / "signing-key.pem"),
            echo=lambda line: None,
        ) as run,
    ):
        happens(run)

    envelope = json.loads((run.directory / "attestation.json").read_bytes())
    predicate = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    assert predicate["verdict"] == verdict
    kept(predicate, "attestation-predicate.schema.json")
    kept(json.loads((run.directory / "run.json").read_bytes()), "run.schema.json")
    found = verify_path(run.directory, config_dir=config_dir)
    kept(json.loads(found.model_dump_json()), "verification.schema.json")


@pytest.mark.parametrize(
    "change",
    [{"verdict": "fine"}, {"mode": None}, {"steps": [{}]}, {"unheard-of": 1}],
)
def test_a_record_that_says_something_else_breaks_the_schema(
    sealed, change: dict[str, object]
) -> None:
    record = json.loads((sealed.directory / "run.json").read_bytes())

    with pytest.raises(jsonschema.ValidationError):
        kept(record | change, "run.schema.json")


def kept(value: object, name: str) -> None:
    """Raises ValidationError unless the value keeps the schema."""
    schema = json.loads(schema_texts()[name])
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(value)
