"""The known name nearest to one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` to put behind a message, or nothing when no known name is near."""
    folded = {candidate.casefold(): candidate for candidate in known}
    nearest = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean '{folded[nearest[0]]}'?" if nearest else ""
