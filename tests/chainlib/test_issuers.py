"""Issuer downloads against a hostile world.

Every test's server is real and on loopback, and no packet can leave the machine.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chainlib import Certificate, PresentedChain, Target
from chainlib.aio import FetchLimits, FetchResult, IssuerCache, fetch_issuers
from chainlib.aio.download import download
from chainlib.aio.download_rules import AddressRefused, DownloadRules, parse_url
from chainlib.aio.issuer_cache import Answer
from chainlib.der import encode
from chainlib.errors import FetchError
from playground.lab import pki
from playground.lab.pki import Issued
from tests.support import handmade_certificates as handmade
from tests.support import odd_certificates as odd
from tests.support.waiting import LIMIT_S, advance, for_ever

LIMITS = FetchLimits(timeout=LIMIT_S)
ROOT = pki.root()
ODD_KEYS = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """A web server on loopback that serves what a test sets and records its requests."""

    pages: dict[str, bytes | Handler] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Where a page lies."""
        return f"http://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve a page, or 404."""
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        page = self.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        return web.Response(body=page) if isinstance(page, bytes) else await page(request)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The server, running."""
    server = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    # time: answers that are still being given when a test is over
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    server.port = int(runner.addresses[0][1])
    yield server
    await runner.cleanup()


def chain(*sent: Issued) -> PresentedChain:
    return PresentedChain(
        target=Target(host="backend.contoso.com"), certificates=tuple(s.certificate for s in sent)
    )


async def fetch(
    presented: PresentedChain, *, limits: FetchLimits = LIMITS, cache: IssuerCache | None = None
) -> FetchResult:
    """Fetch with everything allowed that a test needs."""
    return await fetch_issuers(
        presented, admit=lambda _: True, limits=limits, cache=cache, admit_loopback=True
    )


def names(result: FetchResult) -> list[str]:
    return [c.subject for c in result.certificates]


def to(location: str) -> Handler:
    """A redirect."""

    async def redirect(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(location)

    return redirect


def bag(*certificates: Issued, encoding: Encoding = Encoding.DER) -> bytes:
    return pkcs7.serialize_certificates([c.certificate.parsed for c in certificates], encoding)


def two_tiers(site: Site) -> tuple[Issued, Issued, Issued]:
    """A leaf two CAs below the root, each naming where its issuer lies."""
    upper = pki.intermediate(ROOT, "Upper", ca_issuers=(site.url("/root.cer"),))
    lower = pki.intermediate(upper, "Lower", ca_issuers=(site.url("/upper.cer"),))
    return pki.leaf(lower, ca_issuers=(site.url("/lower.cer"),)), lower, upper


async def test_climbs_to_the_root(site: Site) -> None:
    leaf, lower, upper = two_tiers(site)
    site.pages |= {
        "/lower.cer": lower.certificate.der,
        "/upper.cer": upper.pem,
        "/root.cer": bag(ROOT),
    }
    result = await fetch(chain(leaf))
    assert result.certificates == (lower.certificate, upper.certificate, ROOT.certificate)
    assert result.refused == ()
    assert site.asked == ["/lower.cer", "/upper.cer", "/root.cer"]


async def test_second_url_is_tried_when_the_first_fails(site: Site) -> None:
    issuing = pki.intermediate(ROOT, "Issuing")
    leaf = pki.leaf(
        issuing,
        ca_issuers=(
            "ldap://pki.contoso.com/cn=ca",
            site.url("/gone.cer"),
            site.url("/other.cer"),
            site.url("/ca.p7c"),
        ),
    )
    site.pages |= {
        "/other.cer": pki.intermediate(ROOT, "Issuing").pem,
        "/ca.p7c": bag(ROOT, issuing, encoding=Encoding.PEM),
    }
    result = await fetch(chain(leaf))
    assert result.certificates == (issuing.certificate, ROOT.certificate)
    assert site.asked == ["/gone.cer", "/other.cer", "/ca.p7c"]
    assert len(result.refused) == 3


async def test_only_what_is_unknown_is_requested(site: Site) -> None:
    leaf, lower, upper = two_tiers(site)
    site.pages["/upper.cer"] = upper.certificate.der
    result = await fetch_issuers(
        chain(lower, leaf),
        admit=lambda _: True,
        known=[ROOT.certificate],
        limits=LIMITS,
        admit_loopback=True,
    )
    assert result.certificates == (upper.certificate,)
    assert site.asked == ["/upper.cer"]


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
async def test_upper_issuer_comes_out_of_the_same_bag(site: Site, encoding: Encoding) -> None:
    leaf, lower, upper = two_tiers(site)
    site.pages["/lower.cer"] = bag(pki.root("Stranger"), upper, ROOT, lower, encoding=encoding)
    result = await fetch(chain(leaf))
    assert result.certificates == (lower.certificate, upper.certificate, ROOT.certificate)
    assert site.asked == ["/lower.cer"]


def odd_bag(*ders: bytes) -> bytes:
    """A PKCS #7 bag that takes certificates as they are (RFC 5652 section 5.1)."""
    data = handmade.sequence(handmade.oid("1.2.840.113549.1.7.1"))
    held = encode(0xA0, b"".join(ders))
    inner = handmade.sequence(
        handmade.integer(1), encode(handmade.SET, b""), data, held, encode(handmade.SET, b"")
    )
    return handmade.sequence(handmade.oid("1.2.840.113549.1.7.2"), encode(0xA0, inner))


