"""Where the checkout of Hotpass begins."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hotpass.errors import BadInput


def find_checkout(start: Path) -> Path:
    """Return the nearest folder at or above `start` whose pyproject.toml is Hotpass's own.

    Raises BadInput when there is none.
    """
    for folder in (start, *start.parents):
        if _project_name(folder / "pyproject.toml") == "hotpass":
            return folder
    raise BadInput(
        f"{start}: not inside a checkout of Hotpass; change to the folder that holds its "
        "pyproject.toml and run again."
    )


def _project_name(path: Path) -> object:
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a TOML file: {error}; correct it and run again.") from None
    return project.get("name")
