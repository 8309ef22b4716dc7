"""The row of sealed runs of one kind on one target: each statement names the one before it.

What was taken out, put in or dated back shows, as far as a later statement rests on it. What no
chain can show is that the newest runs are gone: nothing that is left speaks of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from evidence.findings import Finding
from evidence.models import Verdict
from evidence.statement import Attestation
from evidence.verification import Chain


@dataclass(frozen=True)
class Link:
    """A sealed run as its statement has it.

    `digest` is the SHA-256 (hex) of the statement, `previous` that of the run that was sealed
    before it.
    """

    kind: str
    target: str
    timestamp: str
    started: datetime
    verdict: Verdict
    digest: str
    previous: str | None

    @property
    def run_id(self) -> str:
        """`<kind>/<timestamp>`."""
        return f"{self.kind}/{self.timestamp}"


def link_of(attestation: Attestation) -> Link:
    """The link that an attestation is."""
    said = attestation.predicate
    return Link(
        kind=said.kind,
        target=said.target,
        timestamp=said.timestamp,
        started=said.started,
        verdict=said.verdict,
        digest=attestation.digest,
        previous=said.previous,
    )


def find_chains(
    links: Iterable[Link], unsealed: Iterable[tuple[str, str, str]] = ()
) -> tuple[Chain, ...]:
    """The chain of each kind and target, with every place where it is not whole.

    A statement that is there twice, as a directory and as a bundle, counts once. `unsealed`
    are kind, target and timestamp of runs that are no part of a chain yet; that is noted.
    """
    known = {link.digest: link for link in links}
    groups: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in known.values():
        groups[link.kind, link.target].append(link)
    waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, target, timestamp in unsealed:
        waiting[kind, target].append(f"{kind}/{timestamp} is not sealed, so it is no part of this")
    return tuple(
        _chain(sorted(group, key=_date), known, waiting[place])
        for place, group in sorted(groups.items())
    )


def newest_link(links: Iterable[Link]) -> Link | None:
    """The run that the next one follows: of those that none follows, the one dated last.

    A run that was recorded while the clock was set back follows another and is dated before
    it, so the date alone would let two runs follow the same one.
    """
    own = tuple(links)
    followed = {link.previous for link in own}
    ends = [link for link in own if link.digest not in followed]
    return max(ends, key=_date, default=None)


def _date(link: Link) -> tuple[str, datetime, str]:
    return link.timestamp, link.started, link.digest


def _chain(row: list[Link], known: dict[str, Link], notes: list[str]) -> Chain:
    newest = newest_link(row) or row[-1]
    return Chain(
        kind=newest.kind,
        target=newest.target,
        runs=tuple(link.run_id for link in row),
        newest=newest.digest,
        findings=tuple(_breaks(row, known)),
        notes=(*_closed_late(row, known), *notes),
    )


def _breaks(row: list[Link], known: dict[str, Link]) -> Iterator[Finding]:
    followers: dict[str | None, list[Link]] = defaultdict(list)
    for link in row:
        followers[link.previous].append(link)
    for previous, after in followers.items():
        if len(after) > 1:
            names = ", ".join(link.run_id for link in after)
            detail = f"each of these follows {_name(previous, known)}: {names}"
            yield Finding(kind="forked", path=None, detail=detail)
    for link in row:
        if link.previous is not None:
            yield from _step_back(link, known)


def _step_back(link: Link, known: dict[str, Link]) -> Iterator[Finding]:
    """What is wrong between a run and the one that it follows."""
    before = known.get(link.previous or "")
    if before is None:
        detail = f"{link.run_id} follows a run that is not here, of statement {link.previous}"
        yield Finding(kind="deleted", path=None, detail=detail)
    elif (before.kind, before.target) != (link.kind, link.target):
        detail = f"{link.run_id} follows {before.run_id}, which ran on {before.target}"
        yield Finding(kind="forked", path=None, detail=detail)
    elif _is_dated_before(link, before) and link.verdict != "incomplete":
        detail = f"{link.run_id} follows {before.run_id}, which is dated after it"
        yield Finding(kind="backdated", path=None, detail=detail)


def _closed_late(row: list[Link], known: dict[str, Link]) -> Iterator[str]:
    """A run that broke off may be sealed after later ones, by a recovery; it follows those."""
    for link in row:
        before = known.get(link.previous or "")
        if before and link.verdict == "incomplete" and _is_dated_before(link, before):
            yield f"{link.run_id} broke off and was sealed after {before.run_id}"


def _is_dated_before(link: Link, other: Link) -> bool:
    return link.timestamp <= other.timestamp or link.started < other.started


def _name(digest: str | None, known: dict[str, Link]) -> str:
    if digest is None:
        return "none, as only the first does"
    return known[digest].run_id if digest in known else f"the run of statement {digest}"
