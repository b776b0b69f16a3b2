"""Certificates encoded byte by byte: every DER field can be replaced.

The whole is then signed with the issuer's key, so that only the encoding is odd and every signature
is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from chainlib.der import SEQUENCE, encode

BOOLEAN, INTEGER, BIT_STRING, OCTETS, NULL, OID = 1, 2, 3, 4, 5, 6
UTF8, NUMERIC, PRINTABLE, T61, IA5, VISIBLE, UNIVERSAL, BMP = 12, 18, 19, 20, 22, 26, 28, 30
UTC_TIME, GENERALIZED_TIME, SET = 23, 24, 0x31
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return encode(OID, b"".join(map(_base128, (first * 40 + second, *rest))))


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of these values."""
    return encode(SEQUENCE, b"".join(parts))


def integer(number: int) -> bytes:
    """An INTEGER in its shortest form."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def attribute(value: str | bytes, *, kind: str = "2.5.4.3", tag: int = UTF8) -> bytes:
    """One AttributeTypeAndValue, a common name unless another kind is given."""
    content = value if isinstance(value, bytes) else value.encode()
    return sequence(oid(kind), encode(tag, content))


def rdn(*attributes: bytes) -> bytes:
    """A RelativeDistinguishedName with these attributes, in this order."""
    return encode(SET, b"".join(attributes))


def name(common_name: str, *before: bytes) -> bytes:
    """A name of these RDNs and a common name."""
    return sequence(*before, rdn(attribute(common_name)))


def extension(dotted: str, value: bytes, *, critical: bytes = b"") -> bytes:
    """One Extension around the value's DER; `critical` is a whole BOOLEAN or nothing."""
    return sequence(oid(dotted), critical, encode(OCTETS, value))


TRUE = encode(BOOLEAN, b"\xff")
FALSE = encode(BOOLEAN, b"\x00")
ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"))
RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), encode(NULL, b""))
VERSION_3 = encode(0xA0, integer(2))
BASIC, USAGE, ALTERNATIVE, PURPOSES = "2.5.29.19", "2.5.29.15", "2.5.29.17", "2.5.29.37"
CA_EXTENSIONS = (
    extension(BASIC, sequence(TRUE), critical=TRUE),
    extension(USAGE, encode(BIT_STRING, b"\x01\x06"), critical=TRUE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of a TBSCertificate as DER, and what stands around it.

    Attributes:
        version: the whole `[0]`, empty to leave it out.
        inner, outer: AlgorithmIdentifier in the TBSCertificate and beside the signature; `None` is
            the ordinary one of the issuer's key.
        key: SubjectPublicKeyInfo.
        unique_ids: what stands between key and extensions.
        extensions: Extension values; `None` leaves the field out.
        wrap: makes the certificate out of TBSCertificate, algorithm and BIT STRING.
        bits: the octet of unused bits of the signature.
    """

    subject: bytes
    issuer: bytes
    key: bytes
    version: bytes = VERSION_3
    serial: bytes = integer(0x1234567890)
    not_before: bytes = encode(UTC_TIME, b"250101000000Z")
    not_after: bytes = encode(UTC_TIME, b"351231235959Z")
    inner: bytes | None = None
    outer: bytes | None = None
    unique_ids: bytes = b""
    extensions: tuple[bytes, ...] | None = ()
    wrap: Callable[[bytes], bytes] = lambda content: encode(SEQUENCE, content)
    bits: bytes = b"\0"


Change = Callable[[Fields], Fields]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A certificate with its key and its subject."""

    der: bytes
    key: Key
    subject: bytes

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS #8 PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write(fields: Fields, signer: Key) -> bytes:
    """Sign the fields and put the certificate together."""
    usual = RSA_SHA256 if isinstance(signer, rsa.RSAPrivateKey) else ECDSA_SHA256
    inner = usual if fields.inner is None else fields.inner
    outer = inner if fields.outer is None else fields.outer
    extensions = b"" if fields.extensions is None else encode(0xA3, sequence(*fields.extensions))
    tbs = sequence(
        fields.version,
        fields.serial,
        inner,
        fields.issuer,
        sequence(fields.not_before, fields.not_after),
        fields.subject,
        fields.key,
        fields.unique_ids,
        extensions,
    )
    signature = encode(BIT_STRING, fields.bits + _sign(tbs, signer))
    return fields.wrap(tbs + outer + signature)


def _sign(tbs: bytes, signer: Key) -> bytes:
    if isinstance(signer, rsa.RSAPrivateKey):
        return signer.sign(tbs, padding.PKCS1v15(), hashes.SHA256())
    return signer.sign(tbs, ec.ECDSA(hashes.SHA256()))


def public_key(key: Key) -> bytes:
    """The SubjectPublicKeyInfo of a key."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Leaf, intermediate and root, one of them odd."""

    leaf: Written
    issuing: Written
    root: Written


def unchanged(fields: Fields) -> Fields:
    """No change."""
    return fields


def chain(
    host: str,
    mark: str,
    *,
    leaf: Change = unchanged,
    issuing: Change = unchanged,
    root: Change = unchanged,
    keys: Sequence[Key],
) -> Chain:
    """A chain for the host; `mark` makes its CA names different from those of other chains."""
    leaf_key, issuing_key, root_key = keys
    top = _issue(root, name(f"Root {mark}"), None, root_key, (), root_key)
    middle = _issue(issuing, name(f"Issuing {mark}"), top, issuing_key, CA_EXTENSIONS, root_key)
    names = extension(ALTERNATIVE, sequence(encode(0x82, host.encode())))
    end = _issue(leaf, name(host), middle, leaf_key, (names,), issuing_key)
    return Chain(leaf=end, issuing=middle, root=top)


def _issue(
    change: Change,
    subject: bytes,
    issuer: Written | None,
    key: Key,
    extensions: tuple[bytes, ...],
    signer: Key,
) -> Written:
    base = Fields(
        subject=subject,
        issuer=issuer.subject if issuer else subject,
        key=public_key(key),
        extensions=extensions or CA_EXTENSIONS,
    )
    fields = change(base)
    if issuer is None and fields.subject != base.subject:
        fields = replace(fields, issuer=fields.subject)
    return Written(der=write(fields, signer), key=key, subject=fields.subject)
