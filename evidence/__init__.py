"""Proof of anything: recorded, redacted, sealed, verified, reviewed.

    with evidence.record("dist/evidence", kind="backup", target="nas") as run:
        ...

The names below are the whole public interface; docs/reference/evidence-api.md tells of each.
They are imported when they are first used, so that `import evidence` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.api import bundle_run, list_runs, record, recover_runs, verify_run
    from evidence.errors import EvidenceError
    from evidence.redact import Redactor
    from evidence.run import Run
    from evidence.verification import Verification

__all__ = [
    "EvidenceError",
    "Redactor",
    "Run",
    "Verification",
    "bundle_run",
    "list_runs",
    "record",
    "recover_runs",
    "verify_run",
]

_HOMES = {
    "EvidenceError": "evidence.errors",
    "Redactor": "evidence.redact",
    "Run": "evidence.run",
    "Verification": "evidence.verification",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "evidence.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
