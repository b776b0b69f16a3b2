"""The certificates that lie on a gateway, out of ARM's base64 (azure-rules section 0, rules 7 and 8). Pure.

ARM does not vet what is uploaded: PEM text with CRLF, DER, bundles and nonsense all occur, so whatever cannot be read is reported by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from bot.azure.shapes import Document, name_of, properties, text
from bot.domain.azure import AuthCertificate
from chainlib import Certificate, ChainlibError, UndecodableRoot, UploadedRoot, load_uploaded

KEY_VAULT_REASON = "it is kept in Key Vault and ARM does not show its data"
NO_DATA_REASON = "ARM shows no data for it"
REMEMBERED = 4096


def trusted_roots(
    items: Iterable[Document], gateway: str
) -> tuple[tuple[UploadedRoot, ...], tuple[UndecodableRoot, ...]]:
    """Every trusted root on the gateway.

    A bundle gives several under one name, an unreadable one its reason.
    """
    roots: list[UploadedRoot] = []
    broken: list[UndecodableRoot] = []
    for item in items:
        found, reason = _certificates(item)
        roots += (
            UploadedRoot(name=name_of(item), certificate=one, gateway=gateway) for one in found
        )
        broken += [UndecodableRoot(name=name_of(item), reason=reason)] if reason else []
    return tuple(roots), tuple(broken)


def auth_certificates(items: Iterable[Document]) -> tuple[AuthCertificate, ...]:
    """The v1 authentication certificates.

    One that cannot be read matches no leaf and is left out.
    """
    return tuple(
        AuthCertificate(name=name_of(item), certificate=one)
        for item in items
        for one in _certificates(item)[0]
    )


def _certificates(item: Document) -> tuple[tuple[Certificate, ...], str]:
    data = text(properties(item).get("data"))
    if not data:
        return (), KEY_VAULT_REASON if properties(item).get("keyVaultSecretId") else NO_DATA_REASON
    return _decoded(data)


@lru_cache(maxsize=REMEMBERED)
def _decoded(data: str) -> tuple[tuple[Certificate, ...], str]:
    """One root lies on many gateways and is read again every few minutes.

    Decoding it takes about a millisecond.
    """
    try:
        return tuple(load_uploaded(data)), ""
    except ChainlibError as error:
        return (), str(error)
