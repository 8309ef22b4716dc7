"""Verifying says what is wrong, where, and whose seal it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.errors import BadOption, EvidenceError
from evidence.keys import load_signing_key
from evidence.seal import seal
from evidence.verify import verify
from evidence.verify_path import verify_path
from evidence.verify_report import describe, verify_and_tell

SCHEMA = Path(__file__).parents[2] / "schemas" / "verification.schema.json"


@pytest.fixture
def open_to_change(sealed):
    """The sealed run, made writable."""
    for path in sealed.directory.rglob("*"):
        path.chmod(0o700)
    return sealed


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch, config_dir: Path) -> None:
    """The configuration folder is the one with the signing key."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config_dir.parent))


def kinds_and_paths(directory: Path, config_dir: Path) -> list[tuple[str, str | None]]:
    """What verifying finds, in short."""
    return [(found.kind, found.path) for found in verify(directory, config_dir=config_dir).findings]


def test_a_run_as_it_was_sealed_has_no_findings(sealed, config_dir: Path) -> None:
    result = verify(sealed.directory, config_dir=config_dir)

    assert (result.ok, result.verdict, result.mode) == (True, "passed", "embedded")
    assert result.run_id == sealed.record.run_id
    assert result.digest == sealed.seal.digest


def test_a_changed_file_is_named_with_both_digests(open_to_change, config_dir: Path) -> None:
    with (open_to_change.directory / "hello.log").open("a") as log:
        log.write("more\n")

    (finding,) = verify(open_to_change.directory, config_dir=config_dir).findings

    assert (finding.kind, finding.path) == ("changed", "hello.log")
    assert finding.detail.startswith("sealed with SHA-256 ")


def test_an_added_file_is_named(open_to_change, config_dir: Path) -> None:
    (open_to_change.directory / "shots" / "new.png").touch()

    found = kinds_and_paths(open_to_change.directory, config_dir)

    assert found == [("added", "shots/new.png")]


def test_an_added_empty_folder_is_named(open_to_change, config_dir: Path) -> None:
    (open_to_change.directory / "new").mkdir()

    assert kinds_and_paths(open_to_change.directory, config_dir) == [("added", "new")]


def test_a_removed_file_is_named_as_removed_and_as_missing(
    open_to_change, config_dir: Path
) -> None:
    (open_to_change.directory / "facts.json").unlink()

    found = kinds_and_paths(open_to_change.directory, config_dir)

    assert found == [("removed", "facts.json"), ("content", "facts.json")]


def test_a_renamed_file_is_recognised(open_to_change, config_dir: Path) -> None:
    script = open_to_change.directory / "cli.sh"
    script.rename(script.with_name("other.sh"))

    finding = verify(open_to_change.directory, config_dir=config_dir).findings[0]

    assert (finding.kind, finding.path) == ("renamed", "cli.sh")
    assert "other.sh" in finding.detail


def test_a_removed_line_of_the_journal_breaks_its_chain(open_to_change, config_dir: Path) -> None:
    journal = open_to_change.directory / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3] + lines[4:]))

    found = verify(open_to_change.directory, config_dir=config_dir).findings

    assert any(
        finding.kind == "journal" and finding.detail.startswith("line 4 does not follow")
        for finding in found
    )


def test_a_record_that_claims_more_than_the_journal_is_named_by_its_field(
    open_to_change, config_dir: Path
) -> None:
    record = open_to_change.directory / "run.json"
    record.write_text(record.read_text().replace('"mode": "embedded"', '"mode": "live"'))

    details = [
        finding.detail
        for finding in verify(open_to_change.directory, config_dir=config_dir).findings
        if finding.kind == "run.json"
    ]

    assert details == ["this is not what the journal gives: mode differs"]


def test_required_files_that_are_not_what_they_claim_are_told(
    open_to_change, config_dir: Path
) -> None:
    (open_to_change.directory / "shots" / "graph.png").write_bytes(b"<html>")
    (open_to_change.directory / "facts.json").write_bytes(b"{")
    (open_to_change.directory / "hello.log").write_bytes(b"")

    details = {
        finding.path: finding.detail
        for finding in verify(open_to_change.directory, config_dir=config_dir).findings
        if finding.kind == "content"
    }

    assert details["shots/graph.png"] == "this required file is not a PNG picture"
    assert details["facts.json"].startswith("this required file is not JSON")
    assert details["hello.log"] == "this required file is empty"


