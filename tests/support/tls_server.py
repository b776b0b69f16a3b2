"""Servers for the capture tests.

The lab's own, and one that staples an OCSP response, which the standard library cannot.

`playground.lab.servers` and `playground.lab.peers` hold the general ones; `raw_tls` holds what no
TLS library sends.
"""

from __future__ import annotations

import asyncio

from OpenSSL import SSL

from chainlib import Target
from playground.lab import pki
from playground.lab.peers import LoopbackServer
from playground.lab.pki import Issued
from playground.lab.servers import HttpHandler, Identity, TlsBackend, TlsSettings

NAME = "backend.contoso.com"


class Estate:
    """One private CA: a root, an intermediate, a leaf for `NAME`."""

    def __init__(self) -> None:
        self.root = pki.root()
        self.intermediate = pki.intermediate(self.root)
        self.leaf = pki.leaf(self.intermediate, NAME)
        self.chain = (self.leaf.certificate, self.intermediate.certificate)

    def backend(
        self,
        *,
        tls: TlsSettings | None = None,
        http: HttpHandler | None = None,
        other: Issued | None = None,
    ) -> TlsBackend:
        """A backend with the complete chain, and another leaf for the name `other`."""
        others = {"other": Identity(chain=[other.certificate], key=other.key)} if other else {}
        return TlsBackend(
            chain=self.chain, key=self.leaf.key, tls=tls, http=http, alternatives=others
        )


def target(server: LoopbackServer, server_name: str | None = NAME) -> Target:
    """The server as a target, reached by its address."""
    return Target(host=NAME, port=server.port, server_name=server_name, address=server.host)


class StaplingBackend(LoopbackServer):
    """A TLS server that staples these bytes as its OCSP response and says nothing more."""

    def __init__(self, identity: Issued, staple: bytes, version: int) -> None:
        super().__init__()
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_certificate(identity.certificate.parsed)
        self._context.use_privatekey(identity.key)
        self._context.set_max_proto_version(version)
        self._context.set_ocsp_server_callback(lambda _connection, _data: staple)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = SSL.Connection(self._context, None)
        connection.set_accept_state()
        while True:
            connection.bio_write(await reader.read(65536))
            try:
                connection.do_handshake()
            except SSL.WantReadError:
                writer.write(connection.bio_read(65536))
            else:
                writer.write(connection.bio_read(65536))
                await reader.read()
                return
