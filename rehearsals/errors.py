"""What can go wrong around a rehearsal, as sentences for the person at the terminal."""

from __future__ import annotations


class RehearsalError(Exception):
    """Base of every error of this package; the message says what, where and what to do."""

    exit_code = 1


class Usage(RehearsalError):
    """The command or `rehearsals.toml` asks for something that does not exist."""

    exit_code = 2


class BadRehearsalsFile(Usage):
    """`rehearsals.toml` cannot be used; `problems` holds every one, with its place."""

    def __init__(self, path: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{path} has {count}:", *(f"  {line}" for line in problems)]))


class Blocked(RehearsalError):
    """The rehearsal may not start now; nothing was touched."""

    exit_code = 3


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to end. A KeyboardInterrupt, so that no `except Exception` eats it."""

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        super().__init__(name)
