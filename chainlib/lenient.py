"""Reads the fields of a certificate that OpenSSL accepts and `cryptography` refuses.

OpenSSL decides what a certificate is, and it reads many that violate RFC 5280 or DER.
`cryptography` refuses such a certificate as a whole because of one field. Here each field is
located by its position and read by putting it into an otherwise ordinary certificate. Used only if
`cryptography` refuses the whole.
"""

from __future__ import annotations

import re
import warnings
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from chainlib import der
from chainlib.frozen import dataclass

REFUSALS: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LATEST: Final = datetime.max.replace(tzinfo=UTC, microsecond=0)
_MAX_FIELDS, _MAX_EXTENSIONS = 12, 200
_VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3
_BIT_STRING, _UTC_TIME, _GENERALIZED_TIME = 0x03, 0x17, 0x18
_TWO = "([0-9]{2})"
_DATES: Final = {
    _UTC_TIME: re.compile(6 * _TWO + "Z"),
    _GENERALIZED_TIME: re.compile("([0-9]{4})" + 5 * _TWO + "Z"),
}
_FIRST_YEAR_OF_UTC_TIME = 50
_PLAIN_VERSION = bytes.fromhex("a003020102")
_PLAIN_SERIAL = bytes.fromhex("020101")
_PLAIN_ALGORITHM = bytes.fromhex("300a06082a8648ce3d040302")
_PLAIN_VALIDITY = der.encode(der.SEQUENCE, 2 * der.encode(_UTC_TIME, b"250101000000Z"))
_PLAIN_NAME = der.encode(der.SEQUENCE, b"")
_PLAIN_KEY = bytes.fromhex("3019301306072a8648ce3d020106082a8648ce3d030107030200" + "04")


def quiet() -> AbstractContextManager[object]:
    """Suppress `cryptography`'s warnings about long names and odd serial numbers.

    All of them are `UserWarning`s, its deprecation warnings too.
    """
    return warnings.catch_warnings(action="ignore", category=UserWarning)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFields:
    """The fields of a certificate (RFC 5280 section 4.1) in DER, headers included.

    Attributes:
        signed: the signed bytes, as they were sent.
        version: the whole `[0]`; empty if absent.
        outer_algorithm: the algorithm next to the signature.
        signature: without the octet for unused bits.
        unused_bits: that octet.
    """

    signed: bytes
    version: bytes
    serial: bytes
    algorithm: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    key: bytes
    unique_ids: bytes
    extensions: tuple[bytes, ...]
    outer_algorithm: bytes
    signature: bytes
    unused_bits: int


def split(certificate: bytes) -> RawFields:
    """Split a certificate that OpenSSL parsed into fields; raises `ValueError` if it cannot."""
    signed = next((bytes(e.encoded) for e in der.children(certificate, at_most=1)), b"")
    parts = der.children(der.definite(certificate), at_most=3)
    fields = list(der.elements(parts[0].content, at_most=_MAX_FIELDS)) if parts else []
    version = fields.pop(0) if fields and fields[0].tag == _VERSION else None
    if len(parts) < 3 or len(fields) < 6:  # noqa: PLR2004 -- the fields that are never left out
        message = "its fields cannot be told apart"
        raise ValueError(message)
    ordinary, extra = [bytes(field.encoded) for field in fields[:6]], fields[6:]
    held = next((field.content for field in extra if field.tag == _EXTENSIONS), b"")
    bits = bytes(parts[2].content)
    return RawFields(
        signed=signed,
        version=bytes(version.encoded) if version else b"",
        serial=ordinary[0],
        algorithm=ordinary[1],
        issuer=ordinary[2],
        validity=ordinary[3],
        subject=ordinary[4],
        key=ordinary[5],
        unique_ids=b"".join(bytes(f.encoded) for f in extra if f.tag in {_ISSUER_ID, _SUBJECT_ID}),
        extensions=tuple(bytes(e.encoded) for e in der.children(held, at_most=_MAX_EXTENSIONS)),
        outer_algorithm=bytes(parts[1].encoded),
        signature=bits[1:],
        unused_bits=bits[0] if bits else 0,
    )


def plain_with(
    *,
    version: bytes = _PLAIN_VERSION,
    serial: bytes = _PLAIN_SERIAL,
    algorithm: bytes = _PLAIN_ALGORITHM,
    issuer: bytes = _PLAIN_NAME,
    validity: bytes = _PLAIN_VALIDITY,
    subject: bytes = _PLAIN_NAME,
    key: bytes = _PLAIN_KEY,
    behind: bytes = b"",
) -> x509.Certificate:
    """An ordinary certificate with these fields in place of its own; `behind` follows its key.

    Raises one of `REFUSALS` if `cryptography` refuses it at once; it may also refuse a field only
    when that is read.
    """
    tbs = der.encode(
        der.SEQUENCE,
        version + serial + algorithm + issuer + validity + subject + key + behind,
    )
    signature = der.encode(_BIT_STRING, b"\0\0")
    return x509.load_der_x509_certificate(der.encode(der.SEQUENCE, tbs + algorithm + signature))


def plain_with_extension(extension: bytes) -> x509.Certificate:
    """A plain certificate with this one extension."""
    inside = der.encode(der.SEQUENCE, extension)
    return plain_with(behind=der.encode(_EXTENSIONS, inside))


def identifier(content: bytes) -> x509.ObjectIdentifier:
    """An OBJECT IDENTIFIER from its content; one that is none reads as 0.0."""
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return x509.ObjectIdentifier("0.0")
    first = min(numbers[0] // 40, 2)
    try:
        return x509.ObjectIdentifier(
            ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
        )
    except ValueError:
        return x509.ObjectIdentifier("0.0")


def dates_of(validity: bytes) -> tuple[datetime | None, datetime | None]:
    """NotBefore and notAfter, each `None` if OpenSSL would not accept it in a path.

    X509_cmp_time(3) accepts only the two forms of RFC 5280 section 4.1.2.5. The year 0000 counts as
    the earliest datetime.
    """
    found = [_date(one.tag, bytes(one.content)) for one in der.children(validity, at_most=2)]
    before, after = (*found, None, None)[:2]
    return before, after


def _date(tag: int, content: bytes) -> datetime | None:
    form = _DATES.get(tag)
    shape = form.fullmatch(content.decode("ascii", "replace")) if form else None
    if shape is None:
        return None
    year, month, day, hour, minute, second = map(int, shape.groups())
    if tag == _UTC_TIME:
        year += 1900 if year >= _FIRST_YEAR_OF_UTC_TIME else 2000
    try:
        # The year 0 is a leap year, which Python does not support, so another leap year replaces
        # it.
        read = datetime(year or 2000, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return read if year else EARLIEST
