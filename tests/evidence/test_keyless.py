"""Keyless signing against a Sigstore of our own: Fulcio's CA, a CT log, Rekor, a CI with tokens.

Each signs for real, so what sigstore-python accepts here it would accept of the public instance.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evidence.errors import BadKey, SealRefused
from evidence.keyless import TRUST_CONFIG_VARIABLE
from evidence.keys import load_signing_key
from evidence.seal import seal
from evidence.verify import verify

ISSUER = "https://token.actions.githubusercontent.com"
JOB = "https://github.com/acme/hotpass/.github/workflows/rehearse.yml@refs/heads/main"


def der(key: EllipticCurvePrivateKey) -> bytes:
    """The public key, SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    """An ECDSA signature."""
    return key.sign(message, ECDSA(SHA256()))


def b64(data: bytes) -> str:
    """Standard base64 as text."""
    return base64.b64encode(data).decode()


class Sigstore:
    """The keys of an instance, and what its services answer."""

    def __init__(self) -> None:
        self.ca, self.ct, self.rekor = (generate_private_key(SECP256R1()) for _ in range(3))
        self.job = JOB
        self.subject = "repo:acme/hotpass:ref:refs/heads/main"
        self.log: list[bytes] = []
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fulcio of the test")])
        now = datetime.now(UTC)
        self.root = (
            x509.CertificateBuilder(name, name, self.ca.public_key(), 1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(usage(key_cert_sign=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.ca.public_key()), critical=False
            )
            .sign(self.ca, SHA256())
        )

    def token(self) -> dict[str, str]:
        """What a CI gives a job that may ask for its identity."""
        now = int(time.time())
        claims = {
            "iss": ISSUER, "sub": self.subject, "aud": "sigstore", "iat": now, "exp": now + 300,
            "job_workflow_ref": self.job,
        }  # fmt: skip
        return {"value": jwt.encode(claims, "k" * 32, algorithm="HS256")}

    def certificate(self, request: x509.CertificateSigningRequest, token: str) -> dict[str, Any]:
        """Fulcio: a certificate of ten minutes for the job of the token, promised to be logged."""
        job = jwt.decode(token, options={"verify_signature": False})["job_workflow_ref"]
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(self.root.subject, x509.Name([]), request.public_key(), 2)
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(minutes=10))
            .add_extension(usage(digital_signature=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(job)]), critical=True
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.public_key()),
                critical=False,
            )
            .add_extension(
                x509.UnrecognizedExtension(
                    x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"),
                    bytes([0x0C, len(ISSUER)]) + ISSUER.encode(),
                ),
                critical=False,
            )
        )
        promise = self.promise(builder.sign(self.ca, SHA256()).tbs_certificate_bytes)
        logged = builder.add_extension(promise, critical=False).sign(self.ca, SHA256())
        chain = [found.public_bytes(Encoding.PEM).decode() for found in (logged, self.root)]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def promise(self, precertificate: bytes) -> x509.UnrecognizedExtension:
        """The CT log's signed certificate timestamp (RFC 6962, 3.2), as an extension."""
        moment = struct.pack("!Q", int(time.time() * 1000))
        entry = hashlib.sha256(der(self.ca)).digest() + struct.pack("!I", len(precertificate))[1:]
        signature = sign(
            self.ct, b"\0\0" + moment + struct.pack("!H", 1) + entry + precertificate + b"\0\0"
        )
        timestamp = b"\0" + hashlib.sha256(der(self.ct)).digest() + moment + b"\0\0\4\3"
        timestamp += struct.pack("!H", len(signature)) + signature
        listed = struct.pack("!HH", len(timestamp) + 2, len(timestamp)) + timestamp
        return x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"),
            b"\x04" + bytes([len(listed)]) + listed,
        )

    def entry(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Rekor: the entry of a log that holds nothing else, with its proof and promise."""
        content = proposed["spec"]["proposedContent"]
        envelope = json.loads(content["envelope"])
        self.log.append(base64.b64decode(envelope["payload"]))
        digests = {
            "envelopeHash": content["envelope"].encode(),
            "payloadHash": self.log[-1],
        }
        spec: dict[str, Any] = {
            name: {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}
            for name, data in digests.items()
        }
        spec["signatures"] = [
            {"signature": envelope["signatures"][0]["sig"], "verifier": content["verifiers"][0]}
        ]
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}).encode()
        root = hashlib.sha256(b"\0" + body).digest()
        identity = hashlib.sha256(der(self.rekor)).digest()
        note = f"rekor.test - 1\n1\n{b64(root)}\n"
        checkpoint = b64(identity[:4] + sign(self.rekor, note.encode()))
        promised: dict[str, Any] = {
            "body": b64(body),
            "integratedTime": int(time.time()),
            "logID": identity.hex(),
            "logIndex": 0,
        }
        canonical = json.dumps(promised, separators=(",", ":"), sort_keys=True).encode()
        verification = {
            "inclusionProof": {
                "checkpoint": f"{note}\n— rekor.test {checkpoint}\n",
                "hashes": [],
                "logIndex": 0,
                "rootHash": root.hex(),
                "treeSize": 1,
            },
            "signedEntryTimestamp": b64(sign(self.rekor, canonical)),
        }
        return {"ab" * 32: {**promised, "verification": verification}}

    def trust_config(self, url: str) -> dict[str, Any]:
        """What a client has to know of the instance."""
        since = {"start": "2020-01-01T00:00:00Z"}

        def log(key: EllipticCurvePrivateKey) -> dict[str, Any]:
            details = "PKIX_ECDSA_P256_SHA_256"
            return {
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(der(key)), "keyDetails": details, "validFor": since},
                "logId": {"keyId": b64(hashlib.sha256(der(key)).digest())},
            }

        service = {"url": url, "majorApiVersion": 1, "validFor": since, "operator": "test"}
        authority = {
            "subject": {"organization": "test", "commonName": "test"},
            "certChain": {
                "certificates": [{"rawBytes": b64(self.root.public_bytes(Encoding.DER))}]
            },
            "validFor": since,
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.rekor)],
                "ctlogs": [log(self.ct)],
                "certificateAuthorities": [authority],
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "rekorTlogUrls": [service],
                "rekorTlogConfig": {"selector": "ANY"},
            },
        }


def usage(**yes: bool) -> x509.KeyUsage:
    """A key usage with nothing but what is said."""
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: yes.get(name, False) for name in names})


def handler_for(sigstore: Sigstore) -> type[BaseHTTPRequestHandler]:
    """The instance's addresses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(sigstore.token())

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/signingCert"):
                pem = base64.b64decode(asked["certificateSigningRequest"])
                token = self.headers["Authorization"].removeprefix("Bearer ")
                self.answer(sigstore.certificate(x509.load_pem_x509_csr(pem), token))
            else:
                self.answer(sigstore.entry(asked), 201)

        def answer(self, data: object, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def sigstore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sigstore]:
    """A running instance that this process trusts, in a CI job that has an identity."""
    made = Sigstore()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(made))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "trust.json").write_text(json.dumps(made.trust_config(url)))
    monkeypatch.setenv(TRUST_CONFIG_VARIABLE, str(tmp_path / "trust.json"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{url}/token")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request")
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def certified(sigstore: Sigstore, recorded):
    """A run that was sealed keyless, open to change."""
    key = load_signing_key(source="keyless")
    seal(recorded.directory, recorded.record, key, screenshot=False)
    for path in recorded.directory.rglob("*"):
        path.chmod(0o700)
    return recorded


def test_a_run_sealed_keyless_says_whose_job_it_was(certified, tmp_path: Path) -> None:
    found = verify(certified.directory, config_dir=tmp_path)

    assert found.findings == ()
    assert found.signer is not None
    assert found.signer.identity is not None
    assert (found.signer.identity.name, found.signer.identity.issuer) == (JOB, ISSUER)
    assert found.signer.trust == "certified"
    assert "repo:acme/hotpass:ref:refs/heads/main" in found.signer.signed_with


def test_what_is_logged_for_everyone_is_the_statement_that_is_sealed(
    certified, sigstore: Sigstore
) -> None:
    envelope = json.loads((certified.directory / "attestation.json").read_bytes())

    assert sigstore.log == [base64.b64decode(envelope["payload"])]


def test_a_trusted_identity_is_called_by_its_name_and_held_to_its_line(
    certified, tmp_path: Path
) -> None:
    pattern = f"https://github.com/acme/hotpass/* issuer={ISSUER}"
    (tmp_path / "trusted-keys").write_text(f"{pattern} kinds=e2e the pipeline\n")
    allowed = verify(certified.directory, config_dir=tmp_path)
    (tmp_path / "trusted-keys").write_text(f"{pattern} modes=live the pipeline\n")
    refused = verify(certified.directory, config_dir=tmp_path)

    assert allowed.ok
    assert allowed.signer is not None
    assert allowed.signer.whose == "trusted here as the pipeline"
    assert [finding.detail for finding in refused.findings] == [
        "sealed by the key of the pipeline, which may not seal embedded e2e on embedded"
    ]


def test_the_certificate_that_was_taken_away_is_missed(certified, tmp_path: Path) -> None:
    (certified.directory / "attestation.sigstore.json").unlink()

    findings = verify(certified.directory, config_dir=tmp_path).findings

    assert [(finding.kind, finding.path) for finding in findings] == [
        ("removed", "attestation.sigstore.json")
    ]


def test_the_certificate_of_another_run_is_found(certified, new_run, tmp_path: Path) -> None:
    other = new_run()
    seal(other.directory, other.record, load_signing_key(source="keyless"), screenshot=False)
    theirs = (other.directory / "attestation.sigstore.json").read_bytes()
    (certified.directory / "attestation.sigstore.json").write_bytes(theirs)

    findings = verify(certified.directory, config_dir=tmp_path).findings

    assert [finding.kind for finding in findings] == ["signer"]
    assert "certifies another statement" in findings[0].detail


@pytest.mark.parametrize("part", ["payload", "sig", "rawBytes", "signedEntryTimestamp", "rootHash"])
def test_a_certificate_that_was_changed_certifies_nobody(
    certified, tmp_path: Path, part: str
) -> None:
    path = certified.directory / "attestation.sigstore.json"
    text = path.read_text()
    place = text.index(f'"{part}"') + len(part) + 12
    path.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])

    findings = verify(certified.directory, config_dir=tmp_path).findings

    assert [finding.kind for finding in findings] == ["signer"]
    assert "certifies nobody" in findings[0].detail


