"""The pump: carries bytes between a socket and the TLS client.

It decides nothing and raises nothing over what a peer does.
"""

from __future__ import annotations

import asyncio
import contextlib

from chainlib.handshake import Breakage, ClientHandshake
from chainlib.wording import counted

_CHUNK = 65536


class TlsStream:
    """One TCP connection with the TLS client on it.

    Attributes:
        client: the handshake and its record.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: ClientHandshake
    ) -> None:
        self.client = client
        self._reader = reader
        self._writer = writer

    async def handshake(self, seconds: float) -> None:
        """Shake hands until it is done, broken or out of time."""
        client = self.client
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(client.start())
                while not client.finished and client.failure is None:
                    await self._receive()
        except TimeoutError:
            client.break_off(
                Breakage.TIMEOUT,
                f"{counted(client.received, 'byte')} came within {counted(seconds, 'second')}",
            )

    async def await_late_alert(self, seconds: float) -> None:
        """Listen whether a TLS 1.3 server refuses the client after the handshake (RFC 8446 section 4.4.2.4)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.client.failure is None:
                    await self._receive()

    def send(self, data: bytes) -> None:
        """Send application data."""
        self._writer.write(self.client.encrypt(data))

    async def read(self) -> bytes:
        """The next application data.

        Empty once the connection is over, `client.failure` then says how.
        """
        client = self.client
        while not (data := client.take()):
            if client.failure is not None:
                return b""
            await self._receive()
        return data

    async def close(self) -> None:
        """Drop the connection."""
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _receive(self) -> None:
        client = self.client
        try:
            data = await self._reader.read(_CHUNK)
        except OSError as error:
            client.break_off(Breakage.RESET, _words(error))
            return
        answer = client.receive(data) if data else b""
        if answer:
            self._writer.write(answer)
        if client.closed or not data:
            client.break_off(Breakage.CLOSED, "close_notify" if client.closed else "end of stream")


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
