"""One certificate as a frozen value.

The facts of RFC 5280 that judging needs, read once and tolerantly.

Here lives what can be known from the bytes of a single certificate. It knows no chain, no trust, no
clock. A certificate with a malformed
extension is still a certificate: OpenSSL parses it and refuses it later, or never, so the one fact
that failed is simply absent.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from chainlib.errors import MalformedCertificate
from chainlib.extensions import extensions_of

CanonicalName = tuple[frozenset[tuple[str, str]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A parsed X.509 certificate; two are equal when their DER bytes are.

    Attributes:
        der: the bytes as they were sent or read.
        parsed: the same certificate as a `cryptography` object.
        subject, issuer: RFC 4514 text, hostile input for whoever shows it.
        subject_key, issuer_key: names in OpenSSL's canonical form (case and white space folded), to
        compare with `==`.
        not_before, not_after: aware, UTC.
        sha256: fingerprint of `der`, lower-case hex.
        dns_names, ip_addresses: the presented identifiers of subjectAltName (RFC 9525 section 2).
        common_names, issuer_common_names: every CN of the subject and of the issuer name, in order.
        is_ca: basicConstraints says CA:TRUE.
        has_basic_constraints: the extension exists and could be read.
        may_sign_certificates: keyUsage allows keyCertSign; `None` without the extension.
        subject_key_id, authority_key_id: SKI and AKI key identifiers, `None` when absent.
        authority_serial: serial number that the issuer's certificate has to bear (AKI
            authorityCertSerialNumber), `None` when absent.
        ca_issuers: caIssuers URLs of the authority information access extension.
        self_issued: subject and issuer are the same name.
        version: 1 or 3.
    """

    der: bytes
    parsed: x509.Certificate = field(compare=False, repr=False)
    subject: str = field(compare=False)
    issuer: str = field(compare=False)
    subject_key: CanonicalName = field(compare=False, repr=False)
    issuer_key: CanonicalName = field(compare=False, repr=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    sha256: str = field(compare=False)
    dns_names: tuple[str, ...] = field(compare=False)
    ip_addresses: tuple[str, ...] = field(compare=False, repr=False)
    common_names: tuple[str, ...] = field(compare=False, repr=False)
    issuer_common_names: tuple[str, ...] = field(compare=False, repr=False)
    is_ca: bool = field(compare=False)
    has_basic_constraints: bool = field(compare=False, repr=False)
    may_sign_certificates: bool | None = field(compare=False, repr=False)
    subject_key_id: bytes | None = field(compare=False, repr=False)
    authority_key_id: bytes | None = field(compare=False, repr=False)
    authority_serial: int | None = field(compare=False, repr=False)
    ca_issuers: tuple[str, ...] = field(compare=False, repr=False)
    self_issued: bool = field(compare=False, repr=False)
    version: int = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Parse one DER certificate; raises `MalformedCertificate` with the parser's reason."""
        try:
            parsed = _load(der)
        except (ValueError, TypeError, x509.InvalidVersion) as error:
            raise MalformedCertificate(
                f"not a readable X.509 certificate: {_reason(error)}"
            ) from error
        return cls.from_x509(parsed, der=der)

    @classmethod
    def from_x509(cls, parsed: x509.Certificate, *, der: bytes | None = None) -> Certificate:
        """Read the facts out of a `cryptography` certificate.

        Raises `MalformedCertificate` when a name or a date is unreadable.
        """
        encoded = _der_of(parsed) if der is None else der
        with warnings.catch_warnings():
            # Names over the lengths of RFC 5280 appendix A are told by warning; they are judged as
            # they stand.
            warnings.simplefilter("ignore", UserWarning)
            try:
                return _read(cls, parsed, encoded)
            except (ValueError, TypeError) as error:
                raise MalformedCertificate(
                    f"not a readable X.509 certificate: {_reason(error)}"
                ) from error

    @property
    def self_signed(self) -> bool:
        """Self-issued, and its own key verifies its signature; computed anew at each call."""
        return self.self_issued and verifies(self, self)

    @property
    def serial(self) -> int:
        """The serial number."""
        with warnings.catch_warnings():
            # Zero and negative numbers are told by warning, as at parsing.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return self.parsed.serial_number

    @property
    def key_sha256(self) -> str | None:
        """SHA-256 of the SubjectPublicKeyInfo in lower-case hex.

        `None` for a key of an unknown kind.
        """
        try:
            encoded = self.parsed.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
        except (ValueError, UnsupportedAlgorithm):
            return None
        return hashlib.sha256(encoded).hexdigest()

    def issued_by(self, candidate: Certificate) -> bool:
        """Whether the candidate's name is this issuer's name and its key verifies this signature (RFC 5280 section 6.1.3)."""
        return self.issuer_key == candidate.subject_key and verifies(self, candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCertificate:
    """An entry of a certificate list that no parser accepts, kept as the raw bytes that were sent."""

    der: bytes
    reason: str = field(compare=False)

    @property
    def sha256(self) -> str:
        """Fingerprint of the raw bytes, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()


def parse_entry(der: bytes) -> Certificate | UnreadableCertificate:
    """Parse one entry of a certificate list without ever raising, so that one bad entry hides none of the others."""
    try:
        return Certificate.from_der(der)
    except MalformedCertificate as error:
        return UnreadableCertificate(der=der, reason=str(error))


def verifies(child: Certificate, issuer: Certificate) -> bool:
    """Whether the issuer's key verifies the child's signature; names are not looked at."""
    return _signature_ok(child.parsed, issuer.parsed)


def _load(der: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        # A serial number of zero or below is told by warning; OpenSSL takes it, and a root in
        # certifi has one.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        parsed = x509.load_der_x509_certificate(der)
    try:
        # The two parsers differ over odd ASN.1; OpenSSL has to build a path from it later, and so
        # has the gateway.
        crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error as error:
        raise ValueError(f"OpenSSL says {_openssl_words(error)}") from None
    return parsed


def _openssl_words(error: crypto.Error) -> str:
    queue = error.args[0] if error.args else ()
    return next((entry[-1] for entry in queue if entry[-1]), "that it is damaged")


def _read(cls: type[Certificate], parsed: x509.Certificate, der: bytes) -> Certificate:
    subject, issuer = parsed.subject, parsed.issuer
    subject_key, issuer_key = canonical_name(subject), canonical_name(issuer)
    extensions = extensions_of(parsed)
    constraints = extensions.get(x509.BasicConstraints)
    usage = extensions.get(x509.KeyUsage)
    names = extensions.alternative_names()
    subject_key_id = extensions.get(x509.SubjectKeyIdentifier)
    authority_key_id = extensions.get(x509.AuthorityKeyIdentifier)
    return cls(
        der=der,
        parsed=parsed,
        subject=subject.rfc4514_string(),
        issuer=issuer.rfc4514_string(),
        subject_key=subject_key,
        issuer_key=issuer_key,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        sha256=hashlib.sha256(der).hexdigest(),
        dns_names=names.dns if names else (),
        ip_addresses=names.addresses if names else (),
        common_names=_common_names(subject),
        issuer_common_names=_common_names(issuer),
        is_ca=constraints.ca if constraints else False,
        has_basic_constraints=constraints is not None,
        may_sign_certificates=usage.key_cert_sign if usage else None,
        subject_key_id=subject_key_id.digest if subject_key_id else None,
        authority_key_id=authority_key_id.key_identifier if authority_key_id else None,
        authority_serial=authority_key_id.authority_cert_serial_number
        if authority_key_id
        else None,
        ca_issuers=extensions.ca_issuers(),
        self_issued=subject_key == issuer_key,
        version=3 if parsed.version is x509.Version.v3 else 1,
    )


def _common_names(name: x509.Name) -> tuple[str, ...]:
    return tuple(
        _text(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)
    )


def canonical_name(name: x509.Name) -> CanonicalName:
    """Fold a name as OpenSSL's X509_NAME_cmp does.

    ASCII case and runs of white space do not count.
    """
    return tuple(
        frozenset((a.oid.dotted_string, _fold(_text(a.value))) for a in rdn) for rdn in name.rdns
    )


def _fold(value: str) -> str:
    lowered = (
        value.lower()
        if value.isascii()
        else "".join(c.lower() if c.isascii() else c for c in value)
    )
    return " ".join(lowered.split())


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _signature_ok(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        _verify(child, issuer)
    except Exception:  # noqa: BLE001 -- any refusal of a hostile key or signature means the same: it does not verify
        return False
    return True


def _verify(child: x509.Certificate, issuer: x509.Certificate) -> None:
    key, signature, signed = issuer.public_key(), child.signature, child.tbs_certificate_bytes
    algorithm = child.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
        scheme = child.signature_algorithm_parameters
        key.verify(signature, signed, cast("padding.PKCS1v15 | padding.PSS", scheme), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(key, dsa.DSAPublicKey) and algorithm is not None:
        key.verify(signature, signed, algorithm)
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(signature, signed)
    else:
        message = "unknown key type"
        raise TypeError(message)


def _der_of(parsed: x509.Certificate) -> bytes:
    return parsed.public_bytes(Encoding.DER)


def _reason(error: Exception) -> str:
    """The parser's reason; where it only shows its own insides, what they come down to."""
    said = (str(error) or type(error).__name__).splitlines()[0][:200]
    return "its bytes are damaged or are no DER" if "ParseError" in said else said
