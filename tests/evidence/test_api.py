"""Any program can record, verify, list, bundle and recover through the package's own names."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import evidence
from evidence.errors import BadKey, SealRefused
from evidence.models import RunRecord

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "evidence-api.md"


@pytest.fixture(autouse=True)
def _own_key(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config_dir.parent))


def quietly(line: str) -> None:
    """Takes what a command says."""


def backup(root: Path, target: str = "archive") -> Path:
    """Record a small run that passes."""
    with evidence.record(root, kind="backup", target=target, echo=quietly) as run:
        done = run.command(["true"], log="tar.log")
        run.save("files.json", ["a.txt"])
        run.check("tar exits 0", expected=0, observed=done.exit_code, passed=done.exit_code == 0)
    return run.directory


def record_of(directory: Path) -> RunRecord:
    return RunRecord.model_validate_json((directory / "run.json").read_bytes())


def test_importing_the_package_imports_only_itself() -> None:
    program = (
        "import sys; before = set(sys.modules); import evidence; "
        "print(*sorted(set(sys.modules) - before))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = ran.stdout.split()
    others = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"evidence"}


def test_fewer_than_ten_names_are_public_and_each_is_documented() -> None:
    documented = re.findall(r"^\| `(\w+)(?:\(.*\))?` \|", REFERENCE.read_text(), re.MULTILINE)

    assert len(evidence.__all__) < 10
    assert set(evidence.__all__) <= set(documented)
    assert set(evidence.__all__) <= set(dir(evidence))
    assert all(getattr(evidence, name).__doc__ for name in evidence.__all__)


def test_a_name_that_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="recrod"):
        _ = evidence.recrod  # type: ignore[attr-defined]


def test_a_recorded_run_is_sealed_and_holds(tmp_path: Path) -> None:
    directory = backup(tmp_path)

    found = evidence.verify_run(directory, require_mode="live", max_age=timedelta(hours=1))

    assert (found.ok, found.verdict, found.kind, found.target) == (
        True,
        "passed",
        "backup",
        "archive",
    )


def test_a_record_says_where_it_was_made_without_being_told(tmp_path: Path) -> None:
    record = record_of(backup(tmp_path))

    assert record.operator and record.host
    assert record.tools["python"] == sys.version.split()[0]


def test_a_run_follows_the_one_before_of_its_kind_and_target(tmp_path: Path) -> None:
    first = evidence.verify_run(backup(tmp_path))
    backup(tmp_path, target="elsewhere")

    second = evidence.verify_run(backup(tmp_path))

    assert (first.previous, second.previous) == (None, first.digest)


@pytest.mark.parametrize("raised", [OSError("the disk is gone"), KeyboardInterrupt()])
def test_what_breaks_a_run_off_comes_through_and_the_run_is_sealed(
    tmp_path: Path, raised: BaseException
) -> None:
    with (
        pytest.raises(type(raised)) as caught,
        evidence.record(tmp_path, kind="backup", target="archive") as run,
        run.step("pack"),
    ):
        raise raised

    found = evidence.verify_run(run.directory)
    assert caught.value is raised
    assert (found.ok, found.verdict) == (True, "incomplete")


def test_a_check_that_was_promised_and_never_made_fails_the_run(tmp_path: Path) -> None:
    with evidence.record(
        tmp_path, kind="backup", target="archive", expected_checks=["it restores"]
    ) as run:
        run.note("nothing was restored")

    assert evidence.verify_run(run.directory).verdict == "failed"


def test_a_secret_in_a_file_leaves_the_run_unsealed(tmp_path: Path) -> None:
    with (
        pytest.raises(SealRefused, match=r"dump\.txt, line 2") as refused,
        evidence.record(
            tmp_path, kind="backup", target="archive", secrets={"STORE": "correct-horse"}
        ) as run,
    ):
        (run.directory / "dump.txt").write_text("first\nwith correct-horse\n")
        run.adopt("dump.txt")

    assert "correct-horse" not in str(refused.value)
    assert not (run.directory / "attestation.json").exists()


def test_a_refused_seal_does_not_hide_what_broke_the_run_off(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="disk") as caught,
        evidence.record(
            tmp_path, kind="backup", target="archive", secrets={"STORE": "correct-horse"}
        ) as run,
    ):
        (run.directory / "dump.txt").write_text("correct-horse")
        raise OSError("the disk is gone")

    assert "still holds a secret: dump.txt, line 1" in caught.value.__notes__[0]


def test_a_key_that_cannot_be_had_stops_a_run_before_it_begins(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"

    with (
        pytest.raises(BadKey),
        evidence.record(
            tmp_path / "runs", kind="backup", target="archive", signing_key=str(missing)
        ),
    ):
        pytest.fail("the run was begun")

    assert not (tmp_path / "runs").exists()


def test_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    with evidence.record(
        tmp_path,
        kind="backup",
        target="archive",
        configuration={"level": 9, "password": "tr0ub4dor&3"},  # pragma: allowlist secret
    ) as run:
        pass

    shown = {
        name: setting.value for name, setting in record_of(run.directory).configuration.items()
    }
    assert shown["level"] == 9
    assert "tr0ub4dor" not in str(shown)


def test_a_bundle_holds_what_the_run_holds(tmp_path: Path) -> None:
    directory = backup(tmp_path / "runs")

    bundle = evidence.bundle_run(directory, to=tmp_path)

    found = evidence.verify_run(bundle)
    assert bundle.parent == tmp_path
    assert (found.ok, found.digest) == (True, evidence.verify_run(directory).digest)


def test_a_run_that_was_killed_is_recovered_as_incomplete(tmp_path: Path) -> None:
    program = (
        "import os, sys, evidence\n"
        "with evidence.record(sys.argv[1], kind='backup', target='archive') as run:\n"
        "    run.note('about to be killed')\n"
        "    os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)

    recovered = evidence.recover_runs(tmp_path)

    assert [found.record.verdict for found in recovered] == ["incomplete"]
    assert evidence.verify_run(recovered[0].directory).ok
    assert [run.verdict for run in evidence.list_runs(tmp_path)] == ["incomplete"]
    assert evidence.recover_runs(tmp_path) == ()