def test_an_instance_that_is_not_trusted_here_certifies_nobody(
    certified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.json").write_text(json.dumps(Sigstore().trust_config("http://127.0.0.1:9")))
    monkeypatch.setenv(TRUST_CONFIG_VARIABLE, str(tmp_path / "other.json"))

    findings = verify(certified.directory, config_dir=tmp_path).findings

    assert [finding.kind for finding in findings] == ["signer"]


def test_the_public_instance_does_not_know_a_certificate_of_ours(
    certified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRUST_CONFIG_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    findings = verify(certified.directory, config_dir=tmp_path).findings

    assert [finding.kind for finding in findings] == ["signer"]


def test_without_a_ci_identity_no_other_key_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(BadKey, match="no CI job with an identity"):
        load_signing_key(tmp_path / "hotpass", source="keyless")
    assert not (tmp_path / "hotpass").exists()


@pytest.mark.usefixtures("sigstore")
def test_a_job_that_may_not_ask_for_its_identity_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")

    with pytest.raises(BadKey, match=r"gave no identity to sign with: .*permissions"):
        load_signing_key(source="keyless")


def test_where_sigstore_cannot_be_reached_the_run_stays_unsealed(
    sigstore: Sigstore, recorded, tmp_path: Path
) -> None:
    key = load_signing_key(source="keyless")
    (tmp_path / "trust.json").write_text(json.dumps(sigstore.trust_config("http://127.0.0.1:9")))

    with pytest.raises(
        SealRefused, match=r"was not sealed: Sigstore did not certify the run: .*Connection refused"
    ):
        seal(recorded.directory, recorded.record, key, screenshot=False)
    assert not (recorded.directory / "attestation.json").exists()


def test_an_identity_that_changed_during_the_run_is_refused(sigstore: Sigstore, recorded) -> None:
    key = load_signing_key(source="keyless")
    sigstore.subject = "repo:mallory/hotpass:ref:refs/heads/main"

    with pytest.raises(SealRefused, match="identity changed during the run"):
        seal(recorded.directory, recorded.record, key, screenshot=False)


def test_a_trust_configuration_that_cannot_be_read_is_named(
    sigstore: Sigstore, recorded, tmp_path: Path
) -> None:
    key = load_signing_key(source="keyless")
    (tmp_path / "trust.json").write_text("{}")

    with pytest.raises(SealRefused, match=r"HOTPASS_SIGSTORE_TRUST_CONFIG names .*trust\.json"):
        seal(recorded.directory, recorded.record, key, screenshot=False)
