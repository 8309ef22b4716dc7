"""Workbooks that are protected with a password, opened with one from the environment."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from hotpass.errors import BadInput

VARIABLE = "HOTPASS_WORKBOOK_PASSWORD"
"""The password of every protected workbook; with `_` and a file's name, that of this file."""


def variable_for(file: str) -> str:
    """The variable that holds the password of one file: `..._MEMBERS_XLSX` for `members.xlsx`."""
    return f"{VARIABLE}_{re.sub(r'[^A-Za-z0-9]+', '_', PurePosixPath(file).name).upper()}"


def passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that hold such passwords."""
    return {name: value for name, value in environment.items() if name.startswith(VARIABLE)}


def unlocked(content: bytes, file: str, passwords: Mapping[str, str]) -> bytes:
    """The bytes of a workbook as they are without protection; those of an open one as they are.

    What was protected is held in memory alone. Raises BadInput, naming `file` and the variable,
    when no password is given, when it is another one, and when the protection is damaged.
    """
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not office.is_encrypted():
            return content
    except (FileFormatError, ParseError, OSError):
        # Whatever else is wrong with it, the reader of old workbooks says.
        return content
    own = variable_for(file)
    name = next((name for name in (own, VARIABLE) if passwords.get(name)), None)
    if name is None:
        raise BadInput(
            f"{file} is protected with a password; give it in the environment variable "
            f"{VARIABLE}, or in {own} for this file alone, or save a copy without one."
        )
    opened = io.BytesIO()
    try:
        office.load_key(password=passwords[name], verify_password=True)
        office.decrypt(opened)
    except InvalidKeyError:
        raise BadInput(
            f"{file} is protected with another password than the one in {name}; correct it, "
            "or save a copy without one."
        ) from None
    except (DecryptionError, ParseError, ValueError, OSError) as error:
        raise BadInput(
            f"{file} is protected in a way that cannot be opened ({error}); save a copy "
            "without a password."
        ) from None
    return opened.getvalue()