@pytest.mark.parametrize(
    "oddity",
    ["printable-star", "empty-rdn", "year-0000", "version-4", "ecdsa-null", "serial-negative"],
)
@pytest.mark.parametrize("write", [bytes, odd_bag], ids=["der", "bag"])
async def test_odd_issuer_is_fetched(
    site: Site, oddity: str, write: Callable[[bytes], bytes]
) -> None:
    where = encode(0x86, site.url("/odd.cer").encode())
    access = handmade.sequence(handmade.sequence(handmade.oid("1.3.6.1.5.5.7.48.2"), where))
    written = handmade.chain(
        "app.contoso.test",
        oddity,
        keys=ODD_KEYS,
        leaf=odd.with_more(handmade.extension("1.3.6.1.5.5.7.1.1", access)),
        issuing=odd.ODDITIES[oddity],
    )
    site.pages["/odd.cer"] = write(written.issuing.der)
    leaf = Certificate.from_der(written.leaf.der)
    sent = PresentedChain(target=Target(host="app.contoso.test"), certificates=(leaf,))
    result = await fetch(sent)
    assert [one.der for one in result.certificates] == [written.issuing.der], result


async def test_wrong_parent_with_right_name_is_refused(site: Site) -> None:
    leaf, _, _ = two_tiers(site)
    site.pages["/lower.cer"] = pki.intermediate(pki.root("Attacker"), "Lower").certificate.der
    result = await fetch(chain(leaf))
    assert result.certificates == ()
    assert "no CA whose key verifies" in result.refused[0]


async def test_issuer_that_is_no_ca_is_not_taken(site: Site) -> None:
    lower = pki.intermediate(ROOT, "Lower", ca=False)
    site.pages["/lower.cer"] = lower.certificate.der
    assert (
        await fetch(chain(pki.leaf(lower, ca_issuers=(site.url("/lower.cer"),))))
    ).certificates == ()


async def test_right_key_under_another_name_is_not_taken(site: Site) -> None:
    leaf, lower, _ = two_tiers(site)
    site.pages["/lower.cer"] = pki.intermediate(ROOT, "Other Name", key=lower.key).certificate.der
    assert (await fetch(chain(leaf))).certificates == ()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "data:application/pkix-cert;base64,MIIB",
        "ldap:///CN=Contoso?cACertificate",
        "ftp://pki.contoso.com/ca.cer",
        "gopher://pki.contoso.com/",
        "HTTP:/etc/passwd",
        "http://user:secret@pki.contoso.com/ca.cer",
        "http://pki.contoso.com\\@169.254.169.254/",
        "http://pki.contoso.com:0/",
        "http://pki.contoso.com:99999/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://[::1/",
        "http:///ca.cer",
        "http://pki.contoso.com/" + "a" * 3000,
        "http://pki.contoso.com/a b",
        "http://pki.contoso.com/\r\nHost: x",
        "",
    ],
)
def test_urls_that_are_not_plain_http_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        parse_url(url)


async def resolve_nothing(host: str, _port: int) -> Sequence[str]:
    message = f"{host} must not be resolved"
    raise AssertionError(message)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data:,x", "http://u@pki.contoso.com/"])
