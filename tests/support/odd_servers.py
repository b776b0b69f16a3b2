"""Servers with faults that occur in practice, one class or script each."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory

from OpenSSL import SSL

from playground.lab import peers
from playground.lab.peers import LoopbackServer, Script
from playground.lab.servers import TlsBackend, TlsConnection, TlsSettings

# RFC 2409 section 6.2: the second Oakley group, 1,024 bits.
_OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406"
    "B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def alert(
    number: int, *, version: bytes = b"\x03\x03", after_read: bool = True, level: int = 2
) -> Script:
    """Read the ClientHello, send this alert, close; fatal unless `level` is 1."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if after_read:
            await reader.read(65536)
        writer.write(b"\x15" + version + b"\x00\x02" + bytes([level, number]))
        await writer.drain()

    return script


def answer(data: bytes) -> Script:
    """Read what the client sends, answer with these bytes, close."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(data)
        await writer.drain()

    return script


async def accept_and_close(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Like a load balancer without members: close properly before reading anything."""


async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send nothing more, and read until the client ends."""
    writer.write_eof()
    await reader.read()


def closes_without(start: bytes) -> Script:
    """Close unless the client begins with these bytes; others are not answered either."""

    async def script(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(start)) == start:
            await reader.read()

    return script


class ExpectsProxyHeader(TlsBackend):
    """A TLS server behind `accept-proxy`: clients that do not begin with PROXY are dropped."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.header = b""
        if await reader.readexactly(5) != b"PROXY":
            return
        self.header = await reader.readuntil(b"\r\n")
        await super()._talk(reader, writer)

    header = b""


class KnowsNames(TlsBackend):
    """Refuses a ClientHello (by a reset, a close or an alert) depending on its name.

    `named` is a required name; a name in `unwanted` is unknown.
    """

    def __init__(
        self, refusal: Script, *, named: str = "", unwanted: str = "", **rest: object
    ) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]
        self._refusal, self._named, self._unwanted = refusal, named.encode(), unwanted.encode()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(5)
        hello = await reader.readexactly(int.from_bytes(header[3:]))
        if self._named not in hello or (self._unwanted and self._unwanted in hello):
            await self._refusal(reader, writer)
            return
        connection = TlsConnection(reader, writer, self._main)
        connection._incoming.write(header + hello)
        await self._converse(connection)

    async def _converse(self, connection: TlsConnection) -> None:
        with contextlib.suppress(ssl.SSLError):
            await connection.handshake()
            head = b""
            while b"\r\n\r\n" not in head:
                head += await connection.read()
            await connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await connection.close()


def _dh_parameters() -> str:
    """The group as PEM (PKCS #3: a sequence of prime and generator)."""
    prime = b"\x02\x81\x81\x00" + _OAKLEY_2.to_bytes(128)
    body = prime + b"\x02\x01\x02"
    der = b"\x30\x81" + bytes([len(body)]) + body
    return (
        "-----BEGIN DH PARAMETERS-----\n"
        f"{base64.encodebytes(der).decode()}-----END DH PARAMETERS-----\n"
    )


class WeakGroup(TlsBackend):
    """TLS 1.2 with DHE over 1,024 bits only."""

    def _make_contexts(self) -> ssl.SSLContext:
        context = super()._make_contexts()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "dh.pem"
            path.write_text(_dh_parameters())
            context.load_dh_params(path)
        return context


class WarnsFirst(TlsBackend):
    """Sends a warning about an unknown name (RFC 6066 section 3), and continues."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x15\x03\x03\x00\x02\x01\x70")
        await super()._talk(reader, writer)


class OneGroup(TlsBackend):
    """Accepts key exchanges over P-521 only."""

    def _make_contexts(self) -> ssl.SSLContext:
        context = super()._make_contexts()
        context.set_ecdh_curve("secp521r1")
        return context


class Crumbles(TlsBackend):
    """Sends its TLS records a few bytes at a time."""

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = writer.write

        def crumbs(data: bytes) -> None:
            for start in range(0, len(data), 7):
                whole(data[start : start + 7])

        writer.write = crumbs  # type: ignore[method-assign,assignment]
        await super()._talk(reader, writer)


class SpeaksFirst(TlsBackend):
    """Sends these bytes over TLS as soon as the handshake is done, as an HTTP/2 server does."""

    first = b""
    then = b""
    reset = False

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TlsConnection(reader, writer, self._main)
        await connection.handshake()
        await connection.write(self.first)
        await connection.read()
        await connection.write(self.then)
        if self.reset:
            await peers.reset_at_once(reader, writer)
        await connection.close()


def speaks_first(
    server: SpeaksFirst, first: bytes, then: bytes = b"", *, reset: bool = False
) -> SpeaksFirst:
    """The same server, but it sends bytes first."""
    server.first, server.then, server.reset = first, then, reset
    return server


class Renegotiates(LoopbackServer):
    """TLS 1.2 without end: after each handshake the server requests another one."""

    def __init__(self, certificate: object, key: object) -> None:
        super().__init__()
        self.handshakes = 0
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_certificate(certificate)  # type: ignore[arg-type]
        self._context.use_privatekey(key)  # type: ignore[arg-type]
        self._context.set_max_proto_version(SSL.TLS1_2_VERSION)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = SSL.Connection(self._context, None)
        connection.set_accept_state()
        while data := await reader.read(65536):
            connection.bio_write(data)
            with contextlib.suppress(SSL.WantReadError):
                connection.do_handshake()
                self.handshakes += 1
                with contextlib.suppress(SSL.WantReadError):
                    connection.recv(65536)
                connection.renegotiate()
                connection.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                while True:
                    writer.write(connection.bio_read(65536))


TLS_1_2_ONLY = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)


def suites(ciphers: str) -> TlsSettings:
    """TLS 1.2 with these suites only."""
    return TlsSettings(versions=TLS_1_2_ONLY, ciphers=f"{ciphers}:@SECLEVEL=0")
