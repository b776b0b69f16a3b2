"""X.509 version 1 certificates, which no library issues any more: a version 3 certificate without version and extensions, signed anew."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chainlib import Certificate
from chainlib.pem import der
from playground.lab.pki import Issued

_BIT_STRING, _VERSION, _EXTENSIONS = 0x03, 0xA0, 0xA3


def as_version_one(issued: Issued, signer: Issued | None = None) -> Issued:
    """The same names, dates and key as a version 1 certificate signed by `signer`, or by itself."""
    key = (signer or issued).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    fields = der.children(issued.certificate.parsed.tbs_certificate_bytes, at_most=10)
    kept = b"".join(_tlv(field.tag, bytes(field.content)) for field in fields if field.tag not in {_VERSION, _EXTENSIONS})
    tbs = _tlv(der.SEQUENCE, kept)
    algorithm = der.children(issued.certificate.der, at_most=2)[1]
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    whole = tbs + _tlv(algorithm.tag, bytes(algorithm.content)) + _tlv(_BIT_STRING, b"\0" + signature)
    return Issued(certificate=Certificate.from_der(_tlv(der.SEQUENCE, whole)), key=issued.key)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + content
