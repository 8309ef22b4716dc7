"""The typed form of `rehearsals.toml`: targets, kinds' settings, windows, evidence.

`load_rehearsals` reports every problem at once, each with its line and, where a name
was misspelt, the nearest one that exists.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model

from rehearsals.errors import BadRehearsalsFile, Usage
from rehearsals.toml_places import key_lines, line_of

FILE_NAME = "rehearsals.toml"

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A part of the file: read-only, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EvidenceSettings(Section):
    """Where evidence is kept, for how long, and who must look at it."""

    root: Words = "dist/staging"
    keep_days: Annotated[int, Field(ge=1)] = 730
    tracking_issue: str = ""
    required_reviewers: tuple[Words, ...] = ()


class KindSettings(Section):
    """What the file says of one kind of rehearsal; each kind adds its own keys."""

    title: Words
    owners: tuple[Words, ...] = ()


class Target(Section):
    """A place where a rehearsal runs. `credentials` names environment variables."""

    mode: Literal["embedded", "live"]
    description: str = ""
    kinds: tuple[Words, ...]
    owners: tuple[Words, ...] = ()
    simulated: tuple[Words, ...] = ()
    credentials: tuple[Words, ...] = ()
    allow_network: bool = False


class Window(Section):
    """A booked time in which a live rehearsal may run: from `opens` until before `closes`."""

    kind: Words
    target: Words
    opens: AwareDatetime
    closes: AwareDatetime
    owners: tuple[Words, ...] = ()

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies inside."""
        return self.opens <= moment < self.closes


class RehearsalsFile(Section):
    """All of `rehearsals.toml`; `rehearsals` has one attribute a kind."""

    evidence: EvidenceSettings = EvidenceSettings()
    rehearsals: Section = Section()
    targets: dict[str, Target]
    windows: tuple[Window, ...] = ()

    def settings_of(self, kind: str) -> KindSettings:
        """The `[rehearsals.<kind>]` table; raises Usage when the file has none."""
        settings = getattr(self.rehearsals, kind, None)
        if not isinstance(settings, KindSettings):
            raise Usage(f"{FILE_NAME} says nothing of {kind}; add a [rehearsals.{kind}] table.")
        return settings

    def target(self, name: str) -> Target:
        """The target of that name; raises Usage, naming the nearest, when there is none."""
        if name not in self.targets:
            known = ", ".join(self.targets) or "none"
            raise Usage(
                f"Target '{name}' is not in {FILE_NAME}{did_you_mean(name, self.targets)}. "
                f"Known targets: {known}."
            )
        return self.targets[name]

    def windows_of(self, kind: str, target: str) -> tuple[Window, ...]:
        """The booked windows of a kind on a target, earliest first."""
        own = (window for window in self.windows if (window.kind, window.target) == (kind, target))
        return tuple(sorted(own, key=lambda window: window.opens))


SettingsByKind = Mapping[str, type[KindSettings]]


def load_rehearsals(root: Path, kinds: SettingsByKind) -> RehearsalsFile:
    """Read `rehearsals.toml` in `root`; raises BadRehearsalsFile with every problem in it."""
    path = root / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Usage(f"No {FILE_NAME} in {root}; run this from the project's folder.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{FILE_NAME} cannot be read: {error}.") from None
    return parse_rehearsals(text, kinds)


def parse_rehearsals(text: str, kinds: SettingsByKind) -> RehearsalsFile:
    """The typed form of the file's text; raises BadRehearsalsFile with every problem in it.

    `kinds` gives, for the name of each kind that exists, the model of its settings.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRehearsalsFile(FILE_NAME, (f"it is not TOML: {error}",)) from None
    model = _file_model(document, kinds)
    lines = key_lines(text)
    problems: list[tuple[int, str]] = []
    parsed: RehearsalsFile | None = None
    try:
        # Through JSON, because strict validation of Python values would refuse a list for a tuple.
        as_json = json.dumps(document, default=_moment_text)
        parsed = model.model_validate_json(as_json)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            place = tuple(detail["loc"])
            problems.append((line_of(lines, place), _sentence(dict(detail), place, model)))
    for place, sentence in _misfits(document, set(kinds)):
        problems.append((line_of(lines, place), sentence))
    if problems or parsed is None:
        raise BadRehearsalsFile(
            FILE_NAME, tuple(f"line {line}: {sentence}" for line, sentence in sorted(problems))
        )
    return parsed


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing when no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def _file_model(document: dict[str, Any], kinds: SettingsByKind) -> type[RehearsalsFile]:
    """The file's model with the settings of each kind; a kind that it leaves out is None."""
    tables = document.get("rehearsals")
    named = tables if isinstance(tables, dict) else {}
    fields: dict[str, Any] = {
        kind: (settings, ...) if kind in named else (Section | None, None)
        for kind, settings in kinds.items()
    }
    settings_model = create_model("RehearsalSettings", __base__=Section, **fields)
    default: Any = ... if named else Section()
    return create_model(
        "RehearsalsFile", __base__=RehearsalsFile, rehearsals=(settings_model, default)
    )


