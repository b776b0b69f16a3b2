"""Issues certificates whose every field can be overridden, to make chains with one fault.

Keys are P-256 and generated when needed; none is secret. Dates are relative to the given instant.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from chainlib import Certificate, dump_bundle

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SERVER_AUTH = (ExtendedKeyUsageOID.SERVER_AUTH,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate with its key."""

    certificate: Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return dump_bundle((self.certificate,)).encode()

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS #8 PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to issue; every field can be overridden on its own.

    Attributes:
        cn: common name; `None` makes an empty subject.
        subject: a whole subject name, instead of `cn`.
        issuer_name: another issuer name than the signer's subject.
        dns, ips: subjectAltName entries; both empty leaves the extension out.
        ca: basicConstraints CA flag; `None` leaves the extension out.
        key_usage: names of `x509.KeyUsage` arguments that are true; `None` leaves the extension
            out.
        eku: extended key usages; `None` leaves the extension out.
        key_ids: with SKI and AKI.
        extensions: more extensions with their criticality.
        key: use this key instead of a new one.
        hash_algorithm: of the signature; `None` is SHA-256.
    """

    cn: str | None
    subject: x509.Name | None = None
    issuer_name: x509.Name | None = None
    dns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    not_before: datetime = NOW - timedelta(days=30)
    not_after: datetime = NOW + timedelta(days=335)
    ca: bool | None = None
    path_length: int | None = None
    key_usage: frozenset[str] | None = None
    eku: tuple[x509.ObjectIdentifier, ...] | None = None
    ca_issuers: tuple[str, ...] = ()
    key_ids: bool = True
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    key: Key | None = None
    hash_algorithm: Hash | None = None


CA_USAGE = frozenset({"key_cert_sign", "crl_sign"})
LEAF_USAGE = frozenset({"digital_signature"})
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def root(cn: str = "Contoso Root G2", **overrides: Any) -> Issued:
    """A self-signed CA valid for twenty years."""
    base = Spec(
        cn=cn,
        ca=True,
        key_usage=CA_USAGE,
        not_before=NOW - timedelta(days=3650),
        not_after=NOW + timedelta(days=3650),
    )
    return issue(_override(base, overrides), None)


def intermediate(issuer: Issued, cn: str = "Contoso Issuing CA 3", **overrides: Any) -> Issued:
    """A CA below `issuer`, valid for ten years."""
    base = Spec(
        cn=cn,
        ca=True,
        key_usage=CA_USAGE,
        not_before=NOW - timedelta(days=1825),
        not_after=NOW + timedelta(days=1825),
    )
    return issue(_override(base, overrides), issuer)


def leaf(issuer: Issued | None, cn: str = "backend.contoso.com", **overrides: Any) -> Issued:
    """A server certificate for `cn`, one year long; `issuer=None` makes it self-signed."""
    base = Spec(cn=cn, dns=(cn,), key_usage=LEAF_USAGE, eku=SERVER_AUTH)
    return issue(_override(base, overrides), issuer)


def _override(spec: Spec, overrides: dict[str, Any]) -> Spec:
    return replace(spec, **overrides)


def issue(spec: Spec, issuer: Issued | None) -> Issued:
    """Issue what the spec says, signed by `issuer` or by itself."""
    key = spec.key or ec.generate_private_key(ec.SECP256R1())
    subject = spec.subject if spec.subject is not None else _name(spec.cn)
    signer_key = issuer.key if issuer else key
    signer_name = spec.issuer_name or (issuer.certificate.parsed.subject if issuer else subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(spec.not_before)
        .not_valid_after(spec.not_after)
    )
    for extension, critical in _extensions(spec, key, signer_key):
        builder = builder.add_extension(extension, critical)
    return Issued(
        certificate=Certificate.from_x509(
            builder.sign(signer_key, spec.hash_algorithm or hashes.SHA256())
        ),
        key=key,
    )


def _name(cn: str | None) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)] if cn else [])


def _extensions(spec: Spec, key: Key, signer_key: Key) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if spec.ca is not None:
        yield x509.BasicConstraints(ca=spec.ca, path_length=spec.path_length), True
    if spec.key_usage is not None:
        yield x509.KeyUsage(**{usage: usage in spec.key_usage for usage in _USAGES}), True
    if spec.eku is not None:
        yield x509.ExtendedKeyUsage(spec.eku), False
    if spec.dns or spec.ips:
        ips = [x509.IPAddress(ipaddress.ip_address(ip)) for ip in spec.ips]
        yield x509.SubjectAlternativeName([*map(x509.DNSName, spec.dns), *ips]), False
    if spec.key_ids:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), False
    if spec.ca_issuers:
        yield x509.AuthorityInformationAccess([_ca_issuers(url) for url in spec.ca_issuers]), False
    yield from spec.extensions


def _ca_issuers(url: str) -> x509.AccessDescription:
    return x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
    )
