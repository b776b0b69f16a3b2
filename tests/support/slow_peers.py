"""Peers that are too slow; they move the clock of the event loop."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios

from playground.lab.peers import Script
from playground.lab.servers import HttpRequest
from tests.support.waiting import advance, for_ever

LATE_S = 3600.0
"""Longer than any time-out."""
_TURNS = 50


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then let an hour pass without sending anything."""
    await _spoken_to(reader)
    await silent_at_once(reader, writer)


async def silent_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let an hour pass without sending more, once the client has everything that was written."""
    await _received(writer)
    advance(LATE_S)
    await for_ever()


def crawl(data: bytes, *, pause: float = 1.0) -> Script:
    """Send these bytes one at a time once the first bytes have come, `pause` seconds for each."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _spoken_to(reader)
        for byte in data:
            writer.write(bytes([byte]))
            await _received(writer)
            advance(pause)
        await for_ever()

    return script


async def no_answer(_request: HttpRequest) -> bytes:
    """Let an hour pass for an HTTP request."""
    advance(LATE_S)
    await for_ever()
    return b""


async def _spoken_to(reader: asyncio.StreamReader) -> None:
    """Wait for the first bytes, also on connections opened at the same time."""
    await reader.read(1)
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def _received(writer: asyncio.StreamWriter) -> None:
    """Wait until everything that was written was received."""
    await writer.drain()
    connection = writer.get_extra_info("socket")
    while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]:  # noqa: ASYNC110 -- the kernel has no event for it
        await asyncio.sleep(0)
    await asyncio.sleep(0)
