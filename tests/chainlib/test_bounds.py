"""A peer that never ends costs bounded bytes, seconds and megabytes, wherever it speaks."""

from __future__ import annotations

import asyncio
import gzip
import os
import ssl
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chainlib import CaptureError, HttpProbeRule
from chainlib.aio import capture
from chainlib.aio.connection import TlsConnection, connect
from chainlib.aio.download import download
from chainlib.aio.download_rules import DownloadRules
from chainlib.errors import FetchError
from chainlib.handshake import ClientHandshake
from chainlib.limits import CONNECTION_BYTES, READ_BYTES, FetchLimits
from playground.lab.peers import LoopbackServer, ScriptedPeer
from playground.lab.servers import TLS_1_2, TLS_1_3, TlsBackend, TlsSettings
from playground.lab.servers import TlsConnection as ServerSide
from tests.support.odd_servers import Renegotiates
from tests.support.raw_tls import tls13_key_updates
from tests.support.tls_server import Estate, target
from tests.support.waiting import LIMIT_S, advance, stop_time

MIB = 1024 * 1024
SENT_AT_MOST = 24 * MIB  # what the kernel's buffers and asyncio's hold beside what is read
ESTATE = Estate()
_AT_ONCE = 200
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_ZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
PROBE, BODY_PROBE = HttpProbeRule(), HttpProbeRule(body="never there")


class _Sent:
    """Counts what a peer got rid of."""

    total = 0