async def test_refused_urls_are_not_even_resolved(url: str) -> None:
    leaf = pki.leaf(pki.intermediate(ROOT, "Lower"), ca_issuers=(url,))
    result = await fetch_issuers(
        chain(leaf), admit=lambda _: True, resolver=resolve_nothing, limits=LIMITS
    )
    assert result.certificates == ()
    assert len(result.refused) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 -- an address that must be refused
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%2",
        "ff02::1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
        "not an address",
    ],
)
def test_addresses_that_are_never_asked(address: str) -> None:
    with pytest.raises(AddressRefused):
        DownloadRules(admit=lambda _: True).check(
            parse_url("http://pki.contoso.com/ca.cer"), ["93.184.215.14", address]
        )


def test_admit_is_asked_for_every_address() -> None:
    asked: list[str] = []

    def admit(address: str) -> bool:
        asked.append(address)
        return address != "10.0.0.2"

    with pytest.raises(AddressRefused, match=r"10\.0\.0\.2"):
        DownloadRules(admit=admit).check(
            parse_url("http://pki.contoso.com/"), ["10.0.0.1", "10.0.0.2"]
        )
    assert asked == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://pki.contoso.com:8080/", "93.184.215.14"),
        ("http://pki.contoso.com:8080/", "10.0.0.1"),
    ],
)
def test_odd_ports_are_refused_off_loopback(url: str, address: str) -> None:
    with pytest.raises(AddressRefused, match="8080"):
        DownloadRules(admit=lambda _: True, admit_loopback=True).check(parse_url(url), [address])


def test_loopback_is_refused_where_admit_refuses_it() -> None:
    with pytest.raises(AddressRefused):
        DownloadRules(admit=lambda _: False, admit_loopback=True).check(
            parse_url("http://localhost:8080/"), ["127.0.0.1"]
        )


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://[::ffff:169.254.169.254]/",
        "http://168.63.129.16/",
        "file:///etc/passwd",
        "//169.254.169.254/",
        "http://10.0.0.1:8080/",
    ],
)
async def test_redirect_is_checked_again_in_full(site: Site, location: str) -> None:
    leaf, lower, _ = two_tiers(site)
    site.pages |= {"/lower.cer": to(location), "/metadata": lower.certificate.der}
    result = await fetch(chain(leaf))
    assert result.certificates == ()
    assert site.asked == ["/lower.cer"]


async def test_one_redirect_is_followed_and_no_second(site: Site) -> None:
    leaf, lower, _ = two_tiers(site)
    site.pages |= {"/lower.cer": to("/moved.cer"), "/moved.cer": lower.certificate.der}
    assert names(await fetch(chain(leaf))) == ["CN=Lower"]
    site.pages["/moved.cer"] = to("/again.cer")
    result = await fetch(chain(leaf))
    assert "redirects more than 1 time" in result.refused[0]
    assert "/again.cer" not in site.asked


async def test_redirect_to_itself_ends(site: Site) -> None:
    leaf, _, _ = two_tiers(site)
    site.pages["/lower.cer"] = to("/lower.cer")
    assert (await fetch(chain(leaf))).certificates == ()
    assert len(site.asked) == 2


async def test_rebinding_name_is_connected_where_it_was_checked(site: Site) -> None:
    """The name is asked once per request.

    A later answer, the metadata service here, is never used.
    """
    answers = cycle([("127.0.0.1",), ("169.254.169.254",)])
    resolved: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        resolved.append(host)
        return next(answers)

    lower = pki.intermediate(ROOT, "Lower")
    leaf = pki.leaf(lower, ca_issuers=(site.url("/lower.cer", "rebind.test"),))
    site.pages["/lower.cer"] = lower.certificate.der
    first = await fetch_issuers(
        chain(leaf), admit=lambda _: True, resolver=rebinding, limits=LIMITS, admit_loopback=True
    )
    second = await fetch_issuers(
        chain(leaf), admit=lambda _: True, resolver=rebinding, limits=LIMITS, admit_loopback=True
    )
    assert first.certificates == (lower.certificate,)
    assert resolved == ["rebind.test", "rebind.test"]
    assert site.headers[0]["Host"] == f"rebind.test:{site.port}"
    assert second.certificates == ()
    assert "169.254.169.254" in second.refused[0]


