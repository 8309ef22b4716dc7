"""However much a command says, its run takes no more memory and no more disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evidence.journal import read_journal
from evidence.outcome import record_from

# That a run ends is part of what these tests show.
pytestmark = pytest.mark.timeout(120)

FLOOD = """
import sys
from functools import partial
from pathlib import Path
import evidence.command
from evidence.log_file import LogFile
from evidence.models import GitState
from evidence.run import open_run

evidence.command.LogFile = partial(LogFile, head_bytes=1 << 18, segment_bytes=1 << 17)
with open_run(
    Path(sys.argv[1]), kind="demo", target="embedded", mode="embedded", operator="a", host="b",
    git=GitState(commit=None, dirty=True), tools={}, configuration={}, expected_checks=(),
    required_files=(), secrets={"TOKEN": "Zq81-very-secret-value"}, echo=lambda line: None,
) as run:
    for size in (2_000_000, 12_000_000):
        run.command(["sh", "-c", f"{sys.argv[2]} | head -c {size}; echo; echo last"], log="a.log")
        # Not getrusage: that peak counts what the parent held when it started this process.
        status = Path("/proc/self/status").read_text().splitlines()
        print(next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""
MEBIBYTE = 1024  # in what VmHWM counts


@pytest.mark.parametrize(
    "source",
    [
        "yes 'a line of a build, number 12345: ok 100%'",
        r"yes '10%' | tr '\n' '\r'",
        r"""yes "$(printf '\033[32mok\033[0m')" | tr -d '\n'""",
        "cat /dev/urandom",
    ],
    ids=["lines", "a progress bar", "colours without a line's end", "no text at all"],
)
def test_ten_times_the_output_takes_no_more_memory_and_a_capped_log(
    tmp_path: Path, source: str
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FLOOD, str(tmp_path), source],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    few, many = (int(peak) for peak in told)
    (directory,) = (tmp_path / "demo").iterdir()
    record = record_from(read_journal(directory / "journal.jsonl").events)
    assert many - few < 3 * MEBIBYTE
    assert (directory / "a.log").stat().st_size < 2 << 20
    assert (directory / "a.log").read_bytes().endswith(b"\nlast\n")
    assert all(command.left_out_bytes > 0 for command in record.commands)