def _endless(unit: bytes, start: bytes, sent: _Sent) -> LoopbackServer:
    """A peer on plain TCP that says `start` and then repeats `unit` for as long as it is let."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(start)
        try:
            while True:
                writer.write(unit)
                await writer.drain()
                sent.total += len(unit)
        finally:
            advance(LIMIT_S)  # whoever has cut the connection and still waits, waits for a limit

    return ScriptedPeer(script)


class _EndlessBackend(TlsBackend):
    """A TLS server that repeats `unit` for ever once it has shaken hands."""

    unit, start = b"", b""
    sent = _Sent()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = ServerSide(reader, writer, self._main)
        await connection.handshake()
        await connection.write(self.start)
        while True:
            for _ in range(_AT_ONCE if len(self.unit) < 100 else 1):
                connection._tls.write(self.unit)  # a record of its own
                self.sent.total += len(self.unit)
            await connection._flush()
            await asyncio.sleep(0)


def _over_tls(unit: bytes, start: bytes, sent: _Sent, settings: TlsSettings) -> LoopbackServer:
    server = _EndlessBackend(chain=ESTATE.chain, key=ESTATE.leaf.key, tls=settings)
    server.unit, server.start, server.sent = unit, start, sent
    return server


async def _bounded(
    server: LoopbackServer, sent: _Sent, work: Callable[[], Awaitable[None]]
) -> None:
    """Run the work; it must end by the limits of bytes, since no time passes."""
    process = psutil.Process(os.getpid())
    before, begun = process.memory_info().rss, time.process_time()
    stop_time()
    async with server:
        await work()
    assert process.memory_info().rss - before < 64 * MIB
    assert time.process_time() - begun < 20
    assert sent.total < SENT_AT_MOST


@pytest.mark.parametrize(
    ("unit", "start"),
    [
        (b"x" * 65536, b""),
        (b"\x15\x03\x03\x00\x02\x01\x70" * 5000, b""),
        (b"\x16\x03\x03\x00\x00" * 5000, b""),
        (b"\x16\x03\x03\x00\x01\x00" * 5000, b"\x16\x03\x03\x00\x04\x02\xff\xff\xff"),
        (b"\x16\x03\x03\x40\x00" + bytes(16384), b"\x16\x03\x03\x00\x04\x02\xff\xff\xff"),
        (b"\x17\x03\x03\x40\x00" + bytes(16384), b""),
        (b"\x14\x03\x03\x00\x01\x01" * 5000, b""),
    ],
    ids=["text", "warnings", "empty", "crumbs", "huge-message", "early-data", "change-cipher"],
)
async def test_endless_peer_before_the_list(unit: bytes, start: bytes) -> None:
    sent = _Sent()
    server = _endless(unit, start, sent)

    async def work() -> None:
        with pytest.raises(CaptureError):
            await capture(target(server), timeout=LIMIT_S)

    await _bounded(server, sent, work)


@pytest.mark.parametrize(
    ("unit", "start", "rule"),
    [
        (b"x" * 16000, b"", None),
        (b"x" * 16000, b"", PROBE),
        (b"x", b"HTTP/1.1 200 OK\r\nX: ", PROBE),
        (b"X: y\r\n" * 2000, b"HTTP/1.1 200 OK\r\n", PROBE),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 500, b"", PROBE),
        (b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n", b"", PROBE),
        (b"x" * 16000, b"HTTP/1.1 200 OK\r\n\r\n", BODY_PROBE),
        (
            b"1\r\nx\r\n" * 2000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            BODY_PROBE,
        ),
        (b"x" * 16000, _CHUNKED + b"1;ext=", BODY_PROBE),
        (b"0" * 16000, _CHUNKED, BODY_PROBE),
        (b"X: y\r\n" * 2000, _CHUNKED + b"1\r\nx\r\n0\r\n", BODY_PROBE),
        (b"\r\n" * 8000, b"", PROBE),
        (gzip.compress(bytes(16 * MIB)), _ZIPPED, BODY_PROBE),
        (b"\0\0\0\x04\0\0\0\0\0" * 1500, b"", PROBE),
    ],
    ids=[
        *("unasked", "no-http", "drip", "header", "interim", "hints", "body", "chunks"),
        *("chunk-extension", "chunk-size", "trailers", "line-ends", "gzip", "http2-settings"),
    ],
)
@pytest.mark.parametrize("versions", [TLS_1_2, TLS_1_3], ids=["tls-1.2", "tls-1.3"])
async def test_endless_peer_after_the_handshake(
    unit: bytes,
    start: bytes,
    rule: HttpProbeRule | None,
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion],
) -> None:
    sent = _Sent()
    settings = TlsSettings(versions=versions, client_certificate=ssl.CERT_OPTIONAL)
    server = _over_tls(unit, start, sent, settings)

    async def work() -> None:
        chain = await capture(target(server), timeout=LIMIT_S, probe=rule)
        assert chain.certificates == ESTATE.chain

    await _bounded(server, sent, work)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"",
        _CHUNKED + b"1;ext=",
        _CHUNKED + b"1\r\nx\r\n0\r\nX: ",
        b"HTTP/1.1 100 Continue\r\nX: ",
        _ZIPPED,
    ],
    ids=[
        *("body", "chunk", "header-line", "no-http"),
        *("chunk-extension", "trailer", "interim", "gzip"),
    ],
)
async def test_endless_download(start: bytes) -> None:
    sent = _Sent()
    server = _endless(b"x" * 16000, start, sent)
    rules = DownloadRules(admit=lambda _address: True, admit_loopback=True)

    async def work() -> None:
        with pytest.raises(FetchError) as raised:
            await download(f"http://127.0.0.1:{server.port}/ca.cer", rules, FetchLimits())
        assert "Error" not in str(raised.value)

    await _bounded(server, sent, work)


async def test_endless_interim_answers_of_a_download() -> None:
    sent = _Sent()
    server = _endless(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 500, b"", sent)
    rules = DownloadRules(admit=lambda _address: True, admit_loopback=True)

    async def work() -> None:
        with pytest.raises(FetchError):
            await download(f"http://127.0.0.1:{server.port}/ca.cer", rules, FetchLimits())

    await _bounded(server, sent, work)


async def test_endless_renegotiation() -> None:
    """Each handshake costs CPU time, and a server of TLS 1.2 may ask for another one."""
    server = Renegotiates(ESTATE.leaf.certificate.parsed, ESTATE.leaf.key)

    async def work() -> None:
        chain = await capture(target(server), timeout=LIMIT_S, probe=PROBE)
        assert chain.certificates == (ESTATE.leaf.certificate,)

    await _bounded(server, _Sent(), work)
    assert server.handshakes < 40


async def test_endless_key_updates() -> None:
    """Each message makes the client derive keys and answer; OpenSSL or our limits end it."""
    key = ESTATE.leaf.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    server = ScriptedPeer(tls13_key_updates([one.der for one in ESTATE.chain], key))

    async def work() -> None:
        chain = await capture(target(server), timeout=LIMIT_S, probe=PROBE)
        assert chain.certificates == ESTATE.chain
        assert chain.tls is not None
        assert chain.tls.version == "TLSv1.3"

    await _bounded(server, _Sent(), work)


async def test_connection_stops_reading_at_its_limit() -> None:
    """The bytes taken from one connection are those of the table, and one read more at most."""
    taken: list[int] = []

    class Counting(TlsConnection):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            taken.append(self.client.received)

    sent = _Sent()
    server = _over_tls(b"x" * 16000, b"", sent, TlsSettings())

    async def work() -> None:
        connection = Counting(ClientHandshake())
        await connect(server.host, server.port, connection)
        await connection.handshake(LIMIT_S, with_header=False, list_only=False)
        await connection._wait(lambda: False, LIMIT_S)
        connection.close()

    await _bounded(server, sent, work)
    assert CONNECTION_BYTES < max(taken) <= CONNECTION_BYTES + READ_BYTES
