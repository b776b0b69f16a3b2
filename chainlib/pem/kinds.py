"""Says in a few words what a file is if it is no certificate; hostile text is never repeated."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.utils import CryptographyDeprecationWarning

from chainlib import der
from chainlib.wording import counted

CERTIFICATE_LABELS: Final = frozenset(
    {
        "CERTIFICATE",
        "X509 CERTIFICATE",
        "TRUSTED CERTIFICATE",
        "PKCS7",
        "PKCS #7 SIGNED DATA",
        "CMS",
    }
)
_LABELS: Final[Mapping[str, str]] = {
    "CERTIFICATE REQUEST": "a certificate request (CSR), which the CA has yet to sign",
    "NEW CERTIFICATE REQUEST": "a certificate request (CSR), which the CA has yet to sign",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "SSH2 PUBLIC KEY": "an SSH public key",
    "X509 CRL": "a revocation list (CRL)",
    "DH PARAMETERS": "Diffie-Hellman parameters",
    "EC PARAMETERS": "elliptic-curve parameters",
    "X942 DH PARAMETERS": "Diffie-Hellman parameters",
    "DSA PARAMETERS": "DSA parameters",
    "ATTRIBUTE CERTIFICATE": "an attribute certificate",
    "OCSP RESPONSE": "an OCSP response",
    "SSL SESSION PARAMETERS": "a TLS session",
    "PGP PUBLIC KEY BLOCK": "a PGP public key",
    "PGP SIGNED MESSAGE": "a PGP message",
}
_TEXTS: Final = (
    (re.compile(r"\s*(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE), "a web page (HTML)"),
    (re.compile(r"\s*<"), "an XML file"),
    (re.compile(r"\s*(?:ssh-|ecdsa-sha2-)"), "an SSH public key"),
    (re.compile(r"\s*[{\[]"), "a JSON file"),
)
_MAGIC: Final = (
    (
        b"\xfe\xed\xfe\xed",
        "a Java key store; export the certificates with `keytool -exportcert -rfc`",
    ),
    (
        b"\xce\xce\xce\xce",
        "a Java key store (JCEKS); export the certificates with `keytool -exportcert -rfc`",
    ),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
)
PFX: Final = (
    "a PKCS #12 (PFX) file, which may hold a private key; take out the certificates without "
    "the key: "
    "openssl pkcs12 -in file.pfx -nokeys -out chain.pem"
)
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_PFX_VERSION = b"\x03"
_PARSERS: tuple[tuple[Callable[[bytes], object], str], ...] = (
    (x509.load_der_x509_csr, _LABELS["CERTIFICATE REQUEST"]),
    (x509.load_der_x509_crl, _LABELS["X509 CRL"]),
    (load_der_public_key, _LABELS["PUBLIC KEY"]),
)


def of_label(label: str) -> str:
    """What a PEM block with this label holds."""
    return _LABELS.get(label, "no certificate")


def is_harmless(label: str) -> bool:
    """Whether a block with this label is public and may be ignored beside certificates."""
    return label in _LABELS


def of_text(text: str) -> str:
    """What a text without a PEM block is."""
    return next(
        (what for pattern, what in _TEXTS if pattern.match(text)),
        "plain text without a BEGIN CERTIFICATE line",
    )


def of_bytes(data: bytes, reason: str) -> str:
    """What binary data without a certificate is.

    `reason` is the parser's, for unknown data.
    """
    known = next((what for magic, what in _MAGIC if data.startswith(magic)), None)
    known = known or next((what for parser, what in _PARSERS if _parses(parser, data)), None)
    outer = der.element(data)
    if known is None and outer and outer.tag == der.SEQUENCE and outer.end > len(data):
        return f"cut short: {len(data):,} of {counted(outer.end, 'byte')} are there"
    return known or f"binary data that is no certificate ({reason})"


def is_pfx(data: bytes) -> bool:
    """Whether the data begins like a PFX (RFC 7292 section 4).

    Version 3, then the authenticated safe.
    """
    inner = der.children(data, at_most=2)
    return [c.tag for c in inner] == [der.INTEGER, der.SEQUENCE] and inner[
        0
    ].content == _PFX_VERSION


def is_pkcs7(data: bytes) -> bool:
    """Whether the data begins like a PKCS #7 / CMS SignedData (RFC 5652 section 5.1)."""
    inner = der.children(data, at_most=1)
    return bool(inner) and inner[0].tag == der.OBJECT_ID and inner[0].content == _SIGNED_DATA


def _parses(parser: Callable[[bytes], object], data: bytes) -> bool:
    with warnings.catch_warnings():
        # The library warns of old or odd keys; they are refused here anyway, and only their kind is
        # needed.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            parser(data)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            return False
    return True
