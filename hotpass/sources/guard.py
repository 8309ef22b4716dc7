"""Whether a workbook can be opened at all, found out before it costs memory."""

from __future__ import annotations

import mmap
from pathlib import Path

from hotpass.errors import BadInput

_PACKAGE = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WEB_PAGE = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<body", b"<style")
_ENCRYPTED_PARTS = tuple(
    name.encode("utf-16-le") for name in ("EncryptedPackage", "EncryptionInfo")
)
_OLD_WORKBOOK_PARTS = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))


def refuse_what_is_no_workbook(path: Path, file: str, *, may_be_protected: bool = False) -> None:
    """Raise BadInput, naming `file`, unless the bytes begin as a workbook's do.

    One that is protected with a password is refused as well, unless it may be.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    if not start:
        raise BadInput(f"{file} is empty (0 bytes); delete it or save it again.")
    if start.startswith(_PACKAGE):
        return
    if start.startswith(_COMPOUND):
        _refuse_encrypted_or_other(path, file, may_be_protected)
        return
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    suffix = path.suffix
    if text.startswith(_WEB_PAGE) or (text.startswith(b"<?xml") and b"<html" in text):
        raise BadInput(
            f"{file} is a web page named {suffix}; "
            "open it in a spreadsheet program and save it as .xlsx."
        )
    raise BadInput(
        f"{file} is named {suffix} but is no workbook; "
        "open it in the program that made it and save it as .xlsx or .csv."
    )


def _refuse_encrypted_or_other(path: Path, file: str, may_be_protected: bool) -> None:
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if any(data.find(part) >= 0 for part in _ENCRYPTED_PARTS):
            if may_be_protected:
                return
            raise BadInput(
                f"{file} is protected with a password; save a copy without one and use that."
            )
        if not any(data.find(part) >= 0 for part in _OLD_WORKBOOK_PARTS):
            raise BadInput(
                f"{file} is an Office file but no workbook; save its table as .xlsx or .csv."
            )
