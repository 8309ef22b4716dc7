"""Which row of a sheet names its columns, and which field each column holds."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from hotpass.config.profile import Profile, header_key
from hotpass.errors import BadInput
from hotpass.sources.sheet import Sheet

SEARCHED_ROWS = 50
NAME_FIELD = "organisation_name"
OWN_COLUMNS = {header_key(name): name for name in ("organisation_id", "source_count")}
"""What a refined list has beside the input fields; no profile need know it."""

_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")


@dataclass(frozen=True)
class Vocabulary:
    """The headers that a profile knows, by their key: each one's field and rank in it."""

    profile_name: str
    fields: dict[str, str]
    ranks: dict[str, int]
    ignored: frozenset[str]
    refuses_unknown: bool

    @classmethod
    def of(cls, profile: Profile) -> Vocabulary:
        """The vocabulary of a profile."""
        headers = [
            (header_key(header), field, rank)
            for field, aliases in profile.columns.items()
            for rank, header in enumerate(aliases)
        ]
        return cls(
            profile_name=profile.name,
            fields={key: field for key, field, _ in reversed(headers)},
            ranks={key: rank for key, _, rank in reversed(headers)},
            ignored=frozenset([*map(header_key, profile.ignored_columns), *OWN_COLUMNS]),
            refuses_unknown=profile.unknown_columns == "refuse",
        )

    def key_of(self, text: str) -> str | None:
        """The known key of a header as written, with or without what stands in brackets."""
        for key in (header_key(text), header_key(_IN_BRACKETS.sub("", text))):
            if key in self.fields or key in self.ignored:
                return key
        return None

    def advice_for(self, text: str) -> str:
        """What to do about a header that is not known."""
        near = difflib.get_close_matches(header_key(text), self.fields, n=1)
        nearest = f"nearest field: {self.fields[near[0]]}" if near else "near no field"
        return f"'{text}' ({nearest})"


@dataclass(frozen=True)
class Header:
    """The header of a sheet, one row or two.

    `position` is the place of its last row in the sheet's cells, and `written` what its rows
    say, by column. `texts` holds the header of each column, put together from both rows;
    `keys` the known ones among them; a column of neither field nor key is unknown.
    """

    position: int
    texts: dict[int, str]
    keys: dict[int, str]
    written: tuple[dict[int, str], ...]


def find_header(sheet: Sheet, vocabulary: Vocabulary) -> Header:
    """The row or the two rows, among the first 50, with the most headers that the profile knows.

    Raises BadInput when there is none, when no column holds the organisation's name, or
    when a column is not known and the profile refuses such columns.
    """
    best: tuple[tuple[int, int, bool], Header] | None = None
    above: dict[int, str] = {}
    for position, row in enumerate(sheet.cells.head(SEARCHED_ROWS).iter_rows()):
        texts = {column: text for column, text in enumerate(row) if text is not None}
        for header in (
            _one_row(position, texts, vocabulary),
            _two_rows(position, above, texts, vocabulary),
        ):
            fields = {vocabulary.fields.get(key) for key in header.keys.values()}
            known = set(header.keys.values())
            has_name = NAME_FIELD in fields
            # A known word that stands alone is a title, unless there is but one column.
            is_title = len(set(texts.values())) == 1 and sheet.cells.width > 1
            is_header = len(known) >= 2 or (has_name and not is_title)
            score = len(known), len(fields), has_name
            if is_header and (best is None or score > best[0]):
                best = score, header
        above = texts
    if best is None:
        raise BadInput(
            f"No row in the first {SEARCHED_ROWS} of {sheet.place} has headers that profile "
            f"'{vocabulary.profile_name}' knows; write a header row above the table, or leave the "
            "sheet out with ignored_sheets in the profile."
        )
    header = best[1]
    if vocabulary.refuses_unknown:
        _refuse_unknown(sheet, header, vocabulary)
    if NAME_FIELD not in {vocabulary.fields.get(key) for key in header.keys.values()}:
        raise BadInput(
            f"No column of {sheet.place} (header in row {sheet.row_numbers[header.position]}) "
            f"holds the organisation's name; add its header to columns.{NAME_FIELD} of profile "
            f"'{vocabulary.profile_name}', or the sheet to ignored_sheets."
        )
    return header


def _one_row(position: int, texts: dict[int, str], vocabulary: Vocabulary) -> Header:
    keys = {column: key for column, text in texts.items() if (key := vocabulary.key_of(text))}
    return Header(position, texts, keys, (texts,))


def _two_rows(
    position: int, above: dict[int, str], below: dict[int, str], vocabulary: Vocabulary
) -> Header:
    """A row with the one above it: `Contact` over `Name` and `Tel` is `Contact Name` and `Tel`.

    What stands above reaches to the right until the next text; above a blank it is a header
    by itself.
    """
    texts: dict[int, str] = {}
    keys: dict[int, str] = {}
    group = ""
    for column in range(max([*above, *below], default=-1) + 1):
        group = above.get(column, group)
        text = below.get(column)
        together = f"{group} {text}" if text is not None else above.get(column)
        for candidate in (together, text):
            if candidate is not None and (key := vocabulary.key_of(candidate)):
                texts[column], keys[column] = candidate, key
                break
        else:
            if (unknown := text or together) is not None:
                texts[column] = unknown
    return Header(position, texts, keys, (above, below))


def _refuse_unknown(sheet: Sheet, header: Header, vocabulary: Vocabulary) -> None:
    unknown = [
        f"{vocabulary.advice_for(text)} in {sheet.cell(header.position, column)}"
        for column, text in header.texts.items()
        if column not in header.keys
    ]
    if unknown:
        columns = "column" if len(unknown) == 1 else "columns"
        raise BadInput(
            f"Profile '{vocabulary.profile_name}' does not know the {columns} "
            f"{', '.join(unknown)} of {sheet.place}; add each to a field under columns, "
            "or to ignored_columns, in the profile."
        )
