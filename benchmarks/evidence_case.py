"""One case of the evidence benchmark: `python -m benchmarks.evidence_case CASE ARGUMENT...`.

Prints the seconds of the work, imports left out, and the peak memory, as JSON.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

BLOCK = 1 << 16
_WORDS = (
    *("stage", "rows", "merged", "organisation", "normalised", "wrote", "reading", "matched"),
    *("province", "score", "enrich", "checked", "passed", "column", "sheet", "email", "website"),
    *("updated", "refined", "export", "municipality", "validated", "token-free", "key", "worker"),
)
# What a project puts together for itself.
_PLAIN = re.compile(
    rb"AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|xox[bp]-[\w-]{10,}|eyJ[\w-]+\.[\w-]+\.[\w-]+"
    rb"|(?i:password|secret|token|api_key)[\"']?\s*[:=]\s*[\"']?[^\s\"']+"
)


def main() -> None:
    """Run the case that the arguments name."""
    case, imports = CASES[sys.argv[1]]
    for module in imports:
        import_module(module)
    begun = time.perf_counter()
    case(*sys.argv[2:])
    print(json.dumps({"seconds": time.perf_counter() - begun, "peak_bytes": _peak_bytes()}))


def write_log(kind: str, mebibytes: str, path: str) -> None:
    """Write a log of that size, the same for the same kind each time."""
    chance = random.Random(kind)
    write = _json_line if kind == "JSON log" else _line
    with Path(path).open("w") as log:
        size = 0
        while size < int(mebibytes) << 20:
            size += log.write(write(chance))


def plain_re(path: str) -> None:
    """Replace line by line."""
    with Path(path).open("rb") as log:
        for line in log:
            _PLAIN.sub(b"***", line)


def redact(path: str, known: str) -> None:
    """Redact with so many known secrets."""
    from evidence.redact import Redactor

    chance = random.Random(known)
    redactor = Redactor({f"SECRET_{number}": _secret(chance) for number in range(int(known))})
    stream = redactor.stream(_Nowhere())
    with Path(path).open("rb") as log:
        while block := log.read(BLOCK):
            stream.write(block)
    stream.close()


def record(directory: str, steps: str) -> None:
    """Record steps with a check each; the run's folder is moved to `directory`."""
    from evidence.models import GitState
    from evidence.run import open_run

    with open_run(
        Path(directory).parent,
        kind="bench",
        target="embedded",
        mode="embedded",
        operator="bench",
        host="bench",
        git=GitState(commit=None, dirty=False),
        tools={},
        configuration={},
        expected_checks=(),
        required_files=(),
        echo=lambda line: None,
    ) as run:
        for number in range(int(steps)):
            with run.step(f"step {number}"):
                run.check("it counts", expected=number, observed=number, passed=True)
    run.directory.rename(directory)


def seal(directory: str, config: str) -> None:
    """Seal without a picture."""
    from evidence.journal import FILE_NAME, read_journal
    from evidence.keys import load_signing_key
    from evidence.outcome import record_from
    from evidence.seal import seal

    path = Path(directory)
    record = record_from(read_journal(path / FILE_NAME).events)
    seal(path, record, load_signing_key(Path(config)), screenshot=False)


def report(directory: str, to: str) -> None:
    """Make the report again."""
    from evidence.inventory import RECORD_NAME, digests_of, take_inventory
    from evidence.models import RunRecord
    from evidence.report import stream_report

    path = Path(directory)
    record = RunRecord.model_validate_json((path / RECORD_NAME).read_bytes())
    digests = digests_of(path, take_inventory(path).files)
    with Path(to).open("w") as page:
        page.writelines(stream_report(record, path, digests))


def verify(directory: str, config: str) -> None:
    """Verify; RuntimeError when anything is found."""
    from evidence.verify import verify

    found = verify(Path(directory), config_dir=Path(config))
    # It was recorded elsewhere and moved, which is none of its seal's business.
    if not found.ok:
        raise RuntimeError(f"{directory}: {found.findings}")


_SIGNING = ("cryptography.hazmat.primitives.serialization", "evidence.private_keys")
# Each case, and what it imports, or what that does later on.
CASES: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "write-log": (write_log, ()),
    "plain-re": (plain_re, ()),
    "redact": (redact, ("evidence.redact",)),
    "record": (record, ("evidence.run",)),
    "seal": (seal, ("evidence.seal", "jinja2", *_SIGNING)),
    "report": (report, ("evidence.report", "jinja2")),
    "verify": (verify, ("evidence.verify", *_SIGNING)),
}


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        """Let go of it."""


def _line(chance: random.Random) -> str:
    """A line as Python's logging writes it; one in a thousand gives a token away."""
    words = " ".join(chance.choices(_WORDS, k=chance.randrange(4, 12)))
    slip = f" token={chance.getrandbits(128):032x}" if chance.random() < 0.001 else ""
    return (
        f"2026-01-31 14:{chance.randrange(60):02}:{chance.randrange(60):02},123 INFO "
        f"hotpass.stages.{chance.choice(_WORDS)} - {words} {chance.randrange(10**6)} rows in "
        f"{chance.random():.3f} s /srv/data/{chance.randrange(1000)}/refined.xlsx{slip}\n"
    )


def _json_line(chance: random.Random) -> str:
    """A line as a structured logger writes it: names, ids and digests, and counts of tokens."""
    event = {
        "timestamp": f"2026-01-31T14:{chance.randrange(60):02}:{chance.randrange(60):02}.123Z",
        "level": "info",
        "logger": "prefect.flow_runs",
        "message": " ".join(chance.choices(_WORDS, k=8)),
        "flow_run_id": f"{chance.getrandbits(128):032x}",
        "commit": f"{chance.getrandbits(160):040x}",
        "task_key": f"resolve-{chance.randrange(99)}",
        "count": chance.randrange(10**6),
        "token_count": chance.randrange(5000),
    }
    if chance.random() < 0.001:
        event["password"] = f"pw-{chance.getrandbits(64):x}"
    return json.dumps(event) + "\n"


def _secret(chance: random.Random) -> str:
    """A value as services issue them: hexadecimal, base64, or with punctuation."""
    value = f"{chance.getrandbits(160):040x}"
    return chance.choice(
        [value, f"{value[:20]}+Zq/{value[20:]}==", f"{value[:12]}&%!{value[12:18]}"]
    )


def _peak_bytes() -> int:
    """The most memory that this process alone had; the kernel's count for a child starts higher."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) * 1024
    import resource

    from benchmarks.measure import KIBIBYTES

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTES


if __name__ == "__main__":
    main()
