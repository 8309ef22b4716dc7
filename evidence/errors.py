"""What can go wrong around evidence, as sentences for the person at the terminal."""

from __future__ import annotations

_LONGEST_SENTENCE = 1000


class EvidenceError(Exception):
    """Base of every error of this package; the message says what, where and what to do."""


class CannotRecord(EvidenceError):
    """The disk refused to take evidence (full, read-only, gone); such a run can never pass."""

    def __init__(self, path: object, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__(f"{path} cannot be written: {reason}; make room or choose another place.")


class BadJournal(EvidenceError):
    """A journal does not hold what a run's record is computed from."""


class BadName(EvidenceError):
    """A name that a file of the evidence cannot have, or that is taken."""


class MissingArtefact(EvidenceError):
    """A file that was to become evidence is not there, or is not a plain file."""


class CannotStart(EvidenceError):
    """A command could not be started at all."""


class RunHeld(EvidenceError):
    """A run that another process is at; it is left alone."""


class BadKey(EvidenceError):
    """A signing or verifying key that cannot or must not be used."""


class MissingPackage(EvidenceError):
    """Something that only an extra of this package brings, and that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs more packages; run: pip install 'hotpass[{extra}]'")


class SealRefused(EvidenceError):
    """A run that must not be sealed as it is; nothing was signed."""


class BrowserFailed(EvidenceError):
    """A picture that could not be taken."""


class BadOption(EvidenceError):
    """An option of a command that cannot be meant."""

    exit_code = 2


class BadBundle(EvidenceError):
    """A file that is not a bundle, to the byte, or a run that no bundle can be made of."""


def sentence_of(error: BaseException) -> str:
    """What an error says, in one line; errors of other packages with their type's name."""
    text = " ".join(str(error).split())
    if not isinstance(error, EvidenceError):
        kind = type(error).__name__
        text = f"{kind}: {text}" if text else kind
    return text if len(text) <= _LONGEST_SENTENCE else text[:_LONGEST_SENTENCE] + " […]"
