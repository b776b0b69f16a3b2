"""Publishes the lab's CA certificates over plain HTTP, as AIA extensions name them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from playground.lab.authority import url
from playground.lab.peers import LoopbackServer
from playground.lab.pki import Issued


class Publisher(LoopbackServer):
    """Serves issuer certificates as DER; everything else is 404."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{self.host}:{self.port}"

    def publish(self, issuers: Iterable[Issued]) -> None:
        """Serve these certificates."""
        self._known.update({url("", issuer): issuer.certificate.der for issuer in issuers})

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        body = self._known.get(request.split(" ")[1], b"")
        status = "200 OK" if body else "404 Not Found"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/pkix-cert\r\nContent-Length: "
            f"{len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
