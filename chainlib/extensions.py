"""The extensions of one certificate (RFC 5280 section 4.2), read so that one that nobody can read hides none of the others.

`cryptography` reads all of them or none, and an address written as text, or an umlaut in a URL, is enough for none. OpenSSL, which decides
in the end, reads each one when it is asked for. So where the whole cannot be read, each extension is put alone into a copy of the
certificate and read there, and the names of a subjectAltName one by one.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from chainlib import der

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_UNREADABLE = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError, TypeError)
_FIELD = 0xA3  # the extensions' place in a TBSCertificate, [3] EXPLICIT
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_ADDRESS_SIZES = frozenset({4, 16})
_MOST_FIELDS, _MOST_EXTENSIONS, _MOST_NAMES = 12, 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeNames:
    """What counts of a subjectAltName.

    A dNSName that is no ASCII stands here escaped, so that it is seen and fits nothing.
    """

    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """The extensions that could be read, and the contents of a subjectAltName that could not."""

    readable: tuple[x509.ExtensionType, ...]
    raw_names: bytes | None = None

    def get(self, kind: type[_Extension]) -> _Extension | None:
        """The extension of this kind, `None` when there is none or it cannot be read."""
        return next((one for one in self.readable if isinstance(one, kind)), None)

    def alternative_names(self) -> AlternativeNames | None:
        """The names that a subjectAltName holds, `None` without one."""
        names = self.get(x509.SubjectAlternativeName)
        if names is not None:
            addresses = tuple(map(str, names.get_values_for_type(x509.IPAddress)))
            return AlternativeNames(
                dns=tuple(names.get_values_for_type(x509.DNSName)), addresses=addresses
            )
        return None if self.raw_names is None else _names_of(self.raw_names)

    def ca_issuers(self) -> tuple[str, ...]:
        """The caIssuers URLs of the authority information access extension."""
        access = self.get(x509.AuthorityInformationAccess) or ()
        wanted = [
            d.access_location
            for d in access
            if d.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        ]
        return tuple(
            location.value
            for location in wanted
            if isinstance(location, x509.UniformResourceIdentifier)
        )


def extensions_of(parsed: x509.Certificate) -> Extensions:
    """Read the extensions of a certificate, each by itself where they cannot be read together.

    Never raises.
    """
    try:
        return Extensions(readable=tuple(extension.value for extension in parsed.extensions))
    except _UNREADABLE:
        return _one_by_one(parsed.public_bytes(Encoding.DER))


def _one_by_one(certificate: bytes) -> Extensions:
    tbs, *signature = der.children(certificate, at_most=3)
    fields = _inside(tbs, at_most=_MOST_FIELDS)
    # The copies bear the serial number 1: an odd one would be warned of once more.
    others = b"".join(
        der.encode(f.tag, b"\x01" if f.tag == der.INTEGER else bytes(f.content))
        for f in fields
        if f.tag != _FIELD
    )
    tail = b"".join(der.encode(part.tag, bytes(part.content)) for part in signature)
    readable, raw_names = [], None
    for oid, value, whole in _once(fields):
        read = _alone(others, whole, tail)
        if read is not None:
            readable.append(read)
        elif oid == x509.SubjectAlternativeName.oid:
            raw_names = value
    return Extensions(readable=tuple(readable), raw_names=raw_names)


def _once(fields: Iterable[der.Element]) -> Iterator[tuple[x509.ObjectIdentifier, bytes, bytes]]:
    """Identifier, value and encoding of each extension.

    One that is there twice counts as unreadable, as in X509V3_get_d2i(3).
    """
    holder = next(field for field in fields if field.tag == _FIELD)
    found = der.children(holder.content, at_most=_MOST_EXTENSIONS)
    parts = [
        (_inside(extension, at_most=3), der.encode(extension.tag, bytes(extension.content)))
        for extension in found
    ]
    times = Counter(bytes(inner[0].content) for inner, _ in parts)
    for inner, whole in parts:
        if times[bytes(inner[0].content)] == 1:
            yield _identifier(bytes(inner[0].content)), bytes(inner[-1].content), whole


def _identifier(content: bytes) -> x509.ObjectIdentifier:
    first, numbers, value = content[0], [], 0
    for octet in content[1:]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    return x509.ObjectIdentifier(".".join(map(str, (first // 40, first % 40, *numbers))))


def _alone(others: bytes, extension: bytes, tail: bytes) -> x509.ExtensionType | None:
    tbs = der.encode(der.SEQUENCE, others + der.encode(_FIELD, der.encode(der.SEQUENCE, extension)))
    try:
        copy = x509.load_der_x509_certificate(der.encode(der.SEQUENCE, tbs + tail))
        return next((one.value for one in copy.extensions), None)
    except _UNREADABLE:
        return None


def _names_of(value: bytes) -> AlternativeNames:
    names = der.children(value, at_most=_MOST_NAMES)
    packed = [
        bytes(name.content)
        for name in names
        if name.tag == _IP_ADDRESS and len(name.content) in _ADDRESS_SIZES
    ]
    dns = tuple(
        bytes(name.content).decode("ascii", "backslashreplace")
        for name in names
        if name.tag == _DNS_NAME
    )
    return AlternativeNames(
        dns=dns, addresses=tuple(str(ipaddress.ip_address(one)) for one in packed)
    )


def _inside(parent: der.Element, *, at_most: int) -> tuple[der.Element, ...]:
    return der.children(der.encode(der.SEQUENCE, bytes(parent.content)), at_most=at_most)
