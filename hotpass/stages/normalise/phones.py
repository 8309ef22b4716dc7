"""Telephone numbers: any way of writing one becomes E.164."""

from __future__ import annotations

import re

import phonenumbers
import polars as pl

from hotpass.config.profile import Profile

SEPARATORS = re.compile(r"\s*(?:[;,/|&\n]|\b(?:or|and|of|en)\b)\s*", re.IGNORECASE)
KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "uan")


def read_phones(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as a number of `profile.default_region` unless it names a country.

    Of several numbers in one cell the first valid one is taken and the others are reported.
    """
    plain = _read_plain(texts, profile.default_region)
    rest = texts.filter(plain.is_null())
    readings = [_read(text, profile.default_region) for text in rest]
    slow = pl.DataFrame(
        {
            "text": rest,
            "read": pl.Series([read for read, _ in readings], dtype=pl.String),
            "problem": pl.Series([problem for _, problem in readings], dtype=pl.String),
        }
    )
    return (
        pl.DataFrame({"text": texts, "plain": plain})
        .join(slow, on="text", how="left", maintain_order="left")
        .select(pl.coalesce("plain", "read").alias("read"), "problem")
    )


def read_phone(text: str, region: str) -> str | None:
    """Read one text as a number of `region`; null where it cannot be dialled."""
    return _read(text, region)[0]


def _read_plain(texts: pl.Series, region: str) -> pl.Series:
    """Read what needs no parser: digits, spaces and brackets that fit the region's numbering plan.

    The patterns are phonenumbers' own, so that both ways agree; regions whose national prefix
    is more than a plain 0 are left to the parser.
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    nothing = pl.Series(texts.name, [None] * texts.len(), dtype=pl.String)
    if metadata is None or metadata.fixed_line is None:
        return nothing
    if not metadata.national_prefix_for_parsing == "0" == metadata.national_prefix:
        return nothing
    shortest = min(metadata.fixed_line.possible_length)
    kinds = [getattr(metadata, kind) for kind in KINDS]
    numbers = "|".join(kind.national_number_pattern for kind in kinds if kind is not None)
    code = metadata.country_code
    digits = texts.str.replace_all(r"[\s().\-]", "").str.extract(
        rf"^(?:(?:\+|00)?{code})?0?({numbers})$", 1
    )
    long_enough = digits.str.len_chars() >= shortest
    return (f"+{code}" + digits).to_frame("e164").select(pl.when(long_enough).then("e164"))["e164"]


def _read(text: str, region: str) -> tuple[str | None, str | None]:
    text = _undo_float(text)
    parts = [part for part in SEPARATORS.split(text) if part]
    found = [number for part in parts if (number := _parse(part, region))]
    unread = [part for part in parts if not _parse(part, region) and re.search(r"\d", part)]
    if not found:
        found, unread = _parse_run(text, region), []
    if not found:
        return None, "Not a telephone number that can be dialled."
    first, *others = (_format(number) for number in found)
    notes = []
    if others := [other for other in others if other != first]:
        notes.append(f"Holds several numbers; kept the first, set aside {', '.join(others)}.")
    if found[0].extension:
        notes.append(f"The extension {found[0].extension} was set aside.")
    if unread:
        notes.append(f"{', '.join(unread)} cannot be dialled.")
    return first, " ".join(notes) or None


def _undo_float(text: str) -> str:
    """Undo what a spreadsheet does to a number that it takes for a quantity."""
    if re.fullmatch(r"\d+\.0+|\d(?:\.\d+)?[eE]\+?\d{1,2}", text):
        return f"{float(text):.0f}"
    return text


def _parse_run(text: str, region: str) -> list[phonenumbers.PhoneNumber]:
    """Find numbers that only spaces keep apart: words are joined until they can be dialled."""
    found, so_far = [], ""
    for word in text.split():
        so_far = f"{so_far} {word}".strip()
        if number := _parse(so_far, region):
            found.append(number)
            so_far = ""
    return found


def _parse(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if _is_sound(number) else None


def _is_sound(number: phonenumbers.PhoneNumber) -> bool:
    """Tell whether it can be dialled; truncated numbers that a plan reserves are not sound."""
    if not phonenumbers.is_valid_number(number):
        return False
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(
        phonenumbers.region_code_for_number(number) or "001", None
    )
    if metadata is None or metadata.fixed_line is None or not metadata.fixed_line.possible_length:
        return True
    national = phonenumbers.national_significant_number(number)
    return len(national) >= min(metadata.fixed_line.possible_length)


def _format(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
