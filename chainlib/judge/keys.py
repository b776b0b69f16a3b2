"""Kinds and strengths of keys and signatures, as far as they are known here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

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
_KINDS: tuple[tuple[type, str], ...] = ((rsa.RSAPublicKey, "RSA"), (dsa.DSAPublicKey, "DSA"))
_VERIFIABLE = (
    rsa.RSAPublicKey,
    dsa.DSAPublicKey,
    ec.EllipticCurvePublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


def weak_hash(certificate: Certificate) -> str | None:
    """The hash of the signature where it is SHA-1 or older: `MD2`, `MD4`, `MD5` or `SHA1`."""
    if known := _WEAK_HASHES.get(certificate.parsed.signature_algorithm_oid.dotted_string):
        return known
    try:
        algorithm = certificate.parsed.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    return algorithm.name.upper() if algorithm and algorithm.name in {"md5", "sha1"} else None


def key_size(certificate: Certificate) -> tuple[str, int] | None:
    """`("RSA", 2048)` for the kinds of keys whose bits count; `None` for all others."""
    key = _public_key(certificate)
    kind = next((name for cls, name in _KINDS if isinstance(key, cls)), None)
    return (
        (kind, key.key_size)
        if kind and isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey)
        else None
    )


def unverifiable(child: Certificate, issuer: Certificate) -> bool:
    """Whether the signature cannot be checked here, so that nothing is known about it.

    The issuer's key is of a kind that is not supported (SM2, GOST, post-quantum, explicit curve
    parameters), or the child's signature algorithm is.
    """
    if not isinstance(_public_key(issuer), _VERIFIABLE):
        return True
    try:
        _ = child.parsed.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return True
    return False


def _public_key(certificate: Certificate) -> object:
    try:
        return certificate.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