def test_every_finding_is_listed_not_only_the_first(open_to_change, config_dir: Path) -> None:
    directory = open_to_change.directory
    (directory / "new.log").touch()
    (directory / "cli.sh").unlink()
    (directory / "SHA256SUMS").write_text("")
    (directory / "signer.pub").unlink()

    kinds = {kind for kind, _ in kinds_and_paths(directory, config_dir)}

    assert kinds == {"added", "removed", "changed", "sums", "signature", "content"}


def test_embedded_evidence_cannot_stand_in_for_live(sealed, config_dir: Path) -> None:
    (finding,) = verify(sealed.directory, require_mode="live", config_dir=config_dir).findings

    assert (finding.kind, finding.detail) == (
        "mode",
        "this evidence is embedded; live was asked for",
    )


def test_live_evidence_is_accepted_where_live_is_asked_for(new_run, key, config_dir: Path) -> None:
    directory, record = new_run(mode="live", target="hotpass-staging")
    seal(directory, record, key, screenshot=False)

    assert verify(directory, require_mode="live", config_dir=config_dir).ok


def test_the_machines_own_key_is_called_what_it_is(sealed, config_dir: Path) -> None:
    signer = verify(sealed.directory, config_dir=config_dir).signer

    assert signer is not None
    assert (signer.trust, signer.fingerprint) == ("local", sealed.seal.fingerprint)
    assert "identity not verified" in signer.whose


def test_a_trusted_key_is_called_by_its_owners_name(sealed, tmp_path: Path) -> None:
    (tmp_path / "trusted-keys").write_text(f"{sealed.seal.fingerprint} Thandi, QA\n")

    result = verify(sealed.directory, config_dir=tmp_path)

    assert result.signer is not None
    assert (result.signer.trust, result.signer.whose) == ("trusted", "trusted here as Thandi, QA")
    assert result.notes == ()


def test_an_unknown_key_is_called_unknown_and_the_reader_told_what_to_do(
    sealed, tmp_path: Path
) -> None:
    mine = load_signing_key(tmp_path / "hotpass")

    result = verify(sealed.directory, config_dir=tmp_path / "hotpass")

    assert result.signer is not None
    assert result.signer.trust == "unknown"
    assert mine.fingerprint in result.notes[0]
    assert "--signer" in result.notes[1]


def test_a_pinned_signer_refuses_every_other_key(sealed, config_dir: Path) -> None:
    right = verify(sealed.directory, signer=sealed.seal.fingerprint, config_dir=config_dir)
    wrong = verify(sealed.directory, signer="ab" * 32, config_dir=config_dir)

    assert right.ok
    assert [finding.kind for finding in wrong.findings] == ["signer"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "is not there"),
        (lambda path: path.mkdir(), "holds no run"),
    ],
)
def test_a_path_that_is_no_run_is_one_sentence(tmp_path: Path, make, said: str) -> None:
    make(tmp_path / "run")

    with pytest.raises(EvidenceError, match=said):
        verify(tmp_path / "run")


def test_a_run_that_is_not_sealed_is_a_finding_that_says_how_to_seal_it(recorded) -> None:
    (finding,) = verify(recorded.directory).findings

    assert finding.kind == "unsealed"
    assert "invoke evidence.recover" in finding.detail


def test_the_terminal_hears_findings_verdict_and_exit_code(open_to_change, at_home: None) -> None:
    before: list[str] = []
    after: list[str] = []

    good = verify_and_tell(open_to_change.directory, say=before.append)
    (open_to_change.directory / "new.log").touch()
    bad = verify_and_tell(open_to_change.directory, say=after.append)

    assert (good, bad) == (0, 1)
    assert before[-1] == "unchanged since it was sealed"
    assert before[-2].endswith("sealed as passed, embedded (simulated, not live)")
    assert after[0] == "✕ added       new.log: this file was not sealed"
    assert after[-1] == "NOT VERIFIED: 1 finding"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"require": "Live"}, "--require takes live or embedded, not Live"),
        ({"max_age": "soon"}, "--max-age takes days as 7 or 7d"),
        ({"max_age": "-1d"}, "--max-age takes days as 7 or 7d"),
        ({"signer": "Thandi"}, "--signer takes a key's fingerprint"),
    ],
)
def test_an_option_that_cannot_be_meant_is_a_usage_error(
    sealed, options: dict[str, str], said: str
) -> None:
    with pytest.raises(BadOption, match=said) as refused:
        verify_and_tell(sealed.directory, **options)

    assert refused.value.exit_code == 2


