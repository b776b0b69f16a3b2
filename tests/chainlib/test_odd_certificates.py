"""Certificates that break RFC 5280 and are in use all the same: read without a warning, some public roots among them."""

from __future__ import annotations

import pytest

from chainlib import Certificate, MalformedCertificate
from chainlib.openssl import verify_path
from playground.lab import pki

ROOT = pki.root()
LEAF = pki.leaf(ROOT)


def negative_serial(certificate: Certificate) -> Certificate:
    """The same certificate with the sign bit of its serial number set; its own signature no longer fits."""
    serial = certificate.parsed.serial_number
    encoded = serial.to_bytes((serial.bit_length() + 8) // 8, "big")
    return Certificate.from_der(certificate.der.replace(encoded, b"\x80" + encoded[1:], 1))


def test_negative_serial_number_is_read() -> None:
    assert negative_serial(ROOT.certificate).subject == ROOT.certificate.subject


def test_anchor_with_a_negative_serial_number_ends_a_path() -> None:
    odd = negative_serial(ROOT.certificate)
    assert verify_path(LEAF.certificate, [], [odd], at=pki.NOW).chain == (LEAF.certificate, odd)


@pytest.mark.parametrize("version", [1, 3, 9])
def test_unknown_version_is_malformed(version: int) -> None:
    with pytest.raises(MalformedCertificate, match="version"):
        Certificate.from_der(ROOT.certificate.der.replace(b"\xa0\x03\x02\x01\x02", bytes([0xA0, 3, 2, 1, version]), 1))