async def test_redirect_to_a_rebinding_name_is_checked_again(site: Site) -> None:
    answers = iter([("127.0.0.1",), ("127.0.0.1", "169.254.169.254")])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    leaf = pki.leaf(pki.intermediate(ROOT, "Lower"), ca_issuers=(site.url("/a", "rebind.test"),))
    site.pages["/a"] = to(site.url("/b", "rebind.test"))
    result = await fetch_issuers(
        chain(leaf), admit=lambda _: True, resolver=rebinding, limits=LIMITS, admit_loopback=True
    )
    assert "169.254.169.254" in result.refused[0]
    assert site.asked == ["/a"]


async def test_400_megabytes_are_cut_off(site: Site) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(400):
            await response.write(b"\0" * 1024 * 1024)
            sent += 1
        return response

    site.pages["/big"] = endless
    with pytest.raises(FetchError, match="longer than 64 KiB"):
        await download(
            site.url("/big"), DownloadRules(admit=lambda _: True, admit_loopback=True), LIMITS
        )
    assert sent < 40, "what the kernel buffers may have left, not the whole"


async def test_announced_length_over_the_limit_is_not_read(site: Site) -> None:
    async def announced(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "400000000"})
        await response.prepare(request)
        await for_ever()
        return response

    site.pages["/big"] = announced
    with pytest.raises(FetchError, match="longer than 64 KiB"):
        await download(
            site.url("/big"),
            DownloadRules(admit=lambda _: True, admit_loopback=True),
            LIMITS,
        )


async def test_compressed_answer_is_not_unpacked(site: Site) -> None:
    async def bomb(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"})

    leaf, _, _ = two_tiers(site)
    site.pages["/lower.cer"] = bomb
    result = await fetch(chain(leaf))
    assert "gzip" in result.refused[0]
    assert site.headers[0]["Accept-Encoding"] == "identity"


async def test_slow_drip_is_given_up(site: Site) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(600):
            await response.write(b"0")
            advance(0.1)
            await asyncio.sleep(0)
        await for_ever()
        return response

    leaf, _, _ = two_tiers(site)
    site.pages["/lower.cer"] = drip
    result = await fetch(chain(leaf), limits=FetchLimits(timeout=59))
    assert "no complete answer within 59 seconds" in result.refused[0]


async def test_500_certificates_in_a_bag_are_refused(site: Site) -> None:
    leaf, lower, _ = two_tiers(site)
    many = [pki.root(f"R{i}", key_ids=False) for i in range(120)]
    site.pages["/lower.cer"] = bag(lower, *many)
    result = await fetch(chain(leaf))
    assert result.certificates == ()
    assert "121 certificates, at most 100" in result.refused[0]
    site.pages["/lower.cer"] = bag(*(many * 5)[:500])
    assert "longer than 64 KiB" in (await fetch(chain(leaf))).refused[0]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>404</html>", b"\x30\x82\xff\xff", base64.b64encode(b"x" * 90), b"\0" * 5000],
)
async def test_answers_that_are_no_certificate_are_sentences(site: Site, body: bytes) -> None:
    leaf, _, _ = two_tiers(site)
    site.pages["/lower.cer"] = body
    result = await fetch(chain(leaf))
    assert result.certificates == ()
    assert len(result.refused) == 1


async def test_missing_page_is_a_sentence_with_its_url(site: Site) -> None:
    leaf, _, _ = two_tiers(site)
    [sentence] = (await fetch(chain(leaf))).refused
    assert sentence == f"{site.url('/lower.cer')} was of no use: the answer is HTTP status 404."


async def test_https_is_verified_with_public_roots(site: Site) -> None:
    lower = pki.intermediate(ROOT, "Lower")
    leaf = pki.leaf(lower, ca_issuers=(site.url("/lower.cer").replace("http:", "https:"),))
    result = await fetch(chain(leaf), limits=LIMITS)
    assert result.certificates == ()
    assert "could not be downloaded" in result.refused[0]


async def test_no_more_than_four_levels(site: Site) -> None:
    issuers = [ROOT]
    for tier in range(6):
        issuers.append(
            pki.intermediate(issuers[-1], f"Tier {tier}", ca_issuers=(site.url(f"/{tier}"),))
        )
        site.pages[f"/{tier + 1}"] = issuers[-1].certificate.der
    leaf = pki.leaf(issuers[-1], ca_issuers=(site.url("/6"),))
    assert names(await fetch(chain(leaf))) == ["CN=Tier 5", "CN=Tier 4", "CN=Tier 3", "CN=Tier 2"]


