"""`hotpass overview`: what is installed, the profiles, the inputs and the settings."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hotpass.config.settings import Settings

LIBRARIES = (
    "polars",
    "fastexcel",
    "python-calamine",
    "pydantic",
    "pandera",
    "duckdb",
    "splink",
    "phonenumbers",
    "rustpy-xlsxwriter",
    "xlsxwriter",
)


@click.command()
@click.option("--input-dir", type=click.Path(path_type=Path), help="Folder of workbooks to list.")
@click.option("--profile", metavar="NAME", help="Profile that a run would use.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
def command(input_dir: Path | None, profile: str | None, as_json: bool) -> None:
    """Show what is installed, the profiles, the inputs, and where each setting comes from."""
    from hotpass.config.settings import load_settings

    settings = load_settings({"input_dir": input_dir, "profile": profile})
    document = {
        "installed": _installed(),
        "profiles": _profiles(settings),
        "inputs": _inputs(settings.config.input_dir),
        "settings": _settings(settings),
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False) if as_json else _text(document))


def _installed() -> dict[str, str]:
    versions = {"hotpass": metadata.version("hotpass"), "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = "not installed"
    return versions


def _profiles(settings: Settings) -> list[dict[str, Any]]:
    from hotpass.config.profiles import load_profile, profile_names
    from hotpass.errors import BadInput

    listed = []
    for name in profile_names(settings.config.profile_dir):
        try:
            says = {"description": load_profile(name, settings.config.profile_dir).description}
        except BadInput as error:
            says = {"problem": str(error)}
        listed.append({"name": name, "chosen": name == settings.config.profile, **says})
    return listed


def _inputs(input_dir: Path) -> dict[str, Any]:
    from hotpass.errors import BadInput
    from hotpass.sources.folder import find_inputs, folder_of

    try:
        paths, warnings = find_inputs(input_dir)
    except BadInput as error:
        return {"folder": str(input_dir), "files": [], "problem": str(error)}
    files = [_input(path, path.relative_to(folder_of(input_dir)).as_posix()) for path in paths]
    return {"folder": str(input_dir), "files": files, "warnings": warnings}


def _input(path: Path, file: str) -> dict[str, Any]:
    from hotpass.errors import BadInput
    from hotpass.sources.folder import list_sheets

    try:
        return {"file": file, "bytes": path.stat().st_size, "sheets": list_sheets(path, file)}
    except BadInput as error:
        return {"file": file, "bytes": path.stat().st_size, "problem": str(error)}


def _settings(settings: Settings) -> dict[str, dict[str, Any]]:
    return {entry.key: {"value": entry.value, "origin": entry.origin} for entry in settings}


def _text(document: dict[str, Any]) -> str:
    inputs = document["inputs"]
    parts = [
        ("Installed", list(document["installed"].items())),
        (
            "Profiles",
            [
                (
                    f"{profile['name']}{' (chosen)' if profile['chosen'] else ''}",
                    profile.get("description") or profile.get("problem", ""),
                )
                for profile in document["profiles"]
            ],
        ),
        (
            f"Inputs in {inputs['folder']}",
            [(entry["file"], _about(entry)) for entry in inputs["files"]]
            + [("warning", warning) for warning in inputs.get("warnings", ())]
            + ([("problem", inputs["problem"])] if "problem" in inputs else []),
        ),
        (
            "Settings",
            [
                (key, f"{_shown(setting['value'])}  (from {setting['origin']})")
                for key, setting in document["settings"].items()
            ],
        ),
    ]
    return "\n\n".join(_section(title, lines) for title, lines in parts)


def _about(entry: dict[str, Any]) -> str:
    size = f"{entry['bytes']:,} bytes"
    if "problem" in entry:
        return f"{size}; {entry['problem']}"
    sheets = entry["sheets"]
    return f"{size}; sheets {', '.join(sheets)}" if sheets else size


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _section(title: str, lines: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join([title, *(f"  {name:<{width}}  {text}" for name, text in lines)])
