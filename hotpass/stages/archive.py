"""A dated archive: the same files and moment give the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

COPY_CHUNK = 1 << 20
STORED = frozenset({".xlsx", ".parquet", ".zip"})
"""Kinds that are compressed already."""


def archive_name(stem: str, moment: datetime) -> str:
    """Return `<stem>-YYYYMMDDTHHMMSSZ.zip`, in UTC."""
    return f"{stem}-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"


def write_archive(
    path: Path, files: Iterable[Path], texts: Mapping[str, str], *, moment: datetime
) -> None:
    """Zip the files under their names and the texts under theirs, sorted, all dated `moment`."""
    contents: dict[str, Path | str] = {**{file.name: file for file in files}, **texts}
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(contents):
            _add(archive, name, contents[name], moment)


def _add(archive: zipfile.ZipFile, name: str, content: Path | str, moment: datetime) -> None:
    info = zipfile.ZipInfo(name, date_time=moment.astimezone(UTC).timetuple()[:6])
    info.external_attr = 0o644 << 16
    info.create_system = 3
    compressed = Path(name).suffix not in STORED
    info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    if isinstance(content, str):
        archive.writestr(info, content)
        return
    info.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(info, "w") as target:
        while chunk := source.read(COPY_CHUNK):
            target.write(chunk)
