"""Accept a run only if it passed, is whole, recent and real, and one known key sealed it."""

import sys
from datetime import timedelta

import evidence

path, fingerprint = sys.argv[1:]

found = evidence.verify_run(
    path, signer=fingerprint, require_mode="live", max_age=timedelta(days=1)
)
for finding in found.findings:
    print(f"{finding.kind}: {finding.path or path}: {finding.detail}")
print(f"{found.run_id}: {found.verdict}, {'whole' if found.ok else 'not to be trusted'}")
sys.exit(0 if found.ok and found.verdict == "passed" else 1)
