"""The one object that a rehearsal sees: its verbs are the whole vocabulary, each journaled.

`open_run` makes the run's directory and journal, and closes both whatever happens between.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from evidence.artefacts import (
    artefact_path,
    make_run_directory,
    measure_file,
    save_file,
    sync_files,
)
from evidence.clock import SYSTEM_CLOCK, Clock
from evidence.command import CommandResult, Recording, record_command
from evidence.errors import CannotRecord, EvidenceError, sentence_of
from evidence.holding import hold_directory
from evidence.journal import FILE_NAME, Journal, read_journal
from evidence.models import GitState, Mode, Outcome, Setting
from evidence.processes import end_processes, identify, marked_processes, new_mark
from evidence.redact import Redactor
from evidence.script import script_from

__all__ = ["CommandResult", "Run", "open_run"]

_TOO_SHORT = "The secret '{}' is too short to be redacted."


@contextlib.contextmanager
def open_run(
    root: Path,
    *,
    kind: str,
    target: str,
    mode: Mode,
    operator: str,
    host: str,
    git: GitState,
    tools: Mapping[str, str],
    configuration: Mapping[str, Setting],
    expected_checks: Sequence[str],
    required_files: Sequence[str],
    expected_steps: Sequence[str] = (),
    drill: bool = False,
    simulated: Sequence[str] = (),
    override: str | None = None,
    secrets: Mapping[str, str] | None = None,
    previous: str | None = None,
    echo: Callable[[str], None] = print,
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[Run]:
    """Open a run in `<root>/<kind>/<timestamp>`; leaving the block ends it, and seals nothing.

    Steps, checks and files that were expected and never came show in the record. `secrets` are
    values by name that no file may hold. `previous` is the statement digest of the run before.
    Leaving by an exception journals how the run broke off and lets it through;
    a KeyboardInterrupt is an interruption, named by its `name`. Raises CannotRecord when the
    disk refuses.
    """
    directory = make_run_directory(root, kind, clock)
    redactor = Redactor()
    given = (secrets or {}).items()
    too_short = [name for name, value in given if value and not redactor.learn(name, value)]
    mark = new_mark()
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold_directory(directory))
        journal = Journal(directory / FILE_NAME, redactor.data, clock)
        stack.callback(journal.close)
        journal.append(
            "opened",
            format_version=1,
            kind=kind,
            timestamp=directory.name,
            target=target,
            mode=mode,
            drill=drill,
            simulated=tuple(simulated),
            operator=operator,
            host=host,
            git=git,
            tools=dict(tools),
            configuration=dict(configuration),
            override=override,
            expected_checks=tuple(expected_checks),
            required_files=tuple(required_files),
            expected_steps=tuple(expected_steps),
            previous_run=previous,
            machine=platform.node(),
            process=identify(os.getpid()),
            mark=mark,
            directory=directory.absolute(),
            working_directory=Path.cwd(),
        )
        run = Run(target, mode, Recording(directory, journal, redactor, echo, mark))
        error: BaseException | None = None
        try:
            try:
                for name in too_short:
                    run.note(_TOO_SHORT.format(name))
                yield run
            except BaseException as raised:
                error = raised
            error = run.end(error)
        except KeyboardInterrupt as interruption:
            # It came between two parts of the end; those that are left still have their turn.
            error = run.end(error or interruption)
        if error is not None:
            raise error


class Run:
    """A run that is open. Everything that it is given is redacted before it is written.

    `redactor` knows the run's secrets, for whoever looks through its files later.
    """

    def __init__(self, target: str, mode: Mode, recording: Recording) -> None:
        self.directory = recording.directory
        self.kind = recording.directory.parent.name
        self.timestamp = recording.directory.name
        self.target = target
        self.mode: Mode = mode
        self.redactor = recording.redactor
        self._recording = recording
        self._journal = recording.journal
        self._steps: list[str] = []
        self._clean_ups: list[tuple[str, Callable[[], None]]] = []
        self._artefacts: set[Path] = set()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A named part of the run; an exception inside is recorded and comes through."""
        begun = self._journal.append("step-started", step=name)["seq"]
        self._steps.append(name)
        ended = {"step": name, "begun": begun}
        try:
            yield
        except BaseException as error:
            outcome: Outcome = "failed" if isinstance(error, Exception) else "interrupted"
            # A journal that takes no more must not hide what ended the step.
            with contextlib.suppress(CannotRecord):
                self._journal.append(
                    "step-ended", **ended, outcome=outcome, problem=sentence_of(error)
                )
            raise
        else:
            self._journal.append("step-ended", **ended, outcome="done", problem=None)
        finally:
            self._steps.pop()

    def command(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        log: str,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> CommandResult:
        """Run a command to its end, its output to the terminal and, redacted, to `log`.

        `env` is added to this process's environment. After `timeout` seconds the command's
        whole process group is ended. How it ended is for a check to judge.
        """
        try:
            result = record_command(
                self._recording,
                argv,
                step=self._step,
                log=log,
                timeout=timeout,
                env=env or {},
                cwd=cwd,
            )
        except BaseException:
            # What it had said is evidence too, unless the disk took nothing of it.
            with contextlib.suppress(EvidenceError):
                self.adopt(log)
            raise
        self.adopt(log)
        return result

    def check(
        self,
        name: str,
        *,
        expected: object,
        observed: object,
        passed: bool,
        artefact: str | None = None,
        line: int | None = None,
    ) -> bool:
        """Record an assertion and return whether it passed; one that failed stops nothing.

        `artefact` (and its `line`, from 1) is where a reader sees it.
        """
        self._journal.append(
            "check",
            step=self._step,
            name=name,
            expected=str(expected),
            observed=str(observed),
            passed=bool(passed),
            artefact=artefact,
            line=line,
        )
        return bool(passed)

    def save(self, name: str, content: object) -> Path:
        """Write an artefact without secrets: text, bytes, or anything else as JSON."""
        path = artefact_path(self.directory, name)
        save_file(path, content, self.redactor)
        return self.adopt(name)

    def adopt(self, name: str) -> Path:
        """Make an artefact of a file that is in the run's directory already, as it is.

        Raises MissingArtefact when it is not there or is not a plain file.
        """
        path = artefact_path(self.directory, name)
        self._record_artefact(name, path)
        return path

    def note(self, text: str) -> None:
        """Leave a sentence for the reader of the evidence."""
        self._journal.append("note", step=self._step, text=text)

    def block(self, reasons: Sequence[str]) -> None:
        """Say that nothing is rehearsed, because of preconditions that are not met."""
        self._journal.append("blocked", step=self._step, reason=" ".join(reasons))

    def record_drill(
        self, fault: str, *, expected_red: Sequence[str], observed_red: Sequence[str]
    ) -> None:
        """Record a fault that was injected, the checks it must turn red, and those it did."""
        self._journal.append(
            "drill",
            step=self._step,
            fault=fault,
            expected_red=tuple(expected_red),
            observed_red=tuple(observed_red),
        )

    def record_process(self, name: str, pid: int) -> None:
        """Record a server that runs beside the rehearsal, so that a recovery can end it."""
        self._journal.append("process", step=self._step, name=name, process=identify(pid))

    @property
    def environment(self) -> dict[str, str]:
        """What to start a server with, so that all that it starts can be found and ended."""
        return {**os.environ, self._recording.mark: "1"}

    def learn_secret(self, name: str, value: str) -> None:
        """Redact that value from now on, as `<redacted:name>`; a note says when it is too short."""
        self._journal.append("secret-learnt", step=self._step, name=name)
        if not self.redactor.learn(name, value):
            self.note(_TOO_SHORT.format(name))

    def cleanup(
        self, name: str, action: Callable[[], None], *, recovery: Sequence[str] | None = None
    ) -> None:
        """Have an action run at the end of the run, whatever ends it; the newest runs first.

        `recovery` is a command that does the same, for when this process is gone by then; it
        may run after the action, or a part of it, was done.
        """
        self._journal.append("clean-up-due", step=self._step, name=name, recovery=recovery)
        self.take_over_cleanup(name, action)

    def take_over_cleanup(self, name: str, action: Callable[[], None]) -> None:
        """Have an action run at the end for a clean-up that is in the journal as due already."""
        self._clean_ups.append((name, action))

    def end(self, error: BaseException | None) -> BaseException | None:
        """Clean up and journal the end; `open_run` does this. Returns what the run ended with."""
        while self._clean_ups:
            raised = _raised_by(self._clean_up_newest)
            error = error or raised
        for part in (self._end_processes, self._write_script, self._sync):
            raised = _raised_by(part)
            error = error or raised
        if error is None and self._journal.lost:
            error = EvidenceError(f"The run is not fully recorded: {self._journal.lost}")
        raised = _raised_by(lambda: self._journal_end(error))
        return error or raised

    @property
    def _step(self) -> str:
        return self._steps[-1] if self._steps else ""

    def _record_artefact(self, name: str, path: Path) -> None:
        size, digest = measure_file(path, name)
        self._artefacts.add(path)
        self._journal.append("artefact", step=self._step, name=name, size=size, sha256=digest)

    def _clean_up_newest(self) -> None:
        name, action = self._clean_ups[-1]
        raised = _raised_by(action)
        self._clean_ups.pop()
        problem = None if raised is None else sentence_of(raised)
        self._journal.append("clean-up", name=name, problem=problem)
        if raised is not None and not isinstance(raised, Exception):
            raise raised

    def _end_processes(self) -> None:
        left = marked_processes(self._recording.mark)
        if left:
            end_processes(left)
            count = "1 process" if len(left) == 1 else f"{len(left)} processes"
            self.note(f"{count} outlived what had started them and had to be ended.")

    def _write_script(self) -> None:
        path = self.directory / "cli.sh"
        script = script_from(read_journal(self.directory / FILE_NAME).events)
        save_file(path, script, self.redactor)
        self._record_artefact(path.name, path)

    def _sync(self) -> None:
        # Once for all, before the end is journaled: a file at a time would cost each step its own.
        sync_files(sorted(self._artefacts))

    def _journal_end(self, error: BaseException | None) -> None:
        counts = self.redactor.counts
        if error is None:
            self._journal.append("finished", redactions=counts)
        elif isinstance(error, KeyboardInterrupt | GeneratorExit):
            name = getattr(error, "name", "SIGINT")
            self._journal.append("interrupted", signal=name, redactions=counts)
        else:
            self._journal.append("crashed", problem=sentence_of(error), redactions=counts)


def _raised_by(action: Callable[[], None]) -> BaseException | None:
    """What an action raises, an interruption included: at the end everything has its turn."""
    try:
        action()
    except BaseException as raised:
        return raised
    return None
