"""`hotpass qa`, in a checkout small enough to be broken on purpose."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from evidence.schemas import generate as generate_schemas
from hotpass.cli import main
from hotpass.qa.gates import GATES, Gate
from hotpass.qa.runner import MARKER, run_gates

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "hotpass"
version = "1"
[tool.hatch.build.targets.wheel]
only-include = ["hotpass"]
[tool.mypy]
strict = true
packages = ["hotpass", "evidence", "rehearsals"]
[tool.pytest.ini_options]
markers = ["rehearsal: left out"]
[tool.importlinter]
root_packages = ["hotpass", "evidence", "rehearsals"]
[[tool.importlinter.contracts]]
name = "layers"
type = "layers"
layers = ["rehearsals", "evidence | hotpass"]
"""
FAULTS: dict[str, tuple[str, str]] = {
    "tests": ("tests/test_it.py", "def test_it() -> None:\n    assert 1 == 2\n"),
    "format": ("hotpass/odd.py", "x=1\n"),
    "lint": ("hotpass/odd.py", "import os\n"),
    "types": ("hotpass/odd.py", 'x: int = "one"\n'),
    "imports": ("hotpass/odd.py", "import rehearsals\n"),
    "security": ("hotpass/odd.py", 'eval("1")\n'),
    "secrets": ("notes.txt", "key = AKIA" + "IOSFODNN7EXAMPLQ\n"),
    "contracts": ("schemas/organisation.schema.json", "{}\n"),
    "schemas": ("schemas/run.schema.json", "{}\n"),
    "build": ("pyproject.toml", PYPROJECT.replace('version = "1"', "")),
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # These tests may themselves run inside the tests gate.
    monkeypatch.delenv(MARKER, raising=False)
    root = tmp_path / "checkout"
    for package in ("hotpass", "evidence", "rehearsals"):
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "tests").mkdir()
    (root / "tests/test_it.py").write_text("def test_it() -> None:\n    assert True\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.chdir(root)
    main(["contracts", "generate"])
    generate_schemas(Path("schemas"))
    return root


def python(*arguments: str, tool: str = "json") -> Gate:
    return Gate("probe", "nothing", (tool,), arguments)


def test_a_clean_checkout_passes_every_gate(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    code = main(["qa", "all", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert {gate["name"]: gate["reason"] for gate in report["gates"]} == {
        gate.name: "" for gate in GATES
    }
    assert (code, report["passed"]) == (0, True)


@pytest.mark.parametrize("name", FAULTS)
def test_each_gate_turns_red_on_a_fault_of_its_own_kind(
    checkout: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path, text = FAULTS[name]
    (checkout / path).write_text(text)

    assert main(["qa", name]) == 1
    assert f"FAILED {name}" in capsys.readouterr().out


def test_every_gate_has_a_fault_to_prove_it() -> None:
    assert set(FAULTS) == {gate.name for gate in GATES}


def test_a_test_marked_as_a_rehearsal_is_left_out(checkout: Path) -> None:
    (checkout / "tests/test_long.py").write_text(
        "import pytest\n@pytest.mark.rehearsal\ndef test_long():\n    assert False\n"
    )

    assert main(["qa", "tests"]) == 0


def test_a_secret_in_the_baseline_is_accepted_and_a_second_one_is_not(checkout: Path) -> None:
    secrets = [sys.executable, "-P", "-m", "hotpass.qa.secrets"]
    path, text = FAULTS["secrets"]
    (checkout / path).write_text(text)
    subprocess.run([*secrets, "--update"], check=True)
    accepted = main(["qa", "secrets"])
    (checkout / path).write_text(text + text.replace("Q", "P"))

    assert (accepted, main(["qa", "secrets"])) == (0, 1)


def test_files_that_git_does_not_know_of_are_no_pass(checkout: Path) -> None:
    shutil.rmtree(checkout / ".git")

    assert main(["qa", "secrets"]) == 1


def test_a_failing_gate_shows_the_end_of_its_log(checkout: Path) -> None:
    (result,) = run_gates([python("-c", "print('why'); raise SystemExit(3)")], checkout)

    assert (result.passed, result.exit_code, result.tail) == (False, 3, "why")
    assert result.reason == "it exited with code 3."


def test_a_gate_whose_tool_is_missing_fails_and_says_how_to_get_it(checkout: Path) -> None:
    (result,) = run_gates([python("-c", "pass", tool="no_such_tool")], checkout)

    assert not result.passed
    assert result.reason == "no_such_tool not installed; run `make setup`."


def test_a_gate_cannot_start_the_gates_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MARKER, "tests")

    assert main(["qa", "lint"]) == 2
    assert "gates do not nest" in capsys.readouterr().err


def test_results_and_logs_are_kept_where_asked(checkout: Path, tmp_path: Path) -> None:
    logs = tmp_path / "new" / "logs"

    main(["qa", "lint", "format", "--log-dir", str(logs)])

    assert sorted(path.name for path in logs.iterdir()) == ["format.log", "lint.log", "qa.json"]
    report = json.loads((logs / "qa.json").read_text())
    assert [gate["log"] for gate in report["gates"]] == [
        str(logs / "format.log"),
        str(logs / "lint.log"),
    ]


def test_an_unknown_gate_is_answered_with_the_nearest(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["qa", "tipes"]) == 2
    assert capsys.readouterr().err == "hotpass: no gate 'tipes'; did you mean 'types'?\n"


def test_outside_a_checkout_the_answer_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["qa", "lint"]) == 2
    assert "not inside a checkout of Hotpass" in capsys.readouterr().err


def test_an_interruption_leaves_no_process_of_a_gate(checkout: Path) -> None:
    sleeper = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"

    def interrupt(result: object) -> None:
        wait_for(checkout / "pid")
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_gates(
            [python("-c", sleeper), Gate("quick", "", ("json",), ("-c", ""))],
            checkout,
            tell=interrupt,
        )

    assert not psutil.pid_exists(int((checkout / "pid").read_text()))


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} was never written"
        time.sleep(0.01)
