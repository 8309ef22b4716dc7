"""A project of its own for each engine test, with a kind that joins by entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# What a developer may have set and a fresh machine has not.
FOREIGN = ("PROBE_KEY", "PYTHONUNBUFFERED")
PROBE = Path(__file__).parent / "probe"
ENGINE = """\
import signal, sys
from functools import partial
from pathlib import Path
from evidence.errors import EvidenceError
from rehearsals.errors import RehearsalError
from rehearsals.recover import recover_and_tell
from rehearsals import run
# As in a terminal, whatever the tests were started by.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
root, target, *options = sys.argv[1:]
try:
    if "recover" in options:
        sys.exit(recover_and_tell(Path(root), screenshot=False))
    if "pictured" not in options:
        run.prepare_sealing = partial(run.prepare_sealing, screenshot=False)
    sys.exit(run.rehearse("probe", target, root=Path(root), plan_only="plan" in options))
except (RehearsalError, EvidenceError) as error:
    print(error)
    sys.exit(getattr(error, "exit_code", 1))
"""


@dataclass(frozen=True)
class Project:
    """A project's folder, the engine's processes in it, and the evidence that they left."""

    root: Path
    signs: Path
    environment: dict[str, str]

    def start(self, *arguments: str, target: str = "embedded") -> subprocess.Popen[str]:
        """Start the engine in a process group of its own, as a terminal does.

        `plan` stops it at the plan, `recover` has it recover, and only `pictured` has it open a
        browser for the report's picture.
        """
        return subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(self.root), target, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def rehearse(self, *arguments: str, target: str = "embedded") -> tuple[int, str]:
        """Run the engine to its end; its exit code and what it printed."""
        process = self.start(*arguments, target=target)
        printed, _ = process.communicate(timeout=120)
        return process.returncode, printed

    def recover(self) -> tuple[int, str]:
        """Recover what was cut off; the exit code and what was printed."""
        return self.rehearse("recover")

    def runs(self) -> list[Path]:
        """The folders of evidence, oldest first."""
        return sorted((self.root / "dist/staging/probe").glob("*"))

    def record(self) -> dict[str, Any]:
        """`run.json` of the only run."""
        (run,) = self.runs()
        record: dict[str, Any] = json.loads((run / "run.json").read_text())
        return record

    def wait_for_sign(self, name: str) -> None:
        """Wait until the probe left a sign; fails after 30 s."""
        deadline = time.monotonic() + 30
        while not (self.signs / name).exists():
            assert time.monotonic() < deadline, f"no sign '{name}'"
            time.sleep(0.02)


MakeProject = Callable[[str], Project]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Make the project of a behaviour of the probe."""

    def make(behaviour: str) -> Project:
        root, signs, site = tmp_path / "project", tmp_path / "signs", tmp_path / "site"
        for folder in (root, signs, site / "probe-1.dist-info"):
            folder.mkdir(parents=True)
        (site / "probe.py").write_text((PROBE / "probe.py").read_text())
        (site / "probe-1.dist-info" / "METADATA").write_text("Name: probe\nVersion: 1\n")
        (site / "probe-1.dist-info" / "entry_points.txt").write_text(
            "[hotpass.rehearsals]\nprobe = probe:KIND\n"
        )
        (root / "rehearsals.toml").write_text(
            f"""\
[rehearsals.probe]
title = "Probe"
behaviour = "{behaviour}"
signs = "{signs}"

[targets.embedded]
mode = "embedded"
kinds = ["probe"]

[targets.far]
mode = "live"
kinds = ["probe"]
credentials = ["PROBE_KEY"]

[[windows]]
kind = "probe"
target = "far"
opens = 2000-01-01T00:00:00Z
closes = 2100-01-01T00:00:00Z
"""
        )
        environment = {
            **{name: value for name, value in os.environ.items() if name not in FOREIGN},
            "PYTHONPATH": str(site),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        return Project(root, signs, environment)

    return make
