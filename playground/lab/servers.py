"""Loopback TLS servers that present exactly the given certificates and answer HTTP.

`pki` issues the certificates, the catalogue decides which backend has which fault, and `peers` has
the servers without TLS. TLS is the standard library's, so that the tested client is never connected
to its own implementation.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chainlib import Certificate
from playground.lab.peers import LOOPBACK, LoopbackServer
from playground.lab.pki import Key

MODERN = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
TLS_1_2 = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
TLS_1_3 = (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A received request; names of header fields in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


HttpHandler = Callable[[HttpRequest], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The certificates to present, in order, and the key of the first one."""

    chain: Sequence[Certificate]
    key: Key


def respond(
    status: int = 200, body: bytes = b"ok", *, headers: str = "", delay: float = 0.0
) -> HttpHandler:
    """A handler that always gives this answer, after `delay` seconds."""
    head = (
        f"HTTP/1.1 {status} {'OK' if status < 400 else 'Error'}\r\nContent-Length: "  # noqa: PLR2004 -- 4xx and up
        f"{len(body)}\r\n{headers}\r\n"
    )

    async def handler(_request: HttpRequest) -> bytes:
        await asyncio.sleep(delay)
        return head.encode() + body

    return handler


def respond_raw(data: bytes) -> HttpHandler:
    """A handler that sends these bytes, HTTP or not."""

    async def handler(_request: HttpRequest) -> bytes:
        return data

    return handler


@dataclass(slots=True, kw_only=True)
class TlsSettings:
    """What a TLS backend accepts.

    Attributes:
        versions: lowest and highest TLS version.
        client_certificate: `CERT_OPTIONAL` requests one, `CERT_REQUIRED` refuses clients without.
        server_name_required: a handshake without server_name is refused with the alert
            unrecognized_name.
        tickets: session tickets that are sent once the client is accepted; in TLS 1.2 one or none.
        ciphers: TLS 1.2 cipher list; the default permits what old clients and small keys need.
    """

    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = MODERN
    client_certificate: ssl.VerifyMode = ssl.CERT_NONE
    server_name_required: bool = False
    tickets: int = 2
    ciphers: str = "ALL:@SECLEVEL=0"


class TlsBackend(LoopbackServer):
    """A TLS server that presents the given certificates and answers HTTP.

    Args:
        chain: the certificates to present, in order; the key belongs to the first one.
        key: the private key of the first certificate.
        alternatives: server_name -> other identity; every other name gets `chain`.
        tls: versions, client certificates, names.
        http: makes the whole response to one request.
        host, port: where to listen; port 0 picks a free one.

    Attributes:
        requests: the received HTTP requests.
        server_names: the server_name of each ClientHello, `None` if it had none.
    """

    def __init__(
        self,
        *,
        chain: Sequence[Certificate],
        key: Key,
        alternatives: Mapping[str, Identity] = MappingProxyType({}),
        tls: TlsSettings | None = None,
        http: HttpHandler | None = None,
        host: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.requests: list[HttpRequest] = []
        self.server_names: list[str | None] = []
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._identity = self._first = Identity(chain=chain, key=key)
        self._others = alternatives
        self._settings = tls or TlsSettings()
        self._http = http or respond()

    async def __aenter__(self) -> Self:
        """Load the identities, then listen."""
        self._main = await asyncio.to_thread(self._make_contexts)
        return await super().__aenter__()

    @property
    def key(self) -> Key:
        """The private key of the first certificate; nothing in the lab is secret."""
        return self._identity.key

    @property
    def first_chain(self) -> tuple[Certificate, ...]:
        """The certificates that it was created with."""
        return tuple(self._first.chain)

    async def install(self, chain: Sequence[Certificate]) -> None:
        """Present these certificates with the same key, as after a reload with a new file."""
        self._identity = Identity(chain=chain, key=self._identity.key)
        self._main = await asyncio.to_thread(self._make_contexts)

    async def uninstall(self) -> None:
        """Present the first certificates again."""
        await self.install(self._first.chain)

    def _make_contexts(self) -> ssl.SSLContext:
        self._contexts = {
            name: _context(identity, self._settings) for name, identity in self._others.items()
        }
        main = _context(self._identity, self._settings)
        main.sni_callback = self._choose
        return main

    def _choose(
        self, connection: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        self.server_names.append(server_name)
        if server_name is None:
            return (
                ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
                if self._settings.server_name_required
                else None
            )
        connection.context = self._contexts.get(server_name, connection.context)
        return None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TlsConnection(reader, writer, self._main)
        await connection.handshake()
        head = b""
        while b"\r\n\r\n" not in head:
            head += await connection.read()
        request = _parse(head)
        self.requests.append(request)
        await connection.write(await self._http(request))
        await connection.close()


class TlsConnection:
    """The accepting side of one TLS connection.

    asyncio's own TLS transport drops the alert of a failed handshake; a real server sends it, so
    this one does.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> None:
        """Make the handshake; raises `ssl.SSLError` after the alert was sent."""
        await self._pump(self._tls.do_handshake)

    async def read(self) -> bytes:
        """The next decrypted bytes; raises `ConnectionResetError` at the end of the stream."""
        data = await self._pump(lambda: self._tls.read(65536))
        if not data:
            raise ConnectionResetError
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, encrypted."""
        if data:
            await self._pump(lambda: self._tls.write(data))

    async def close(self) -> None:
        """Send close_notify without waiting for the peer's."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await self._flush()

    async def _pump(self, step: Callable[[], _Result]) -> _Result:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._flush()  # our flight first, because the peer waits for it
                await self._receive()
            finally:
                await self._flush()

    async def _receive(self) -> None:
        data = await self._reader.read(65536)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()


def _context(identity: Identity, settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(settings.ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are served on purpose
        context.minimum_version, context.maximum_version = settings.versions
    context.num_tickets = settings.tickets
    if not settings.tickets:
        context.options |= ssl.OP_NO_TICKET
    context.verify_mode = settings.client_certificate
    with tempfile.NamedTemporaryFile() as file:
        file.write(_pem(identity))
        file.flush()
        context.load_cert_chain(file.name)
        if settings.client_certificate is not ssl.CERT_NONE:
            context.load_verify_locations(cadata=identity.chain[-1].der)
    return context


def _pem(identity: Identity) -> bytes:
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(
        ssl.DER_cert_to_PEM_cert(certificate.der).encode() for certificate in identity.chain
    )


def _parse(head: bytes) -> HttpRequest:
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _version = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    return HttpRequest(method=method, path=path, headers=headers)
