"""The local key: made once, kept private, refused when it is not."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from evidence.configuration import KEY_VARIABLE
from evidence.errors import BadKey
from evidence.keys import SigningKey, load_signing_key, local_fingerprint, signing_secrets
from evidence.private_keys import PASSWORD_VARIABLE
from evidence.public_keys import P256_ORDER, fingerprint, load_public_key, signature_holds


@pytest.fixture(autouse=True)
def _no_configured_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)


def write_key(
    path: Path,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> Path:
    """Write a private key as PEM that its owner alone can read."""
    encryption = encryption or NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    path.chmod(0o600)
    return path


def test_the_first_use_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    made = load_signing_key(tmp_path / "hotpass")

    modes = [
        (tmp_path / "hotpass" / name).stat().st_mode & 0o777 for name in (".", "signing-key.pem")
    ]
    assert modes == [0o700, 0o600]
    assert made.label == "local key, identity not verified"


def test_the_second_use_loads_the_same_key(tmp_path: Path) -> None:
    assert load_signing_key(tmp_path).fingerprint == load_signing_key(tmp_path).fingerprint


def test_the_key_lives_below_xdg_config_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    load_signing_key()

    assert (tmp_path / "hotpass" / "signing-key.pem").is_file()


def test_without_xdg_config_home_the_key_lives_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    load_signing_key()

    assert (tmp_path / ".config" / "hotpass" / "signing-key.pem").is_file()


def test_processes_that_meet_at_first_use_agree_on_one_key(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from evidence.keys import load_signing_key; "
        f"print(load_signing_key(Path({str(tmp_path / 'hotpass')!r})).fingerprint)"
    )

    def one(_: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        ).stdout

    with ThreadPoolExecutor(6) as pool:
        fingerprints = set(pool.map(one, range(6)))

    assert len(fingerprints) == 1
    assert [path.name for path in (tmp_path / "hotpass").iterdir()] == ["signing-key.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    load_signing_key(tmp_path)
    (tmp_path / "signing-key.pem").chmod(mode)

    with pytest.raises(BadKey, match="chmod 600"):
        load_signing_key(tmp_path)


def test_a_key_in_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    load_signing_key(tmp_path)
    tmp_path.chmod(0o777)

    with pytest.raises(BadKey, match="chmod 700"):
        load_signing_key(tmp_path)


def test_the_variable_names_another_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_key(tmp_path / "team.pem", ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setenv(KEY_VARIABLE, str(path))

    used = load_signing_key(tmp_path / "hotpass")

    assert used.label == "configured key, identity not verified"
    assert used.fingerprint == local_fingerprint()
    assert not (tmp_path / "hotpass").exists()


def test_a_key_file_that_does_not_exist_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "none.pem"))

    with pytest.raises(BadKey, match=r"none\.pem cannot be read \(No such file"):
        load_signing_key()


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["rsa", "p384"],
)
def test_a_key_of_another_kind_is_refused_with_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(write_key(tmp_path / "other.pem", key)))

    with pytest.raises(BadKey, match=r"is not ECDSA P-256.*openssl"):
        load_signing_key()


def test_an_encrypted_key_opens_with_its_passphrase_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    path = write_key(tmp_path / "team.pem", private, BestAvailableEncryption(b"open sesame"))

    with pytest.raises(BadKey, match="is encrypted; put its passphrase into the variable"):
        load_signing_key(source=str(path))
    monkeypatch.setenv(PASSWORD_VARIABLE, "close sesame")
    with pytest.raises(BadKey, match="does not open with the passphrase"):
        load_signing_key(source=str(path))
    monkeypatch.setenv(PASSWORD_VARIABLE, "open sesame")

    assert load_signing_key(source=str(path)).fingerprint == fingerprint(private.public_key())


def test_a_passphrase_that_is_not_needed_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "open sesame")

    assert load_signing_key(tmp_path).label == "local key, identity not verified"


def test_a_key_can_be_the_value_of_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = write_key(tmp_path / "team.pem", ec.generate_private_key(ec.SECP256R1())).read_text()
    monkeypatch.setenv("TEAM_KEY", pem)
    monkeypatch.setenv(KEY_VARIABLE, "env://TEAM_KEY")

    used = load_signing_key(tmp_path / "hotpass")

    assert used.source == "environment variable TEAM_KEY"
    assert used.fingerprint == load_signing_key(source=str(tmp_path / "team.pem")).fingerprint
    assert signing_secrets() == {"TEAM_KEY": pem}


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(BadKey, match="variable TEAM_KEY, which is not set"):
        load_signing_key(source="env://TEAM_KEY")


def test_a_source_of_no_known_kind_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match=r"awskm://… is of no known kind.*env://, awskms://.*keyless"):
        load_signing_key(tmp_path / "hotpass", source="awskm:///alias/evidence")
    assert not (tmp_path / "hotpass").exists()


def test_asking_for_the_local_fingerprint_makes_no_key(tmp_path: Path) -> None:
    assert local_fingerprint(tmp_path / "hotpass") is None
    assert not (tmp_path / "hotpass").exists()


def test_a_configuration_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadKey, match=KEY_VARIABLE):
        load_signing_key(tmp_path / "file" / "hotpass")


def test_the_printed_key_shows_nothing_private(tmp_path: Path) -> None:
    made = load_signing_key(tmp_path)

    assert repr(made) == f"PrivateKey({made.fingerprint}, 'local key, identity not verified')"


def test_the_fingerprint_is_what_openssl_says(key: SigningKey, tmp_path: Path) -> None:
    public = tmp_path / "signer.pub"
    public.write_bytes(key.public_pem)

    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"],
        check=True,
        capture_output=True,
    ).stdout
    said = subprocess.run(["sha256sum"], input=der, check=True, capture_output=True).stdout

    assert said.split()[0].decode() == key.fingerprint


def test_a_signature_has_one_form_only(key: SigningKey) -> None:
    public = load_public_key(key.public_pem, "signer.pub")
    signature = key.sign(b"message")
    r, s = decode_dss_signature(signature)

    assert signature_holds(public, signature, b"message")
    assert not signature_holds(public, encode_dss_signature(r, P256_ORDER - s), b"message")
    assert not signature_holds(public, signature + b"\0", b"message")
    assert key.sign(b"message") == signature
