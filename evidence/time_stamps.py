"""Time-stamps of a third party (RFC 3161) over an attestation: it was sealed no later than then.

The response to a query over the bytes of `attestation.json` lies beside it as `attestation.tsr`,
so `openssl ts -verify` reads it too. The authority is configured by

    HOTPASS_TSA_URL             where it is asked
    HOTPASS_TSA_CERTIFICATE     a PEM file with its root, and what is between; needed to believe it
    HOTPASS_TSA_REQUIRED        `1` refuses to seal without a time-stamp
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from evidence.errors import EvidenceError, MissingPackage
from evidence.models import Frozen

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest, TimeStampResponse

URL_VARIABLE = "HOTPASS_TSA_URL"
CERTIFICATE_VARIABLE = "HOTPASS_TSA_CERTIFICATE"
REQUIRED_VARIABLE = "HOTPASS_TSA_REQUIRED"

Certificates = tuple["Certificate", ...]

_SHA256 = "2.16.840.1.101.3.4.2.1"
_PATIENCE_SECONDS = 20
_LARGEST_RESPONSE = 2**17


class BadTimeStamp(EvidenceError):
    """A time-stamp that cannot be had, or that does not show what it should."""


@dataclass(frozen=True)
class TimeStampAuthority:
    """Whom to ask for time-stamps; `required` refuses to seal without one."""

    url: str
    certificates: Certificates
    required: bool = False


class TimeStamp(Frozen):
    """When something was there at the latest, as an authority says.

    `trusted` says that its signature was checked up to a certificate that is configured here;
    otherwise nobody vouches for it.
    """

    time: datetime
    authority: str
    trusted: bool


def configured_authority() -> TimeStampAuthority | None:
    """The authority that the environment names, None for none. Raises BadTimeStamp."""
    url = os.environ.get(URL_VARIABLE)
    if not url:
        return None
    parts = urlsplit(url)
    named = parts.scheme in {"http", "https"} and parts.hostname
    if not named or parts.username is not None or parts.query:
        raise BadTimeStamp(
            f"{URL_VARIABLE} is not the address of a time-stamp authority; write http:// or "
            "https://, without password and query, for it is sealed with the run."
        )
    certificates = trusted_authorities()
    if not certificates:
        raise BadTimeStamp(
            f"{URL_VARIABLE} is set without {CERTIFICATE_VARIABLE}; name a PEM file with the "
            "authority's root certificate, or its time-stamps cannot be checked."
        )
    return TimeStampAuthority(url, certificates, os.environ.get(REQUIRED_VARIABLE) == "1")


def trusted_authorities() -> Certificates:
    """The certificates in the file that the environment names. Raises BadTimeStamp."""
    from cryptography.x509 import load_pem_x509_certificates

    path = os.environ.get(CERTIFICATE_VARIABLE)
    if not path:
        return ()
    try:
        return tuple(load_pem_x509_certificates(Path(path).read_bytes()))
    except (OSError, ValueError) as error:
        raise BadTimeStamp(
            f"{CERTIFICATE_VARIABLE} names {path}, which is no PEM file of certificates ({error})."
        ) from None


def request_time_stamp(authority: TimeStampAuthority, content: bytes) -> bytes:
    """Ask for a time-stamp over the content; returns the response, checked. Raises BadTimeStamp."""
    rfc3161 = _library()
    builder = rfc3161.TimestampRequestBuilder().data(content)
    request = builder.hash_algorithm(rfc3161.HashAlgorithm.SHA256).build()
    response = _ask(authority.url, request)
    read_time_stamp(response, content, authority.certificates)
    if _decode(response).tst_info.nonce != request.nonce:
        raise BadTimeStamp(f"{authority.url} answered another query than ours.")
    return response


def read_time_stamp(response: bytes, content: bytes, trusted: Certificates) -> TimeStamp:
    """What a response says of the content, checked up to one of the trusted certificates.

    Without any trusted certificate only that it is about this content. Raises BadTimeStamp when
    it is about something else, or is not by whom it should be.
    """
    decoded = _decode(response)
    said = decoded.tst_info
    imprint = said.message_imprint
    if (imprint.hash_algorithm.dotted_string, imprint.message) != (
        _SHA256,
        hashlib.sha256(content).digest(),
    ):
        raise BadTimeStamp("the time-stamp is about other bytes.")
    if trusted:
        _check_signature(decoded, content, trusted)
    return TimeStamp(time=said.gen_time, authority=_signer_name(decoded), trusted=bool(trusted))


def _ask(url: str, request: TimeStampRequest) -> bytes:
    query = Request(url, request.as_bytes(), {"Content-Type": "application/timestamp-query"})
    try:
        with urlopen(query, timeout=_PATIENCE_SECONDS) as answer:  # nosec B310
            content: bytes = answer.read(_LARGEST_RESPONSE + 1)
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise BadTimeStamp(f"the time-stamp authority {url} gave no answer ({reason}).") from None
    if len(content) > _LARGEST_RESPONSE:
        raise BadTimeStamp(f"the time-stamp authority {url} answered without end.")
    return content


def _decode(response: bytes) -> TimeStampResponse:
    rfc3161 = _library()
    try:
        decoded: TimeStampResponse = rfc3161.decode_timestamp_response(response)
        status = rfc3161.PKIStatus(decoded.status)
        if status != rfc3161.PKIStatus.GRANTED:
            reason = "; ".join(decoded.status_string) or status.name.lower().replace("_", " ")
            raise BadTimeStamp(f"the time-stamp authority granted none ({reason}).")
        decoded.tst_info  # noqa: B018  it is parsed when it is asked for
    except ValueError as error:
        raise BadTimeStamp(f"the time-stamp is not an RFC 3161 response ({error}).") from None
    # The two numbers that no signature covers and that have one right value (RFC 5652, 5.1, 5.3).
    versions = decoded.signed_data.version, *(s.version for s in decoded.signed_data.signer_infos)
    if versions != (3, 1) or decoded.as_bytes() != response:
        raise BadTimeStamp("the time-stamp is not in the form that RFC 3161 asks for.")
    return decoded


def _library() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError:
        raise MissingPackage("a time-stamp", "timestamp") from None
    return rfc3161_client


def _check_signature(decoded: TimeStampResponse, content: bytes, trusted: Certificates) -> None:
    rfc3161 = _library()
    verifier = rfc3161.VerifierBuilder(roots=list(trusted)).build()
    try:
        verifier.verify_message(decoded, content)
    except (rfc3161.VerificationError, ValueError) as error:
        raise BadTimeStamp(
            f"the time-stamp is not by an authority that is trusted here ({error})."
        ) from None


def _signer_name(decoded: TimeStampResponse) -> str:
    """The name in the signer's certificate, else the issuer that the signature names."""
    from cryptography.x509 import load_der_x509_certificate

    (signer,) = decoded.signed_data.signer_infos
    for der in decoded.signed_data.certificates:
        certificate = load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate.subject.rfc4514_string()
    return f"a key certified by {signer.issuer.rfc4514_string()}"
