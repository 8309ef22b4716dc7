"""The bytes that are signed, against the specifications and an independent verifier."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from evidence.private_keys import PrivateKey
from evidence.public_keys import load_public_key
from evidence.schemas import main as schemas_command
from evidence.schemas import schema_texts
from evidence.statement import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    MalformedAttestation,
    pre_authentication_encoding,
    read_attestation,
)

BAD = Path(__file__).parent / "bad" / "attestations"


def test_the_encoding_and_signature_are_those_of_the_dsse_test_vector() -> None:
    number = 97358161215184420915383655311931858321456579547487070936769975997791359926199
    key = PrivateKey(derive_private_key(number, SECP256R1()), "the specification's", "its text")

    message = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")

    assert message == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    r, s = decode_dss_signature(key.sign(message))
    raw = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    assert raw == (
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    )


def independently_verified(directory: Path, envelope: dict) -> int:
    """How many signatures securesystemslib accepts; raises VerificationError for none."""
    public = load_public_key((directory / "signer.pub").read_bytes(), "signer.pub")
    key = SSlibKey.from_crypto(public)
    # This verifier looks for the key by its id, a hint that DSSE leaves optional and unsigned.
    (signature,) = envelope["signatures"]
    named = {**envelope, "signatures": [{**signature, "keyid": key.keyid}]}
    return len(Envelope.from_dict(named).verify([key], threshold=1))


def test_an_independent_verifier_accepts_the_envelope(sealed) -> None:
    envelope = json.loads((sealed.directory / "attestation.json").read_bytes())

    assert independently_verified(sealed.directory, envelope) == 1


def test_an_independent_verifier_refuses_a_changed_statement(sealed) -> None:
    envelope = json.loads((sealed.directory / "attestation.json").read_bytes())
    payload = base64.b64decode(envelope["payload"]).replace(b'"embedded"', b'"live"', 1)
    envelope["payload"] = base64.b64encode(payload).decode()

    with pytest.raises(VerificationError):
        independently_verified(sealed.directory, envelope)


def test_the_payload_is_an_in_toto_statement_with_a_subject_a_file(sealed) -> None:
    attestation = read_attestation((sealed.directory / "attestation.json").read_bytes())
    statement = json.loads(attestation.payload)

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == PREDICATE_TYPE
    names = [subject["name"] for subject in statement["subject"]]
    on_disk = [
        path.relative_to(sealed.directory).as_posix()
        for path in sealed.directory.rglob("*")
        if path.is_file() and path.name != "attestation.json"
    ]
    assert names == sorted(on_disk, key=str.encode)
    assert {tuple(subject["digest"]) for subject in statement["subject"]} == {("sha256",)}


def test_the_predicate_says_what_was_shown_and_keeps_its_schema(sealed) -> None:
    attestation = read_attestation((sealed.directory / "attestation.json").read_bytes())
    predicate = json.loads(attestation.payload)["predicate"]
    schema = json.loads(schema_texts()["attestation-predicate.schema.json"])

    jsonschema.Draft202012Validator(schema).validate(predicate)
    assert (predicate["verdict"], predicate["mode"]) == ("passed", "embedded")
    assert predicate["simulated"] == ["lineage server"]
    assert predicate["signed_with"] == {
        "label": "local key, identity not verified",
        "source": "key file made at first use",
        "time_stamped_by": None,
    }
    assert [check["name"] for check in predicate["checks"]] == ["the greeting exits 0"]


def test_the_record_keeps_its_schema(sealed) -> None:
    schema = json.loads(schema_texts()["run.schema.json"])

    jsonschema.Draft202012Validator(schema).validate(
        json.loads((sealed.directory / "run.json").read_bytes())
    )


def test_the_committed_schemas_are_what_the_models_give() -> None:
    folder = Path(__file__).parents[2] / "schemas"

    assert {name: (folder / name).read_bytes() for name in schema_texts()} == schema_texts()


def test_an_envelope_is_read_back_as_it_was_sealed(sealed) -> None:
    attestation = read_attestation((sealed.directory / "attestation.json").read_bytes())

    assert attestation.digest == sealed.seal.digest
    assert json.loads((sealed.directory / "attestation.json").read_bytes())["payloadType"] == (
        PAYLOAD_TYPE
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("another-predicate.json", "expected a https://in-toto.io/Statement/v1 about"),
        ("foreign-predicate.json", "predicate is not a run's: kind"),
        ("no-signature.json", "not a DSSE envelope"),
        ("not-json.json", "not a DSSE envelope"),
        ("payload-of-words.json", "not an in-toto statement"),
        ("reordered-keys.json", "not in its canonical form"),
        ("repeated-subject.json", "not in its canonical form"),
        ("two-signatures.json", "not a DSSE envelope"),
        ("unused-base64-bits.json", "not in its canonical form"),
        ("url-safe-base64.json", "not a DSSE envelope"),
        ("white-space.json", "not in its canonical form"),
    ],
)
def test_a_bad_attestation_is_refused_with_what_is_wrong(name: str, said: str) -> None:
    with pytest.raises(MalformedAttestation, match=said):
        read_attestation((BAD / name).read_bytes())


def test_an_attestation_nested_without_end_is_refused() -> None:
    with pytest.raises(MalformedAttestation, match="not a DSSE envelope"):
        read_attestation(b"[" * 100_000)


def test_a_stale_schema_is_named_and_generating_makes_it_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.schema.json").write_text("{}")
    before = schemas_command(["check", str(tmp_path)])
    said = capsys.readouterr().out

    schemas_command(["generate", str(tmp_path)])

    assert (before, schemas_command(["check", str(tmp_path)])) == (1, 0)
    assert "run.schema.json is not what the models give" in said
    assert schemas_command(["chekc"]) == 2
