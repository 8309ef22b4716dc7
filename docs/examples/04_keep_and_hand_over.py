"""Seal what was cut off, list what is there, and make one file of the newest run."""

import sys

import evidence

root = sys.argv[1]

for recovered in evidence.recover_runs(root):
    print(f"recovered {recovered.record.run_id}: {recovered.record.reason}")

runs = evidence.list_runs(root)
for run in runs:
    print(f"{run.id}  {run.verdict}")

bundle = evidence.bundle_run(runs[0].path, to=".")
print(f"{bundle}: {evidence.verify_run(bundle).verdict}")
