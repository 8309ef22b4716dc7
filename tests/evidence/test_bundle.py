"""A bundle is the same everywhere, tar and unzip read it, and nothing evil in one gets in."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tracemalloc
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.bundle import bundle, unpack_bundle
from evidence.bundle_format import Entry, laid_out
from evidence.bundle_names import root_time
from evidence.bundle_reading import open_bundle
from evidence.errors import BadBundle
from evidence.verify import verify

ROOT = "e2e-20260131T140000Z"
WHEN = datetime(2026, 1, 31, 14, tzinfo=UTC)


def written(files: dict[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """A bundle of such files, whatever their names."""
    pairs = files if isinstance(files, list) else list(files.items())
    entries = [Entry(name, len(data), zlib.crc32(data)) for name, data in pairs]
    contents = iter(data for _, data in pairs)
    when = (root_time(entries[0].name.partition("/")[0]) if entries else None) or WHEN
    pieces = laid_out(entries, when)
    return b"".join(next(contents) if isinstance(piece, Entry) else piece for piece in pieces)


def refusal(path: Path, content: bytes) -> str:
    """Why a file is no bundle."""
    path.write_bytes(content)
    with pytest.raises(BadBundle) as refused, open_bundle(path):
        pass
    return str(refused.value)


def tree(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def made(sealed) -> Path:
    """The bundle of a sealed run."""
    return bundle(sealed.directory)


SMALL = written({f"{ROOT}/a.log": b"hello\n", f"{ROOT}/shots/é.png": bytes(700)})


def test_the_format_is_pinned_to_the_byte() -> None:
    digest = hashlib.sha256(SMALL).hexdigest()

    assert digest == "c1eb8f60c0d051ea318c9f73b96bf3119b5f9fc8bd3bb9eef8c443eb0e3b29c1"


def test_the_same_run_gives_the_same_bytes_anywhere(
    sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bundle(sealed.directory, tmp_path / "first.tar")
    other = tmp_path / "other place" / "run"
    for name, content in reversed(tree(sealed.directory).items()):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(content)
        os.utime(other / name, (0, 0))
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    before = os.umask(0o002)
    try:
        second = bundle(other, tmp_path / "second.zip")
    finally:
        os.umask(before)

    assert first.read_bytes() == second.read_bytes()


def test_gnu_tar_unpacks_the_run_as_it_was(sealed, made: Path, tmp_path: Path) -> None:
    done = subprocess.run(["tar", "-C", tmp_path, "-xf", made], capture_output=True, check=True)

    assert done.stderr == b""
    assert tree(tmp_path / _root_of(sealed)) == tree(sealed.directory)


def test_unzip_unpacks_the_run_as_it_was(sealed, made: Path, tmp_path: Path) -> None:
    argv = ["unzip", "-q", made, "-d", tmp_path]
    done = subprocess.run(argv, capture_output=True, check=True)

    assert (done.stdout, done.stderr) == (b"", b"")
    assert tree(tmp_path / _root_of(sealed)) == tree(sealed.directory)


def test_what_tar_unpacked_verifies(sealed, made: Path, tmp_path: Path, config_dir) -> None:
    subprocess.run(["tar", "-C", tmp_path, "-xf", made], check=True)

    assert verify(tmp_path / _root_of(sealed), config_dir=config_dir).ok


def test_names_of_any_script_and_length_reach_both_programs(tmp_path: Path) -> None:
    names = ["emp ty", "shots/" + "x" * 200 + ".png", "日本/é.log"]
    path = tmp_path / "b.tar"
    path.write_bytes(written({f"{ROOT}/{name}": name.encode() for name in names}))

    for argv in (["tar", "-C", tmp_path / "t", "-xf", path], ["unzip", "-q", path, "-d", "z"]):
        (tmp_path / argv[-1 if argv[0] == "unzip" else 2]).mkdir(exist_ok=True)
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        subprocess.run(argv, cwd=tmp_path, env=env, check=True)

    assert tree(tmp_path / "t") == {f"{ROOT}/{name}": name.encode() for name in names}
    assert tree(tmp_path / "z") == tree(tmp_path / "t")


def test_pythons_own_readers_see_the_same_files() -> None:
    with tarfile.open(fileobj=io.BytesIO(SMALL)) as tar:
        from_tar = {member.name: tar.extractfile(member).read() for member in tar}
    with zipfile.ZipFile(io.BytesIO(SMALL)) as archive:
        damaged = archive.testzip()
        from_zip = {name: archive.read(name) for name in archive.namelist()}

    assert damaged is None
    assert from_tar == from_zip == {f"{ROOT}/a.log": b"hello\n", f"{ROOT}/shots/é.png": bytes(700)}


def test_a_bundle_verifies_as_its_run_does(sealed, made: Path, config_dir: Path) -> None:
    run = verify(sealed.directory, config_dir=config_dir)
    packed = verify(made, config_dir=config_dir)

    assert packed.ok
    assert packed == run.model_copy(update={"path": made})


def test_verifying_a_large_bundle_holds_little_of_it_in_memory(
    new_run, key, tmp_path: Path, config_dir: Path
) -> None:
    from evidence.seal import seal

    run = new_run(lambda run: run.save("large.log", b"line\n" * 4_000_000), required_files=())
    seal(run.directory, run.record, key, screenshot=False)
    made = bundle(run.directory)
    tracemalloc.start()

    found = verify(made, config_dir=config_dir)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.ok
    assert made.stat().st_size > 20_000_000
    assert peak < 8_000_000


def test_no_bit_around_the_files_can_change_unseen(tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    inside = {SMALL.index(b"hello\n") + place for place in range(6)}
    start = SMALL.rindex(b"ustar") - 257 + 512
    inside |= set(range(start, start + 700))

    unseen = []
    for place in set(range(len(SMALL))) - inside:
        changed = bytearray(SMALL)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            with open_bundle(path):
                unseen.append(place)
        except BadBundle:
            continue

    assert unseen == []


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.integers(0, 10**6), change=st.integers(1, 255))
def test_no_byte_of_a_bundle_can_change_unseen(
    made: Path, config_dir: Path, place: int, change: int
) -> None:
    content = bytearray(made.read_bytes())
    content[place % len(content)] ^= change
    copy = made.with_name("copy.tar")
    copy.write_bytes(content)

    assert not verify(copy, config_dir=config_dir).ok


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(SMALL) - 1), more=st.binary(min_size=1, max_size=600))
def test_a_bundle_that_was_cut_or_goes_on_is_refused(
    tmp_path: Path, place: int, more: bytes
) -> None:
    assert refusal(tmp_path / "cut.tar", SMALL[:place])
    assert refusal(tmp_path / "longer.tar", SMALL + more)
    assert refusal(tmp_path / "inserted.tar", SMALL[:place] + more + SMALL[place:])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_no_bytes_crash_the_reader(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path / "noise.tar", content)
    assert refusal(tmp_path / "noise.tar", SMALL[:512] + content)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([f"{ROOT}/../../etc/passwd"], "leads out of its folder"),
        (["../x"], "leads out of its folder"),
        (["/etc/passwd"], "is an absolute path"),
        ([f"{ROOT}//x"], "can be written shorter"),
        ([f"{ROOT}/./x"], "can be written shorter"),
        ([f"{ROOT}/x/"], "can be written shorter"),
        ([f"{ROOT}/..\\x"], "a control character or a backslash"),
        ([f"{ROOT}/x\n"], "a control character or a backslash"),
        ([f"{ROOT}/x\x1b[2J"], "a control character or a backslash"),
        ([f"{ROOT}/\u202egnp.log"], "a control character or a backslash"),
        ([f"{ROOT}/{'x' * 256}"], "is too long"),
        ([f"{ROOT}/a", f"{ROOT}/a"], "are one name"),
        ([f"{ROOT}/A.log", f"{ROOT}/a.log"], "are one name"),
        ([f"{ROOT}/Ä", f"{ROOT}/" + unicodedata.normalize("NFD", "ä")], "are one name"),
        ([f"{ROOT}/a", f"{ROOT}/a/b"], "are one name"),
        ([f"{ROOT}/A/x", f"{ROOT}/a/y"], "are one name"),
        ([f"{ROOT}/b", f"{ROOT}/a"], "not in the order of their names"),
        ([f"{ROOT}/a", "z/b"], "lies outside the run's folder"),
        (["a.log"], "is not a run's: <kind>-<timestamp>"),
        (["C:-20260131T140000Z/a"], "is not a run's"),
        (["e2e-20269931T140000Z/a"], "is not a run's"),
        (["e2e-19700131T140000Z/a"], "is not a run's"),
        ([], "it is not a bundle"),
    ],
)
def test_a_name_that_could_do_harm_is_refused(tmp_path: Path, names: list[str], said: str) -> None:
    content = written([(name, b"evil") for name in names])

    assert said in refusal(tmp_path / "evil.tar", content)


def of_another_kind(kind: bytes) -> bytes:
    """The small bundle, its first file being something else."""
    place = SMALL.index(b"ustar", 512) - 257
    header = bytearray(SMALL[place : place + 512])
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return SMALL[:place] + header + SMALL[place + 512 :]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (b"1", "a hard link"),
        (b"2", "a symbolic link"),
        (b"3", "a character device"),
        (b"4", "a block device"),
        (b"5", "a folder"),
        (b"6", "a named pipe"),
        (b"S", "does not begin as invoke evidence.bundle writes it"),
    ],
)
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes, said: str) -> None:
    assert said in refusal(tmp_path / "evil.tar", of_another_kind(kind))


def archived(kind: str, format: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive that another program made, with one file or link."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{ROOT}/a", "a")
        return file.getvalue()
    with tarfile.open(fileobj=file, mode="w:gz" if kind == "gz" else "w", format=format) as tar:
        member = tarfile.TarInfo(f"{ROOT}/a")
        if kind == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archived("tar"), "has to be unpacked, and its folder verified"),
        (archived("tar", tarfile.GNU_FORMAT), "has to be unpacked, and its folder verified"),
        (archived("link"), "entry 1 is a symbolic link"),
        (archived("zip"), "has to be unpacked, and its folder verified"),
        (archived("gz"), "has to be unpacked, and its folder verified"),
        (b"", "it is not a bundle"),
        (bytes(10_000), "it is not a bundle"),
        (b"hello\n", "has to be unpacked, and its folder verified"),
    ],
)
def test_another_programs_archive_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path / "foreign.tar", content)


def test_a_file_that_claims_more_than_is_there_is_refused_unread(tmp_path: Path) -> None:
    place = SMALL.index(b"ustar", 512) - 257 + 124
    bomb = SMALL[:place] + b"77777777777\0" + SMALL[place + 12 :]

    said = refusal(tmp_path / "bomb.tar", bomb)

    assert "claims 8589934591 bytes where" in said


def test_a_header_that_claims_to_be_endless_is_refused_unread(tmp_path: Path) -> None:
    bomb = SMALL[:124] + b"77777777777\0" + SMALL[136:]

    assert "longer than any" in refusal(tmp_path / "bomb.tar", bomb)


def test_more_files_than_a_bundle_can_have_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.bundle_reading.MOST_FILES", 1)

    assert "more than 1 files" in refusal(tmp_path / "many.tar", SMALL)


def test_a_zip_directory_that_tells_of_another_file_is_refused(tmp_path: Path) -> None:
    place = SMALL.rindex(b"a.log")
    forged = SMALL[:place] + b"b.log" + SMALL[place + 5 :]

    with zipfile.ZipFile(io.BytesIO(forged)) as archive:
        seen_by_unzip = archive.namelist()

    assert f"{ROOT}/b.log" in seen_by_unzip
    assert f"byte {place} is not what" in refusal(tmp_path / "forged.tar", forged)


def test_a_checksum_that_is_not_the_contents_own_is_found(
    sealed, made: Path, tmp_path: Path, config_dir: Path
) -> None:
    checksum = zlib.crc32((sealed.directory / "hello.log").read_bytes()).to_bytes(4, "little")
    forged = tmp_path / "forged.tar"
    forged.write_bytes(made.read_bytes().replace(checksum, b"\1\2\3\4"))

    (finding,) = verify(forged, config_dir=config_dir).findings

    assert (finding.kind, finding.path) == ("bundle", "hello.log")
    with pytest.raises(BadBundle, match="checksum"):
        unpack_bundle(forged, tmp_path)


def test_a_folder_and_a_pipe_are_no_bundles(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for name in ("pipe", "."):
        with pytest.raises(BadBundle, match="not a plain file"), open_bundle(tmp_path / name):
            pass


def test_a_bundle_under_another_runs_name_is_found(
    sealed, tmp_path: Path, config_dir: Path
) -> None:
    files = {f"{ROOT}/{name}": data for name, data in sorted(tree(sealed.directory).items())}
    path = tmp_path / "renamed.tar"
    path.write_bytes(written(files))

    (finding,) = verify(path, config_dir=config_dir).findings

    assert finding.kind == "misplaced"


def test_a_changed_file_in_a_well_formed_bundle_is_named(
    sealed, tmp_path: Path, config_dir: Path
) -> None:
    files = {f"{_root_of(sealed)}/{name}": data for name, data in tree(sealed.directory).items()}
    files[f"{_root_of(sealed)}/hello.log"] += b"more\n"
    path = tmp_path / "changed.tar"
    path.write_bytes(written(sorted(files.items())))

    (finding,) = verify(path, config_dir=config_dir).findings

    assert (finding.kind, finding.path) == ("changed", "hello.log")


def test_a_bundle_unpacks_to_the_run_that_it_was_made_of(
    sealed, made: Path, tmp_path: Path, config_dir: Path
) -> None:
    (tmp_path / "new").mkdir()

    place = unpack_bundle(made, tmp_path / "new")

    assert place == tmp_path / "new" / _root_of(sealed)
    assert tree(place) == tree(sealed.directory)
    assert verify(place, config_dir=config_dir).ok
    assert {path.stat().st_mode & 0o777 for path in place.rglob("*") if path.is_file()} == {0o400}


def test_unpacking_touches_nothing_that_is_there(sealed, made: Path, tmp_path: Path) -> None:
    (tmp_path / _root_of(sealed)).symlink_to("elsewhere")

    with pytest.raises(BadBundle, match="is there already"):
        unpack_bundle(made, tmp_path)

    assert not (tmp_path / "elsewhere").exists()


def test_a_run_that_was_changed_is_not_unpacked_and_leaves_nothing(sealed, tmp_path: Path) -> None:
    files = {f"{_root_of(sealed)}/{name}": data for name, data in tree(sealed.directory).items()}
    files[f"{_root_of(sealed)}/hello.log"] = b"other\n"
    path = tmp_path / "changed.tar"
    path.write_bytes(written(sorted(files.items())))
    (tmp_path / "new").mkdir()

    with pytest.raises(BadBundle, match=r"not as it was sealed: hello\.log"):
        unpack_bundle(path, tmp_path / "new")

    assert list((tmp_path / "new").iterdir()) == []


def _spoil(run: Path) -> None:
    run.chmod(0o700)
    (run / "hello.log").chmod(0o600)
    (run / "hello.log").write_text("other")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: (run / "attestation.json").unlink(), "it is not sealed"),
        (_spoil, "sealed with SHA-256"),
        (lambda run: (run / "new").symlink_to("run.json"), "a symbolic link"),
        (shutil.rmtree, "is not a run's directory"),
    ],
)
def test_only_a_run_as_it_was_sealed_can_be_bundled(
    sealed, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    change(sealed.directory)

    with pytest.raises(BadBundle, match=said):
        bundle(sealed.directory, tmp_path / "b.tar")

    assert not list(tmp_path.glob("b.tar*"))


def test_names_that_are_one_elsewhere_cannot_be_bundled(new_run, key, tmp_path: Path) -> None:
    from evidence.seal import seal

    def shout(run) -> None:
        run.save("a.log", "quiet")
        run.save("A.log", "loud")

    run = new_run(shout, required_files=())
    seal(run.directory, run.record, key, screenshot=False)

    with pytest.raises(BadBundle, match=r"both .*A\.log and .*a\.log"):
        bundle(run.directory, tmp_path / "b.tar")


@pytest.mark.parametrize(("limit", "most"), [("LARGEST_BUNDLE_BYTES", 100_000), ("MOST_FILES", 3)])
def test_a_run_larger_than_any_bundle_is_refused(
    sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(f"evidence.bundle.{limit}", most)

    with pytest.raises(BadBundle, match=f"a bundle holds .*{most}"):
        bundle(sealed.directory, tmp_path / "b.tar")

    assert not list(tmp_path.glob("b.tar*"))


def test_bundling_again_changes_nothing(sealed, made: Path) -> None:
    before = made.stat()

    again = bundle(sealed.directory)

    assert again == made
    assert (made.stat().st_ino, made.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_file_in_the_way_is_left_as_it_is(sealed, tmp_path: Path) -> None:
    (tmp_path / "notes.tar").write_text("mine")

    with pytest.raises(BadBundle, match="is another file"):
        bundle(sealed.directory, tmp_path / "notes.tar")

    assert (tmp_path / "notes.tar").read_text() == "mine"
    assert not list(tmp_path.glob("*.partial"))


def _root_of(sealed) -> str:
    return f"{sealed.record.kind}-{sealed.record.timestamp}"