def at(sealed, **later: float) -> Clock:
    """A clock that stands still so long after the run ended."""
    return replace(SYSTEM_CLOCK, now=lambda: sealed.record.finished + timedelta(**later))


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({"days": 6.9}, None),
        ({"days": 7.5}, "this run is 7.5 days old; at most 7.0 days was asked for"),
        ({"minutes": -4}, None),
        ({"hours": -3}, "this run ended 3.0 hours after now, so its age is unknown"),
    ],
)
def test_a_run_older_than_asked_for_is_refused(
    sealed, config_dir: Path, later: dict[str, float], said: str | None
) -> None:
    found = verify(
        sealed.directory,
        max_age=timedelta(days=7),
        config_dir=config_dir,
        clock=at(sealed, **later),
    ).findings

    assert [(one.kind, one.detail) for one in found] == ([("age", said)] if said else [])


@pytest.mark.parametrize(
    ("max_age", "seconds"), [("2", 172800), ("2d", 172800), ("12h", 43200), ("1.5w", 907200)]
)
def test_an_age_is_written_in_days_hours_or_weeks(
    sealed, max_age: str, seconds: float, at_home: None
) -> None:
    said: list[str] = []

    verify_and_tell(sealed.directory, max_age=max_age, as_json=True, say=said.append)

    assert json.loads(said[0])["max_age_seconds"] == seconds


def test_what_a_program_reads_keeps_to_its_schema(open_to_change, at_home: None) -> None:
    root = open_to_change.directory.parents[1]
    (open_to_change.directory / "new.log").touch()
    said: list[str] = []

    code = verify_and_tell(root, require="live", chain=True, as_json=True, say=said.append)

    told = json.loads(said[0])
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    assert (code, told["ok"], len(said)) == (1, False, 1)
    assert [finding["kind"] for finding in told["runs"][0]["findings"]] == ["mode", "added"]
    assert told["chains"][0]["newest"] == told["runs"][0]["digest"] == open_to_change.seal.digest


def test_a_folder_of_runs_is_told_run_by_run(open_to_change, new_run, at_home: None) -> None:
    root = open_to_change.directory.parents[1]
    unsealed = new_run().directory
    (open_to_change.directory / "new.log").touch()
    said: list[str] = []

    code = verify_and_tell(root, say=said.append)

    assert code == 1
    assert said[0].startswith(f"✕ {open_to_change.record.run_id}  claims to be passed, embedded")
    assert said[1] == "  ✕ added       new.log: this file was not sealed"
    assert said[2] == f"✕ {unsealed}"
    assert "invoke evidence.recover" in said[3]
    assert said[-2:] == ["0 of 2 runs unchanged since sealed", "NOT VERIFIED: 2 findings"]


@pytest.mark.parametrize("depth", [0, 1])
def test_runs_are_found_in_the_folder_of_all_kinds_and_of_one(
    sealed, config_dir: Path, depth: int
) -> None:
    report = verify_path(sealed.directory.parents[depth], config_dir=config_dir)

    assert report.ok
    assert [run.run_id for run in report.runs] == [sealed.record.run_id]


def test_a_folder_without_runs_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="holds no run; name a run, a bundle or a folder"):
        verify_path(tmp_path)


def test_a_file_name_with_a_line_break_cannot_forge_a_line_of_the_output(
    open_to_change, config_dir: Path
) -> None:
    (open_to_change.directory / "new\nunchanged since it was sealed").touch()

    lines = list(describe(verify_path(open_to_change.directory, config_dir=config_dir)))

    assert all("\n" not in line for line in lines)
    assert "unchanged since it was sealed" not in lines
