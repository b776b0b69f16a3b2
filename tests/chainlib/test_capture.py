"""A server's presented chain comes back exactly as sent; each failure has its own name."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import replace
from functools import partial

import pytest

from chainlib import (
    Certificate,
    ClientCertificateRequired,
    ConnectRefused,
    ConnectTimedOut,
    HandshakeError,
    HandshakeErrorKind,
    HandshakeFailed,
    HttpFailure,
    HttpFailureKind,
    HttpProbeRule,
    HttpResponse,
    InvalidTarget,
    NotTLS,
    ResolveFailed,
    ServerNameRequired,
    Target,
    TLSVersionUnsupported,
    UnreadableCertificate,
)
from chainlib.aio import (
    V1_OFFER,
    TlsOffer,
    TlsVersion,
    capture,
)
from chainlib.aio.proxy_header import proxy_header
from chainlib.limits import CONNECT_S, LATE_ALERT_MAX_S
from playground.lab import peers, pki
from playground.lab.peers import Script, ScriptedPeer
from playground.lab.servers import (
    OLD,
    TLS_1_2,
    TLS_1_3,
    TlsBackend,
    TlsConnection,
    TlsSettings,
    respond_raw,
)
from tests.support import slow_peers
from tests.support.odd_servers import ExpectsProxyHeader
from tests.support.raw_tls import tls12_list, tls13_list
from tests.support.tls_server import NAME, Estate, target
from tests.support.waiting import LIMIT_S, advance, stop_time

VERSIONS = pytest.mark.parametrize("versions", [TLS_1_2, TLS_1_3], ids=["tls-1.2", "tls-1.3"])
FLIGHTS = pytest.mark.parametrize("flight", [tls12_list, tls13_list], ids=["tls-1.2", "tls-1.3"])
JUNK = b"this is no certificate"
REQUIRED = HandshakeErrorKind.CLIENT_CERTIFICATE_REQUIRED
OLD_OFFER = TlsOffer(minimum=TlsVersion.TLS_1_0, maximum=TlsVersion.TLS_1_1)


@pytest.fixture(autouse=True)
async def time_stands_still() -> None:
    """No limit ends unless a test lets time pass."""
    stop_time()


@pytest.fixture(scope="module")
def estate() -> Estate:
    """One private CA for the module."""
    return Estate()


@pytest.fixture(scope="module")
def extras() -> list[Certificate]:
    """Ninety-nine certificates that belong to nothing."""
    return [pki.root(f"Extra {number}").certificate for number in range(99)]


@VERSIONS
@pytest.mark.parametrize("length", [1, 2, 3, 20, 100])
async def test_list_as_sent(
    estate: Estate,
    extras: list[Certificate],
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion],
    length: int,
) -> None:
    chain = (estate.leaf.certificate, *extras)[:length]
    async with TlsBackend(
        chain=chain, key=estate.leaf.key, tls=TlsSettings(versions=versions)
    ) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.certificates == chain
    assert captured.handshake_error is None


@VERSIONS
async def test_list_keeps_order_and_duplicates(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion]
) -> None:
    leaf, upper = estate.chain
    chain = (leaf, estate.root.certificate, upper, upper, leaf)
    async with TlsBackend(
        chain=chain, key=estate.leaf.key, tls=TlsSettings(versions=versions)
    ) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.certificates == chain


async def test_list_with_intermediate_first(estate: Estate) -> None:
    leaf, upper = estate.chain
    async with TlsBackend(chain=(upper, leaf), key=estate.intermediate.key) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.certificates == (upper, leaf)
    assert captured.handshake_error is None


@pytest.mark.parametrize(
    ("offer", "version"),
    [(V1_OFFER, "TLSv1.2"), (TlsOffer(), "TLSv1.3")],
    ids=["v1-takes-1.2", "v2-prefers-1.3"],
)
async def test_session_of_offer(estate: Estate, offer: TlsOffer, version: str) -> None:
    async with estate.backend() as server:
        captured = await capture(target(server), timeout=LIMIT_S, offer=offer)
    assert captured.tls is not None
    assert (captured.tls.version, captured.tls.client_certificate_requested) == (version, False)
    assert "AES" in captured.tls.cipher


async def test_stages_in_order(estate: Estate) -> None:
    stages: list[str] = []
    async with estate.backend() as server:
        where = Target(host="localhost", port=server.port, server_name=NAME)
        captured = await capture(
            where, timeout=LIMIT_S, probe=HttpProbeRule(), on_stage=stages.append
        )
    assert stages == ["resolve", "connect", "handshake", "http"]
    assert list(captured.timings) == stages
    assert captured.target.address == "127.0.0.1"


async def test_server_name_sent_and_withheld(estate: Estate) -> None:
    other = pki.leaf(estate.intermediate, "other")
    async with estate.backend(other=other) as server:
        named = await capture(target(server, "other"), timeout=LIMIT_S)
        nameless = await capture(target(server, None), timeout=LIMIT_S)
    assert named.certificates == (other.certificate,)
    assert nameless.certificates == estate.chain
    assert server.server_names == ["other", None]


@VERSIONS
@pytest.mark.parametrize("probe", [None, HttpProbeRule()], ids=["bare", "with-http"])
async def test_client_certificate_required(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion], probe: HttpProbeRule | None
) -> None:
    settings = TlsSettings(versions=versions, client_certificate=ssl.CERT_REQUIRED)
    async with estate.backend(tls=settings) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=probe)
    assert captured.certificates == estate.chain
    assert captured.handshake_error is not None
    assert captured.handshake_error.kind is REQUIRED
    assert captured.tls is not None
    assert captured.tls.client_certificate_requested


async def test_client_certificate_required_late_with_http(estate: Estate) -> None:
    settings = TlsSettings(versions=TLS_1_3, client_certificate=ssl.CERT_REQUIRED)
    async with estate.backend(tls=settings) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule())
    assert captured.handshake_error == HandshakeError(
        kind=REQUIRED, detail="alert certificate_required"
    )
    assert captured.http is not None
    assert getattr(captured.http, "kind", None) is HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED


class _Accepts(TlsBackend):
    """A server that shakes hands and waits, while more time passes than a late alert may take."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await TlsConnection(reader, writer, self._main).handshake()
        advance(LATE_ALERT_MAX_S)
        await reader.read()


