"""Oddly encoded roots as ARM shows them: what OpenSSL reads is a root here too."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.azure.certificates import trusted_roots
from tests.support import handmade_certificates as handmade
from tests.support import odd_certificates as odd

KEYS = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in range(3))


def of_der(der: bytes) -> str:
    """As the portal uploads a .cer file."""
    return base64.b64encode(der).decode()


def of_pem(der: bytes) -> str:
    """As a command line uploads a PEM file."""
    return base64.b64encode(ssl.DER_cert_to_PEM_cert(der).encode()).decode()


@pytest.mark.parametrize(
    "oddity",
    ["printable-star", "empty-rdn", "year-0000", "version-4", "ecdsa-null", "serial-negative"],
)
@pytest.mark.parametrize("write", [of_der, of_pem], ids=["der", "pem"])
def test_odd_root_of_arm_is_read(oddity: str, write: Callable[[bytes], str]) -> None:
    written = handmade.chain("app.contoso.test", oddity, keys=KEYS, root=odd.ODDITIES[oddity])
    data = write(written.root.der)
    found = trusted_roots([{"name": "corp", "properties": {"data": data}}], "prod-gw")
    assert [root.certificate.der for root in found.readable] == [written.root.der]
    assert not found.undecodable


def test_root_that_openssl_refuses_is_named() -> None:
    written = handmade.chain("x.test", "y", keys=KEYS, root=odd.ODDITIES["serial-empty"])
    data = of_der(written.root.der)
    found = trusted_roots([{"name": "corp", "properties": {"data": data}}], "prod-gw")
    assert not found.readable
    assert [one.name for one in found.undecodable] == ["corp"]
