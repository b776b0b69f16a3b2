"""Decodes the certificates attached to a gateway from ARM's base64. Pure.

Called by `gateway_document`. Source: azure-rules section 0, rules 7 and 8. ARM does not check what
is uploaded: PEM text with CRLF, DER, bundles and data that is no certificate all occur, so every
entry that cannot be read is reported by name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

from bot.azure.arm_json import Document, name_of, properties, text
from bot.domain.azure import AuthCertificate
from chainlib import (
    Certificate,
    ChainlibError,
    PackedRoot,
    UndecodableRoot,
    UploadedRoot,
    load_uploaded,
)
from chainlib.frozen import dataclass

REMEMBERED = 4096
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{64,}={0,2}\s*")
_DER_SEQUENCE = b"\x30\x82"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRoots:
    """The trusted root certificates of a gateway, grouped by how they could be read.

    Attributes:
        readable: every decoded certificate; a bundle gives several under one name.
        undecodable: entries whose data is no certificate, with what the data is instead.
        hidden: names of entries whose data ARM does not show, usually because it is in Key Vault.
        packed: the readable entries whose data is a PEM bundle or a PKCS #7 file.
    """

    readable: tuple[UploadedRoot, ...] = ()
    undecodable: tuple[UndecodableRoot, ...] = ()
    hidden: tuple[str, ...] = ()
    packed: tuple[PackedRoot, ...] = ()


def trusted_roots(items: Iterable[Document], gateway: str) -> TrustedRoots:
    """Decode every trusted root certificate of the gateway and group the results."""
    readable: list[UploadedRoot] = []
    undecodable: list[UndecodableRoot] = []
    hidden: list[str] = []
    packed: list[PackedRoot] = []
    for item in items:
        name, data = name_of(item), text(properties(item).get("data"))
        if not data:
            hidden.append(name)
            continue
        found = _decoded(data)
        readable += (
            UploadedRoot(name=name, certificate=one, gateway=gateway) for one in found.certificates
        )
        if found.packed:
            count = len(found.certificates)
            packed.append(PackedRoot(name=name, kind=found.packed, count=count))
        if not found.certificates:
            undecodable.append(UndecodableRoot(name=name, reason=found.reason, kind=found.kind))
    return TrustedRoots(
        readable=tuple(readable),
        undecodable=tuple(undecodable),
        hidden=tuple(hidden),
        packed=tuple(packed),
    )


def auth_certificates(items: Iterable[Document]) -> tuple[AuthCertificate, ...]:
    """Decode the authentication certificates of a v1 gateway.

    An entry that cannot be read is left out, because it can match no leaf certificate.
    """
    return tuple(
        AuthCertificate(name=name_of(item), certificate=one)
        for item in items
        if (data := text(properties(item).get("data")))
        for one in _decoded(data).certificates
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    """The content of one `data` member: certificates, or what it is instead."""

    certificates: tuple[Certificate, ...] = ()
    packed: str = ""
    kind: str = "undecodable"
    reason: str = ""


@lru_cache(maxsize=REMEMBERED)
def _decoded(data: str) -> _Decoded:
    """Decode one `data` member; cached.

    The same root is on many gateways and is read again every few minutes. Decoding takes about a
    millisecond.
    """
    if _is_encoded_twice(data):
        return _Decoded(kind="double-encoded")
    try:
        bag = load_uploaded(data)
    except ChainlibError as error:
        return _Decoded(reason=str(error))
    several = "bundle" if len(bag) > 1 else ""
    return _Decoded(certificates=tuple(bag), packed=several if bag.ordered else "pkcs7")


def _is_encoded_twice(data: str) -> bool:
    """Whether the data is base64 of base64, as when a .cer file's text is encoded again."""
    inner = _unwrapped(data.encode("ascii", "replace"))
    if inner is None or not _BASE64.fullmatch(inner.removeprefix(b"\xef\xbb\xbf")):
        return False
    content = _unwrapped(inner) or b""
    return content.startswith(_DER_SEQUENCE) or b"-----BEGIN" in content


def _unwrapped(encoded: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(encoded.split()), validate=True)
    except binascii.Error:
        return None
