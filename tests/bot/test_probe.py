"""One backend probed over loopback.

What the server does on the wire, and the report that comes of it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from bot.checks import CheckContext, check, rehearse
from bot.domain.report import CheckReport, CheckRequest
from chainlib import Code, GatewayPolicy, HttpProbeRule, Sku, Target, TrustAnchors, TrustMode, Where
from chainlib.aio import load_well_known
from chainlib.limits import HANDSHAKE_S
from playground.lab import peers, pki
from playground.lab.peers import LoopbackServer, ScriptedPeer
from playground.lab.pki import NOW
from playground.lab.servers import (
    OLD,
    TLS_1_2,
    TLS_1_3,
    Identity,
    TlsBackend,
    TlsSettings,
    respond,
    respond_raw,
)
from tests.support.odd_servers import ExpectsProxyHeader, KnowsNames
from tests.support.slow_peers import crawl, no_answer, silent
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S, advance, for_ever, stop_time

ESTATE = Estate()
ESTATE_IDENTITY = Identity(chain=ESTATE.chain, key=ESTATE.leaf.key)
load_well_known()  # reads a file once, which every program does before its loop runs
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n" * 3000


@pytest.fixture(autouse=True)
async def time_stands_still() -> None:
    """No limit ends unless a peer lets time pass."""
    stop_time()


def policy(**overrides: object) -> GatewayPolicy:
    """A v2 setting with the estate's root and the default probe."""
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(ESTATE.root.certificate,))
    base = GatewayPolicy(anchors=anchors, name=NAME, http=HttpProbeRule(host_header=NAME))
    return replace(base, **overrides)  # type: ignore[arg-type]


def v1_policy(**overrides: object) -> GatewayPolicy:
    """A v1 setting that was given the estate's leaf."""
    anchors = TrustAnchors(
        mode=TrustMode.AUTH_CERTIFICATES, certificates=(ESTATE.leaf.certificate,)
    )
    return policy(anchors=anchors, sku=Sku.V1, **overrides)


