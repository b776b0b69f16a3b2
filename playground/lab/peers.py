"""Loopback servers that are no TLS servers: banners, silence, resets, garbage, recorded bytes.

They only use TCP; each peer is a script for one connection.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopbackServer(ABC):
    """A listening socket on loopback.

    `async with` starts it and ends it with all connections.

    Attributes:
        port: the listening port; 0 before the start picks a free one.
        connections: number of accepted connections.
    """

    def __init__(self, *, host: str = LOOPBACK, port: int = 0) -> None:
        self.host = host
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._running: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every connection and stop listening."""
        assert self._server is not None
        self._server.close()
        running = dict(self._running)
        for task, writer in running.items():
            task.cancel()
            writer.transport.abort()  # a task that has not begun would not
        await asyncio.gather(*running, return_exceptions=True)

    @abstractmethod
    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._server is not None
        if not self._server.is_serving():  # it has ended while this connection was accepted
            writer.transport.abort()
            return
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._running[task] = writer
        task.add_done_callback(self._running.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the peer has closed the connection
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()


class ScriptedPeer(LoopbackServer):
    """A TCP peer that runs a script: a banner, silence, garbage, recorded bytes."""

    def __init__(self, script: Script, *, host: str = LOOPBACK, port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self._script = script

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._script(reader, writer)


async def tarpit(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and send nothing, until the server ends."""
    await asyncio.Event().wait()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then reset the connection."""
    await reader.read(1)
    await reset_at_once(reader, writer)


async def reset_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection once everything written was sent."""
    await writer.drain()
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then close properly."""
    await reader.read(65536)
    writer.close()


def say(data: bytes) -> Script:
    """Send these bytes at once and keep the connection open, like another protocol's banner."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.Event().wait()

    return script


async def plain_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A web server without TLS; it answers a ClientHello like nginx."""
    await reader.read(1)
    writer.write(
        b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: "
        b"close\r\n\r\n"
    )
    await writer.drain()
