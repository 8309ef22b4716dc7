"""A workbook with a password is opened with the one from the environment, or refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from hotpass.errors import BadInput
from hotpass.sources.folder import list_sheets, read_sheets
from hotpass.sources.password import variable_for

VARIABLE = "HOTPASS_WORKBOOK_PASSWORD"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A workbook whose password is `open sesame`."""
    plain = io.BytesIO()
    book = xlsxwriter.Workbook(plain)
    book.add_worksheet("Members").write_column(0, 0, ["Name", "Karoo"])
    book.close()
    with (tmp_path / "secret list.xlsx").open("wb") as stream:
        OOXMLFile(plain).encrypt("open sesame", stream)
    return tmp_path / "secret list.xlsx"


def refusal_of(path: Path) -> str:
    with pytest.raises(BadInput) as refusal:
        list(read_sheets(path, path.parent))
    return str(refusal.value)


def test_a_protected_workbook_without_a_password_is_refused_and_says_where_to_give_it(
    secret: Path,
) -> None:
    assert refusal_of(secret) == (
        "secret list.xlsx is protected with a password; give it in the environment variable "
        "HOTPASS_WORKBOOK_PASSWORD, or in HOTPASS_WORKBOOK_PASSWORD_SECRET_LIST_XLSX for this "
        "file alone, or save a copy without one."
    )


@pytest.mark.parametrize("variable", [VARIABLE, variable_for("secret list.xlsx")])
def test_a_protected_workbook_is_read_with_the_password_of_the_environment(
    secret: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "open sesame")

    (sheet,) = read_sheets(secret, secret.parent)

    assert sheet.cells.rows() == [("Name",), ("Karoo",)]
    assert list_sheets(secret, "secret list.xlsx") == ("Members",)


def test_the_password_of_one_file_comes_before_that_of_all(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "another")
    monkeypatch.setenv(variable_for("secret list.xlsx"), "open sesame")

    assert len(list(read_sheets(secret, secret.parent))) == 1


def test_another_password_is_refused_without_being_told(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "close sesame")

    assert refusal_of(secret) == (
        "secret list.xlsx is protected with another password than the one in "
        "HOTPASS_WORKBOOK_PASSWORD; correct it, or save a copy without one."
    )


def test_a_protected_workbook_cut_short_is_refused(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "open sesame")
    secret.write_bytes(secret.read_bytes()[:-3000])

    assert refusal_of(secret).startswith("secret list.xlsx ")
