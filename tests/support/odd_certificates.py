"""Certificates and chains, each with one oddity that no library produces any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from chainlib.der import SEQUENCE, encode
from tests.support.handmade_certificates import (
    ALTERNATIVE,
    BASIC,
    BIT_STRING,
    BMP,
    BOOLEAN,
    ECDSA_SHA256,
    FALSE,
    GENERALIZED_TIME,
    IA5,
    INTEGER,
    NULL,
    NUMERIC,
    OCTETS,
    PRINTABLE,
    PURPOSES,
    SET,
    T61,
    TRUE,
    UNIVERSAL,
    USAGE,
    UTC_TIME,
    UTF8,
    VISIBLE,
    Change,
    attribute,
    extension,
    integer,
    oid,
    rdn,
    sequence,
)


def _subject(*rdns: bytes) -> Change:
    """The usual name behind these RDNs."""
    return lambda f: replace(f, subject=sequence(*rdns, f.subject[_header(f.subject) :]))


def _header(value: bytes) -> int:
    return 2 if value[1] < 0x80 else 2 + (value[1] & 0x7F)


def _organisation(value: bytes, tag: int) -> Change:
    return _subject(rdn(attribute(value, kind="2.5.4.10", tag=tag)))


def with_more(*extensions: bytes) -> Change:
    """Add these extensions."""
    return lambda f: replace(f, extensions=(*(f.extensions or ()), *extensions))


def _instead(dotted: str, *extensions: bytes) -> Change:
    """Take out the extension with this identifier and put others in its place."""
    marker = oid(dotted)
    return lambda f: replace(
        f,
        extensions=(*(e for e in f.extensions or () if marker not in e), *extensions),
    )


def with_names(*names: str) -> Change:
    """Put these DNS names, and no others, into the SAN."""
    held = sequence(*(encode(0x82, one.encode()) for one in names))
    return _instead(ALTERNATIVE, extension(ALTERNATIVE, held))


def _with(**fields: Any) -> Change:  # noqa: ANN401 -- a table of fields by name
    return lambda f: replace(f, **fields)


def _algorithm(value: bytes) -> Change:
    return _with(inner=value)


ECDSA_NULL = sequence(oid("1.2.840.10045.4.3.2"), encode(NULL, b""))
_BITS = encode(BIT_STRING, b"\0\x04" + b"\x11" * 64)
_EC_KEY, _RSA_KEY = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1"


def _key(algorithm: bytes, bits: bytes = _BITS) -> Change:
    return _with(key=sequence(algorithm, bits))


def _not_before(value: bytes, tag: int = GENERALIZED_TIME) -> Change:
    return _with(not_before=encode(tag, value))


def _not_after(value: bytes, tag: int = GENERALIZED_TIME) -> Change:
    return _with(not_after=encode(tag, value))


def _ber(content: bytes) -> bytes:
    return b"\x30\x80" + content + b"\0\0"


def _long_length(octets: int) -> Callable[[bytes], bytes]:
    head = bytes([SEQUENCE, 0x80 | octets])
    return lambda content: head + len(content).to_bytes(octets, "big") + content


ODD_NAMES: Mapping[str, Change] = MappingProxyType(
    {
        "printable-star": _organisation(b"*.contoso.test", PRINTABLE),
        "printable-ampersand": _organisation(b"Smith & Sons", PRINTABLE),
        "printable-underscore": _organisation(b"my_unit@home", PRINTABLE),
        "printable-latin1": _organisation("M\xfcller".encode("latin-1"), PRINTABLE),
        "printable-utf8": _organisation("M\xfcller".encode(), PRINTABLE),
        "numeric-letters": _organisation(b"12a", NUMERIC),
        "ia5-eight-bit": _organisation("M\xfcller".encode("latin-1"), IA5),
        "visible-control": _organisation(b"a\x01b", VISIBLE),
        "teletex": _organisation("M\xfcller".encode("latin-1"), T61),
        "bmp": _organisation("M\xfcller".encode("utf-16-be"), BMP),
        "universal": _organisation("M\xfcller".encode("utf-32-be"), UNIVERSAL),
        "bmp-odd-length": _organisation(b"\0M\0", BMP),
        "utf8-invalid": _organisation(b"M\xfcller", UTF8),
        "bits-as-text": _organisation(b"\0abc", BIT_STRING),
        "octets-as-text": _organisation(b"abc", OCTETS),
        "integer-as-text": _organisation(b"\x2a", INTEGER),
        "time-as-text": _organisation(b"20250101000000Z", GENERALIZED_TIME),
        "empty-text": _organisation(b"", UTF8),
        "nul-in-text": _organisation(b"a\0b", UTF8),
        "text-too-long": _organisation(b"x" * 300, UTF8),
        "country-of-three": _subject(rdn(attribute(b"DEU", kind="2.5.4.6", tag=PRINTABLE))),
        "country-of-utf8": _subject(rdn(attribute(b"DE", kind="2.5.4.6"))),
        "mail-in-utf8": _subject(rdn(attribute(b"a@b.test", kind="1.2.840.113549.1.9.1"))),
        "unknown-attribute": _subject(rdn(attribute(b"x", kind="1.3.6.1.4.1.99999.1"))),
        "empty-rdn": _subject(encode(SET, b"")),
        "repeated-attribute": _subject(
            rdn(attribute(b"x", kind="2.5.4.11"), attribute(b"x", kind="2.5.4.11"))
        ),
        "unsorted-rdn": _subject(
            rdn(attribute(b"zz", kind="2.5.4.11"), attribute(b"a", kind="2.5.4.10"))
        ),
        "controls-in-text": _organisation(b"a\x1b[31m\r\n<!here>", UTF8),
    }
)
ODD_DATES: Mapping[str, Change] = MappingProxyType(
    {
        "year-0000": _not_before(b"00000101000000Z"),
        "year-0001": _not_before(b"00010101000000Z"),
        "year-9999": _not_after(b"99991231235959Z"),
        "generalized-before-2050": _not_after(b"20351231235959Z"),
        "utc-1950": _not_before(b"500101000000Z", UTC_TIME),
        "no-seconds": _not_before(b"2501010000Z", UTC_TIME),
        "offset": _not_before(b"250101000000+0100", UTC_TIME),
        "fraction": _not_before(b"20250101000000.5Z"),
        "lower-case-zone": _not_before(b"250101000000z", UTC_TIME),
        "hour-24": _not_after(b"20350101240000Z"),
        "date-of-text": _not_before(b"20250101000000Z", IA5),
        "no-zone": _not_before(b"20250101000000"),
        "five-digit-year": _not_after(b"100000101000000Z"),
        "month-13": _not_after(b"20351301000000Z"),
        "february-30": _not_after(b"20350230000000Z"),
        "leap-second": _not_after(b"20351231235960Z"),
        "no-date": _not_after(b"when it is over"),
        "empty-date": _not_after(b""),
        "ends-before-it-starts": _not_after(b"20200101000000Z"),
    }
)
ODD_HEADS: Mapping[str, Change] = MappingProxyType(
    {
        "version-1-written": _with(version=encode(0xA0, integer(0)), extensions=None),
        "version-1-with-extensions": _with(version=b""),
        "version-2": _with(version=encode(0xA0, integer(1))),
        "version-4": _with(version=encode(0xA0, integer(3))),
        "version-10": _with(version=encode(0xA0, integer(9))),
        "version-negative": _with(version=encode(0xA0, integer(-1))),
        "serial-zero": _with(serial=integer(0)),
        "serial-negative": _with(serial=integer(-5)),
        "serial-long": _with(serial=integer(1 << 300)),
        "serial-padded": _with(serial=encode(INTEGER, b"\0\0\x05")),
        "serial-empty": _with(serial=encode(INTEGER, b"")),
        "unique-ids": _with(unique_ids=encode(0x81, b"\0id") + encode(0x82, b"\0id")),
        "no-extensions-written": _with(extensions=()),
        "ecdsa-null": _algorithm(ECDSA_NULL),
        "ecdsa-null-inside": _with(inner=ECDSA_NULL, outer=ECDSA_SHA256),
        "ecdsa-odd-parameters": _algorithm(
            sequence(oid("1.2.840.10045.4.3.2"), encode(OCTETS, b"?"))
        ),
        "algorithms-differ": _with(outer=sequence(oid("1.2.840.10045.4.3.3"))),
        "algorithm-unknown": _algorithm(sequence(oid("1.2.3.4.5"))),
        "unused-bits": _with(bits=b"\x01"),
        "indefinite-length": _with(wrap=_ber),
        "long-length": _with(wrap=_long_length(4)),
        "longer-length": _with(wrap=_long_length(6)),
        "trailing-bytes": _with(wrap=lambda content: encode(SEQUENCE, content) + b"\0\0"),
    }
)
ODD_KEYS: Mapping[str, Change] = MappingProxyType(
    {
        "curve-sm2": _key(sequence(oid(_EC_KEY), oid("1.2.156.10197.1.301"))),
        "curve-unknown": _key(sequence(oid(_EC_KEY), oid("1.2.3.4.5"))),
        "curve-missing": _key(sequence(oid(_EC_KEY))),
        "key-kind-unknown": _key(sequence(oid("1.2.3.4.5"))),
        "key-gost": _key(sequence(oid("1.2.643.7.1.1.1.1"), sequence(oid("1.2.643.2.2.35.1")))),
        "key-garbage": _key(sequence(oid(_RSA_KEY), encode(NULL, b"")), encode(BIT_STRING, b"\0?")),
        "key-even-modulus": _key(
            sequence(oid(_RSA_KEY), encode(NULL, b"")),
            encode(BIT_STRING, b"\0" + sequence(integer(1 << 2047), integer(65537))),
        ),
        "key-explicit-curve": _key(sequence(oid(_EC_KEY), sequence(integer(1)))),
        "key-compressed": _key(
            sequence(oid(_EC_KEY), oid("1.2.840.10045.3.1.7")),
            encode(BIT_STRING, b"\0\x02" + b"\x11" * 32),
        ),
        "key-empty": _key(sequence(oid(_EC_KEY)), encode(BIT_STRING, b"\0")),
        "key-off-curve": _key(sequence(oid(_EC_KEY), oid("1.2.840.10045.3.1.7"))),
    }
)
_MINIMUM = (encode(0x82, b"contoso.test"), encode(0x80, b"\x01"))
ODD_EXTENSIONS: Mapping[str, Change] = MappingProxyType(
    {
        "critical-false-written": with_more(
            extension("2.5.29.14", encode(OCTETS, b"id"), critical=FALSE)
        ),
        "critical-true-as-one": with_more(
            extension("2.5.29.14", encode(OCTETS, b"id"), critical=encode(BOOLEAN, b"\x01"))
        ),
        "ca-false-written": _instead(BASIC, extension(BASIC, sequence(FALSE))),
        "ca-true-as-one": _instead(
            BASIC, extension(BASIC, sequence(encode(BOOLEAN, b"\x01")), critical=TRUE)
        ),
        "path-length-without-ca": _instead(BASIC, extension(BASIC, sequence(integer(0)))),
        "path-length-negative": _instead(BASIC, extension(BASIC, sequence(TRUE, integer(-1)))),
        "path-length-huge": _instead(BASIC, extension(BASIC, sequence(TRUE, integer(1 << 70)))),
        "constraints-garbage": _instead(BASIC, extension(BASIC, b"\x01\x02\x03")),
        "constraints-with-tail": _instead(BASIC, extension(BASIC, sequence(TRUE) + b"\0")),
        "usage-garbage": _instead(USAGE, extension(USAGE, b"\x04\x01\x06")),
        "usage-empty": _instead(USAGE, extension(USAGE, encode(BIT_STRING, b"\0"))),
        "usage-trailing-zeros": _instead(
            USAGE, extension(USAGE, encode(BIT_STRING, b"\0\x06\x00\x00"))
        ),
        "twice-key-id": with_more(
            extension("2.5.29.14", encode(OCTETS, b"id")),
            extension("2.5.29.14", encode(OCTETS, b"id")),
        ),
        "twice-usage": with_more(extension(USAGE, encode(BIT_STRING, b"\x01\x06"))),
        "twice-names": with_more(
            extension(ALTERNATIVE, sequence(encode(0x82, b"other.contoso.test"))),
            extension(ALTERNATIVE, sequence(encode(0x82, b"third.contoso.test"))),
        ),
        "key-id-garbage": with_more(extension("2.5.29.14", b"\x30\x00")),
        "issuer-key-id-garbage": with_more(extension("2.5.29.35", b"\x04\x02ab")),
        "purposes-garbage": with_more(extension(PURPOSES, b"\x05\x00")),
        "purposes-empty": with_more(extension(PURPOSES, sequence())),
        "names-garbage": _instead(ALTERNATIVE, extension(ALTERNATIVE, b"\x05\x00")),
        "names-empty": _instead(ALTERNATIVE, extension(ALTERNATIVE, sequence())),
        "policies-garbage": with_more(extension("2.5.29.32", sequence(integer(1)))),
        "policies-twice": with_more(
            extension("2.5.29.32", sequence(sequence(oid("1.2.3")), sequence(oid("1.2.3"))))
        ),
        "constraints-of-names-garbage": with_more(extension("2.5.29.30", b"\x05\x00")),
        "access-garbage": with_more(extension("1.3.6.1.5.5.7.1.1", b"\x30\x03\x02\x01\x01")),
        "timestamps-garbage": with_more(extension("1.3.6.1.4.1.11129.2.4.2", b"\x05\x00")),
        "points-garbage": with_more(extension("2.5.29.31", b"\x05\x00")),
        "constrained-by-minimum": with_more(
            extension("2.5.29.30", sequence(encode(0xA0, sequence(*_MINIMUM))), critical=TRUE)
        ),
        "key-id-empty": with_more(extension("2.5.29.14", encode(OCTETS, b""))),
        "issuer-key-id-without-parts": with_more(extension("2.5.29.35", sequence())),
        "purpose-twice": with_more(
            extension(PURPOSES, sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.1")))
        ),
        "netscape-type-garbage": with_more(extension("2.16.840.1.113730.1.1", b"\x05\x00")),
        "proxy-certificate": with_more(
            extension("1.3.6.1.5.5.7.1.14", sequence(sequence(oid("1.2.3"))), critical=TRUE)
        ),
        "addresses-garbage": with_more(extension("1.3.6.1.5.5.7.1.7", b"\x05\x00")),
        "usage-of-integer": _instead(USAGE, extension(USAGE, integer(6))),
        "names-of-set": _instead(ALTERNATIVE, extension(ALTERNATIVE, encode(SET, b""))),
        "netscape-comment": with_more(extension("2.16.840.1.113730.1.13", encode(IA5, b"made by"))),
        "unknown-critical": with_more(extension("1.2.3.4.5", b"\x05\x00", critical=TRUE)),
        "value-is-no-der": with_more(extension("1.2.3.4.5", b"hello")),
    }
)
ODDITIES: Mapping[str, Change] = MappingProxyType(
    {**ODD_NAMES, **ODD_DATES, **ODD_HEADS, **ODD_KEYS, **ODD_EXTENSIONS}
)
