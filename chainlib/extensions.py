"""Reads the extensions of one certificate (RFC 5280 section 4.2), each by itself if necessary.

`cryptography` reads all extensions or none, and an address written as text, or an umlaut in a URL,
is enough for none. OpenSSL, whose verdict counts, reads each one when it is needed. If the whole
cannot be read, each extension is therefore put alone into an ordinary certificate and read there,
and so are the names of a subjectAltName.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from chainlib import der
from chainlib.frozen import dataclass
from chainlib.lenient import REFUSALS, identifier, plain_with_extension

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_ADDRESS_SIZES = frozenset({4, 16})
_MAX_NAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeNames:
    """The names of a subjectAltName that matter here.

    A dNSName that is not ASCII is escaped, so that it can be shown and matches nothing.
    """

    dns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """The readable extensions, and the raw contents of an unreadable subjectAltName."""

    readable: tuple[x509.ExtensionType, ...]
    raw_names: bytes | None = None

    def get(self, kind: type[_Extension]) -> _Extension | None:
        """The extension of this kind; `None` if it is absent or cannot be read."""
        return next((one for one in self.readable if isinstance(one, kind)), None)

    def alternative_names(self) -> AlternativeNames | None:
        """The names in the subjectAltName; `None` without one."""
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


def extensions_of(
    parsed: x509.Certificate | None, encoded: Callable[[], Iterable[bytes]]
) -> Extensions:
    """Read the extensions of a certificate; never raises because of their content.

    Args:
        parsed: the certificate as `cryptography` reads it; `None` if it refuses it.
        encoded: returns the DER of each Extension; called only if needed.
    """
    if parsed is not None:
        try:
            return Extensions(readable=tuple(extension.value for extension in parsed.extensions))
        except REFUSALS:
            pass
    return one_by_one(encoded())


def one_by_one(encoded: Iterable[bytes]) -> Extensions:
    """Read each Extension by itself."""
    readable, raw_names = [], None
    for oid, value in _once(encoded):
        read = _alone(oid, value)
        if read is not None:
            readable.append(read)
        elif identifier(oid) == x509.SubjectAlternativeName.oid:
            raw_names = value
    return Extensions(readable=tuple(readable), raw_names=raw_names)


def _once(encoded: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Identifier and value of each extension.

    A repeated extension counts as unreadable, as in X509V3_get_d2i(3).
    """
    parts = [der.children(extension, at_most=3) for extension in encoded]
    pairs = [(bytes(inner[0].content), bytes(inner[-1].content)) for inner in parts if inner]
    times = Counter(oid for oid, _ in pairs)
    return ((oid, value) for oid, value in pairs if times[oid] == 1)


def _alone(oid: bytes, value: bytes) -> x509.ExtensionType | None:
    """The extension from the first value of its content, as d2i functions read it."""
    first = der.element(value)
    exact = der.definite(first.encoded) if first else value
    inside = der.encode(der.OBJECT_ID, oid) + der.encode(der.OCTET_STRING, exact)
    try:
        certificate = plain_with_extension(der.encode(der.SEQUENCE, inside))
        return next((one.value for one in certificate.extensions), None)
    except REFUSALS:
        return _constraints(exact) if identifier(oid) == x509.BasicConstraints.oid else None


def _constraints(value: bytes) -> x509.BasicConstraints | None:
    """BasicConstraints with an explicit default value, or with a path length in a leaf."""
    outer = der.element(value)
    if outer is None or outer.tag != der.SEQUENCE:
        return None
    found = {one.tag: bytes(one.content) for one in der.elements(outer.content, at_most=2)}
    if not found.keys() <= {der.BOOLEAN, der.INTEGER}:
        return None
    ca = any(found.get(der.BOOLEAN, b""))
    length = int.from_bytes(found.get(der.INTEGER, b""), "big", signed=True)
    limited = ca and der.INTEGER in found and length >= 0
    return x509.BasicConstraints(ca=ca, path_length=length if limited else None)


def _names_of(value: bytes) -> AlternativeNames:
    names = der.children(value, at_most=_MAX_NAMES)
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
