"""Time-stamps: had from a real authority (openssl), checked, missed when they are gone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from cryptography.x509 import load_pem_x509_certificates

from evidence.bundle import bundle
from evidence.errors import SealRefused
from evidence.seal import seal
from evidence.statement import read_attestation
from evidence.time_stamps import (
    CERTIFICATE_VARIABLE,
    REQUIRED_VARIABLE,
    URL_VARIABLE,
    BadTimeStamp,
    TimeStampAuthority,
    configured_authority,
    read_time_stamp,
    request_time_stamp,
)
from evidence.verify import verify
from evidence.verify_report import verify_and_tell

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[authority]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[stamps]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
signer_cert = {folder}/authority.pem
signer_key = {folder}/authority.key
"""


class Authority(NamedTuple):
    """A time-stamp authority that is running, and its folder with `root.pem`."""

    url: str
    folder: Path

    def as_configured(self, *, required: bool = False) -> TimeStampAuthority:
        """What a signer knows of it."""
        return TimeStampAuthority(self.url, certificates(self.folder), required)


def certificates(folder: Path):
    """The root certificate of an authority."""
    return tuple(load_pem_x509_certificates((folder / "root.pem").read_bytes()))


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder; its configuration file is there."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder: Path) -> Path:
    """Make a root, a certificate for time-stamps, and the configuration of `openssl ts`."""
    folder.mkdir()
    (folder / "serial").write_text("01")
    (folder / "ts.cnf").write_text(CONFIGURATION.format(folder=folder))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "ts.cnf")
    openssl(
        folder, "req", "-x509", *curve, "-keyout", "root.key", "-out", "root.pem",
        "-subj", "/CN=Root of the test", "-days", "30", "-extensions", "root",
    )  # fmt: skip
    openssl(
        folder, "req", *curve, "-keyout", "authority.key", "-out", "authority.csr",
        "-subj", "/CN=Clock of the test",
    )  # fmt: skip
    openssl(
        folder, "x509", "-req", "-in", "authority.csr", "-CA", "root.pem", "-CAkey", "root.key",
        "-set_serial", "7", "-days", "30", "-extfile", "ts.cnf", "-extensions", "authority",
        "-out", "authority.pem",
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """`openssl ts` behind HTTP, as RFC 3161 section 3.4 has it."""
    folder = make_authority(tmp_path_factory.mktemp("tsa") / "tsa")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            (folder / "query.tsq").write_bytes(query)
            openssl(
                folder, "ts", "-reply", "-config", "ts.cnf", "-section", "stamps",
                "-queryfile", "query.tsq", "-out", "reply.tsr",
            )  # fmt: skip
            answer = (folder / "reply.tsr").read_bytes()
            if self.path == "/replayed":
                answer = (folder / "first.tsr").read_bytes()
            elif not (folder / "first.tsr").exists():
                (folder / "first.tsr").write_bytes(answer)
            self.send_response(500 if self.path == "/broken" else 200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(b"<html>" if self.path == "/page" else answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Authority(f"http://127.0.0.1:{server.server_port}/", folder)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (URL_VARIABLE, CERTIFICATE_VARIABLE, REQUIRED_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stamped(recorded, key, authority: Authority, monkeypatch: pytest.MonkeyPatch):
    """A sealed run with a time-stamp, on a machine that knows the authority."""
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(authority.folder / "root.pem"))
    made = seal(
        recorded.directory, recorded.record, key, screenshot=False,
        authority=authority.as_configured(),
    )  # fmt: skip
    assert made.time_stamp_problem is None
    for path in recorded.directory.rglob("*"):
        path.chmod(0o700)
    return recorded


def test_a_stamped_run_verifies_and_says_since_when_it_was_sealed(
    stamped, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config_dir.parent))
    lines: list[str] = []

    code = verify_and_tell(stamped.directory, say=lines.append)
    found = verify(stamped.directory, config_dir=config_dir)

    assert (code, found.findings) == (0, ())
    assert found.time_stamp is not None
    assert abs(found.time_stamp.time - datetime.now(UTC)) < timedelta(minutes=5)
    assert "         as CN=Clock of the test says" in lines


def test_a_bundle_carries_the_time_stamp(stamped, config_dir: Path, tmp_path: Path) -> None:
    found = verify(bundle(stamped.directory, tmp_path), config_dir=config_dir)

    assert found.findings == ()
    assert found.time_stamp == verify(stamped.directory, config_dir=config_dir).time_stamp


def test_openssl_reads_the_time_stamp(stamped, authority: Authority) -> None:
    openssl(
        stamped.directory, "ts", "-verify", "-data", "attestation.json",
        "-in", "attestation.tsr", "-CAfile", str(authority.folder / "root.pem"),
    )  # fmt: skip


def test_the_statement_promises_the_time_stamp_so_taking_it_away_is_found(
    stamped, config_dir: Path
) -> None:
    (stamped.directory / "attestation.tsr").unlink()

    findings = verify(stamped.directory, config_dir=config_dir).findings

    assert [(finding.kind, finding.path) for finding in findings] == [
        ("removed", "attestation.tsr")
    ]


def test_a_time_stamp_that_was_not_promised_is_an_added_file(
    stamped, new_run, key, config_dir: Path
) -> None:
    other = new_run()
    seal(other.directory, other.record, key, screenshot=False)
    shutil.copy(stamped.directory / "attestation.tsr", other.directory)

    findings = verify(other.directory, config_dir=config_dir).findings

    assert [(finding.kind, finding.path) for finding in findings] == [("added", "attestation.tsr")]


def test_the_time_stamp_of_another_run_is_found(
    stamped, new_run, key, authority: Authority, config_dir: Path
) -> None:
    other = new_run()
    seal(other.directory, other.record, key, screenshot=False, authority=authority.as_configured())
    (other.directory / "attestation.tsr").chmod(0o600)
    shutil.copy(stamped.directory / "attestation.tsr", other.directory)

    findings = verify(other.directory, config_dir=config_dir).findings

    assert [(finding.kind, finding.detail) for finding in findings] == [
        ("time-stamp", "the time-stamp is about other bytes.")
    ]


def test_a_changed_byte_is_found_or_changes_nothing_that_is_said(stamped, authority) -> None:
    content = (stamped.directory / "attestation.json").read_bytes()
    response = (stamped.directory / "attestation.tsr").read_bytes()
    trusted = certificates(authority.folder)
    right = read_time_stamp(response, content, trusted)
    unseen = 0
    for place in range(len(response)):
        changed = bytearray(response)
        changed[place] ^= 1
        try:
            said = read_time_stamp(bytes(changed), content, trusted)
        except BadTimeStamp:
            continue
        unseen += 1
        assert said == right
    # The name of the signature's algorithm: eight bytes that openssl does not look at.
    assert unseen <= 8


def test_an_authority_that_is_not_trusted_here_is_found(
    stamped, tmp_path: Path, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_authority(tmp_path / "other")
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(other / "root.pem"))

    findings = verify(stamped.directory, config_dir=config_dir).findings

    assert [finding.kind for finding in findings] == ["time-stamp"]
    assert "not by an authority that is trusted here" in findings[0].detail


def test_where_no_authority_is_trusted_the_time_is_not_believed(
    stamped, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CERTIFICATE_VARIABLE)

    found = verify(stamped.directory, config_dir=config_dir)

    assert (found.findings, found.time_stamp) == ((), None)
    assert any("CN=Clock of the test was not checked" in note for note in found.notes)


def test_where_no_authority_answers_the_seal_stands_and_promises_nothing(
    recorded, key, authority: Authority, config_dir: Path
) -> None:
    gone = TimeStampAuthority("http://127.0.0.1:9/", certificates(authority.folder))

    made = seal(recorded.directory, recorded.record, key, screenshot=False, authority=gone)

    attestation = read_attestation((recorded.directory / "attestation.json").read_bytes())
    assert "http://127.0.0.1:9/ gave no answer" in (made.time_stamp_problem or "")
    assert attestation.predicate.signed_with.time_stamped_by is None
    assert verify(recorded.directory, config_dir=config_dir).ok


def test_a_required_time_stamp_that_cannot_be_had_refuses_the_seal(
    recorded, key, authority: Authority
) -> None:
    gone = TimeStampAuthority("http://127.0.0.1:9/", certificates(authority.folder), required=True)

    with pytest.raises(SealRefused, match=r"was not sealed: .* gave no answer"):
        seal(recorded.directory, recorded.record, key, screenshot=False, authority=gone)
    assert not (recorded.directory / "attestation.json").exists()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("broken", "gave no answer"),
        ("page", "is not an RFC 3161 response"),
        ("replayed", "is about other bytes"),
    ],
)
def test_an_answer_that_is_no_time_stamp_of_ours_is_refused(
    authority: Authority, path: str, said: str
) -> None:
    request_time_stamp(authority.as_configured(), b"the first")
    wrong = TimeStampAuthority(authority.url + path, certificates(authority.folder))

    with pytest.raises(BadTimeStamp, match=said):
        request_time_stamp(wrong, b"another")


