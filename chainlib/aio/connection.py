"""One TCP connection with the TLS client on it: an asyncio protocol with one timer and no task.

It moves bytes between the socket and the client and wakes the waiting caller when the awaited event
has happened. It decides nothing and raises nothing because of a peer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from functools import partial

from chainlib.aio.http import Answer, AnswerReader
from chainlib.aio.proxy_header import proxy_header
from chainlib.aio.slices import slices
from chainlib.handshake import Breakage, Buffer, ClientHandshake
from chainlib.limits import READ_BYTES
from chainlib.model import MAX_PORT
from chainlib.wording import counted, system_words


class _Buffers(threading.local):
    """The read buffer of a loop: filled and emptied within one callback, so one is enough."""

    def __init__(self) -> None:
        self.memory = memoryview(bytearray(READ_BYTES))


_BUFFERS = _Buffers()


class TlsConnection(asyncio.BufferedProtocol):
    """A connection; create it with `connect`.

    Args:
        client: the handshake and its record.
        reader: parses the application data; `None` discards it.

    Attributes:
        client: as given.
        answer: the parsed application data; `None` while it is incomplete.
        has_data: whether application data was received.
    """

    def __init__(self, client: ClientHandshake, reader: AnswerReader | None = None) -> None:
        self.client = client
        self.answer: Answer | None = None
        self.has_data = False
        self._reader = reader
        self._loop = asyncio.get_running_loop()
        self._slices = slices()
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._list_only = False
        self._memory = _BUFFERS.memory
        self._enough: Callable[[], bool] | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def handshake(self, seconds: float, *, with_header: bool, list_only: bool) -> None:
        """Make the handshake until it is complete, has failed or the time has ended.

        Args:
            seconds: allowed time.
            with_header: send a PROXY protocol header first.
            list_only: stop as soon as the chain was received; nothing is sent after it.
        """
        client, self._list_only = self.client, list_only
        header = proxy_header(self._sent_from()) if with_header else b""
        self._slices.run(lambda: self._begin(header))
        done = self._has_list if list_only else self._is_finished
        if not await self._wait(done, seconds):
            came = counted(client.received, "byte")
            client.break_off(Breakage.TIMEOUT, f"{came} came within {counted(seconds, 'second')}")

    async def await_late_alert(self, seconds: float) -> None:
        """Wait for a TLS 1.3 server to reject the client late (RFC 8446 section 4.4.2.4).

        If application data arrives first, it does not.
        """
        await self._wait(lambda: self.has_data, seconds)

    async def ask(self, request: bytes, seconds: float) -> Answer | None:
        """Send a request and wait for the parsed answer; `None` when the time has ended."""
        self._write(self.client.encrypt(request))
        await self._wait(lambda: self.answer is not None, seconds)
        if self.answer is None and self.client.failure is not None and self._reader is not None:
            self.answer = self._reader.ended(self.client)
        return self.answer

    def _begin(self, header: bytes) -> None:
        if not self._closed:
            self._write(header + self.client.start())

    def close(self) -> None:
        """Drop the connection at once."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio's protocol)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """The buffer for the next bytes (asyncio's protocol)."""
        del sizehint
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        """Pass received bytes to the client (asyncio's protocol)."""
        received: Buffer = self._memory[:nbytes]
        if self._slices.full and self._transport is not None:
            # The buffer is the loop's, and nothing more is read before these bytes are processed.
            received = bytes(received)
            self._transport.pause_reading()
        self._slices.run(partial(self._process, received))

    def _process(self, received: Buffer) -> None:
        client = self.client
        if self._closed or self._transport is None:
            return
        self._write(client.receive(received))
        self._transport.resume_reading()
        if data := client.take():
            self.has_data = True
            if self._reader is not None and self.answer is None:
                self.answer = self._reader.feed(data)
        if client.closed:
            client.break_off(Breakage.CLOSED, "close_notify")
        self._wake()

    def eof_received(self) -> None:
        """Record that the peer sends nothing more (asyncio's protocol)."""
        self.client.break_off(Breakage.CLOSED, "end of stream")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record how the connection ended (asyncio's protocol)."""
        if isinstance(exc, OSError):
            self.client.break_off(Breakage.RESET, system_words(exc))
        else:
            self.client.break_off(Breakage.CLOSED, "end of stream")
        self._wake()

    def _has_list(self) -> bool:
        return self.client.has_certificates or self.client.finished

    def _is_finished(self) -> bool:
        return self.client.finished

    def _sent_from(self) -> tuple[object, object]:
        assert self._transport is not None
        return (
            self._transport.get_extra_info("sockname"),
            self._transport.get_extra_info("peername"),
        )

    def _write(self, data: bytes) -> None:
        stopped = self._list_only and self.client.has_certificates
        if data and self._transport is not None and not stopped:
            self._transport.write(data)

    async def _wait(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Wait until `enough` holds; false if the connection ended or the time did."""
        if enough() or self.client.failure is not None:
            return True
        self._enough, self._waiter = enough, self._loop.create_future()
        self._due = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self._timer_at(self._due)
        try:
            return await self._waiter
        finally:
            self._enough = self._waiter = None

    def _wake(self) -> None:
        waiter, enough = self._waiter, self._enough
        if waiter is None or enough is None or waiter.done():
            return
        if self.client.failure is not None or enough():
            waiter.set_result(True)

    def _timer_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._on_timer)

    def _on_timer(self) -> None:
        """The timer fired: stop waiting, or set it again if the wait was extended."""
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._due:
            self._timer_at(self._due)
        else:
            self._waiter.set_result(False)


async def connect(address: str, port: int, connection: TlsConnection) -> None:
    """Open the TCP connection.

    Args:
        address: an IP address.
        port: 1 to 65535.
        connection: the protocol for it.

    Raises:
        OSError: the kernel's reason.
    """
    assert 0 < port <= MAX_PORT
    loop = asyncio.get_running_loop()
    plain = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        plain.settimeout(0)
        await loop.sock_connect(plain, (address, port))
        await loop.create_connection(lambda: connection, sock=plain)
    except BaseException:
        plain.close()
        raise
