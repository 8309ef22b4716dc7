"""What can go wrong in the pipeline, as sentences for the person who runs it."""

from __future__ import annotations


class HotpassError(Exception):
    """Base of every error of this package; the message says what, where and what to do."""

    exit_code = 1


class BadInput(HotpassError):
    """A file, sheet, row, column, profile or setting that cannot be used as it is."""

    exit_code = 2


class CannotWrite(HotpassError):
    """An output could not be written; nothing half written was left behind."""


class CheckFailed(HotpassError):
    """A check that the command was asked to make did not hold."""


class InternalError(HotpassError):
    """The pipeline broke one of its own laws: a defect of Hotpass, not of the input."""
