"""Verifying says what is wrong, where, and whose seal it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.errors import EvidenceError
from evidence.keys import load_signing_key
from evidence.seal import seal
from evidence.verify import verify
from evidence.verify_path import verify_path
from evidence.verify_report import describe, verify_and_tell


@pytest.fixture
def open_to_change(sealed):
    """The sealed run, made writable."""
    for path in sealed.directory.rglob("*"):
        path.chmod(0o700)
    return sealed


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


def test_the_terminal_hears_findings_verdict_and_exit_code(
    open_to_change, monkeypatch: pytest.MonkeyPatch, config_dir: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config_dir.parent))
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


def test_a_mode_that_does_not_exist_is_refused(sealed) -> None:
    with pytest.raises(EvidenceError, match="--require takes live or embedded, not Live"):
        verify_and_tell(sealed.directory, require="Live")


def test_a_file_name_with_a_line_break_cannot_forge_a_line_of_the_output(
    open_to_change, config_dir: Path
) -> None:
    (open_to_change.directory / "new\nunchanged since it was sealed").touch()

    lines = list(describe(verify_path(open_to_change.directory, config_dir=config_dir)))

    assert all("\n" not in line for line in lines)
    assert "unchanged since it was sealed" not in lines
