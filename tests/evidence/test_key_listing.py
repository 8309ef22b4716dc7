"""Showing the key that seals here, and trusting another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.configuration import KEY_VARIABLE
from evidence.errors import BadKey, BadOption
from evidence.key_listing import key_and_tell
from evidence.keys import load_signing_key
from evidence.verify import verify


@pytest.fixture(autouse=True)
def _no_configured_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_the_key_is_shown_with_what_a_colleague_needs(tmp_path: Path) -> None:
    lines: list[str] = []

    code = key_and_tell(config_dir=tmp_path, say=lines.append)

    key = load_signing_key(tmp_path)
    assert code == 0
    assert lines[:4] == [
        f"fingerprint  {key.fingerprint}",
        "label        local key, identity not verified",
        "source       key file made at first use",
        f"lies in      {tmp_path / 'signing-key.pem'}",
    ]
    assert "\n".join(lines[4:]) + "\n" == key.public_pem.decode()


def test_the_signer_of_a_run_is_trusted_by_the_runs_folder(sealed, tmp_path: Path) -> None:
    lines: list[str] = []

    key_and_tell("Thandi, QA", sealed.directory, config_dir=tmp_path, say=lines.append)

    signer = verify(sealed.directory, config_dir=tmp_path).signer
    assert signer is not None
    assert signer.whose == "trusted here as Thandi, QA"
    assert lines == [
        f"{sealed.seal.fingerprint} is trusted as Thandi, QA from now on "
        f"({tmp_path / 'trusted-keys'})"
    ]


def test_trusted_keys_are_shown_with_their_limits(tmp_path: Path) -> None:
    (tmp_path / "trusted-keys").write_text(
        f"{'ab' * 32} kinds=e2e,arc modes=live valid-until=2027-06-30 Thandi\n{'cd' * 32} Sipho\n"
    )
    lines: list[str] = []

    key_and_tell(config_dir=tmp_path, say=lines.append)

    assert lines[-2:] == [
        f"trusted      {'ab' * 32}  Thandi (kinds=e2e,arc modes=live "
        "valid-until=2027-06-30T23:59:59.999999Z)",
        f"trusted      {'cd' * 32}  Sipho",
    ]


@pytest.mark.parametrize(("name", "file"), [("Thandi", None), (None, Path("signer.pub"))])
def test_a_name_and_a_file_belong_together(name: str | None, file: Path | None) -> None:
    with pytest.raises(BadOption, match="name both"):
        key_and_tell(name, file)


def test_a_file_that_is_no_key_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "signer.pub").write_text("no key")

    with pytest.raises(BadKey, match=r"signer\.pub is not a public key"):
        key_and_tell("Thandi", tmp_path / "signer.pub", config_dir=tmp_path)
    with pytest.raises(BadKey, match=r"none\.pub cannot be read"):
        key_and_tell("Thandi", tmp_path / "none.pub", config_dir=tmp_path)
    assert not (tmp_path / "trusted-keys").exists()
