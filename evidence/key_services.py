"""Keys that never leave the service that keeps them: AWS, Google Cloud, Azure, Vault.

The addresses are those that cosign takes, so `cosign … --key <address>` means the same key:

    awskms:///<key id, ARN, alias/… or alias ARN>        the endpoint from AWS_ENDPOINT_URL_KMS
    gcpkms://projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/…
    azurekms://<vault>.vault.azure.net/<key>             its newest version
    hashivault://<key>                                   of Vault's transit engine, newest version

Credentials are the service's own: what its command line finds, this finds.
"""

from __future__ import annotations

import base64
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evidence.errors import BadKey, MissingPackage
from evidence.public_keys import fingerprint, load_public_key, low_form, public_pem, signature_holds

if TYPE_CHECKING:
    from securesystemslib.signer import Signer, SSlibKey

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class ServiceKey:
    """A key that a service signs with; `ask` sends it a message and returns its signature."""

    label: str
    source: str
    public_pem: bytes
    ask: Sign = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the public key in DER form."""
        return fingerprint(load_public_key(self.public_pem, self.source))

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature over SHA-256, DER. Raises BadKey when the service gives none."""
        try:
            signature = low_form(self.ask(message))
        except Exception as error:
            raise BadKey(f"{self.source} did not sign: {told_by(error)}") from None
        if not signature_holds(load_public_key(self.public_pem, self.source), signature, message):
            raise BadKey(f"{self.source} gave a signature that its own public key does not hold.")
        return signature


def open_service_key(uri: str) -> ServiceKey:
    """Find the key of an address at its service.

    Raises BadKey when the service does not give the key or it is not ECDSA P-256,
    MissingPackage when the service cannot be asked at all.
    """
    scheme, _, rest = uri.partition("://")
    service, reach = _SERVICES[scheme]
    # Its loggers would say every failure twice.
    logging.getLogger("securesystemslib").addHandler(logging.NullHandler())
    try:
        pem, ask = reach(rest)
    except BadKey:
        raise
    except Exception as error:
        if isinstance(error, ImportError) or type(error).__name__ == "UnsupportedLibraryError":
            raise MissingPackage(f"a key in {service}", "kms") from None
        raise BadKey(f"{uri} cannot be had from {service}: {told_by(error)}") from None
    public = public_pem(load_public_key(pem, uri))
    return ServiceKey(f"{service} key, identity not verified", uri, public, ask)


def told_by(error: Exception) -> str:
    """What a client library says, as one sentence; its kind and cause where it says nothing."""
    said = str(error).strip() or f"{type(error).__name__} {error.__cause__ or ''}".strip()
    return said.partition("\n")[0].rstrip(".") + "."


def _aws(rest: str) -> tuple[bytes, Sign]:
    from securesystemslib.signer import AWSSigner

    endpoint, _, key = rest.partition("/")
    if endpoint or not key:
        raise BadKey(
            f"awskms://{rest} does not name a key; write awskms:///<key id, ARN or alias/…>, and "
            "an endpoint of your own into AWS_ENDPOINT_URL_KMS."
        )
    return _imported(AWSSigner, AWSSigner.import_(key))


def _google(rest: str) -> tuple[bytes, Sign]:
    from securesystemslib.signer import GCPSigner

    return _imported(GCPSigner, GCPSigner.import_(rest))


def _azure(rest: str) -> tuple[bytes, Sign]:
    from securesystemslib.signer import AzureSigner

    named = re.fullmatch(r"([A-Za-z0-9-]+)\.vault\.azure\.net/(?:keys/)?([A-Za-z0-9-]+)", rest)
    if named is None:
        raise BadKey(
            f"azurekms://{rest} does not name a key; write azurekms://<vault>.vault.azure.net/<key>"
        )
    return _imported(AzureSigner, AzureSigner.import_(*named.groups()))


def _imported(signer: type[Signer], found: tuple[str, SSlibKey]) -> tuple[bytes, Sign]:
    uri, public = found
    made = signer.from_priv_key_uri(uri, public)
    return public.keyval["public"].encode(), lambda message: bytes.fromhex(
        made.sign(message).signature
    )


def _vault(rest: str) -> tuple[bytes, Sign]:
    """Asked directly: securesystemslib's own signer for Vault knows Ed25519 alone."""
    import hvac

    client = hvac.Client(namespace=os.environ.get("VAULT_NAMESPACE"))
    engine = os.environ.get("TRANSIT_SECRET_ENGINE_PATH", "transit")
    found: dict[str, Any] = client.secrets.transit.read_key(rest, mount_point=engine)["data"]
    if found["type"] != "ecdsa-p256":
        raise BadKey(f"hashivault://{rest} is of type {found['type']}; expected ecdsa-p256.")
    version = found["latest_version"]

    def ask(message: bytes) -> bytes:
        answer = client.secrets.transit.sign_data(
            rest,
            hash_input=base64.b64encode(message).decode(),
            key_version=version,
            hash_algorithm="sha2-256",
            marshaling_algorithm="asn1",
            mount_point=engine,
        )
        return base64.b64decode(answer["data"]["signature"].rpartition(":")[2])

    return found["keys"][str(version)]["public_key"].encode(), ask


_SERVICES: dict[str, tuple[str, Callable[[str], tuple[bytes, Sign]]]] = {
    "awskms": ("AWS KMS", _aws),
    "gcpkms": ("Google Cloud KMS", _google),
    "azurekms": ("Azure Key Vault", _azure),
    "hashivault": ("HashiCorp Vault", _vault),
}
