"""Sealing: whole or not at all, never over a lie, a leak or damage."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from evidence.content import png_size
from evidence.errors import SealRefused
from evidence.inventory import sums_text
from evidence.redact import Redactor
from evidence.seal import seal
from evidence.statement import read_attestation
from evidence.verify import verify

SECRET = "correct-horse-battery"


def test_a_sealed_run_holds_what_every_run_must_have(sealed) -> None:
    names = {path.name for path in sealed.directory.iterdir()}

    assert names >= {
        "run.json", "journal.jsonl", "cli.sh", "report.html", "signer.pub", "SHA256SUMS",
        "attestation.json",
    }  # fmt: skip


def test_sha256sum_accepts_the_list(sealed) -> None:
    said = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=sealed.directory,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert len(said.stdout.splitlines()) == len(list(sealed.directory.rglob("*.*"))) - 1


def test_sha256sum_reads_names_with_line_breaks_and_backslashes(tmp_path: Path) -> None:
    names = ["two\nlines", "back\\slash", "carriage\rreturn", " spaces ", "wörter"]
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for name in names:
        (tmp_path / name).touch()

    said = subprocess.run(
        ["sha256sum", "--strict", "-c", "-"],
        cwd=tmp_path,
        input=sums_text(dict.fromkeys(names, digest)),
        capture_output=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr


def test_sealed_files_are_read_only(sealed) -> None:
    modes = {path.name: path.stat().st_mode & 0o222 for path in sealed.directory.rglob("*.*")}

    assert set(modes.values()) == {0}


def test_a_run_is_sealed_once(sealed, key) -> None:
    with pytest.raises(SealRefused, match="is sealed already"):
        seal(sealed.directory, sealed.record, key, screenshot=False)


def test_a_record_that_the_journal_does_not_give_is_not_sealed(recorded, key) -> None:
    better = recorded.record.model_copy(update={"mode": "live"})

    with pytest.raises(SealRefused, match=r"not the one that journal\.jsonl gives"):
        seal(recorded.directory, better, key, screenshot=False)
    assert not (recorded.directory / "attestation.json").exists()


@pytest.mark.parametrize("broken_off_after", ["run.json", "report.html", "SHA256SUMS"])
def test_sealing_that_was_broken_off_can_be_done_again(
    recorded, key, config_dir: Path, tmp_path: Path, broken_off_after: str
) -> None:
    whole = shutil.copytree(recorded.directory, tmp_path / "whole")
    seal(whole, recorded.record, key, screenshot=False)
    for name in ("run.json", "report.html", "signer.pub", "SHA256SUMS"):
        shutil.copy(whole / name, recorded.directory / name)
        if name == broken_off_after:
            break
    (recorded.directory / "attestation.json.partial").write_text('{"payload":')

    seal(recorded.directory, recorded.record, key, screenshot=False)

    assert verify(recorded.directory, config_dir=config_dir).findings == ()


def test_an_empty_folder_is_taken_away_for_nothing_could_show_that_it_was_there(
    recorded, key, config_dir: Path
) -> None:
    (recorded.directory / "artifacts" / "empty").mkdir(parents=True)

    seal(recorded.directory, recorded.record, key, screenshot=False)

    assert not (recorded.directory / "artifacts").exists()
    assert verify(recorded.directory, config_dir=config_dir).ok


def test_a_link_is_not_sealed(recorded, key) -> None:
    (recorded.directory / "passwd").symlink_to("/etc/passwd")

    with pytest.raises(SealRefused, match="passwd is a symbolic link"):
        seal(recorded.directory, recorded.record, key, screenshot=False)


def test_a_known_secret_blocks_the_seal_by_file_and_line_without_its_value(recorded, key) -> None:
    (recorded.directory / "left.log").write_text(f"one\ntwo {SECRET}\n")

    with pytest.raises(SealRefused, match=r"left\.log, line 2") as refused:
        seal(
            recorded.directory,
            recorded.record,
            key,
            redactor=Redactor({"PASSWORD": SECRET}),
            screenshot=False,
        )
    assert SECRET not in str(refused.value)
    assert not (recorded.directory / "SHA256SUMS").exists()


def test_a_secret_inside_a_workbook_blocks_the_seal(recorded, key) -> None:
    with zipfile.ZipFile(recorded.directory / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", f"<sst>\n<t>{SECRET}</t>\n</sst>")

    with pytest.raises(
        SealRefused, match=r"book\.xlsx \(in its part xl/sharedStrings\.xml\), line 2"
    ):
        seal(
            recorded.directory,
            recorded.record,
            key,
            redactor=Redactor({"PASSWORD": SECRET}),
            screenshot=False,
        )


@pytest.mark.parametrize("before", [(1 << 20) - 5, (1 << 20) - len(SECRET), 1 << 20])
def test_a_secret_across_the_border_of_two_blocks_is_found_on_its_line(
    recorded, key, before: int
) -> None:
    lines = b"x\n" * 400
    (recorded.directory / "long.log").write_bytes(
        lines + b"y" * (before - len(lines)) + SECRET.encode()
    )

    with pytest.raises(SealRefused, match=r"long\.log, line 401\."):
        seal(
            recorded.directory,
            recorded.record,
            key,
            redactor=Redactor({"PASSWORD": SECRET}),
            screenshot=False,
        )


def test_a_token_is_known_by_its_shape_where_no_redactor_is_given(recorded, key) -> None:
    (recorded.directory / "left.log").write_text("ghp_" + "a1B2" * 9 + "\n")

    with pytest.raises(SealRefused, match=r"left\.log, line 1"):
        seal(recorded.directory, recorded.record, key, screenshot=False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("facts.json", b'{"greeted": ', r"facts\.json is not JSON"),
        ("shots/graph.png", b"<html>", r"shots/graph\.png is not a PNG"),
        ("hello.log", b"", r"hello\.log is empty"),
        ("hello.log", b"hello, changed\n", r"hello\.log changed after it was captured"),
    ],
)
def test_a_run_that_passed_with_damaged_evidence_is_not_sealed(
    recorded, key, name: str, content: bytes, said: str
) -> None:
    (recorded.directory / name).write_bytes(content)

    with pytest.raises(SealRefused, match=said):
        seal(recorded.directory, recorded.record, key, screenshot=False)


def test_a_run_that_failed_is_sealed_with_what_it_left(new_run, key, config_dir: Path) -> None:
    def fail(run) -> None:
        with run.step("greet"):
            run.check("the greeting exits 0", expected="0", observed="1", passed=False)

    directory, record = new_run(fail)
    seal(directory, record, key, screenshot=False)

    result = verify(directory, config_dir=config_dir)
    assert (result.verdict, result.findings) == ("failed", ())


def test_an_interrupted_run_is_sealed_as_incomplete(new_run, key, config_dir: Path) -> None:
    from evidence.journal import read_journal
    from evidence.outcome import record_from

    left = []

    def interrupt(run) -> None:
        left.append(run.directory)
        with run.step("greet"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_run(interrupt)
    record = record_from(read_journal(left[0] / "journal.jsonl").events)
    seal(left[0], record, key, screenshot=False)

    assert verify(left[0], config_dir=config_dir).verdict == "incomplete"


def test_the_seal_names_the_statement_that_the_next_run_continues(sealed) -> None:
    attestation = read_attestation((sealed.directory / "attestation.json").read_bytes())

    assert sealed.seal.digest == attestation.digest


@pytest.mark.browser
def test_the_reports_picture_is_sealed_with_the_run(recorded, key, config_dir: Path) -> None:
    made = seal(recorded.directory, recorded.record, key)

    assert made.picture_problem is None
    attestation = read_attestation((recorded.directory / "attestation.json").read_bytes())
    assert "report.png" in attestation.subjects
    assert png_size(recorded.directory / "report.png") == (1440, 1000)
    assert verify(recorded.directory, config_dir=config_dir).ok


def test_a_run_is_not_lost_for_want_of_a_browser(
    recorded, key, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(recorded.directory.parent / "none"))

    made = seal(recorded.directory, recorded.record, key)

    assert "make setup" in (made.picture_problem or "")
    assert verify(recorded.directory, config_dir=config_dir).ok
