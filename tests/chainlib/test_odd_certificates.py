"""Certificates that break RFC 5280 and are in use all the same.

Read without a warning, some public roots among them.
"""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainlib import (
    Certificate,
    Code,
    MalformedCertificate,
    PresentedChain,
    Target,
    TrustAnchors,
    TrustMode,
    judge,
)
from chainlib.aio import load_well_known
from chainlib.der import SEQUENCE, encode
from chainlib.extensions import one_by_one
from chainlib.lenient import split
from chainlib.openssl import verify_path
from chainlib.policy import GatewayPolicy
from playground.lab import pki
from tests.support.sampling import of_all

ROOT = pki.root()
LEAF = pki.leaf(ROOT)


def negative_serial(certificate: Certificate) -> Certificate:
    """The same certificate with the sign bit of its serial number set.

    Its own signature no longer fits.
    """
    serial = certificate.parsed.serial_number
    encoded = serial.to_bytes((serial.bit_length() + 8) // 8, "big")
    return Certificate.from_der(certificate.der.replace(encoded, b"\x80" + encoded[1:], 1))


def test_negative_serial_number_is_read() -> None:
    assert negative_serial(ROOT.certificate).subject == ROOT.certificate.subject


def test_anchor_with_a_negative_serial_ends_a_path() -> None:
    odd = negative_serial(ROOT.certificate)
    assert verify_path(LEAF.certificate, [], [odd], at=pki.NOW).chain == (LEAF.certificate, odd)


NAME = "backend.contoso.com"
FACTS = [name for name in dir(Certificate) if name[0] != "_" and name != "parsed"]
DNS, ADDRESS, EMAIL, URL = 0x82, 0x87, 0x81, 0x86
UMLAUT = "b\u00fccher.de".encode("latin-1")
CA_ISSUERS = bytes.fromhex("06082b06010505073002")


def raw(oid: x509.ObjectIdentifier, value: bytes) -> tuple[x509.UnrecognizedExtension, bool]:
    """An extension with these bytes as its value, whatever they are."""
    return x509.UnrecognizedExtension(oid, value), False


def alternative_names(*names: tuple[int, bytes]) -> tuple[x509.UnrecognizedExtension, bool]:
    """A subjectAltName out of these tags and contents."""
    return raw(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        encode(SEQUENCE, b"".join(encode(tag, content) for tag, content in names)),
    )


ODD_NAMES = {
    "address as text": alternative_names((ADDRESS, b"10.0.0.1"), (DNS, NAME.encode())),
    "umlaut": alternative_names((DNS, UMLAUT), (DNS, NAME.encode())),
    "umlaut in a mail address": alternative_names((EMAIL, UMLAUT), (DNS, NAME.encode())),
}
ODD_EXTENSIONS = {
    "umlaut in a URL": raw(
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        encode(SEQUENCE, encode(SEQUENCE, CA_ISSUERS + encode(URL, b"http://" + UMLAUT))),
    ),
    "policies that are none": raw(
        ExtensionOID.CERTIFICATE_POLICIES, encode(SEQUENCE, b"\x02\x01\x01")
    ),
    "timestamps that are none": raw(
        ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, b"\x05\x00"
    ),
}


def verdict_codes(*sent: Certificate) -> set[Code]:
    """What is found under a setting that has the root."""
    policy = GatewayPolicy(
        anchors=TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ROOT.certificate,)),
        name=NAME,
    )
    return {
        finding.code
        for finding in judge(
            PresentedChain(target=Target(host=NAME), certificates=sent), policy, at=pki.NOW
        ).findings
    }


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_name_that_cannot_be_read_hides_no_other(odd: str) -> None:
    leaf = pki.leaf(
        ROOT, "no common name that fits", dns=(), extensions=(ODD_NAMES[odd],)
    ).certificate
    assert NAME in leaf.dns_names
    assert verdict_codes(leaf) == {Code.ENCODING_UNUSUAL}


def test_non_ascii_dns_name_still_excludes_the_cn() -> None:
    leaf = pki.leaf(ROOT, NAME, dns=(), extensions=(alternative_names((DNS, UMLAUT)),)).certificate
    assert leaf.dns_names == ("b\\xfccher.de",)
    assert verdict_codes(leaf) == {Code.NAME_MISMATCH, Code.ENCODING_UNUSUAL}


@pytest.mark.parametrize("odd", ODD_EXTENSIONS)
def test_extension_that_cannot_be_read_hides_no_other(odd: str) -> None:
    issuing = pki.intermediate(ROOT, extensions=(ODD_EXTENSIONS[odd],))
    assert (issuing.certificate.is_ca, issuing.certificate.may_sign_certificates) == (True, True)
    assert verdict_codes(issuing.certificate) == {Code.LEAF_MISSING, Code.ENCODING_UNUSUAL}
    assert verdict_codes(
        pki.leaf(issuing, NAME, extensions=(ODD_EXTENSIONS[odd],)).certificate,
        issuing.certificate,
    ) == {Code.ENCODING_UNUSUAL}


def test_extension_that_stands_there_twice_counts_as_none() -> None:
    """Only a tampered encoding can hold it; OpenSSL reads neither of the two."""
    key_ids = [
        raw(ExtensionOID.SUBJECT_KEY_IDENTIFIER, b"\x04\x02ab"),
        raw(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, b"\x30\x04\x80\x02ab"),
    ]
    plain = pki.leaf(ROOT, NAME, key_ids=False, extensions=tuple(key_ids)).certificate
    twice = Certificate.from_der(
        plain.der.replace(b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x0e")
    )
    assert (plain.subject_key_id, twice.subject_key_id) == (b"ab", None)
    assert twice.dns_names == (NAME,)


def test_reading_one_by_one_equals_reading_together() -> None:
    ours = pki.leaf(
        ROOT, NAME, ips=("10.0.0.1",), ca_issuers=("http://ca.contoso.com/g2.cer",)
    ).certificate
    certificates = (ours, *load_well_known().certificates)
    assert all(
        one_by_one(split(one.der).extensions).readable
        == tuple(extension.value for extension in one.parsed.extensions)
        for one in certificates
    )


@settings(max_examples=of_all(400, 80), deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3)
)
@example(changes=[(0, 0x30)])
def test_altered_bytes_raise_nothing_but_malformed_certificate(
    changes: list[tuple[int, int]],
) -> None:
    altered = bytearray(LEAF.certificate.der)
    for place, octet in changes:
        altered[place % len(altered)] = octet
    try:
        certificate = Certificate.from_der(bytes(altered))
    except MalformedCertificate:
        return
    for fact in FACTS:
        getattr(certificate, fact)
    assert certificate.der == bytes(altered)
