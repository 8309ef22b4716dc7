"""Markdown from templates, in which no value of a run can be more than text.

Every `{{ value }}` of a template is escaped, unless a filter made Markdown of it:
`code` and `link` do. A forgotten filter thus costs looks, never the document.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import evidence
from rehearsals.errors import RehearsalError

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_VALUE = 400
"""Characters of one value; the report holds the whole of it."""

_PLAIN_CODE = re.compile(r"[\w./:@+=,{}()-][\w./:@+=,{}() -]*")
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Markdown(str):
    """Text that is Markdown already and is not escaped again."""

    __slots__ = ()


def render(template: str, **values: Any) -> str:
    """What a template of `templates/` makes of some values, without blank lines around it.

    Raises RehearsalError when the template is missing or broken.
    """
    from jinja2 import TemplateError

    try:
        return _environment().get_template(template).render(**values).strip()
    except TemplateError as error:
        raise RehearsalError(f"templates/{template} cannot be rendered: {error}.") from error


def escape(value: object) -> Markdown:
    """A value as one line of text that means nothing to Markdown, a table or HTML."""
    text = _SPECIAL.sub(r"\\\g<0>", _one_line(value))
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return Markdown(text.replace("<", "&lt;").replace("-->", "--&gt;"))


def code(value: object) -> Markdown:
    """A value as a code span, or as escaped text where a code span could not hold it safely."""
    text = _one_line(value)
    return Markdown(f"`{text}`") if _PLAIN_CODE.fullmatch(text) else escape(text)


def link(path: object) -> Markdown:
    """A link to a path, which is also its text."""
    return Markdown(f"[{code(path)}]({quote(str(path), safe='/')})")


def sentence(value: object) -> Markdown:
    """An escaped value that ends as a sentence does."""
    text = escape(value)
    return text if text.endswith((".", "!", "?")) else Markdown(f"{text}.")


def moment(value: datetime) -> str:
    """A time in UTC, to the minute: `2025-11-12 14:00`."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def span(opens: datetime, closes: datetime | None) -> str:
    """From when to when: `2025-11-12 14:00 – 15:00`, with a second date if it is another day."""
    if closes is None:
        return f"{moment(opens)} – not finished"
    start, end = moment(opens), moment(closes)
    return f"{start} – {end[11:] if start[:10] == end[:10] else end}"


def _one_line(value: object) -> str:
    text = " ".join(str(value).split())
    text = "".join("\ufffd" if _is_unprintable(character) else character for character in text)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _OVERRIDES


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # In a checkout the templates stand beside the packages, in a wheel inside of `evidence`.
    package = Path(evidence.__file__).parent
    environment = Environment(
        loader=FileSystemLoader([package / "templates", package.parent / "templates"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # What makes Markdown is `finalize`; HTML escaping would only double it.
        autoescape=False,  # nosec B701
        finalize=lambda value: value if isinstance(value, Markdown) else escape(value),
    )
    environment.filters.update(code=code, link=link, sentence=sentence, moment=moment)
    return environment
