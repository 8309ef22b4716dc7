"""Say beforehand what has to be shown, keep a password out of all of it, and clean up."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import evidence

source, archive = map(Path, sys.argv[1:])
restored = Path("restored")


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


with evidence.record(
    "dist/evidence",
    kind="backup",
    target="archive",
    # A check, a step or a file that never comes makes the run failed.
    expected_steps=("pack", "restore"),
    expected_checks=("the archive has every file", "the archive is younger than its source"),
    required_files=("restored.json",),
    configuration={"source": str(source), "archive": str(archive)},
    secrets={"STORE_PASSWORD": os.environ["STORE_PASSWORD"]},
) as run:
    # Clean-ups run whatever happens. The command is for `recover_runs`, should this be killed.
    run.cleanup(
        "remove what was restored",
        lambda: shutil.rmtree(restored, ignore_errors=True),
        recovery=["rm", "-rf", str(restored.absolute())],
    )
    with run.step("pack"):
        run.command(["tar", "-cf", archive, "-C", source, "."], log="pack.log")
        run.command(["sh", "-c", 'echo "stored with $STORE_PASSWORD"'], log="store.log")

    with run.step("restore"):
        restored.mkdir()
        run.command(["tar", "-xf", archive, "-C", restored], log="restore.log")
        run.save("restored.json", digests(restored))
        run.check(
            "the archive has every file",
            expected=digests(source),
            observed=digests(restored),
            passed=digests(source) == digests(restored),
            artefact="restored.json",
        )

    # The second check was promised and is not made: this run cannot pass.
    run.note("Ages are not compared yet.")

print((run.directory / "store.log").read_text(), end="")
print(evidence.verify_run(run.directory).verdict)
