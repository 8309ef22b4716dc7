"""Random numbers as expressions: the same for a seed, a label and a row, on any machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

_STEP = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


@dataclass(frozen=True)
class Draws:
    """Draws for the rows of one frame; each label gives numbers independent of the others."""

    seed: int
    subject: str

    def number(self, label: str) -> pl.Expr:
        """A number of 64 bits a row (splitmix64 over the row's position)."""
        digest = hashlib.sha256(f"{self.seed}:{self.subject}:{label}".encode()).digest()
        row = pl.int_range(pl.len(), dtype=pl.UInt64)
        # Unsigned arithmetic wraps, which is what the mixing needs.
        value = row * _u64(_STEP) + _u64(int.from_bytes(digest[:8]))
        value = (value ^ (value // _u64(1 << 30))) * _u64(_MIX_1)
        value = (value ^ (value // _u64(1 << 27))) * _u64(_MIX_2)
        return value ^ (value // _u64(1 << 31))

    def below(self, label: str, limit: int | pl.Expr) -> pl.Expr:
        """A whole number from 0 until before the limit."""
        bound = _u64(limit) if isinstance(limit, int) else limit.cast(pl.UInt64)
        return (self.number(label) % bound).cast(pl.Int64)

    def between(self, label: str, first: int, last: int) -> pl.Expr:
        """A whole number from first to last, both possible."""
        return self.below(label, last - first + 1) + first

    def happens(self, label: str, share: float) -> pl.Expr:
        """True in that share of the rows."""
        return self.below(label, 1_000_000) < round(share * 1_000_000)

    def one_of(self, label: str, options: Sequence[str]) -> pl.Expr:
        """One of the options, each as likely as any other."""
        return pl.lit(pl.Series(options)).gather(self.below(label, len(options)))

    def weighted(self, label: str, weights: Mapping[str, int]) -> pl.Expr:
        """One of the options, as likely as its weight."""
        options = [option for option, weight in weights.items() for _ in range(weight)]
        return self.one_of(label, options)


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, pl.UInt64)