async def test_no_more_than_eight_downloads(site: Site) -> None:
    urls = tuple(site.url(f"/{i}") for i in range(20))
    leaf = pki.leaf(pki.intermediate(ROOT, "Lower"), ca_issuers=urls)
    result = await fetch(chain(leaf))
    assert len(site.asked) == 8
    assert "8 downloads are the most" in result.refused[-1]


async def test_two_cas_that_sign_each_other_end(site: Site) -> None:
    one, other = pki.root("One"), pki.root("Other")
    one_by_other = pki.intermediate(other, "One", key=one.key, ca_issuers=(site.url("/other"),))
    other_by_one = pki.intermediate(one, "Other", key=other.key, ca_issuers=(site.url("/one"),))
    site.pages |= {"/one": one_by_other.certificate.der, "/other": other_by_one.certificate.der}
    result = await fetch(chain(pki.leaf(one, ca_issuers=(site.url("/one"),))))
    assert result.certificates == (one_by_other.certificate, other_by_one.certificate)


async def test_hostile_url_text_is_made_printable() -> None:
    leaf = pki.leaf(
        pki.intermediate(ROOT, "Lower"), ca_issuers=("http://x/\x1b[31m<!channel>\n" + "a" * 500,)
    )
    [sentence] = (await fetch(chain(leaf))).refused
    assert "\x1b" not in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300


async def test_nothing_readable_was_sent() -> None:
    assert await fetch(PresentedChain(target=Target(host="x"), certificates=())) == FetchResult()


async def test_answers_and_failures_are_remembered_for_their_time(site: Site) -> None:
    now = 0.0
    cache = IssuerCache(clock=lambda: now)
    leaf, lower, upper = two_tiers(site)
    site.pages["/lower.cer"] = lower.certificate.der
    assert names(await fetch(chain(leaf), cache=cache)) == ["CN=Lower"]
    assert names(await fetch(chain(leaf), cache=cache)) == ["CN=Lower"]
    assert site.asked == ["/lower.cer", "/upper.cer"]
    now, site.pages["/upper.cer"] = 301.0, upper.certificate.der
    assert names(await fetch(chain(leaf), cache=cache)) == ["CN=Lower", "CN=Upper"]
    assert site.asked == ["/lower.cer", "/upper.cer", "/upper.cer", "/root.cer"]
    now = 24 * 3600.0 + 302
    await fetch(chain(leaf), cache=cache)
    assert site.asked[4:] == ["/lower.cer", "/upper.cer", "/root.cer"]


async def test_key_id_finds_an_issuer_from_another_url(site: Site) -> None:
    cache = IssuerCache(clock=lambda: 0.0)
    lower = pki.intermediate(ROOT, "Lower")
    site.pages["/lower.cer"] = lower.certificate.der
    await fetch(chain(pki.leaf(lower, ca_issuers=(site.url("/lower.cer"),))), cache=cache)
    assert names(
        await fetch(chain(pki.leaf(lower, ca_issuers=(site.url("/gone"),))), cache=cache)
    ) == ["CN=Lower"]
    assert site.asked == ["/lower.cer"]


async def test_refusals_by_address_are_not_remembered_for_others(site: Site) -> None:
    cache = IssuerCache(clock=lambda: 0.0)
    leaf, lower, _ = two_tiers(site)
    site.pages["/lower.cer"] = lower.certificate.der
    refused = await fetch_issuers(
        chain(leaf), admit=lambda _: False, limits=LIMITS, cache=cache, admit_loopback=True
    )
    assert refused.certificates == ()
    assert site.asked == []
    assert names(await fetch(chain(leaf), cache=cache))[0] == "CN=Lower"


def test_cache_is_bounded() -> None:
    cache = IssuerCache(clock=lambda: 0.0, size=3)
    issuers: list[Certificate] = [pki.root(f"R{i}").certificate for i in range(5)]
    for number, issuer in enumerate(issuers):
        cache.remember(f"http://x/{number}", Answer(certificates=(issuer,)))
        cache.learn(issuer)
    assert [cache.answer(f"http://x/{n}") is not None for n in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert [bool(cache.by_key_id(i.subject_key_id or b"")) for i in issuers] == [
        False,
        False,
        True,
        True,
        True,
    ]
