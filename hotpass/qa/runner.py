"""Run gates side by side, each with its log, its time and its verdict."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hotpass.errors import BadInput
from hotpass.qa.gates import Gate

AT_ONCE = 2
TIME_LIMIT = 1800.0
POLL = 0.05
TAIL_LINES = 25
MARKER = "HOTPASS_QA_GATE"
"""Set for every gate's process, so that a gate cannot start the gates again."""


@dataclass(frozen=True)
class GateResult:
    """What one gate showed: `reason` says why it failed, `tail` is the end of its log."""

    name: str
    passed: bool
    seconds: float
    command: tuple[str, ...]
    exit_code: int | None
    reason: str
    tail: str
    log: Path | None


def run_gates(
    gates: Sequence[Gate],
    root: Path,
    *,
    log_dir: Path | None = None,
    tell: Callable[[GateResult], None] = lambda result: None,
) -> tuple[GateResult, ...]:
    """Run the gates in the checkout `root`; results come in the order of `gates`.

    `tell` hears each result as it comes. With `log_dir`, the output of each gate stays there
    as `<name>.log`. However this ends, no process of a gate is left.

    Raises BadInput when a gate tries to start the gates again.
    """
    if MARKER in os.environ:
        raise BadInput(f"already inside the gate {os.environ[MARKER]!r}; gates do not nest.")
    results: dict[str, GateResult] = {}
    waiting, running = list(gates), list[_Running]()
    with tempfile.TemporaryDirectory(prefix="hotpass-qa-") as scratch:
        logs = log_dir or Path(scratch)
        logs.mkdir(parents=True, exist_ok=True)
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    running.append(_start(waiting.pop(0), root, Path(scratch), logs))
                ended = _wait_for_one(running)
                running.remove(ended)
                result = _judge(ended, keeps_log=log_dir is not None)
                results[result.name] = result
                tell(result)
        finally:
            for gate in running:
                gate.end()
    return tuple(results[gate.name] for gate in gates)


@dataclass
class _Running:
    gate: Gate
    command: list[str]
    log: Path
    begun: float
    process: subprocess.Popen[bytes] | None
    """None when a tool is missing."""

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def late(self) -> bool:
        return time.monotonic() - self.begun > TIME_LIMIT

    def end(self) -> None:
        """Kill the gate with everything it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _start(gate: Gate, root: Path, scratch: Path, logs: Path) -> _Running:
    workspace = scratch / f"{gate.name}.work"
    workspace.mkdir()
    command = gate.command(workspace)
    log = logs / f"{gate.name}.log"
    begun = time.monotonic()
    if missing := _missing(gate):
        log.write_text(f"{missing}\n", encoding="utf-8")
        return _Running(gate, command, log, begun, process=None)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, MARKER: gate.name, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _Running(gate, command, log, begun, process)


def _missing(gate: Gate) -> str:
    missing = [tool for tool in gate.tools if importlib.util.find_spec(tool) is None]
    return f"{' and '.join(missing)} not installed; run `make setup`." if missing else ""


def _wait_for_one(running: Sequence[_Running]) -> _Running:
    while True:
        for gate in running:
            if gate.ended() or gate.late():
                return gate
        time.sleep(POLL)


def _judge(ended: _Running, *, keeps_log: bool) -> GateResult:
    seconds = time.monotonic() - ended.begun
    late = not ended.ended()
    ended.end()
    code = None if ended.process is None else ended.process.returncode
    if code is None:
        reason = _missing(ended.gate)
    elif late:
        reason = f"not done after {TIME_LIMIT:,.0f} s; it was ended."
    else:
        reason = "" if code == 0 else f"it exited with code {code}."
    lines = ended.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return GateResult(
        name=ended.gate.name,
        passed=not reason,
        seconds=round(seconds, 2),
        command=tuple(ended.command),
        exit_code=code,
        reason=reason,
        tail="\n".join(lines[-TAIL_LINES:]),
        log=ended.log if keeps_log else None,
    )