def _moment_text(value: Any) -> str:
    # Dates and times are the only TOML values that JSON lacks.
    return str(value.isoformat())


def _dotted(place: tuple[int | str, ...]) -> str:
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _sentence(
    detail: dict[str, Any], place: tuple[int | str, ...], model: type[RehearsalsFile]
) -> str:
    """One problem that pydantic found, in the file's own words."""
    name, known = str(place[-1]) if place else FILE_NAME, _known_keys(model, place[:-1])
    where = _dotted(place)
    kind = str(detail["type"])
    if kind == "extra_forbidden":
        hint = did_you_mean(name, known) or f"; known here: {', '.join(known)}"
        return f"{where} is not a known key{hint}"
    if kind == "missing":
        return f"{where} is missing; add it"
    if kind == "literal_error":
        choices = [str(choice) for choice in get_args(_annotation(model, place))]
        given = str(detail["input"])
        hint = did_you_mean(given, choices)
        return f"{where} is '{given}' but must be one of {', '.join(choices)}{hint}"
    if kind == "timezone_aware":
        return f"{where} has no time zone; write it in UTC with a Z, as 2026-01-31T14:00:00Z"
    reason = str(detail["msg"]).replace("Input should", "it should")
    return f"{where} is {json.dumps(detail['input'], default=str)}: {reason}"


def _misfits(
    document: dict[str, Any], kinds: set[str]
) -> Iterable[tuple[tuple[int | str, ...], str]]:
    """Problems between parts: names that refer to nothing, windows that close before they open."""
    targets, windows = document.get("targets"), document.get("windows")
    targets = targets if isinstance(targets, dict) else {}
    for name, target in targets.items():
        listed = target.get("kinds") if isinstance(target, dict) else None
        for kind in listed if isinstance(listed, list) else []:
            if isinstance(kind, str) and kind not in kinds:
                hint = did_you_mean(kind, kinds) or f"; known kinds: {', '.join(sorted(kinds))}"
                place = ("targets", name, "kinds")
                yield place, f"targets.{name}.kinds names the unknown kind '{kind}'{hint}"
    for index, window in enumerate(windows if isinstance(windows, list) else []):
        if not isinstance(window, dict):
            continue
        for key, known in (("kind", kinds), ("target", set(targets))):
            value = window.get(key)
            if isinstance(value, str) and value not in known:
                hint = did_you_mean(value, known) or f"; known: {', '.join(sorted(known))}"
                yield (
                    ("windows", index, key),
                    f"windows[{index + 1}].{key} names '{value}', which does not exist{hint}",
                )
        opens, closes = window.get("opens"), window.get("closes")
        if _is_aware(opens) and _is_aware(closes) and closes <= opens:
            place = ("windows", index, "closes")
            yield place, f"windows[{index + 1}] closes before it opens"


def _is_aware(value: Any) -> TypeGuard[datetime]:
    return isinstance(value, datetime) and value.tzinfo is not None


def _known_keys(model: type[RehearsalsFile], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys that the section at a place knows."""
    annotation = _annotation(model, place)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return tuple(annotation.model_fields)
    return ()


def _annotation(model: type[RehearsalsFile], place: tuple[int | str, ...]) -> Any:
    """The declared type of the value at a place."""
    annotation: Any = model
    for part in place:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        else:
            return None
    return annotation