def resolving(*addresses: str) -> Callable[[str, int], object]:
    """A resolver with this one answer."""

    async def resolver(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolver


def context(**overrides: object) -> CheckContext:
    """The instant that the certificates are made for, and a deadline that nobody reaches."""
    return replace(CheckContext(clock=lambda: NOW, timeout=LIMIT_S), **overrides)  # type: ignore[arg-type]


def _target(server: LoopbackServer) -> Target:
    return Target(host=server.host, port=server.port, server_name=NAME)


async def probe(
    server: LoopbackServer, rules: GatewayPolicy | None = None, **overrides: object
) -> CheckReport:
    """The report about one server, reached by address and asked for the estate's name."""
    return await check(
        CheckRequest(target=_target(server), policy=rules or policy()), context(**overrides)
    )


Start = Callable[[], LoopbackServer]


def tls(**settings: object) -> Start:
    """A backend with the complete chain and these TLS settings."""
    return lambda: ESTATE.backend(tls=TlsSettings(**settings))  # type: ignore[arg-type]


def answering(data: bytes) -> Start:
    """A backend that answers every request with these bytes."""
    return lambda: ESTATE.backend(http=respond_raw(data))


def script(what: peers.Script) -> Start:
    """A peer that is no TLS server."""
    return lambda: ScriptedPeer(what)


LISTS: dict[str, tuple[Start, set[Code]]] = {
    "good": (ESTATE.backend, set()),
    "TLS 1.3 only": (tls(versions=TLS_1_3), set()),
    "server name required": (tls(server_name_required=True), set()),
    "client certificate optional": (tls(client_certificate=ssl.CERT_OPTIONAL), set()),
    "client certificate demanded in TLS 1.2": (
        tls(client_certificate=ssl.CERT_REQUIRED, versions=TLS_1_2),
        {Code.CLIENT_CERTIFICATE_REQUIRED},
    ),
    "client certificate demanded in TLS 1.3": (
        tls(client_certificate=ssl.CERT_REQUIRED, versions=TLS_1_3),
        {Code.CLIENT_CERTIFICATE_REQUIRED},
    ),
    "status 500": (lambda: ESTATE.backend(http=respond(500)), {Code.HTTP_STATUS_MISMATCH}),
    "redirect": (lambda: ESTATE.backend(http=respond(302)), set()),
    "no answer": (lambda: ESTATE.backend(http=no_answer), {Code.PROBE_TIMEOUT}),
    "closes instead of answering": (answering(b""), {Code.HTTP_FAILED}),
    "not HTTP": (answering(b"SSH-2.0-x\r\n\r\n"), {Code.HTTP_FAILED}),
    "status line over 8 KiB": (
        answering(b"HTTP/1.1 200 " + b"a" * 9000 + b"\r\n\r\n"),
        {Code.HTTP_FAILED},
    ),
    "three thousand interim responses": (answering(INTERIM + b"HTTP/1.1 200 OK\r\n\r\n"), set()),
    "interim responses only": (answering(INTERIM), {Code.HTTP_FAILED}),
}
NO_LISTS: dict[str, tuple[Start, Code]] = {
    "old TLS": (tls(versions=OLD), Code.TLS_VERSION_UNSUPPORTED),
    "plain HTTP": (script(peers.plain_http), Code.NOT_TLS),
    "SSH banner": (script(peers.say(b"SSH-2.0-OpenSSH\r\n")), Code.NOT_TLS),
    "garbage": (script(peers.say(bytes(range(200, 255)))), Code.NOT_TLS),
    "silent": (script(silent), Code.TLS_FAILED),
    "reset": (script(peers.reset), Code.TLS_FAILED),
    "closes": (script(peers.close), Code.TLS_FAILED),
    "slow drip": (
        script(crawl(b"\x16\x03\x03\x40\x00" + b"\2" * 900)),
        Code.TLS_FAILED,
    ),
    "alert": (script(peers.say(b"\x15\x03\x03\x00\x02\x02\x28")), Code.TLS_FAILED),
}


@pytest.mark.parametrize("named", LISTS, ids=str)
async def test_check_reports_exactly_these_codes(named: str) -> None:
    start, codes = LISTS[named]
    async with start() as server:
        report = await probe(server)
    assert report.verdict.codes == codes
    assert (report.chain is not None, report.verdict.accepted) == (True, not codes)


@pytest.mark.parametrize("named", NO_LISTS, ids=str)
async def test_check_without_a_list_names_the_stage(named: str) -> None:
    start, code = NO_LISTS[named]
    async with start() as server:
        report = await probe(server)
    assert report.verdict.codes == {code}
    assert (report.chain, report.repair, report.browser) == (None, None, None)


async def test_a_closed_port_is_tcp() -> None:
    async with ESTATE.backend() as server:
        port = server.port
    target = Target(host="127.0.0.1", port=port)
    report = await check(CheckRequest(target=target, policy=policy()), context())
    assert report.verdict.headline is Code.TCP_FAILED


async def test_ip_literal_sends_no_server_name() -> None:
    async with ESTATE.backend() as server:
        target = Target(host="127.0.0.1", port=server.port)
        report = await check(
            CheckRequest(target=target, policy=policy(name="127.0.0.1")), context()
        )
    assert server.server_names == [None]
    assert report.verdict.codes == {Code.NAME_MISMATCH, Code.NO_SNI}


async def test_server_name_required_without_one() -> None:
    async with ESTATE.backend(tls=TlsSettings(server_name_required=True)) as server:
        target = Target(host="127.0.0.1", port=server.port)
        report = await check(CheckRequest(target=target, policy=policy()), context())
    assert (report.verdict.headline, report.chain) == (Code.SNI_REQUIRED, None)


async def test_proxy_header_is_sent_where_the_setting_asks() -> None:
    async with ExpectsProxyHeader(chain=ESTATE.chain, key=ESTATE.leaf.key) as server:
        target = replace(_target(server), proxy_header=True)
        report = await check(CheckRequest(target=target, policy=policy()), context())
    assert report.verdict.headline is Code.OK
    assert server.header.startswith(b" TCP4 127.0.0.1 127.0.0.1 ")


async def test_proxy_header_that_the_server_does_not_expect() -> None:
    async with ESTATE.backend() as server:
        target = replace(_target(server), proxy_header=True)
        report = await check(CheckRequest(target=target, policy=policy()), context())
    finding = report.verdict.findings[0]
    assert (finding.code, report.chain) == (Code.TLS_FAILED, None)
    assert finding.evidence["candidates"] == ["proxy-protocol"]
    assert report.explanation.where is Where.GATEWAY


async def test_gateway_names_are_used_where_none_was_sent() -> None:
    refusing = KnowsNames(peers.reset_at_once, named=NAME, chain=ESTATE.chain, key=ESTATE.leaf.key)
    async with refusing as server:
        target = Target(host="127.0.0.1", port=server.port)
        asked = CheckRequest(target=target, policy=policy(name=None), known_names=(NAME,))
        report = await check(asked, context())
    assert report.verdict.codes == {Code.SNI_REQUIRED, Code.NO_SNI}
    assert report.verdict.findings[0].evidence["with_server_name"]["server_name"] == NAME


async def test_handshake_without_sni_is_left_out_on_request() -> None:
    async with ESTATE.backend() as server:
        report = await probe(server, without_sni=lambda _target, _at: False)
    assert server.server_names == [NAME]
    assert report.verdict.headline is Code.OK


async def test_another_default_certificate_is_a_remark() -> None:
    other = pki.leaf(ESTATE.intermediate, "other.contoso.com")
    named = {NAME: ESTATE_IDENTITY}
    async with TlsBackend(chain=(other.certificate,), key=other.key, alternatives=named) as server:
        report = await probe(server)
    assert report.verdict.codes == {Code.DEFAULT_CERTIFICATE_DIFFERS}
    assert report.verdict.headline is Code.OK


async def test_v1_offers_tls_1_2_only() -> None:
    async with ESTATE.backend(tls=TlsSettings(versions=TLS_1_3)) as server:
        report = await probe(server, v1_policy())
    assert (report.verdict.headline, report.chain) == (Code.TLS_VERSION_UNSUPPORTED, None)


async def test_v1_accepts_the_exact_leaf() -> None:
    async with ESTATE.backend() as server:
        report = await probe(server, v1_policy())
    assert (
        report.verdict.headline,
        report.chain and report.chain.tls and report.chain.tls.version,
    ) == (Code.OK, "TLSv1.2")


async def test_live_traffic_by_address_sends_no_server_name() -> None:
    async with ESTATE.backend() as server:
        report = await probe(server, policy(live_names=("10.0.0.5",)))
    assert (
        server.server_names.count(None) == 2
    )  # one for the default certificate, one for live traffic
    assert report.verdict.codes == {Code.LIVE_NAME_MISMATCH}


async def test_live_name_that_is_refused_is_named() -> None:
    lonely = pki.leaf(ESTATE.intermediate, "shop.contoso.com")
    async with ESTATE.backend(other=lonely) as server:
        report = await probe(server, policy(live_names=("other",)))
    assert report.verdict.codes == {Code.LIVE_NAME_MISMATCH}


async def test_the_worst_of_several_addresses_decides() -> None:
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(ESTATE.backend())
        alone = TlsBackend(
            chain=ESTATE.chain[:1], key=ESTATE.leaf.key, host="127.0.0.2", port=good.port
        )
        await stack.enter_async_context(alone)
        report = await by_name(good.port, "127.0.0.1", "127.0.0.2")
    assert [(a.address, a.verdict.headline) for a in report.addresses] == [
        ("127.0.0.2", Code.INTERMEDIATE_MISSING),
        ("127.0.0.1", Code.OK),
    ]
    assert (report.verdict.headline, Code.SERVERS_DIFFER in report.verdict.codes) == (
        Code.INTERMEDIATE_MISSING,
        True,
    )


async def test_silent_address_outweighs_those_that_answer() -> None:
    async with ESTATE.backend() as good:
        report = await by_name(good.port, "127.0.0.1", "127.0.0.3")
    assert (report.verdict.headline, report.chain) == (Code.TCP_FAILED, None)
    assert Code.SERVERS_DIFFER in report.verdict.codes


async def test_intermediate_sent_without_a_name_fills_the_gap() -> None:
    short = Identity(chain=ESTATE.chain[:1], key=ESTATE.leaf.key)
    server = TlsBackend(chain=ESTATE.chain, key=ESTATE.leaf.key, alternatives={NAME: short})
    async with server:
        report = await probe(server)
    assert report.verdict.headline is Code.INTERMEDIATE_MISSING
    assert report.repair is not None
    assert report.repair.chain == tuple(ESTATE.chain)
    assert report.repair.verdict_after is Code.OK


async def test_equal_addresses_do_not_differ() -> None:
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(ESTATE.backend())
        again = TlsBackend(
            chain=ESTATE.chain, key=ESTATE.leaf.key, host="127.0.0.2", port=good.port
        )
        await stack.enter_async_context(again)
        report = await by_name(good.port, "127.0.0.1", "127.0.0.2", "127.0.0.1")
    assert not report.verdict.codes
    assert len(report.addresses) == 2


async def test_addresses_beyond_the_limit_are_said() -> None:
    async with ESTATE.backend() as good:
        report = await by_name(good.port, *(f"127.0.1.{n}" for n in range(1, 20)))
    assert len(report.addresses) == 16
    assert any(phrase.startswith("3 more addresses") for phrase in report.not_checked)


async def by_name(port: int, *addresses: str) -> CheckReport:
    """The report about a name behind which these addresses stand."""
    request = CheckRequest(target=Target(host=NAME, port=port, server_name=NAME), policy=policy())
    return await check(request, context(resolver=resolving(*addresses)))


async def _unknown(_host: str, _port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def _silent(_host: str, _port: int) -> Sequence[str]:
    advance(LIMIT_S)
    await for_ever()
    raise AssertionError


async def _nothing(_host: str, _port: int) -> Sequence[str]:
    return ()


@pytest.mark.parametrize(
    "resolver", [_unknown, _silent, _nothing], ids=["unknown", "silent", "no address"]
)
@pytest.mark.parametrize("timeout", [0.1, LIMIT_S], ids=["hardly-any-time", "a-minute"])
async def test_a_name_that_does_not_resolve_is_dns(
    resolver: Callable[[str, int], object],
    timeout: float,  # noqa: ASYNC109 -- the check's own deadline
) -> None:
    request = CheckRequest(target=Target(host=NAME, server_name=NAME), policy=policy())
    report = await check(request, context(resolver=resolver, timeout=timeout))
    assert (report.verdict.headline, report.chain) == (Code.DNS_FAILED, None)
    assert "-" not in report.verdict.findings[0].summary


async def test_stages_are_reported_in_order() -> None:
    stages: list[str] = []
    async with ESTATE.backend() as server:
        await probe(server, on_stage=stages.append)
    assert stages == ["resolve", "connect", "handshake", "http"]


async def test_the_deadline_holds_for_the_whole() -> None:
    begun = asyncio.get_running_loop().time()
    slow = crawl(b"\x16\x03\x03\x40\x00" + b"\2" * 900, pause=0.1)
    async with ScriptedPeer(slow) as server:
        await probe(server, timeout=3)  # time: reached on purpose, by a clock that the peer moves
    assert asyncio.get_running_loop().time() - begun < HANDSHAKE_S


def test_rehearsal_says_that_nothing_was_probed() -> None:
    report = rehearse(ESTATE.chain, policy(http=None), at=NOW)
    assert (report.verdict.headline, report.verdict.at) == (Code.OK, NOW)
    assert any("nothing was probed" in phrase for phrase in report.not_checked)


def test_rehearsal_without_a_name_says_so() -> None:
    report = rehearse(ESTATE.chain, policy(http=None, name=None), at=NOW)
    assert any("the name" in phrase for phrase in report.not_checked)


def test_rehearsal_of_a_bag_ignores_the_order() -> None:
    report = rehearse(ESTATE.chain[::-1], policy(http=None), at=NOW, ordered=False)
    assert (report.verdict.headline, any("order" in phrase for phrase in report.not_checked)) == (
        Code.OK,
        True,
    )
