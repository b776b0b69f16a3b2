"""Kinds and strengths of known keys and signatures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from chainlib.certificate import Certificate

# Signature algorithms whose hash is below SHA-256: RFC 3279 section 2.2, RFC 8017 appendix C, and
# the old OIW arc 1.3.14.3.2.
_WEAK_HASHES: Mapping[str, str] = MappingProxyType(
    {
        "1.2.840.113549.1.1.2": "MD2",
        "1.2.840.113549.1.1.3": "MD4",
        "1.2.840.113549.1.1.4": "MD5",
        "1.3.14.3.2.2": "MD4",
        "1.3.14.3.2.3": "MD5",
        "1.3.14.3.2.4": "MD4",
        "1.2.840.113549.1.1.5": "SHA1",
        "1.2.840.10040.4.3": "SHA1",
        "1.2.840.10045.4.1": "SHA1",
        "1.3.14.3.2.13": "SHA1",
        "1.3.14.3.2.15": "SHA1",
        "1.3.14.3.2.27": "SHA1",
        "1.3.14.3.2.29": "SHA1",
    }
)


def weak_hash(certificate: Certificate) -> str | None:
    """The hash of the signature if it is SHA-1 or older: `MD2`, `MD4`, `MD5` or `SHA1`."""
    signature = certificate.signature
    if signature.algorithm is not None:
        name = signature.algorithm.name
        return name.upper() if name in {"md5", "sha1"} else None
    if signature.known:
        return None  # an algorithm without a hash of its own, such as Ed25519
    return next((_WEAK_HASHES.get(one) for one in certificate.signature_kind[:1]), None)


def key_size(certificate: Certificate) -> tuple[str, int] | None:
    """`("RSA", 2048)` for kinds of keys whose size matters; `None` for others."""
    key = certificate.key
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    return ("DSA", key.key_size) if isinstance(key, dsa.DSAPublicKey) else None