@VERSIONS
async def test_client_certificate_optional(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion]
) -> None:
    settings = TlsSettings(versions=versions, client_certificate=ssl.CERT_OPTIONAL)
    async with _Accepts(chain=estate.chain, key=estate.leaf.key, tls=settings) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.handshake_error is None
    assert captured.tls is not None
    assert captured.tls.client_certificate_requested


class _Vanishes(TlsBackend):
    """A server that asks for a client certificate and closes without a word when none comes."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TlsConnection(reader, writer, self._main)
        connection._incoming.write(await reader.read(65536))
        with contextlib.suppress(ssl.SSLWantReadError):
            connection._tls.do_handshake()
        await connection._flush()
        await reader.read(65536)


@VERSIONS
async def test_client_certificate_required_without_a_word(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion]
) -> None:
    settings = TlsSettings(versions=versions, client_certificate=ssl.CERT_OPTIONAL)
    async with _Vanishes(chain=estate.chain, key=estate.leaf.key, tls=settings) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.handshake_error is not None
    assert captured.handshake_error.kind is REQUIRED


@pytest.mark.parametrize(
    ("versions", "tickets"),
    [(TLS_1_2, 0), (TLS_1_2, 1), (TLS_1_3, 2)],
    ids=["tls-1.2", "tls-1.2-ticket", "tls-1.3-tickets"],
)
async def test_close_after_acceptance_is_no_refusal(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion], tickets: int
) -> None:
    """The server asked, went on without a client certificate, and closed over the request."""
    settings = TlsSettings(versions=versions, client_certificate=ssl.CERT_OPTIONAL, tickets=tickets)
    async with estate.backend(tls=settings, http=respond_raw(b"")) as server:
        captured = await capture(target(server), timeout=LIMIT_S, probe=HttpProbeRule())
    assert captured.handshake_error is None
    assert captured.http == HttpFailure(kind=HttpFailureKind.CLOSED, detail="close_notify")


@FLIGHTS
async def test_list_survives_other_key(estate: Estate, flight: type) -> None:
    entries = [certificate.der for certificate in estate.chain]
    async with ScriptedPeer(flight(entries)) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.certificates == estate.chain
    assert captured.handshake_error is not None
    assert captured.handshake_error.kind is HandshakeErrorKind.KEY_MISMATCH


@FLIGHTS
@pytest.mark.parametrize("position", [0, 1], ids=["first", "last"])
async def test_list_survives_unreadable_entry(estate: Estate, flight: type, position: int) -> None:
    entries = [estate.leaf.certificate.der]
    entries.insert(position, JUNK)
    async with ScriptedPeer(flight(entries)) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert [sent.der for sent in captured.certificates] == entries
    assert isinstance(captured.certificates[position], UnreadableCertificate)
    assert isinstance(captured.certificates[1 - position], Certificate)
    assert captured.handshake_error is not None
    assert captured.handshake_error.kind is HandshakeErrorKind.OTHER


@pytest.mark.parametrize("count", [100, 300], ids=["over-100-certificates", "over-100-kilobytes"])
async def test_list_too_large(estate: Estate, extras: list[Certificate], count: int) -> None:
    chain = (estate.leaf.certificate, *(extras * 4)[:count])
    async with TlsBackend(chain=chain, key=estate.leaf.key) as server:
        with pytest.raises(HandshakeFailed) as raised:
            await capture(target(server), timeout=LIMIT_S)
    assert raised.value.reason == "list-too-large"


@pytest.mark.parametrize(
    ("versions", "offer"),
    [(OLD, TlsOffer()), (TLS_1_3, V1_OFFER)],
    ids=["older-only", "1.3-only-under-v1"],
)
async def test_version_unsupported(
    estate: Estate, versions: tuple[ssl.TLSVersion, ssl.TLSVersion], offer: TlsOffer
) -> None:
    async with estate.backend(tls=TlsSettings(versions=versions)) as server:
        with pytest.raises(TLSVersionUnsupported):
            await capture(target(server), timeout=LIMIT_S, offer=offer)


async def test_version_answered_older(estate: Estate) -> None:
    """A server that ignores what was offered and answers in TLS 1.0."""
    async with ScriptedPeer(tls12_list([estate.leaf.certificate.der], version=0x0301)) as server:
        with pytest.raises(TLSVersionUnsupported):
            await capture(target(server), timeout=LIMIT_S)


async def test_older_offer_captures(estate: Estate) -> None:
    async with estate.backend(tls=TlsSettings(versions=OLD)) as server:
        captured = await capture(target(server), timeout=LIMIT_S, offer=OLD_OFFER)
    assert captured.certificates == estate.chain
    assert captured.tls is not None
    assert captured.tls.version == "TLSv1.1"


async def test_server_name_required(estate: Estate) -> None:
    async with estate.backend(tls=TlsSettings(server_name_required=True)) as server:
        with pytest.raises(ServerNameRequired, match="server_name"):
            await capture(target(server, None), timeout=LIMIT_S)
        assert (await capture(target(server), timeout=LIMIT_S)).certificates == estate.chain


async def test_client_certificate_required_before_list() -> None:
    async with ScriptedPeer(peers.say(b"\x15\x03\x03\x00\x02\x02\x74")) as server:
        with pytest.raises(ClientCertificateRequired):
            await capture(target(server), timeout=LIMIT_S)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (peers.say(b"SSH-2.0-OpenSSH_9.6\r\n"), "with SSH (SSH-2.0-OpenSSH_9.6)"),
        (peers.say(b"220 mail.contoso.com ESMTP\r\n"), "with SMTP"),
        (peers.plain_http, "with plain HTTP (HTTP/1.1 400 Bad Request)"),
        (peers.say(b"\x00\x01\x02\xff<!channel>"), "with bytes 000102ff"),
        (peers.say(b"S"), "with S."),
    ],
    ids=["ssh", "smtp", "plain-http", "garbage", "begun-banner"],
)
async def test_not_tls(script: Script, expected: str) -> None:
    async with ScriptedPeer(script) as server:
        with pytest.raises(NotTLS) as raised:
            await capture(target(server), timeout=LIMIT_S)
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (slow_peers.silent, "timeout"),
        (slow_peers.crawl(b"\x16\x03\x03\x10\x00" + bytes(4096)), "timeout"),
        (peers.reset, "reset"),
        (peers.close, "closed"),
        (peers.say(b"\x16\x03\x03\x00\x08garbage!"), "other"),
        (peers.say(b"\x15\x03\x03\x00\x02\x02\x28"), "alert"),
        (peers.say(b"\x15\x03\x03\x00\x02\x02\x70"), "alert"),
    ],
    ids=["silent", "slow-drip", "reset", "closed", "garbage-in-tls", "alert", "name-unknown"],
)
async def test_handshake_failed(script: Script, reason: str) -> None:
    async with ScriptedPeer(script) as server:
        with pytest.raises(HandshakeFailed) as raised:
            await capture(target(server), timeout=LIMIT_S)
    assert raised.value.reason == reason
    assert raised.value.address == "127.0.0.1"
    assert list(raised.value.timings) == ["connect", "handshake"]


async def _close_at_once(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """End the script, and with it the connection, in good order."""


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (slow_peers.silent_at_once, HandshakeErrorKind.TIMEOUT),
        (peers.reset_at_once, HandshakeErrorKind.RESET),
        (_close_at_once, HandshakeErrorKind.CLOSED),
        (peers.say(b"\x15\x03\x03\x00\x02\x02\x28"), HandshakeErrorKind.ALERT),
    ],
    ids=["silence", "reset", "closed", "alert"],
)
async def test_list_survives_broken_connection(
    estate: Estate, ending: Script, kind: HandshakeErrorKind
) -> None:
    entries = [certificate.der for certificate in estate.chain]
    async with ScriptedPeer(tls12_list(entries, ending=ending)) as server:
        captured = await capture(target(server), timeout=LIMIT_S)
    assert captured.certificates == estate.chain
    assert captured.handshake_error is not None
    assert captured.handshake_error.kind is kind


async def test_connect_refused(estate: Estate) -> None:
    async with estate.backend() as server:
        gone = target(server)
    with pytest.raises(ConnectRefused, match="connection refused") as raised:
        await capture(gone, timeout=LIMIT_S)
    assert list(raised.value.timings) == ["connect"]


async def test_connect_timed_out() -> None:
    """A listener whose queue is full answers no further SYN."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        pass_time = partial(asyncio.get_running_loop().call_soon, advance, CONNECT_S)
        with pytest.raises(ConnectTimedOut, match=r"within 5 seconds"):
            await capture(
                Target(host=NAME, port=port, address="127.0.0.1"),
                timeout=LIMIT_S,
                on_stage=lambda _stage: pass_time() and None,
            )
        writer.close()


