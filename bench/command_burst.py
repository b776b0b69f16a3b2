"""Sends many signed slash commands at once: `python -m bench.command_burst`.

A process of its own, which does nothing but write prepared requests and note the times, so that
what the sender costs is not taken for the bot's. It reads one JSON object up to the end of its
input, then begins, and prints one: for each request when it was sent and when its ack came, in
monotonic seconds, and the CPU seconds that the bot had used by the last ack.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LIMIT_S = 60.0
_END_OF_HEAD = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 "


class _Exchange(asyncio.Protocol):
    """One request on a connection of its own."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._received = b""
        self.acked: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note when the head of the response is there."""
        self._received += data
        if _END_OF_HEAD in self._received and not self.acked.done():
            if self._received.startswith(_OK):
                self.acked.set_result(time.monotonic())
            else:
                self.acked.set_exception(RuntimeError(f"refused: {self._received[:60]!r}"))
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail if no response came."""
        if not self.acked.done():
            self.acked.set_exception(error or ConnectionError("closed without a response"))


async def _send(host: str, port: int, request: bytes) -> tuple[float, float]:
    sent = time.monotonic()
    loop = asyncio.get_running_loop()
    _, exchange = await loop.create_connection(lambda: _Exchange(request), host, port)
    return sent, await exchange.acked


async def _all(job: dict[str, Any]) -> dict[str, Any]:
    requests: Sequence[str] = job["requests"]
    async with asyncio.timeout(LIMIT_S):
        times = await asyncio.gather(
            *(_send(job["host"], job["port"], one.encode()) for one in requests)
        )
    return {"times": times, "cpu": cpu_seconds(job["pid"])}


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process with its threads, to 10 ms; 0 where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]  # proc(5): utime, stime
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Send what stands in the input."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    job = json.load(sys.stdin)
    json.dump(asyncio.run(_all(job)), sys.stdout)


if __name__ == "__main__":
    main()
