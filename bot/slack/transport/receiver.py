"""Middleware in front of Bolt over HTTP: refuses unsigned requests before anything in them is read.

Bolt parses a body before it verifies the signature, and logs a traceback for one that it cannot
parse; anybody who reaches the port could fill the disk with these.

Slash commands do not reach Bolt. Its dispatch costs as much as the rest of an acknowledgement
(docs/benchmarks.md), and it takes a command in whose text `payload` occurs for an interaction.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from aiohttp import web
from aiohttp.typedefs import Middleware
from slack_sdk.signature import SignatureVerifier

from bot.observability.listening import BODY_S
from bot.slack.transport.replays import Replays
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

LONGEST_S = 1.5  # of the three seconds in which Slack wants an ack
_CHARSETS = frozenset({"utf-8", "utf8"})
_MAX_TIMESTAMP = 12
_LONGEST_SSL_CHECK = 200
_FORM = "application/x-www-form-urlencoded"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TakeCommand = Callable[[dict[str, Any]], bool]


@dataclasses.dataclass(slots=True)
class PendingAcks:
    """The requests that are not acknowledged yet.

    Work begins once there are none, one command after the other. In a burst of commands no ack
    then waits for the cards of earlier commands.
    """

    _count: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _none: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def one(self) -> Iterator[None]:
        """One request, from its first byte until its response is ready."""
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def over(self) -> None:
        """Wait until there are none and earlier work has begun, at most `LONGEST_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S), self._turn:
                while self._count:
                    await self._none.wait()
                await asyncio.sleep(0)  # lets started work and new requests run once


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Passes Slack's requests on; others get 401, invalid ones 400.

    Attributes:
        verifier: verifies signatures.
        replays: the signatures that were used before.
        acks: the pending acknowledgements.
        take_command: takes the fields of a slash command, or returns false if it is another app's.
    """

    verifier: SignatureVerifier
    replays: Replays
    acks: PendingAcks
    take_command: TakeCommand

    def middleware(self) -> Middleware:
        """The middleware of the HTTP server."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                async with asyncio.timeout(BODY_S):
                    body = await request.read()
            except TimeoutError:
                return _late()
            return await self._admit(request, body, handler)

        return admit

    async def _admit(
        self, request: web.Request, body: bytes, handler: Handler
    ) -> web.StreamResponse:
        if (request.charset or "utf-8").lower() not in _CHARSETS or not _is_utf8(body):
            return web.Response(status=400, text="this request is not UTF-8")
        if _is_ssl_check(body):
            return web.Response()
        if not self._is_signed(request, body):
            return web.Response(status=401, text="this request is not signed by Slack")
        try:
            with self.acks.one():
                return await self._pass_on(request, body, handler)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 -- Bolt raises many types for an invalid payload
            log.warning("unreadable request", extra={"reason": type(error).__name__})
            return web.Response(status=400, text="this request cannot be read")

    async def _pass_on(
        self, request: web.Request, body: bytes, handler: Handler
    ) -> web.StreamResponse:
        if request.match_info.http_exception:  # another path or method
            return await handler(request)
        if await self.replays.is_replay(*_signed_by(request)):
            return web.Response(status=401, text="this request was sent before")
        command = _command_in(request, body)
        if command and self.take_command(command):
            return web.Response()
        return await handler(request)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        signature, timestamp = _signed_by(request)
        if not (
            timestamp.isascii()
            and timestamp.isdigit()
            and len(timestamp) <= _MAX_TIMESTAMP
            and signature.isascii()
        ):
            return False
        return bool(self.verifier.is_valid(body, timestamp, signature))


def _late() -> web.Response:
    """The response to a client that does not send the announced body; the connection is closed."""
    response = web.Response(status=408, text="the request's body did not come in time")
    response.force_close()
    return response


def _signed_by(request: web.Request) -> tuple[str, str]:
    """The signature and its timestamp, as sent."""
    return (
        request.headers.get("X-Slack-Signature", ""),
        request.headers.get("X-Slack-Request-Timestamp", ""),
    )


def _command_in(request: web.Request, body: bytes) -> dict[str, Any] | None:
    """The fields of a slash command; `None` for any other request."""
    form = request.method == "POST" and request.content_type == _FORM
    if not form or b"command=" not in body:
        return None
    fields: dict[str, Any] = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return fields if "command" in fields and "payload" not in fields else None


def _is_ssl_check(body: bytes) -> bool:
    """Slack's `ssl_check` request, which has no signature and needs no action."""
    return len(body) <= _LONGEST_SSL_CHECK and parse_qs(body.decode()).get("ssl_check") == ["1"]


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
