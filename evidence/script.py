"""Write the commands of a run as a script that a person can read and run again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from pydantic import JsonValue

from evidence.journal import Event

_REDACTED = re.compile(r"<redacted:([^<>]*)>")


def script_from(events: Iterable[Event]) -> str:
    """The bash script of the commands that a journal tells of, in their order.

    Secrets are read from the environment under their names. Paths below the project are
    relative to it; what went into the run's directory goes into a new one.
    """
    story = tuple(events)
    opened: Event = story[0] if story else {}
    places = _Places(str(opened.get("working_directory")), str(opened.get("directory")))
    ends = {event.get("begun"): event for event in story if event.get("event") == "command-ended"}
    lines = [
        "#!/usr/bin/env bash",
        f"# The commands of run {opened.get('kind')}/{opened.get('timestamp')},"
        f" target {opened.get('target')} ({opened.get('mode')}), as they ran.",
        "# Run it in the project's folder; OUT is where results go, by default a new folder.",
        "set -eu",
        'OUT="${OUT:-$(mktemp -d)}"',
    ]
    step = None
    for event in story:
        if event.get("event") != "command-started":
            continue
        if event.get("step") != step:
            step = event.get("step")
            lines += ["", f"# step: {_comment(step)}"]
        end = ends.get(event.get("seq"), {})
        lines += [f"# {_comment(_how_it_ended(end))}, log: {_comment(event.get('log'))}"]
        line = _command(event, places)
        lines += [line if end.get("exit_code") == 0 else f'{line} || echo "exit code $?"']
    return "\n".join(lines) + "\n"


class _Places:
    """The two folders that a script must not name: where the project was, where the run was."""

    def __init__(self, project: str, run: str) -> None:
        self.project = project.rstrip("/")
        self.run = run.rstrip("/")
        below = self.run.removeprefix(self.project + "/")
        inside = below if below != self.run else None
        names = [re.escape(name) for name in (self.run, inside) if name]
        self._run_path = re.compile(rf"(?<![^=:,'\"\s])(?:{'|'.join(names)})(?=[/:,'\"\s]|$)")
        self._project_path = re.compile(rf"(?<![^=:,'\"\s]){re.escape(self.project)}(?=[/:]|$)")

    def portable(self, text: str, project: str) -> str:
        """The text with `\\0OUT` for the run's folder and `project` for the project's."""
        text = self._run_path.sub("\0OUT", text)
        return self._project_path.sub(lambda _: project, text)


def _command(event: Event, places: _Places) -> str:
    argv, env = event.get("argv"), event.get("env")
    words = [_word(str(word), places) for word in argv] if isinstance(argv, list) else []
    assignments = [
        f"{name}={_value(name, str(value), places)}"
        for name, value in (env.items() if isinstance(env, dict) else ())
    ]
    line = " ".join([*assignments, *words])
    folder = event.get("cwd")
    if folder is None or str(folder).rstrip("/") == places.project:
        return line
    return f"(cd {_word(str(folder), places)} && {line})"


def _word(text: str, places: _Places) -> str:
    return _quoted(places.portable(text, "."))


def _value(name: str, text: str, places: _Places) -> str:
    # The value that was around when the command ran is the one that is around now.
    parts = places.portable(text, "\0PWD").split(f"${name}")
    return f'"${{{name}:-}}"'.join(_quoted(part) if part else "" for part in parts)


def _quoted(text: str) -> str:
    """One shell word; secrets become the variables that hold them."""
    parts = re.split(r"(\0OUT|\0PWD|<redacted:[^<>]*>)", text)
    return "".join(_part(part) for part in parts if part) or "''"


def _part(part: str) -> str:
    if part.startswith("\0"):
        return f'"${part[1:]}"'
    if secret := _REDACTED.fullmatch(part):
        name = re.sub(r"\W", "_", secret[1], flags=re.ASCII).upper() or "SECRET"
        name = f"_{name}" if name[0].isdigit() else name
        return f'"${{{name}:?set {name}}}"'
    return shlex.quote(part)


def _how_it_ended(end: Event) -> str:
    seconds = end.get("duration_seconds")
    took = f" after {seconds:.1f} s" if isinstance(seconds, int | float) else ""
    if end.get("timed_out"):
        return f"timed out{took}"
    code = end.get("exit_code")
    return "did not end" if code is None else f"exited {code}{took}"


def _comment(value: JsonValue) -> str:
    return " ".join(str(value).split())
