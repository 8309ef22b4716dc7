"""Texts: spaces, invisible characters and wrongly decoded letters put right."""

from __future__ import annotations

import polars as pl

from hotpass.config.profile import Profile

# Zero-width characters, soft hyphens, byte order marks, directional marks and control characters.
INVISIBLE = r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\x00-\x08\x0e-\x1f\x7f]"
# UTF-8 read as Windows-1252 leaves one of these letters in front of what was a continuation byte.
MOJIBAKE = (
    r"[ÂÃÅâ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013-\u2122\u20ac]"
)
REPEATED_DECODINGS = 3
LOST_CHARACTER = "\ufffd"
PLACEHOLDER = (
    r"(?i)^(?:[-–—_.?*/\\#]+|n\.?/?a\.?|n/k|nil|none|null|nan|unknown|unk|tba|tbc|tbd"
    r"|not (?:known|available|applicable|provided)|geen|onbekend"
    r"|#(?:n/a|ref!|value!|name\?|null!|div/0!))$"
)


def tidy(texts: pl.Series) -> pl.Series:
    """Decode mojibake, compose accents, drop what cannot be seen, and make spaces single."""
    broken = texts.filter(texts.str.contains(MOJIBAKE)).unique()
    if broken.len():
        texts = texts.replace(broken, pl.Series([_decode(text) for text in broken]))
    return (
        texts.str.normalize("NFC")
        .str.replace_all(INVISIBLE, "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )


def blank_placeholders(texts: pl.Series) -> pl.Series:
    """Make null what stands for "nothing": dashes, n/a, unknown, spreadsheet errors."""
    nothing = (texts == "") | texts.str.contains(PLACEHOLDER)
    return texts.to_frame("text").select(pl.when(~nothing).then("text"))["text"]


def read_texts(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Keep tidied texts as they are, naming those in which a character was lost before."""
    lost = pl.col("read").str.contains(LOST_CHARACTER, literal=True)
    return texts.to_frame("read").with_columns(
        problem=pl.when(lost).then(pl.lit("A character was lost before this file was saved."))
    )


def _decode(text: str) -> str:
    for _ in range(REPEATED_DECODINGS):
        try:
            decoded = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            break
        if decoded == text:
            break
        text = decoded
    return text
