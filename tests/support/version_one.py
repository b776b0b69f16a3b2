"""X.509 version 1 certificates, which no library issues any more.

A version 3 certificate without version and extensions, signed anew.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from chainlib import Certificate, der
from playground.lab.pki import Issued

_BIT_STRING, _VERSION, _EXTENSIONS = 0x03, 0xA0, 0xA3


def as_version_one(issued: Issued, signer: Issued | None = None) -> Issued:
    """The same names, dates and key as a version 1 certificate signed by `signer`, or by itself."""
    key = (signer or issued).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    fields = der.children(issued.certificate.parsed.tbs_certificate_bytes, at_most=10)
    kept = b"".join(
        der.encode(field.tag, bytes(field.content))
        for field in fields
        if field.tag not in {_VERSION, _EXTENSIONS}
    )
    tbs = der.encode(der.SEQUENCE, kept)
    algorithm = der.children(issued.certificate.der, at_most=2)[1]
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    whole = (
        tbs
        + der.encode(algorithm.tag, bytes(algorithm.content))
        + der.encode(_BIT_STRING, b"\0" + signature)
    )
    return Issued(certificate=Certificate.from_der(der.encode(der.SEQUENCE, whole)), key=issued.key)
