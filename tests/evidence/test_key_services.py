"""Keys that a service keeps: AWS KMS (moto's server signs), Vault's transit API, refusals."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import Request, urlopen

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

from evidence.configuration import KEY_VARIABLE
from evidence.errors import BadKey, MissingPackage, SealRefused
from evidence.keys import load_signing_key, local_fingerprint
from evidence.public_keys import load_public_key, public_pem, signature_holds
from evidence.seal import seal
from evidence.statement import read_attestation
from evidence.verify import verify


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """A server that speaks AWS KMS and really signs."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def careless_kms(moto_url: str, monkeypatch: pytest.MonkeyPatch):
    """A client of that server, whose address and credentials stand in the environment.

    Moto hashes a digest once more before it signs it, which AWS does not.
    """
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", moto_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return boto3.client("kms")


@pytest.fixture
def kms(careless_kms, monkeypatch: pytest.MonkeyPatch):
    """A client of a server that signs a digest as it is, as AWS does."""

    def sign(key: ECDSAPrivateKey, digest: bytes, _: str) -> bytes:
        return key.private_key.sign(digest, ECDSA(Prehashed(SHA256())))

    monkeypatch.setattr(ECDSAPrivateKey, "sign", sign)
    return careless_kms


def new_key(kms, spec: str = "ECC_NIST_P256") -> str:
    """Make a key in KMS; returns its id."""
    return kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec=spec)["KeyMetadata"]["KeyId"]


def test_a_run_is_sealed_with_a_key_that_stays_in_kms(
    kms, recorded, config_dir, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"awskms:///{new_key(kms)}"
    monkeypatch.setenv(KEY_VARIABLE, address)

    made = seal(recorded.directory, recorded.record, load_signing_key(), screenshot=False)

    said = read_attestation((recorded.directory / "attestation.json").read_bytes()).predicate
    found = verify(recorded.directory, signer=made.fingerprint, config_dir=config_dir)
    assert found.findings == ()
    assert said.signed_with.label == "AWS KMS key, identity not verified"
    assert said.signed_with.source == address


def test_every_signature_of_kms_is_brought_to_the_one_accepted_form(kms) -> None:
    key = load_signing_key(source=f"awskms:///{new_key(kms)}")
    public = load_public_key(key.public_pem, "signer.pub")

    # Half of all signatures come with the larger s; twelve without one are a rarity.
    messages = [f"message {number}".encode() for number in range(12)]

    assert all(signature_holds(public, key.sign(message), message) for message in messages)


def test_a_key_is_found_by_its_alias_too(kms) -> None:
    identity = new_key(kms)
    kms.create_alias(AliasName="alias/evidence", TargetKeyId=identity)

    by_alias = load_signing_key(source="awskms:///alias/evidence")

    assert by_alias.fingerprint == load_signing_key(source=f"awskms:///{identity}").fingerprint


def test_asking_whose_key_is_local_asks_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "awskms:///alias/evidence")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")

    assert local_fingerprint() is None


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P384"])
def test_a_key_of_another_kind_is_refused(kms, spec: str) -> None:
    with pytest.raises(BadKey, match="is not an ECDSA P-256 key"):
        load_signing_key(source=f"awskms:///{new_key(kms, spec)}")


@pytest.mark.usefixtures("kms")
def test_a_key_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(
        BadKey, match=r"awskms:///alias/none cannot be had from AWS KMS: .*not found"
    ):
        load_signing_key(source="awskms:///alias/none")


@pytest.mark.parametrize("source", ["awskms://alias/evidence", "awskms:///", "awskms://"])
def test_an_address_without_a_key_says_how_one_is_written(source: str) -> None:
    with pytest.raises(BadKey, match="write awskms:///<key id"):
        load_signing_key(source=source)


def test_a_key_that_is_gone_does_not_sign_and_leaves_the_run_unsealed(
    kms, moto_url: str, recorded
) -> None:
    key = load_signing_key(source=f"awskms:///{new_key(kms)}")
    with urlopen(Request(f"{moto_url}/moto-api/reset", method="POST")) as answer:
        assert answer.status == 200

    with pytest.raises(SealRefused, match=r"was not sealed: .* did not sign: .*does not exist"):
        seal(recorded.directory, recorded.record, key, screenshot=False)
    assert not (recorded.directory / "attestation.json").exists()


def test_a_service_that_signs_something_else_is_refused(careless_kms) -> None:
    key = load_signing_key(source=f"awskms:///{new_key(careless_kms)}")

    with pytest.raises(BadKey, match="its own public key does not hold"):
        key.sign(b"message")


@pytest.mark.parametrize(
    ("source", "service"),
    [
        ("gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1", "Google"),
        ("azurekms://acme.vault.azure.net/evidence", "Azure Key Vault"),
    ],
)
def test_a_service_whose_packages_are_missing_names_the_extra(source: str, service: str) -> None:
    with pytest.raises(MissingPackage, match=rf"{service}.*pip install 'hotpass\[kms\]'"):
        load_signing_key(source=source)


def test_an_azure_address_without_a_vault_says_how_one_is_written() -> None:
    with pytest.raises(BadKey, match="write azurekms://<vault>"):
        load_signing_key(source="azurekms://evidence")


class Transit(BaseHTTPRequestHandler):
    """Vault's transit engine, version 1 of its HTTP API: read a key, sign with it."""

    key = generate_private_key(SECP256R1())
    kind = "ecdsa-p256"

    def do_GET(self) -> None:
        pem = public_pem(self.key.public_key()).decode()
        versions = {"1": {"public_key": "an old one"}, "2": {"public_key": pem}}
        self.answer(
            "/v1/transit/keys/evidence",
            {"type": self.kind, "latest_version": 2, "keys": versions},
        )

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert (asked["key_version"], asked["hash_algorithm"]) == (2, "sha2-256")
        assert asked["marshaling_algorithm"] == "asn1"
        signature = self.key.sign(base64.b64decode(asked["input"]), ECDSA(SHA256()))
        written = f"vault:v2:{base64.b64encode(signature).decode()}"
        self.answer("/v1/transit/sign/evidence", {"signature": written})

    def answer(self, path: str, data: object) -> None:
        allowed = self.headers["X-Vault-Token"] == "right"
        found = allowed and self.path == path
        body = {"data": data} if found else {"errors": [] if allowed else ["permission denied"]}
        self.send_response(200 if found else 404 if allowed else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server for that, whose address and token stand in the environment."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Transit)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VAULT_TOKEN", "right")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("vault")
def test_vault_signs_with_the_newest_version_of_its_key() -> None:
    key = load_signing_key(source="hashivault://evidence")

    assert key.public_pem == public_pem(Transit.key.public_key())
    assert signature_holds(Transit.key.public_key(), key.sign(b"message"), b"message")
    assert key.label == "HashiCorp Vault key, identity not verified"


@pytest.mark.usefixtures("vault")
def test_vault_without_the_right_token_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "wrong")

    with pytest.raises(BadKey, match="cannot be had from HashiCorp Vault: permission denied"):
        load_signing_key(source="hashivault://evidence")


@pytest.mark.usefixtures("vault")
def test_a_vault_key_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transit, "kind", "ed25519")

    with pytest.raises(BadKey, match="is of type ed25519; expected ecdsa-p256"):
        load_signing_key(source="hashivault://evidence")
