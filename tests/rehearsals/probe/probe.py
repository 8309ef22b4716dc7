"""A kind of rehearsal for the engine's own tests; each behaviour is one a real kind can show."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from evidence.run import Run
from rehearsals.kinds import Kind, Staging
from rehearsals.targets import KindSettings

CHECK = "the probe answers"
SLEEPER = "import time\nprint('sleeping', flush=True)\ntime.sleep(600)"


class ProbeSettings(KindSettings):
    """Which behaviour to show, and where to leave a sign of what was reached."""

    behaviour: str
    signs: str


def passes(run: Run, signs: Path) -> None:
    with run.step("ask"):
        result = run.command([sys.executable, "-c", "print('hello')"], log="ask.log")
        run.check(
            CHECK, expected="0", observed=str(result.exit_code), passed=True, artefact="ask.log"
        )


def fails_its_check(run: Run, signs: Path) -> None:
    with run.step("ask"):
        run.check(CHECK, expected="yes", observed="no", passed=False)
    with run.step("go on"):
        (signs / "went-on").touch()


def skips_its_check(run: Run, signs: Path) -> None:
    with run.step("ask"):
        run.note("nothing was asked")


def crashes(run: Run, signs: Path) -> None:
    run.cleanup("leave a sign", (signs / "cleaned").touch)
    with run.step("ask"):
        raise ZeroDivisionError("a mistake in the rehearsal itself")


def exits(run: Run, signs: Path) -> None:
    passes(run, signs)
    sys.exit(0)


def breaks_off_with_its_secret(run: Run, signs: Path) -> None:
    raise ValueError(f"refused: {os.environ['PROBE_KEY']}")


def hangs(run: Run, signs: Path) -> None:
    run.cleanup("leave a sign", (signs / "cleaned").touch)
    with run.step("ask"):
        (signs / "started").touch()
        run.command([sys.executable, "-c", SLEEPER], log="ask.log")


def hangs_in_python(run: Run, signs: Path) -> None:
    run.cleanup("leave a sign", (signs / "cleaned").touch)
    with run.step("ask"):
        (signs / "started").touch()
        time.sleep(600)


def hangs_and_can_be_recovered(run: Run, signs: Path) -> None:
    cleaned = signs / "cleaned"
    run.cleanup("leave a sign", cleaned.touch, recovery=["touch", str(cleaned)])
    with run.step("ask"):
        run.command([sys.executable, "-c", SLEEPER], log="ask.log")


def leaves_a_secret(run: Run, signs: Path) -> None:
    passes(run, signs)
    (run.directory / "raw.txt").write_text(os.environ["PROBE_KEY"])


def cleans_up_by_a_command(run: Run, signs: Path) -> None:
    def clean() -> None:
        told = "import signal; print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
        run.command([sys.executable, "-c", told], log="clean.log")

    run.cleanup("by a command", clean)
    hangs_in_python(run, signs)


def fills_the_disk(run: Run, signs: Path) -> None:
    passes(run, signs)
    with run.step("fill"):
        run.command(["head", "-c", "5000000", "/dev/urandom"], log="fill.log")


def says_much(run: Run, signs: Path) -> None:
    (signs / "started").touch()
    deadline = time.monotonic() + 30
    while not (signs / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    with run.step("ask"):
        run.command([sys.executable, "-c", "print('line\\n' * 1000)"], log="ask.log")
        run.check(CHECK, expected="0", observed="0", passed=True, artefact="ask.log")


def cleans_up_slowly(run: Run, signs: Path) -> None:
    def clean() -> None:
        (signs / "cleaning").touch()
        deadline = time.monotonic() + 30
        while not (signs / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        (signs / "cleaned").touch()

    run.cleanup("take some time", clean)
    hangs_in_python(run, signs)


def tells_its_secret(run: Run, signs: Path) -> None:
    with run.step("ask"):
        run.command(
            [sys.executable, "-c", "import os; print('key=' + os.environ['PROBE_KEY'])"],
            log="ask.log",
        )
        key = os.environ["PROBE_KEY"]
        run.note(f"the key is {key}")
        run.save("answer.json", {"nested": [{"key": key}]})
        run.check(CHECK, expected="a key", observed=key, passed=True, artefact="ask.log")


BEHAVIOURS: dict[str, Callable[[Run, Path], None]] = {
    function.__name__: function
    for function in (
        passes,
        fails_its_check,
        skips_its_check,
        crashes,
        exits,
        breaks_off_with_its_secret,
        hangs,
        hangs_in_python,
        hangs_and_can_be_recovered,
        leaves_a_secret,
        fills_the_disk,
        says_much,
        cleans_up_by_a_command,
        cleans_up_slowly,
        tells_its_secret,
    )
}


def rehearse_probe(run: Run, staging: Staging[ProbeSettings]) -> None:
    signs = Path(staging.settings.signs)
    (signs / "reached").touch()
    BEHAVIOURS[staging.settings.behaviour](run, signs)


KIND = Kind(
    name="probe",
    settings=ProbeSettings,
    steps=("ask",),
    checks=(CHECK,),
    required_files=(),
    obstacles=lambda staging: (),
    rehearse=rehearse_probe,
)
