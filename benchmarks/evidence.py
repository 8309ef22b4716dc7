"""What redaction costs beside `cat`, `sha256sum` and a plain `re`; what a run of 1,000 steps costs.

Every case is a process of its own, so that its time and its peak memory are its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Measure, run_measured

CASE_MODULE = "benchmarks.evidence_case"
LOG_MIB = 64
ROUNDS = 3
KNOWN_SECRETS = (0, 1, 30)
# The aim: no slower than three times `sha256sum`.
LEAST_SPEED = 1 / 3
STEPS = 1000
STEP_MILLISECONDS = 0.5
REPORT_SECONDS = 0.5
REPORT_MIB = 60


def measure() -> list[Measure]:
    """Redaction of an ordinary and of a JSON log; then recording, sealing, report, verifying."""
    with tempfile.TemporaryDirectory(prefix="hotpass-bench-") as folder:
        return [
            *_of_redaction("log", Path(folder)),
            *_of_redaction("JSON log", Path(folder)),
            *_of_a_long_run(Path(folder)),
        ]


@dataclass(frozen=True)
class _Case:
    seconds: float
    peak_bytes: int


def _of_redaction(kind: str, folder: Path) -> list[Measure]:
    """The peers and the cases take turns on one file; the best turn of each counts."""
    log = folder / f"{kind}.log"
    _run("write-log", kind, str(LOG_MIB), str(log))
    peers = {"cat": 0.0, "sha256sum": 0.0, "re": 0.0}
    cases = dict.fromkeys(KNOWN_SECRETS, 0.0)
    megabytes = log.stat().st_size / 1e6
    for _ in range(ROUNDS):
        for name in ("cat", "sha256sum"):
            taken = run_measured(["sh", "-c", f'exec {name} "$1" >/dev/null', "sh", str(log)])
            peers[name] = max(peers[name], megabytes / taken.seconds)
        peers["re"] = max(peers["re"], megabytes / _run("plain-re", str(log)).seconds)
        for count in KNOWN_SECRETS:
            seconds = _run("redact", str(log), str(count)).seconds
            cases[count] = max(cases[count], megabytes / seconds)
    log.unlink()
    return [
        Measure(
            f"redact {kind}, {count} known secrets",
            speed,
            "MB/s",
            "sha256sum",
            peers["sha256sum"],
            f"aim {LEAST_SPEED:.2f}; cat {peers['cat']:,.0f} MB/s, "
            f"re line by line {peers['re']:,.0f} MB/s",
        )
        for count, speed in cases.items()
    ]


def _of_a_long_run(folder: Path) -> list[Measure]:
    run, key = str(folder / "run"), str(folder / "config")
    recorded = _run("record", run, str(STEPS))
    sealed = _run("seal", run, key)
    report = _run("report", run, str(folder / "report.html"))
    verified = _run("verify", run, key)
    steps = f"of {STEPS:,} steps"
    return [
        _beside_limit(
            f"journal {steps}, each", recorded.seconds / STEPS * 1e3, "ms", STEP_MILLISECONDS
        ),
        Measure(f"record {steps}: peak memory", recorded.peak_bytes / 2**20, "MiB"),
        _beside_limit(f"report {steps}", report.seconds, "s", REPORT_SECONDS),
        _beside_limit(f"report {steps}: peak memory", report.peak_bytes / 2**20, "MiB", REPORT_MIB),
        Measure(f"seal {steps}", sealed.seconds, "s", detail="with its report, without a picture"),
        Measure(f"seal {steps}: peak memory", sealed.peak_bytes / 2**20, "MiB"),
        Measure(f"verify {steps}", verified.seconds, "s"),
        Measure(f"verify {steps}: peak memory", verified.peak_bytes / 2**20, "MiB"),
    ]


def _beside_limit(name: str, value: float, unit: str, limit: float) -> Measure:
    return Measure(name, value, unit, "limit", limit, _kept(value <= limit))


def _kept(is_kept: bool) -> str:
    return "kept" if is_kept else "BROKEN"


def _run(*arguments: str) -> _Case:
    finished = run_measured([sys.executable, "-m", CASE_MODULE, *arguments])
    return _Case(**json.loads(finished.stdout))
