"""Whatever bytes a server sends or a file holds.

A verdict, an explanation and a repair, or an error of the library's own tree.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainlib import (
    ChainlibError,
    Code,
    GatewayPolicy,
    MalformedCertificate,
    PresentedChain,
    Target,
    TlsSession,
    TrustAnchors,
    TrustMode,
    dump_bundle,
    explain,
    judge,
    load_certificates,
    repair,
)
from chainlib.certificate import Certificate, UnreadableCertificate, parse_entry
from playground.lab import pki
from playground.lab.pki import NOW
from tests.support.sampling import of_all

HOST = "backend.contoso.com"
ROOT = pki.root()
ISSUING = pki.intermediate(ROOT)
LEAF = pki.leaf(ISSUING, HOST)
DERS = tuple(issued.certificate.der for issued in (LEAF, ISSUING, ROOT))
# The object identifier of the common name, then the tag of its text.
UTF8_NAME, TIME_NAME = b"\x55\x04\x03\x0c", b"\x55\x04\x03\x18"
TAGS = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x13,
    0x14,
    0x16,
    0x17,
    0x18,
    0x1C,
    0x1E,
    0x30,
    0x31,
    0x80,
    0xA0,
    0xFF,
    0x00,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A certificate with a few bytes changed, most of them where tags and lengths stand."""
    der = bytearray(draw(st.sampled_from(DERS)))
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        der[draw(st.integers(min_value=0, max_value=len(der) - 1))] = draw(
            st.sampled_from(TAGS) | st.integers(min_value=0, max_value=255)
        )
    return bytes(der)


def policy(*anchors: Certificate) -> GatewayPolicy:
    """A v2 gateway with these uploaded roots."""
    return GatewayPolicy(
        anchors=TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=anchors), name=HOST
    )


def presented(*ders: bytes) -> PresentedChain:
    """What a server sent."""
    session = TlsSession(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")
    return PresentedChain(
        target=Target(host=HOST, server_name=HOST),
        certificates=tuple(map(parse_entry, ders)),
        tls=session,
    )


@settings(max_examples=of_all(150, 40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sent=st.lists(damaged(), min_size=1, max_size=3), root=damaged())
def test_damaged_list_never_raises(sent: list[bytes], root: bytes) -> None:
    anchor = parse_entry(root)
    rules = policy(anchor) if isinstance(anchor, Certificate) else policy(ROOT.certificate)
    chain = presented(*sent, *DERS[1:2])
    assert len(judge(chain, rules, at=NOW).entries) == len(chain.certificates)
    explain(judge(chain, rules, at=NOW))
    repair(chain, rules, at=NOW)


@settings(max_examples=of_all(100, 40), deadline=None)
@given(data=damaged() | st.binary(max_size=200) | st.lists(damaged(), max_size=3).map(b"".join))
def test_damaged_file_is_read_or_refused_clearly(data: bytes) -> None:
    try:
        read = load_certificates(data)
    except ChainlibError:
        return
    assert tuple(load_certificates(dump_bundle(read).encode())) == tuple(read)


def test_certificate_that_one_parser_reads_is_unreadable() -> None:
    with pytest.raises(MalformedCertificate, match="OpenSSL: "):
        Certificate.from_der(DERS[0].replace(UTF8_NAME, TIME_NAME))


@pytest.mark.parametrize("place", [0, 1], ids=["leaf", "intermediate"])
def test_list_with_an_odd_certificate_has_its_verdict(place: int) -> None:
    ders = [
        der.replace(UTF8_NAME, TIME_NAME) if position == place else der
        for position, der in enumerate(DERS[:2])
    ]
    chain = presented(*ders)
    assert isinstance(chain.certificates[place], UnreadableCertificate)
    assert Code.CERTIFICATE_UNREADABLE in judge(chain, policy(ROOT.certificate), at=NOW).codes
