"""Make one file of a sealed run, the same bytes wherever it is made, and a folder of it again."""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from evidence.bundle_format import LARGEST_BUNDLE_BYTES, MOST_FILES, Entry, laid_out
from evidence.bundle_names import BUNDLE_SUFFIX, collisions, name_problem, root_name, root_time
from evidence.bundle_reading import open_bundle
from evidence.errors import BadBundle
from evidence.inventory import write_file
from evidence.run_files import DirectoryFiles, RunFiles
from evidence.verification import Verification
from evidence.verify import verify

_COPY_BYTES = 1 << 20
# Its headers, padding and place in the directory, with the longest name.
_MOST_AROUND_A_FILE_BYTES = 8192


def bundle(run: Path, to: Path | None = None) -> Path:
    """Write the bundle of a sealed run; returns where it is.

    `to` is a file, or a folder for a file with the run's name; by default it lies beside the
    run. Raises BadBundle for a run that is not as it was sealed, that has names which not every
    system can unpack, or where another file is in the way.
    """
    if not run.is_dir():
        raise BadBundle(f"{run} is not a run's directory.")
    found = verify(run)
    root, modified = _root(found, f"{run} cannot be bundled")
    place = run.absolute().parent if to is None else to
    if place.is_dir():
        place /= root + BUNDLE_SUFFIX
    partial = _partial(place)
    try:
        write_file(partial, _pieces(DirectoryFiles(run), root, modified))
        # A file may have changed after it was verified; the bundle cannot any more.
        written = verify(partial)
        if not written.ok or written.digest != found.digest:
            raise BadBundle(f"{run} was changed while it was bundled; nothing was written.")
        if not place.exists():
            partial.replace(place)
        elif not filecmp.cmp(partial, place, shallow=False):
            raise BadBundle(f"{place} is another file; name a free place with --to.")
    finally:
        partial.unlink(missing_ok=True)
    return place


def unpack_bundle(path: Path, to: Path) -> Path:
    """Unpack a bundle into the new folder `to/<kind>-<timestamp>`; returns that folder.

    Raises BadBundle, and leaves nothing, for a file that is not a bundle to the byte, a run in
    it that is not as it was sealed, or where something is in the way.
    """
    try:
        with open_bundle(path) as files:
            place = to / files.root
            if os.path.lexists(place):
                raise BadBundle(f"{place} is there already.")
            partial = _partial(place)
            try:
                if files.damaged:
                    raise BadBundle(f"{files.damaged[0]} is not what its checksum was made of.")
                _copy(files, partial)
                root, _ = _root(verify(partial), "the run in it is not as it was sealed")
                if root != files.root:
                    raise BadBundle(f"its folder, {files.root}, is not that of the run in it.")
                partial.rename(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except BadBundle as error:
        raise BadBundle(f"{path} was not unpacked: {error}") from None
    return place


def bundle_and_tell(run: Path, to: Path | None, say: Callable[[str], None] = print) -> int:
    """Bundle a run for a person at the terminal; returns the exit code."""
    place = bundle(run, to)
    say(f"bundled   {place}")
    say(f"check it  invoke evidence.verify {place}")
    return 0


def unpack_and_tell(path: Path, to: Path, say: Callable[[str], None] = print) -> int:
    """Unpack a bundle for a person at the terminal; returns the exit code."""
    place = unpack_bundle(path, to)
    say(f"unpacked  {place}")
    say(f"check it  invoke evidence.verify {place}")
    return 0


def _root(found: Verification, refusal: str) -> tuple[str, datetime]:
    """The one folder in a run's bundle, and the time that all of it is dated.

    Raises BadBundle unless the run is as it was sealed.
    """
    for finding in found.findings:
        place = f"{finding.path}: " if finding.path else ""
        raise BadBundle(f"{refusal}: {place}{finding.detail}.")
    root = root_name(str(found.kind), str(found.timestamp))
    modified = root_time(root)
    if modified is None:
        raise BadBundle(f"{refusal}: {root} cannot be a folder's name in a bundle.")
    return root, modified


def _partial(place: Path) -> Path:
    return place.with_name(f"{place.name}.{secrets.token_hex(4)}.partial")


def _pieces(files: RunFiles, root: str, modified: datetime) -> Iterator[bytes]:
    names = {f"{root}/{name}": name for name in files.inventory.files}
    for name in names:
        if problem := name_problem(name):
            raise BadBundle(f"no bundle can hold {name}: it {problem}.")
    for one, other in collisions(names):
        raise BadBundle(
            f"no bundle can hold both {one} and {other}: some systems take them as one."
        )
    entries = [_entry(name, files, inner) for name, inner in names.items()]
    total = sum(entry.size for entry in entries)
    room = LARGEST_BUNDLE_BYTES - len(entries) * _MOST_AROUND_A_FILE_BYTES
    if total > room or len(entries) > MOST_FILES:
        raise BadBundle(
            f"{root} has {len(entries)} files of {total} bytes together; a bundle holds "
            f"{MOST_FILES} files and {LARGEST_BUNDLE_BYTES} bytes at most."
        )
    for piece in laid_out(entries, modified):
        if isinstance(piece, Entry):
            yield from _blocks(files, names[piece.name])
        else:
            yield piece


def _entry(name: str, files: RunFiles, inner: str) -> Entry:
    size, checksum = 0, 0
    for block in _blocks(files, inner):
        size, checksum = size + len(block), zlib.crc32(block, checksum)
    return Entry(name, size, checksum)


def _blocks(files: RunFiles, name: str) -> Iterator[bytes]:
    with files.open(name) as file:
        while block := file.read(_COPY_BYTES):
            yield block


def _copy(files: RunFiles, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name in files.inventory.files:
        path = folder / name
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o400), "wb") as file:
            file.writelines(_blocks(files, name))
