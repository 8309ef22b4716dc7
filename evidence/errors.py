"""What can go wrong around evidence, as sentences for the person at the terminal."""

from __future__ import annotations


class EvidenceError(Exception):
    """Base of every error of this package; the message says what, where and what to do."""
