"""Whatever is done to a sealed run, verifying finds it."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.errors import EvidenceError
from evidence.inventory import digests_of, sums_text, take_inventory
from evidence.keys import load_signing_key
from evidence.public_keys import load_public_key, signature_holds
from evidence.statement import (
    PAYLOAD_TYPE,
    MalformedAttestation,
    envelope_for,
    pre_authentication_encoding,
    read_attestation,
)
from evidence.verify import Demands, verify
from evidence.verify_path import verify_path
from evidence.verify_report import describe

FILES = (
    "SHA256SUMS",
    "attestation.json",
    "cli.sh",
    "facts.json",
    "hello.log",
    "journal.jsonl",
    "report.html",
    "run.json",
    "shots/graph.png",
    "signer.pub",
)

Change = Callable[[Path], None]


def in_bytes(name: str, change: Callable[[bytes], bytes]) -> Change:
    """A change of one file's bytes."""

    def apply(run: Path) -> None:
        before = (run / name).read_bytes()
        after = change(before)
        # Cutting nothing off, or putting a byte in place of itself, is no change.
        (run / name).write_bytes(after if after != before else before + b"\n")

    return apply


def _replaced(place: int, change: int) -> Callable[[bytes], bytes]:
    def replace(content: bytes) -> bytes:
        at = place % len(content)
        return content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]

    return replace


def _inserted(place: int, new: bytes) -> Callable[[bytes], bytes]:
    def insert(content: bytes) -> bytes:
        at = place % (len(content) + 1)
        return content[:at] + new + content[at:]

    return insert


def _cut(place: int) -> Callable[[bytes], bytes]:
    return lambda content: content[: place % len(content)]


def _renamed(name: str, other: str) -> Change:
    return lambda run: (run / name).rename(run / other)


def _linked(name: str) -> Change:
    def replace_by_link(run: Path) -> None:
        outside = run.parent / "outside"
        shutil.copyfile(run / name, outside)
        (run / name).unlink()
        (run / name).symlink_to(outside)

    return replace_by_link


def _swapped(one: str, other: str) -> Change:
    def swap(run: Path) -> None:
        first, second = (run / one).read_bytes(), (run / other).read_bytes()
        (run / one).write_bytes(second)
        (run / other).write_bytes(first)

    return swap


names = st.sampled_from(FILES)
places = st.integers(0, 10**6)
new_names = st.sampled_from(["new.log", "new.partial", ".hidden", "shots/new.png", "run.json~"])
changes = st.one_of(
    st.builds(in_bytes, names, st.builds(_replaced, places, st.integers(1, 255))),
    st.builds(in_bytes, names, st.builds(_inserted, places, st.binary(min_size=1, max_size=9))),
    st.builds(in_bytes, names, st.builds(_cut, places)),
    st.builds(lambda name: lambda run: (run / name).unlink(), names),
    st.builds(_renamed, names, new_names),
    st.builds(_linked, names),
    st.builds(_swapped, st.just("hello.log"), st.sampled_from(FILES[:4])),
    st.builds(
        lambda name, content: lambda run: (run / name).write_bytes(content) and None,
        new_names,
        st.binary(min_size=1, max_size=9),
    ),
    st.builds(lambda name: lambda run: (run / name).touch(), new_names),
    st.builds(lambda name: lambda run: (run / name).mkdir(), new_names),
    st.builds(lambda name: lambda run: (run / name).symlink_to("run.json"), new_names),
    st.builds(lambda name: lambda run: os.mkfifo(run / name), new_names),
    st.builds(lambda name: lambda run: shutil.copyfile(run / "run.json", run / name), new_names),
)


