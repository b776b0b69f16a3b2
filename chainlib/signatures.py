"""Verifies one signature with one key: yes, no, or unknown.

Unknown is for damaged keys, and for keys and algorithms that `cryptography` does not support (SM2,
GOST, foreign curves).
"""

from __future__ import annotations

from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    mldsa,
    padding,
    rsa,
)
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes as PublicKey

from chainlib import der
from chainlib.frozen import dataclass
from chainlib.lenient import REFUSALS, RawFields, identifier, plain_with

_NULL = bytes.fromhex("0500")
_Hashless = (
    ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature and what it covers.

    Attributes:
        value: the signature.
        signed: the signed bytes.
        algorithm: the hash; `None` for algorithms without a separate one.
        scheme: padding of RSA.
        known: whether `cryptography` supports the algorithm.
        sound: whether the encoding is consistent; OpenSSL treats an inconsistent one as a bad
            signature.
    """

    value: bytes
    signed: bytes
    algorithm: hashes.HashAlgorithm | None
    scheme: object
    known: bool = True
    sound: bool = True


def signature_of(parsed: x509.Certificate) -> Signature | None:
    """The signature of a certificate that `cryptography` reads; `None` if it refuses a part."""
    try:
        return Signature(
            value=parsed.signature,
            signed=parsed.tbs_certificate_bytes,
            algorithm=parsed.signature_hash_algorithm,
            scheme=parsed.signature_algorithm_parameters,
        )
    except REFUSALS:
        return None


def raw_signature(fields: RawFields) -> Signature:
    """The signature of any other certificate, without the parameters that OpenSSL ignores."""
    sound = fields.algorithm == fields.outer_algorithm and not fields.unused_bits
    oid = next((bytes(e.encoded) for e in der.children(fields.algorithm, at_most=1)), b"")
    for written in (
        fields.algorithm,
        der.encode(der.SEQUENCE, oid),
        der.encode(der.SEQUENCE, oid + _NULL),
    ):
        try:
            known = signature_of(plain_with(algorithm=written))
        except REFUSALS:
            continue
        if known is not None:
            return Signature(
                value=fields.signature,
                signed=fields.signed,
                algorithm=known.algorithm,
                scheme=known.scheme,
                sound=sound,
            )
    return Signature(
        value=fields.signature,
        signed=fields.signed,
        algorithm=None,
        scheme=None,
        known=False,
        sound=sound,
    )


def kind_of(algorithm_or_key: bytes) -> tuple[str, ...]:
    """The object identifiers of an AlgorithmIdentifier or of the one in a SubjectPublicKeyInfo."""
    first = next(iter(der.children(algorithm_or_key, at_most=1)), None)
    if first is not None and first.tag == der.SEQUENCE:
        return kind_of(bytes(first.encoded))
    found = der.children(algorithm_or_key, at_most=2)
    return tuple(
        identifier(bytes(e.content)).dotted_string for e in found if e.tag == der.OBJECT_ID
    )


def fits(signature: Signature, key: PublicKey | None) -> bool | None:
    """Whether the key verifies the signature; `None` if that cannot be found out here."""
    if not signature.sound:
        return False
    if key is None or not signature.known:
        return None
    try:
        _verify(signature, key)
    except Exception:  # noqa: BLE001 -- any error over a hostile key or signature means that it does not verify
        return False
    return True


def _verify(signature: Signature, key: PublicKey) -> None:
    value, signed, algorithm = signature.value, signature.signed, signature.algorithm
    if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
        scheme = cast("padding.PKCS1v15 | padding.PSS", signature.scheme)
        key.verify(value, signed, scheme, algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
        key.verify(value, signed, ec.ECDSA(algorithm))
    elif isinstance(key, dsa.DSAPublicKey) and algorithm is not None:
        key.verify(value, signed, algorithm)
    elif isinstance(key, _Hashless) and algorithm is None:
        key.verify(value, signed)
    else:
        message = "the key is not for this algorithm"
        raise TypeError(message)
