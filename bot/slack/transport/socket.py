"""Socket Mode that replaces a dead connection.

slack_sdk reconnects after a `disconnect` message and after a closed socket, but does not notice a
peer that is gone without closing. Here every frame is recorded, a ping is sent every few seconds,
and a connection without frames for half a minute is replaced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.transport.receiver import TakeCommand

log = logging.getLogger(__name__)
sdk_log = log.getChild("sdk")

PING_S = 3.0
REPLACE_AFTER_S = 30.0
_LOOK_EVERY_S = 2.0
_CONNECT_S = 20.0
_ENDINGS = frozenset(
    {
        aiohttp.WSMsgType.CLOSE,
        aiohttp.WSMsgType.CLOSING,
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    }
)


class _OneLine(logging.Filter):
    """Logs one line for a failed connection; the SDK writes a traceback every three seconds."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            record.msg, record.args = "Slack's WebSocket cannot be opened", ()
            record.__dict__["reason"] = type(error).__name__
            record.exc_info = record.exc_text = None
        return True


sdk_log.addFilter(_OneLine())


class SocketTransport:
    """One Socket Mode connection, kept alive."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        take_command: TakeCommand,
        *,
        ping_s: float = PING_S,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._app = app
        self._take_command = take_command
        self._now = now
        self._last_sign: float | None = None
        self._begun = now()
        self._watch: asyncio.Task[None] | None = None
        self._client = SocketModeClient(
            app_token=app_token, web_client=app.client, ping_interval=ping_s, logger=sdk_log
        )
        self._client.socket_mode_request_listeners.append(self._handle)

    async def start(self) -> None:
        """Connect; raises the client's errors when Slack refuses the token."""
        await self._client.aiohttp_client_session.close()
        self._client.aiohttp_client_session = aiohttp.ClientSession(
            ws_response_class=_noting_answers(self._answered), trust_env=True
        )
        opened = await self._client.web_client.apps_connections_open(
            app_token=self._client.app_token
        )
        self._client.wss_uri = opened["url"]
        await asyncio.wait_for(self._client.connect(), _CONNECT_S)  # type: ignore[no-untyped-call]
        self._watch = asyncio.create_task(self._keep_alive())

    async def stop_listening(self) -> None:
        """Close the connection, so that Slack hands its requests to another replica."""
        await self.close()

    async def close(self) -> None:
        """Close for good."""
        if self._watch:
            self._watch.cancel()
            self._watch = None
        if not self._client.closed:
            await self._client.close()  # type: ignore[no-untyped-call]
        await self._client.aiohttp_client_session.close()

    def silence(self) -> float:
        """Seconds since Slack last sent something."""
        return self._now() - (self._last_sign if self._last_sign is not None else self._begun)

    def connected(self) -> bool:
        """Whether there is an open connection on which Slack has sent something."""
        session = self._client.current_session
        return session is not None and not session.closed and self._last_sign is not None

    def _answered(self) -> None:
        self._last_sign = self._now()

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Pass one envelope to the app; a slash command does not need Bolt's dispatch.

        If the ack cannot be sent, that is logged and the work continues; a redelivery is dropped.
        """
        begun = self._now()
        if request.type == "slash_commands" and self._take_command(request.payload):
            answer = BoltResponse(status=200)
        else:
            answer = await run_async_bolt_app(self._app, request)
        try:
            await send_async_response(client, request, answer, begun)
        except Exception as error:  # noqa: BLE001 -- the envelope was processed, whatever broke the socket
            log.warning(
                "an ack could not be sent",
                extra={"kind": request.type, "reason": type(error).__name__},
            )

    async def _keep_alive(self) -> None:
        tried = self._now()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self.silence() < REPLACE_AFTER_S or self._now() - tried < REPLACE_AFTER_S:
                continue
            tried = self._now()
            log.warning(
                "Slack has been silent; reconnecting",
                extra={"silent_s": round(self.silence(), 1)},
            )
            with suppress(Exception):
                await asyncio.wait_for(self._client.connect_to_new_endpoint(force=True), _CONNECT_S)


def _noting_answers(answered: Callable[[], None]) -> type[aiohttp.ClientWebSocketResponse[Any]]:
    """A WebSocket class that reports every received frame, pongs included."""

    class NotingResponse(aiohttp.ClientWebSocketResponse[Any]):
        async def receive(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109, ANN401 -- the library's signature
            frame = await super().receive(timeout)
            if frame.type not in _ENDINGS:
                answered()
            return frame

    return NotingResponse