async def test_name_unresolved() -> None:
    with pytest.raises(ResolveFailed):
        await capture(Target(host="a..b"), timeout=LIMIT_S)


@pytest.mark.parametrize(
    "name",
    ["b\u00fccher.example", "a b", "a\r\nb", ""],
    ids=["not-ascii", "space", "line-break", "empty"],
)
async def test_server_name_unsendable(name: str) -> None:
    with pytest.raises(InvalidTarget):
        await capture(
            Target(host=NAME, server_name=name, address="127.0.0.1", port=1), timeout=LIMIT_S
        )


async def test_captures_side_by_side(estate: Estate) -> None:
    """One context serves all connections, and none sees another's list."""
    leaves = [pki.leaf(estate.intermediate, f"host{number}.contoso.com") for number in range(20)]
    servers = [TlsBackend(chain=[leaf.certificate], key=leaf.key) for leaf in leaves]
    for server in servers:
        await server.__aenter__()
    captured = await asyncio.gather(
        *(capture(target(server), timeout=LIMIT_S) for server in servers)
    )
    for server in servers:
        await server.__aexit__(None, None, None)
    assert [chain.certificates for chain in captured] == [(leaf.certificate,) for leaf in leaves]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"], ids=["ipv4", "ipv6"])
async def test_proxy_header_sent_before_the_handshake(estate: Estate, host: str) -> None:
    server = ExpectsProxyHeader(chain=estate.chain, key=estate.leaf.key, host=host)
    async with server:
        where = replace(target(server), proxy_header=True)
        captured = await capture(where, timeout=LIMIT_S, probe=HttpProbeRule())
    family = b"TCP6" if ":" in host else b"TCP4"
    assert captured.certificates == estate.chain
    assert isinstance(captured.http, HttpResponse)
    assert server.header.split(b" ")[:3] == [b"", family, host.encode()]
    assert server.header.endswith(b" %d\r\n" % server.port)


@pytest.mark.parametrize(
    "ends",
    [(None, None), ("\0abstract", ""), (("127.0.0.1",), ("127.0.0.1", 1))],
    ids=["gone", "unix", "short"],
)
def test_proxy_header_of_unknown_ends(ends: tuple[object, object]) -> None:
    assert proxy_header(ends) == b"PROXY UNKNOWN\r\n"


async def test_list_only_ends_with_the_list(estate: Estate) -> None:
    async with ScriptedPeer(
        tls12_list([c.der for c in estate.chain], ending=peers.tarpit)
    ) as server:
        captured = await capture(target(server), timeout=LIMIT_S, list_only=True)
    assert (captured.certificates, captured.handshake_error) == (estate.chain, None)
