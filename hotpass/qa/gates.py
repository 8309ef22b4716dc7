"""The gates of a checkout: what each runs, with which tool, and which sets there are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hotpass.config.suggest import did_you_mean
from hotpass.errors import BadInput

# With -P the folder it runs in cannot stand in for the installed package.
INSTALLED = ("-P", "-m")
# `python -m importlinter.cli` exits 0 without checking anything.
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as run; run()"


@dataclass(frozen=True)
class Gate:
    """One check of the checkout, run as `python ARGUMENTS` from its root."""

    name: str
    proves: str
    tools: tuple[str, ...]
    """The importable modules without which the gate cannot run."""
    arguments: tuple[str, ...]

    def command(self, scratch: Path) -> list[str]:
        """Return the command line; `{scratch}` in an argument is a temporary folder."""
        filled = [argument.replace("{scratch}", str(scratch)) for argument in self.arguments]
        return [sys.executable, *filled]


GATES: tuple[Gate, ...] = (
    Gate(
        "tests",
        "the code does what its tests say",
        ("pytest", "xdist"),
        ("-m", "pytest", "-q", "-m", "not rehearsal", "-n", "auto", "--dist", "loadfile"),
    ),
    Gate(
        "format",
        "one layout everywhere",
        ("ruff",),
        ("-m", "ruff", "format", "--check", "--diff", "."),
    ),
    Gate("lint", "no known mistake in the code", ("ruff",), ("-m", "ruff", "check", ".")),
    Gate("types", "every type holds, strictly", ("mypy",), ("-m", "mypy")),
    Gate("imports", "the layers are kept", ("importlinter",), ("-c", LINT_IMPORTS, "--no-logo")),
    Gate(
        "security",
        "no known insecure construct",
        ("bandit",),
        ("-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "hotpass", "evidence", "rehearsals"),
    ),
    Gate(
        "secrets",
        "no new secret in any file",
        ("detect_secrets",),
        (*INSTALLED, "hotpass.qa.secrets"),
    ),
    Gate(
        "contracts",
        "derived files are current",
        ("hotpass",),
        (*INSTALLED, "hotpass", "contracts", "check"),
    ),
    Gate(
        "schemas",
        "the schemas of the evidence are current",
        ("evidence",),
        (*INSTALLED, "evidence.schemas", "check"),
    ),
    Gate(
        "build",
        "wheel and sdist build offline",
        ("build",),
        ("-m", "build", "--no-isolation", "--outdir", "{scratch}"),
    ),
)

SETS: dict[str, tuple[str, ...]] = {
    "all": tuple(gate.name for gate in GATES),
    "ta": ("tests", "types", "imports", "contracts"),
}
"""Names that stand for several gates; `ta` is tests and architecture."""


def choose_gates(names: Iterable[str]) -> tuple[Gate, ...]:
    """Return the named gates, sets unfolded, each once and in the order of `GATES`.

    Raises BadInput for an unknown name, with the nearest known one.
    """
    known = {**SETS, **{gate.name: (gate.name,) for gate in GATES}}
    chosen: set[str] = set()
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"; known: {', '.join(known)}."
            raise BadInput(f"no gate {name!r}{hint}")
        chosen.update(known[name])
    return tuple(gate for gate in GATES if gate.name in chosen)
