"""Finds encodings in a certificate that OpenSSL reads and a stricter parser refuses.

Each field is put alone into an ordinary certificate and given to `cryptography`; the fields that it
refuses are odd. So no parser's rules are repeated here. Only names are examined further, to tell
users which value it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from cryptography import x509

from chainlib import der
from chainlib.frozen import dataclass
from chainlib.lenient import (
    REFUSALS,
    RawFields,
    identifier,
    plain_with,
    plain_with_extension,
    quiet,
)

_LONGEST_SERIAL = 20  # octets, RFC 5280 section 4.1.2.2
_MAX_ELEMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One oddity.

    Attributes:
        kind: a stable word for `evidence.kind`.
        what: what is odd, as the end of a sentence; contains no text of the certificate.
        of_issuer: it is in the issuer's name, so the issuer's certificate has it too.
    """

    kind: str
    what: str
    of_issuer: bool = False


_VERSION = Oddity(kind="version", what="its version number is not 1 or 3, or 1 is written out")
_SERIAL = Oddity(
    kind="serial-number",
    what=f"its serial number is not a positive number of at most {_LONGEST_SERIAL} octets",
)
_PARAMETERS = Oddity(
    kind="signature-parameters", what="its signature algorithm carries odd parameters"
)
_DATE = Oddity(kind="date", what="a date is not written as RFC 5280 asks")
_KEY = Oddity(kind="key-parameters", what="its public key carries odd parameters")
_UNIQUE_ID = Oddity(kind="unique-id", what="it carries an odd unique identifier")


def oddities(certificate: bytes, fields: RawFields) -> tuple[Oddity, ...]:
    """Every oddity, in the order of the fields."""
    with quiet():
        found = [*_outside(certificate, fields), *_heads(fields), *_extensions(fields.extensions)]
    return tuple(dict.fromkeys(found))


def unusual_serial(number: int) -> bool:
    """Whether a serial number is not positive or longer than RFC 5280 allows.

    `cryptography` reads such a number, other programs do not.
    """
    return number <= 0 or number.bit_length() > 8 * _LONGEST_SERIAL


def _outside(certificate: bytes, fields: RawFields) -> Iterator[Oddity]:
    if der.definite(certificate) != certificate:
        yield Oddity(kind="der-encoding", what="it is not written in the one form that DER allows")
    if fields.unused_bits:
        yield Oddity(kind="signature", what="the signature does not end at a whole octet")
    if fields.outer_algorithm != fields.algorithm:
        yield Oddity(
            kind="signature-algorithm", what="two different signature algorithms are named"
        )


def _heads(fields: RawFields) -> Iterator[Oddity]:
    serial = int.from_bytes(_content(fields.serial), "big", signed=True)
    checks: tuple[tuple[Callable[[], object], Oddity], ...] = (
        (lambda: plain_with(version=fields.version), _VERSION),
        (lambda: plain_with(serial=fields.serial), _SERIAL),
        (lambda: plain_with(algorithm=fields.algorithm), _PARAMETERS),
        (
            lambda: plain_with(issuer=fields.issuer).issuer,
            replace(_name(fields.issuer, "issuer"), of_issuer=True),
        ),
        (lambda: _dates(plain_with(validity=fields.validity)), _DATE),
        (lambda: plain_with(subject=fields.subject).subject, _name(fields.subject, "subject")),
        (lambda: plain_with(key=fields.key), _KEY),
        (lambda: plain_with(behind=fields.unique_ids), _UNIQUE_ID),
    )
    if unusual_serial(serial):
        yield _SERIAL
    yield from (oddity for read, oddity in checks if _refused(read))


def _dates(certificate: x509.Certificate) -> None:
    assert certificate.not_valid_before_utc is not None
    assert certificate.not_valid_after_utc is not None


def _name(raw: bytes, whose: str) -> Oddity:
    rdns = [
        der.elements(rdn.content, at_most=_MAX_ELEMENTS)
        for rdn in der.children(raw, at_most=_MAX_ELEMENTS)
    ]
    kinds = [
        [bytes(e.encoded) for pair in rdn for e in der.elements(pair.content, at_most=1)]
        for rdn in rdns
    ]
    if not all(rdns):
        return Oddity(kind="empty-rdn", what=f"its {whose} name holds an empty part")
    if any(len(set(rdn)) < len(rdn) for rdn in kinds):
        return Oddity(
            kind="repeated-attribute", what=f"its {whose} name holds one attribute twice in a part"
        )
    if any(list(rdn) != sorted(rdn, key=lambda e: bytes(e.encoded)) for rdn in rdns):
        return Oddity(kind="unsorted-rdn", what=f"its {whose} name holds a part that is not sorted")
    return Oddity(
        kind="name-characters",
        what=f"its {whose} name holds characters that its kind of text does not allow",
    )


def _extensions(found: Iterable[bytes]) -> Iterator[Oddity]:
    times: Counter[bytes] = Counter()
    for one in found:
        times[_identifier(one)] += 1
        if times[_identifier(one)] == 2:  # noqa: PLR2004 -- told at the first repetition
            yield Oddity(kind="repeated-extension", what=f"{_called(one)} stands there twice")
        if _refused(partial(_read_extension, one)):
            yield Oddity(kind="extension", what=f"{_called(one)} is not written as its rules ask")


def _read_extension(extension: bytes) -> x509.Extensions:
    return plain_with_extension(extension).extensions


def _identifier(extension: bytes) -> bytes:
    return next((bytes(e.content) for e in der.children(extension, at_most=1)), b"")


def _called(extension: bytes) -> str:
    known = identifier(_identifier(extension))
    name = known._name  # noqa: SLF001 -- the library's own table of names
    return f"the extension {known.dotted_string if name == 'Unknown OID' else name}"


def _content(value: bytes) -> bytes:
    found = der.element(value)
    return bytes(found.content) if found else b""


def _refused(read: Callable[[], object]) -> bool:
    try:
        read()
    except REFUSALS:
        return True
    return False
