"""Record a backup: what ran, what it said, and a seal over both."""

import sys

import evidence

source, archive = sys.argv[1:]

with evidence.record("dist/evidence", kind="backup", target="archive") as run:
    packed = run.command(["tar", "-cf", archive, source], log="tar.log")
    run.check("tar exits 0", expected=0, observed=packed.exit_code, passed=packed.exit_code == 0)

print(run.directory)