@pytest.fixture
def copy(sealed, tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Make a writable copy of a sealed run, the one before being gone."""

    def make() -> Path:
        shutil.rmtree(tmp_path / "copies", ignore_errors=True)
        run = shutil.copytree(sealed.directory, tmp_path / "copies" / "run")
        for path in run.rglob("*"):
            path.chmod(0o700)
        return run

    yield make


def found_in(run: Path, config_dir: Path) -> bool:
    """Whether verifying shows that something is wrong."""
    try:
        return not verify(run, config_dir=config_dir).ok
    except EvidenceError:
        return True


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(change=changes)
def test_every_change_of_a_sealed_run_is_found(copy, config_dir: Path, change: Change) -> None:
    run = copy()

    change(run)

    assert found_in(run, config_dir)


def test_what_is_tampered_with_is_every_file_and_was_in_order(copy, config_dir: Path) -> None:
    run = copy()

    assert take_inventory(run).files == FILES
    assert verify(run, config_dir=config_dir).findings == ()


@pytest.mark.parametrize("name", ["attestation.json", "signer.pub"])
def test_no_single_byte_of_what_is_outside_the_digests_can_change(sealed, name: str) -> None:
    files = {
        known: (sealed.directory / known).read_bytes()
        for known in ("attestation.json", "signer.pub")
    }
    survivors = []

    for place in range(len(files[name])):
        changed = bytearray(files[name])
        changed[place] ^= 0x20
        if _holds({**files, name: bytes(changed)}):
            survivors.append(place)

    # Of the key only bytes that PEM ignores survive here; those are found by their digest.
    assert survivors == [] if name == "attestation.json" else len(survivors) < 10


def _holds(files: dict[str, bytes]) -> bool:
    try:
        attestation = read_attestation(files["attestation.json"])
        key = load_public_key(files["signer.pub"], "signer.pub")
    except EvidenceError:
        return False
    message = pre_authentication_encoding(PAYLOAD_TYPE, attestation.payload)
    return signature_holds(key, attestation.signature, message)


def test_a_verdict_that_was_turned_and_digested_anew_fails_its_signature(copy, config_dir) -> None:
    run = copy()
    text = (run / "journal.jsonl").read_text().replace('"passed":true', '"passed":false')
    (run / "journal.jsonl").write_text(text)
    _sign_again(run, key=None)

    kinds = {finding.kind for finding in verify(run, config_dir=config_dir).findings}

    assert {"signature", "journal"} <= kinds


def test_a_run_signed_anew_is_whole_again_but_no_longer_by_its_signer(
    copy, sealed, config_dir: Path, tmp_path: Path
) -> None:
    run = copy()
    forger = load_signing_key(tmp_path / "forger")
    (run / "signer.pub").write_bytes(forger.public_pem)
    _sign_again(run, key=forger)

    by_itself = verify(run, config_dir=config_dir)
    pinned = verify(run, config_dir=config_dir, signer=sealed.seal.fingerprint)

    assert by_itself.ok
    assert by_itself.signer is not None
    assert by_itself.signer.trust == "unknown"
    assert any(sealed.seal.fingerprint in note for note in by_itself.notes)
    assert [finding.kind for finding in pinned.findings] == ["signer"]


def test_a_lie_signed_with_the_right_key_still_has_to_follow_from_the_journal(
    copy, config_dir: Path, key
) -> None:
    run = copy()
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "mode": "live"}))
    _sign_again(run, key=key, **{"mode": "live"})

    found = verify(run, config_dir=config_dir).findings

    assert [finding.kind for finding in found] == ["run.json", "attestation"]


def _sign_again(run: Path, key, **lies: str) -> None:
    """Digest everything anew and sign it with `key`, or keep the old signature without one."""
    names = [
        name for name in take_inventory(run).files if name not in ("SHA256SUMS", "attestation.json")
    ]
    digests = digests_of(run, names)
    (run / "SHA256SUMS").write_bytes(sums_text(digests))
    digests = digests_of(run, sorted([*names, "SHA256SUMS"]))
    envelope = json.loads((run / "attestation.json").read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["subject"] = [
        {"name": name, "digest": {"sha256": digest}} for name, digest in digests.items()
    ]
    statement["predicate"] |= lies
    payload = json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
    if key is not None:
        content = envelope_for(payload, key)
    else:
        envelope["payload"] = base64.b64encode(payload).decode()
        content = json.dumps(envelope, separators=(",", ":")).encode() + b"\n"
    (run / "attestation.json").write_bytes(content)
    try:
        read_attestation(content)
    except MalformedAttestation as error:
        pytest.fail(f"the forgery is not even well formed: {error}")


@pytest.mark.parametrize(
    "lie",
    [
        {"subject": [{"name": 5, "digest": {"sha256": "ab"}}]},
        {"subject": [{"name": "a", "digest": {"sha256": ["ab"]}}]},
        {"subject": [{"name": "a", "digest": {"sha256": None}}]},
        {"predicate": {"started": "2026-01-31T14:00:00"}},
        {"predicate": {"finished": "2026-01-31T14:00:00"}},
        {"predicate": {"timestamp": "../../etc"}},
        {"predicate": {"kind": "\u202e\n\x1b[2J"}},
        {"predicate": {"previous": "\n"}},
    ],
)
def test_a_statement_that_no_seal_wrote_is_a_finding_and_never_a_crash(
    copy, config_dir: Path, key, lie: dict
) -> None:
    run = copy()
    envelope = json.loads((run / "attestation.json").read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement |= lie | {"predicate": statement["predicate"] | lie.get("predicate", {})}
    payload = json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
    (run / "attestation.json").write_bytes(envelope_for(payload, key))

    report = verify_path(
        run.parent, Demands(max_age=timedelta(days=1)), chain=True, config_dir=config_dir
    )

    assert not report.ok
    assert all(line.isprintable() for line in describe(report))


@pytest.mark.parametrize(
    "event",
    [
        {"event": "step-ended", "begun": []},
        {"event": "command-ended", "begun": {"a": 1}},
        {"event": "note", "text": 5},
        {"event": "check", "name": None, "passed": "perhaps"},
        {"event": "finished", "elapsed": 1e308},
        {"event": "finished", "redactions": {"x": "many"}},
        {"event": "artefact", "name": [], "sha256": 1, "size": -1},
        {"event": 5, "at": 5},
    ],
)
def test_a_journal_that_no_recorder_wrote_is_a_finding_and_never_a_crash(
    copy, config_dir: Path, key, event: dict
) -> None:
    run = copy()
    lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    forged = {"seq": 2, "at": "2026-01-31T14:00:00.000Z", "elapsed": 0.1, "previous": "", **event}
    (run / "journal.jsonl").write_bytes(lines[0] + json.dumps(forged).encode() + b"\n")
    _sign_again(run, key=key)

    assert "journal" in {finding.kind for finding in verify(run, config_dir=config_dir).findings}
