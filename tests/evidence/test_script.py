"""`cli.sh` is what a person would type to run the commands again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evidence.journal import Event
from evidence.script import script_from

OPENED: Event = {
    "seq": 1,
    "event": "opened",
    "kind": "demo",
    "timestamp": "20260131T140000Z",
    "target": "embedded",
    "mode": "embedded",
    "working_directory": "/srv/project",
    "directory": "/srv/project/dist/staging/demo/20260131T140000Z",
}


def script_of(argv: list[str], *, exit_code: int | None = 0, **started: Any) -> str:
    begin: Event = {"seq": 2, "event": "command-started", "step": "first", "argv": list(argv)}
    begin |= {"log": "a.log", "env": {}, "cwd": None} | started
    end: Event = {"seq": 3, "event": "command-ended", "begun": 2, "exit_code": exit_code}
    end |= {"duration_seconds": 1.25, "timed_out": exit_code is None}
    return script_from([OPENED, begin, end])


def last_line(script: str) -> str:
    return script.splitlines()[-1]


def test_it_tells_the_run_the_step_and_how_each_command_ended() -> None:
    script = script_of(["hotpass", "overview"])

    assert "# The commands of run demo/20260131T140000Z, target embedded (embedded)" in script
    assert "\n# step: first\n# exited 0 after 1.2 s, log: a.log\nhotpass overview\n" in script


def test_secrets_are_read_from_the_environment() -> None:
    line = last_line(script_of(["curl", "-H", "Authorization: Bearer <redacted:API_TOKEN>"]))

    assert line == """curl -H 'Authorization: Bearer '"${API_TOKEN:?set API_TOKEN}\""""


def test_a_secret_with_an_odd_name_gets_one_that_a_shell_takes() -> None:
    assert last_line(script_of(["x", "<redacted:1st-key>"])) == 'x "${_1ST_KEY:?set _1ST_KEY}"'


def test_paths_are_relative_to_the_project_and_results_go_elsewhere() -> None:
    run = OPENED["directory"]
    argv = ["/srv/project/.venv/bin/tool", f"--out={run}/a.xlsx", f"{run}", "/srv/project-2/x"]

    line = last_line(script_of(argv))

    assert line == './.venv/bin/tool --out="$OUT"/a.xlsx "$OUT" /srv/project-2/x'


def test_a_relative_path_into_the_run_goes_elsewhere_too() -> None:
    argv = ["tool", "dist/staging/demo/20260131T140000Z/a.xlsx"]

    assert last_line(script_of(argv)) == 'tool "$OUT"/a.xlsx'


def test_the_added_environment_stands_before_the_command() -> None:
    env = {"PATH": "/srv/project/.venv/bin:$PATH", "MODE": "a b"}

    line = last_line(script_of(["tool"], env=env))

    assert line == """PATH="$PWD"/.venv/bin:"${PATH:-}" MODE='a b' tool"""


def test_another_working_directory_is_entered_for_that_command_alone() -> None:
    assert last_line(script_of(["ls"], cwd="/srv/project/data")) == "(cd ./data && ls)"
    assert last_line(script_of(["ls"], cwd="/srv/project")) == "ls"


def test_a_command_that_failed_does_not_stop_the_script() -> None:
    assert last_line(script_of(["false"], exit_code=1)) == 'false || echo "exit code $?"'


def test_a_command_whose_time_was_up_is_told_so() -> None:
    assert "# timed out after 1.2 s" in script_of(["sleep", "300"], exit_code=None)


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(st.lists(words, min_size=1, max_size=5))
def test_a_shell_reads_every_word_as_it_was_given(arguments: list[str]) -> None:
    script = script_of(["printf", "%s\\0", *arguments])

    output = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout

    assert output.decode().split("\0")[:-1] == arguments


@given(words)
def test_no_step_or_log_name_breaks_out_of_its_comment(name: str) -> None:
    script = script_of(["true"], step=name, log=name)

    output = subprocess.run(["bash", "-c", script], capture_output=True, check=True)

    assert output.stdout == output.stderr == b""


def test_the_script_of_a_real_run_runs(tmp_path: Path) -> None:
    script = script_of(["sh", "-c", "echo again > $0", f"{OPENED['directory']}/x"])

    subprocess.run(["bash", "-c", script], check=True, env={"OUT": str(tmp_path)})

    assert (tmp_path / "x").read_text() == "again\n"