def test_an_old_answer_about_the_same_bytes_is_refused(authority: Authority) -> None:
    (authority.folder / "first.tsr").unlink(missing_ok=True)
    request_time_stamp(authority.as_configured(), b"the same")
    replaying = TimeStampAuthority(authority.url + "replayed", certificates(authority.folder))

    with pytest.raises(BadTimeStamp, match="answered another query"):
        request_time_stamp(replaying, b"the same")


def test_the_environment_configures_an_authority(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = configured_authority()
    monkeypatch.setenv(URL_VARIABLE, authority.url)
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(authority.folder / "root.pem"))
    monkeypatch.setenv(REQUIRED_VARIABLE, "1")

    assert nothing is None
    assert configured_authority() == authority.as_configured(required=True)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://clock",
        "clock",
        "https://me:word@clock/",  # pragma: allowlist secret
        "https://clock/?token=1",
    ],
)
def test_an_address_that_cannot_or_must_not_be_sealed_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)

    with pytest.raises(BadTimeStamp, match="not the address of a time-stamp authority"):
        configured_authority()


def test_an_authority_without_a_certificate_to_check_it_by_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(URL_VARIABLE, "https://clock/")

    with pytest.raises(BadTimeStamp, match="without HOTPASS_TSA_CERTIFICATE"):
        configured_authority()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "root.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(URL_VARIABLE, "https://clock/")
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(path))

    with pytest.raises(BadTimeStamp, match=r"root\.pem, which is no PEM file"):
        configured_authority()
