"""The whole end-to-end rehearsal, as a newcomer runs it, and what a stranger can check of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsals.e2e import KIND

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("Next_Steps.md", "Next_Steps_Log.md", "docs/operations/staging-rehearsal-plan.md")


@dataclass(frozen=True)
class Rehearsed:
    """A clone in which the rehearsal ran once: what it printed, and where its evidence is."""

    root: Path
    environment: Mapping[str, str]
    code: int
    printed: str
    run: Path

    def invoke(self, *arguments: str) -> tuple[int, str]:
        """Run an Invoke task in the clone; its exit code and what it printed."""
        return _invoke(self.root, self.environment, *arguments)


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """Clone the project, with this tree's uncommitted changes, and rehearse in it."""
    folder = tmp_path_factory.mktemp("whole")
    root = folder / "clone"
    _copy_tracked_files(root)
    environment = {
        **os.environ,
        # The clone's own packages, not those of the checkout that the environment was made for.
        "PYTHONPATH": str(root),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    code, printed = _invoke(root, environment, "rehearse.e2e", "--target", "embedded")
    runs = sorted((root / "dist/staging/e2e").glob("*"))
    assert len(runs) == 1, printed
    yield Rehearsed(root, environment, code, printed, runs[0])


@pytest.mark.rehearsal
@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("whole rehearsal")
class TestWholeRehearsal:
    """One rehearsal, looked at from every side, by one worker."""

    def test_it_passes_and_says_that_it_was_embedded(self, rehearsed: Rehearsed) -> None:
        assert rehearsed.code == 0, rehearsed.printed
        assert "PASSED (embedded: cannot stand in for a live run)" in rehearsed.printed

    def test_every_declared_check_was_made_and_holds(self, rehearsed: Rehearsed) -> None:
        record = json.loads((rehearsed.run / "run.json").read_text())

        assert {check["name"] for check in record["checks"]} == set(KIND.checks)
        assert [check for check in record["checks"] if not check["passed"]] == []

    def test_the_promised_files_are_there(self, rehearsed: Rehearsed) -> None:
        promised = (
            *KIND.required_files,
            "run.json",
            "journal.jsonl",
            "cli.sh",
            "report.html",
            "report.png",
            "SHA256SUMS",
            "attestation.json",
        )

        assert [name for name in promised if not (rehearsed.run / name).is_file()] == []

    def test_sha256sum_accepts_it(self, rehearsed: Rehearsed) -> None:
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", "SHA256SUMS"],
            cwd=rehearsed.run,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr

    def test_its_own_verifier_accepts_it_but_not_as_live(self, rehearsed: Rehearsed) -> None:
        assert rehearsed.invoke("evidence.verify", str(rehearsed.run))[0] == 0
        assert rehearsed.invoke("evidence.verify", str(rehearsed.run), "--require", "live")[0] == 1

    def test_it_is_listed(self, rehearsed: Rehearsed) -> None:
        code, printed = rehearsed.invoke("evidence.list")

        assert code == 0
        assert f"e2e/{rehearsed.run.name}" in printed

    def test_the_documents_name_it(self, rehearsed: Rehearsed) -> None:
        evidence = f"dist/staging/e2e/{rehearsed.run.name}"

        for name in DOCUMENTS:
            assert evidence in (rehearsed.root / name).read_text(), name

    def test_its_commands_can_be_run_again(self, rehearsed: Rehearsed) -> None:
        script = (rehearsed.run / "cli.sh").read_text()

        for command in ("overview", "refine", "enrich", "qa all"):
            assert f"hotpass {command}" in script

    def test_a_changed_byte_is_found(self, rehearsed: Rehearsed, tmp_path: Path) -> None:
        forged = shutil.copytree(rehearsed.run, tmp_path / "forged")
        log = forged / "refine.log"
        log.chmod(0o644)
        log.write_bytes(log.read_bytes().replace(b"0 rejected", b"9 rejected") + b" ")

        code, printed = rehearsed.invoke("evidence.verify", str(forged))

        assert code == 1
        assert "refine.log" in printed


def _copy_tracked_files(root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = PROJECT / name
        if source.is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / name)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it stands"]):
        subprocess.run(
            ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *arguments],
            cwd=root,
            check=True,
        )


def _invoke(root: Path, environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
        check=False,
    )
    return done.returncode, done.stdout
