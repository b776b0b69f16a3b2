"""One certificate as a frozen value; each fact is read when it is first needed.

Only facts from the bytes of a single certificate (RFC 5280): no chain, no trust, no clock. A
certificate is what OpenSSL parses. If `cryptography`, which is stricter, refuses one of its fields,
`chainlib.lenient` reads that field; an extension that cannot be read counts as absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import TypeVar
from weakref import WeakValueDictionary

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes as PublicKey

from chainlib.distinguished import CanonicalName, canonical_name, common_names, name_of
from chainlib.encoding import Oddity, oddities, unusual_serial
from chainlib.errors import MalformedCertificate
from chainlib.extensions import AlternativeNames, Extensions, extensions_of
from chainlib.frozen import dataclass
from chainlib.lenient import (
    EARLIEST,
    LATEST,
    REFUSALS,
    dates_of,
    plain_with,
    quiet,
)
from chainlib.once import once
from chainlib.parsed import Parsed
from chainlib.signatures import Signature, fits, kind_of, raw_signature, signature_of

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
REMEMBERED = 1024
LARGEST_REMEMBERED = 8192  # octets; a certificate is seldom longer than two thousand


# No slots: each fact is cached in the instance. Judging a short list hashes certificates 24 times
# and compares 12 pairs; by identity that takes a tenth of the time that the bytes would take.
@dataclass(frozen=True, kw_only=True, eq=False)
class Certificate(Parsed):
    """A parsed X.509 certificate; two are equal if their DER bytes are.

    Made by `from_der` and its neighbours alone, which return the same object for the same bytes as
    long as one exists: equal certificates are identical.

    Attributes:
        der: the bytes as sent or read.
    """

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Parse one DER certificate; raises `MalformedCertificate` with OpenSSL's reason."""
        return _remembered(der) if len(der) <= LARGEST_REMEMBERED else _parse(der)

    @classmethod
    def from_x509(cls, parsed: x509.Certificate) -> Certificate:
        """The same for a `cryptography` certificate."""
        return cls.from_der(_der_of(parsed))

    @classmethod
    def from_bundle(cls, der: bytes) -> Certificate:
        """The same for one of a bundle that is known to be sound; it is parsed when needed."""
        return _interned(cls(der=der))

    def __reduce__(self) -> tuple[Callable[[bytes], Certificate], tuple[bytes]]:
        """Copy and pickle only the bytes."""
        return Certificate.from_der, (self.der,)

    @once
    def _names(self) -> tuple[x509.Name, x509.Name]:
        return self._read(
            lambda parsed: (parsed.subject, parsed.issuer),
            lambda: (name_of(self._fields.subject), name_of(self._fields.issuer)),
        )

    @once
    def subject(self) -> str:
        """RFC 4514 text; hostile, so escape it where it is shown."""
        return self._names[0].rfc4514_string()

    @once
    def issuer(self) -> str:
        """RFC 4514 text; hostile, so escape it where it is shown."""
        return self._names[1].rfc4514_string()

    @once
    def subject_key(self) -> CanonicalName:
        """The subject in OpenSSL's canonical form (case and white space folded), for `==`."""
        return canonical_name(self._names[0])

    @once
    def issuer_key(self) -> CanonicalName:
        """The issuer name in the same form."""
        return canonical_name(self._names[1])

    @once
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject_key == self.issuer_key

    @once
    def is_own_issuer(self) -> bool:
        """Whether OpenSSL treats it as its own issuer, like a root (EXFLAG_SS of its x509v3.h).

        It is self-issued, and its key identifiers and serial numbers agree or are absent.
        """
        return self.self_issued and self.may_be_issued_by(self)

    def may_be_issued_by(self, candidate: Certificate) -> bool:
        """Whether the authority key identifier permits this issuer (X509_check_akid).

        Names and signatures are not compared.
        """
        if self.authority_serial is not None and self.authority_serial != candidate.serial:
            return False  # a CA that was reissued with the same key
        wanted, offered = self.authority_key_id, candidate.subject_key_id
        return wanted is None or offered is None or wanted == offered

    @once
    def common_names(self) -> tuple[str, ...]:
        """Every CN of the subject, in order."""
        return common_names(self._names[0])

    @once
    def issuer_common_names(self) -> tuple[str, ...]:
        """Every CN of the issuer name, in order."""
        return common_names(self._names[1])

    @once
    def _dates(self) -> tuple[datetime | None, datetime | None]:
        return self._read(
            lambda parsed: (parsed.not_valid_before_utc, parsed.not_valid_after_utc),
            lambda: dates_of(self._fields.validity),
        )

    @once
    def not_before(self) -> datetime:
        """Time zone aware, UTC; the earliest datetime for the year 0 or an invalid date."""
        return self._dates[0] or EARLIEST

    @once
    def not_after(self) -> datetime:
        """Time zone aware, UTC; the latest datetime for an invalid date."""
        return self._dates[1] or LATEST

    @once
    def unreadable_dates(self) -> tuple[str, ...]:
        """Which of notBefore and notAfter are invalid, which OpenSSL refuses in a path."""
        names = ("notBefore", "notAfter")
        return tuple(n for n, date in zip(names, self._dates, strict=True) if date is None)

    @once
    def sha256(self) -> str:
        """Fingerprint of `der`, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()

    @once
    def _extensions(self) -> Extensions:
        with quiet():
            return extensions_of(self._strict, lambda: self._fields.extensions)

    def extension(self, kind: type[_Extension]) -> _Extension | None:
        """One extension; `None` if it is absent or cannot be read."""
        return self._extensions.get(kind)

    @once
    def _alternative_names(self) -> AlternativeNames:
        return self._extensions.alternative_names() or AlternativeNames()

    @once
    def dns_names(self) -> tuple[str, ...]:
        """The dNSName identifiers of subjectAltName (RFC 9525 section 2)."""
        return self._alternative_names.dns

    @once
    def ip_addresses(self) -> tuple[str, ...]:
        """The iPAddress identifiers of subjectAltName."""
        return self._alternative_names.addresses

    @once
    def is_ca(self) -> bool:
        """Whether basicConstraints says CA:TRUE."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @once
    def has_basic_constraints(self) -> bool:
        """Whether the extension exists and could be read."""
        return self.extension(x509.BasicConstraints) is not None

    @once
    def may_sign_certificates(self) -> bool | None:
        """Whether keyUsage allows keyCertSign; `None` without the extension."""
        usage = self.extension(x509.KeyUsage)
        return None if usage is None else usage.key_cert_sign

    @once
    def subject_key_id(self) -> bytes | None:
        """The SKI, `None` when absent."""
        found = self.extension(x509.SubjectKeyIdentifier)
        return None if found is None else found.digest

    @once
    def authority_key_id(self) -> bytes | None:
        """The key identifier of the AKI, `None` when absent."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return None if found is None else found.key_identifier

    @once
    def authority_serial(self) -> int | None:
        """The issuer's serial number according to the AKI; `None` if absent."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return None if found is None else found.authority_cert_serial_number

    @once
    def ca_issuers(self) -> tuple[str, ...]:
        """The caIssuers URLs of the authority information access extension."""
        return self._extensions.ca_issuers()

    @once
    def version(self) -> int:
        """1, 2 or 3; or an invalid number from the certificate."""
        return self._read(
            lambda parsed: parsed.version.value + 1, lambda: self.openssl.get_version() + 1
        )

    @once
    def serial(self) -> int:
        """The serial number."""
        return self._read(lambda parsed: parsed.serial_number, self.openssl.get_serial_number)

    @once
    def key(self) -> PublicKey | None:
        """The public key; `None` if its kind is not supported (see `key_kind`)."""
        try:
            return self._read(
                lambda parsed: parsed.public_key(),
                lambda: plain_with(key=self._fields.key).public_key(),
            )
        except REFUSALS:
            return None

    @property
    def key_kind(self) -> tuple[str, ...]:
        """Object identifiers of the key's algorithm and curve, if any."""
        return kind_of(self._fields.key)

    @once
    def key_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo in lower-case hex."""
        return hashlib.sha256(self._fields.key).hexdigest()

    @once
    def signature(self) -> Signature:
        """The signature, with its algorithm."""
        read = None if self._strict is None else signature_of(self._strict)
        return read or raw_signature(self._fields)

    @property
    def signature_kind(self) -> tuple[str, ...]:
        """Object identifier of the signature's algorithm."""
        return kind_of(self._fields.algorithm)

    @once
    def oddities(self) -> tuple[Oddity, ...]:
        """What OpenSSL reads and stricter parsers refuse; empty for nearly every certificate."""
        if self._ordinary:
            return ()
        found = oddities(self.der, self._fields)
        return found or (Oddity(kind="other", what="a stricter parser refuses it"),)

    @property
    def _ordinary(self) -> bool:
        if self._strict is None or unusual_serial(self.serial):
            return False
        try:
            with quiet():
                _read_all_fields(self._strict)
        except REFUSALS:
            return False
        return True

    @property
    def self_signed(self) -> bool:
        """Whether it is self-issued and its own key verifies its signature."""
        return self.self_issued and verifies(self, self)

    def issued_by(self, candidate: Certificate) -> bool:
        """Whether the candidate has the issuer's name and its key verifies the signature.

        RFC 5280 section 6.1.3.
        """
        return self.issuer_key == candidate.subject_key and verifies(self, candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableCertificate:
    """An entry of a presented chain that OpenSSL cannot parse, kept as it was sent."""

    der: bytes
    reason: str = field(compare=False)

    @property
    def sha256(self) -> str:
        """Fingerprint of the raw bytes, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()


def parse_entry(der: bytes) -> Certificate | UnreadableCertificate:
    """Parse one entry of a presented chain.

    Never raises, so that one bad entry does not hide the others.
    """
    try:
        return Certificate.from_der(der)
    except MalformedCertificate as error:
        return UnreadableCertificate(der=der, reason=str(error))


def verifies(child: Certificate, issuer: Certificate) -> bool:
    """Whether the issuer's key verifies the child's signature; names are not compared."""
    return signature_fits(child, issuer) is True


@lru_cache(maxsize=REMEMBERED)
def signature_fits(child: Certificate, issuer: Certificate) -> bool | None:
    """`verifies`, but `None` if the key or the algorithm is not supported here."""
    return fits(child.signature, issuer.key)


@lru_cache(maxsize=REMEMBERED)
def _remembered(der: bytes) -> Certificate:
    return _parse(der)


def _der_of(parsed: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 -- it imports ciphers and SSH keys, which a check does not need

    return parsed.public_bytes(Encoding.DER)


def _parse(der: bytes) -> Certificate:
    certificate = Certificate(der=der)
    certificate.require_readable()
    return _interned(certificate)


_INTERNED: WeakValueDictionary[bytes, Certificate] = WeakValueDictionary()
_INTERNING = Lock()


def _interned(certificate: Certificate) -> Certificate:
    """The existing certificate with these bytes, or else this one."""
    with _INTERNING:
        return _INTERNED.setdefault(certificate.der, certificate)


def _read_all_fields(parsed: x509.Certificate) -> tuple[object, ...]:
    """Read everything that `cryptography` parses lazily; raises what it refuses."""
    return (
        parsed.subject,
        parsed.issuer,
        parsed.not_valid_before_utc,
        parsed.not_valid_after_utc,
        parsed.extensions,
    )
