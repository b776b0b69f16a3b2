"""The page of a check: everything in it, nothing from outside alive in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.domain.azure import BackendServer, GatewayHealth, GatewayMessage, Health
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.reports.page import report_page
from bot.reports.svg import chain_svg, dates_svg
from chainlib import Code, HttpResponse, UnreadableCertificate, load_certificates
from playground.lab import pki
from playground.lab.pki import NOW
from tests.support.gateways import GATEWAY, GATEWAY_ID
from tests.support.reports import CASES, HOST, ISSUING, LEAF, ROOT, report

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)></svg></style>\u202e\x00]]>'
VOID = {"meta", "br"}
TAGS = frozenset(
    re.findall(
        r"[\w-]+",
        "html head meta title style body main section h1 h2 h3 p q ol ul li table thead "
        "tbody tr th td pre article footer svg desc rect line text br ",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"[\w-]+",
        "lang charset http-equiv content name class viewbox role aria-label x y x1 x2 y1 "
        "y2 width height rx ",
    )
)


class Reader(HTMLParser):
    """Notes what is in a page, and whether every element is closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """The one that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data

    def close(self) -> None:
        """The end of the page."""
        super().close()
        assert not self._open


def read(page: str) -> Reader:
    """The page as a browser would see it; only elements and attributes that we write are in it."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.tags <= TAGS
    assert reader.attributes <= ATTRIBUTES
    assert "PRIVATE KEY" not in page
    return reader


def evil() -> CheckReport:
    """A chain, an HTTP answer and a handshake that try to break out of the markup."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, EVIL.replace("\x00", ""))])
    signer = pki.intermediate(ROOT, subject=name)
    found = report(pki.leaf(signer, HOST, subject=name))
    (address,) = found.addresses
    assert address.chain is not None
    chain = replace(
        address.chain,
        certificates=(
            *address.chain.certificates,
            UnreadableCertificate(der=b"\x30\x00", reason=EVIL),
        ),
        http=HttpResponse(status=200, reason=EVIL),
    )
    return replace(
        found,
        addresses=(replace(address, address=EVIL, chain=chain),),
        not_checked=(EVIL,),
    )


def answered(found: CheckReport, text: str) -> GatewayReport:
    """The same backend with what a gateway says of it."""
    said = GatewayMessage(code=Code.INTERMEDIATE_MISSING, text=text)
    server = BackendServer(
        pool=text, setting=text, address=text, health=Health.UNHEALTHY, message=said
    )
    member = MemberReport(pool=text, setting=text, member=text, report=found)
    health = GatewayHealth(gateway=GATEWAY_ID, servers=(server,), read_at=NOW)
    return GatewayReport(gateway=GATEWAY, members=(member,), at=NOW, health=health)


@pytest.mark.parametrize("case", CASES)
def test_every_report_makes_a_page(case: str) -> None:
    found = CASES[case]()
    page = report_page(found, run_id="ab12cd34", probe_origin="snet-bots")
    shown = read(page).text
    assert "ab12cd34" in shown
    for finding in found.verdict.findings:
        assert finding.code.value in shown
    assert len(page) < 400_000


@pytest.mark.parametrize("case", [*CASES, "evil"])
def test_drawings_are_well_formed(case: str) -> None:
    found = CASES[case]() if case in CASES else evil()
    for drawn in (chain_svg(found), dates_svg(found)):
        if drawn:
            assert ET.fromstring(drawn).tag == "svg"  # noqa: S314 -- our own markup


def test_hostile_text_stays_text_everywhere() -> None:
    found = evil()
    page = report_page(found, run_id=EVIL, probe_origin=EVIL, gateway=answered(found, EVIL))
    shown = read(page).text
    assert "<script>alert(1)</script>" in shown
    assert not re.search("[\u202e\x00]", page)


def test_page_loads_nothing() -> None:
    page = report_page(CASES["leaf-only"]())
    assert "default-src 'none'" in page
    assert not re.search(r"(?i)\b(?:src|href)=|url\(|@import|<script|<link", page)


def test_gap_roots_and_corrected_chain_are_in_it() -> None:
    page = report_page(CASES["leaf-only"]())
    assert 'class="box bad gap"' in page
    assert "Contoso Root G2" in chain_svg(CASES["no-root-signs"]()) + page
    block = page.split("fullchain.pem, for the server:</p><pre>")[1].split("</pre>")[0]
    assert load_certificates(block.encode()) == (LEAF.certificate, ISSUING.certificate)


def test_expired_certificate_is_marked_in_words() -> None:
    drawn = dates_svg(CASES["expired"]())
    assert "NOT VALID" in drawn
    assert 'class="bar bad"' in drawn


def test_both_sources_are_in_it() -> None:
    found = report(LEAF)
    shown = read(report_page(found, gateway=answered(found, "shop"))).text
    assert "read 2026-11-23 09:00 UTC" in shown
    assert "Unhealthy" in shown
    refused = Refusal(kind=RefusalKind.FORBIDDEN, sentence="Azure says no.")
    silent = replace(answered(found, "shop"), health=None, refusal=refused)
    assert "Azure says no." in read(report_page(found, gateway=silent)).text


@pytest.mark.parametrize("year", [1, 9999])
def test_dates_are_drawn_at_either_end_of_time(year: int) -> None:
    found = report(LEAF, ISSUING)
    at = found.verdict.at.replace(year=year)
    drawn = dates_svg(replace(found, verdict=replace(found.verdict, at=at)))
    assert ET.fromstring(drawn).tag == "svg"  # noqa: S314 -- our own markup
