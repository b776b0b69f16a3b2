"""Socket Mode: connections, envelopes, acknowledgements, redelivery, and connection failures."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import WSMsgType, web

from playground.slack.sending import ANSWER_SECONDS, Ack
from playground.slack.state import APP_ID, Json, Workspace

MAX_CONNECTIONS: Final = 10
EVENT_REDELIVERIES: Final = (3.0, 3.0, 3.0)


@dataclass(slots=True, eq=False)
class Connection:
    """One WebSocket to the bot; a `silent` one neither answers pings nor carries anything."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    number: int
    silent: bool = False
    delivered: int = 0

    async def send(self, message: Json) -> None:
        """Send a message; it is dropped if the connection is silent or closed."""
        if self.silent or self.socket.closed:
            return
        try:
            await self.socket.send_json(message)
        except ConnectionError:
            self.silent = True


@dataclass(slots=True, kw_only=True)
class SocketHub:
    """Every Socket Mode connection of the app.

    Attributes:
        connections: open connections, oldest first; envelopes alternate between them.
        choose: index of the connection for the next envelopes; `None` alternates.
        silent: new connections are silent too.
        refuses: no WebSocket is opened, as behind a proxy that blocks them.
        acks: envelope IDs in the order of their acknowledgement.
        answer_seconds: time limit of an acknowledgement.
        redeliveries: seconds before an unacknowledged event is sent again, once for each.
    """

    workspace: Workspace
    connections: list[Connection] = field(default_factory=list)
    choose: int | None = None
    silent: bool = False
    refuses: bool = False
    acks: list[str] = field(default_factory=list)
    opened: int = 0
    answer_seconds: float = ANSWER_SECONDS
    redeliveries: Sequence[float] = EVENT_REDELIVERIES
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _turn: int = 0

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [web.get("/link/", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if self.refuses or ticket not in self.workspace.tickets:
            return web.Response(status=403, text="a ticket works once")
        self.workspace.tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(
            socket=socket, transport=request.transport, number=self.opened, silent=self.silent
        )
        self.opened += 1
        await self._welcome(connection)
        return socket

    async def _welcome(self, connection: Connection) -> None:
        if len(self.connections) >= MAX_CONNECTIONS:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            await connection.socket.close()
            return
        self.connections.append(connection)
        hello = {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": APP_ID},
        }
        await connection.send(
            {**hello, "debug_info": {"host": "standin", "approximate_connection_time": 18060}}
        )
        self.workspace.touch()
        try:
            await self._listen(connection)
        finally:
            if connection in self.connections:
                self.connections.remove(connection)
            self.workspace.touch()

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if connection.silent:
                continue
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(json.loads(message.data))

    def _acknowledge(self, message: Json) -> None:
        envelope = str(message.get("envelope_id", ""))
        self.acks.append(envelope)
        waiting = self._waiting.get(envelope)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("payload"))

    async def deliver(
        self, kind: str, payload: Json, *, accepts_payload: bool = True, more: Json | None = None
    ) -> Ack:
        """Send one envelope over one connection and wait for its acknowledgement."""
        started = time.monotonic()
        connection = self._pick()
        if connection is None:
            return Ack(ok=False, seconds=0.0, sent_at=started, error="no_connection")
        envelope = self.workspace.serial("envelope-")
        waiting = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        parts = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts_payload,
        }
        try:
            connection.delivered += 1
            await connection.send({**parts, **(more or {})})
            body = await asyncio.wait_for(waiting, self.answer_seconds)
        except TimeoutError:
            return Ack(
                ok=False,
                seconds=time.monotonic() - started,
                sent_at=started,
                error="operation_timeout",
            )
        finally:
            del self._waiting[envelope]
        return Ack(
            ok=True, seconds=time.monotonic() - started, sent_at=started, status=200, body=body
        )

    async def event(self, payload: Json) -> Ack:
        """Send an event.

        One that is not acknowledged is sent again, over whichever connection is there then.
        """
        ack = await self.deliver(
            "events_api",
            payload,
            accepts_payload=False,
            more={"retry_attempt": 0, "retry_reason": ""},
        )
        for number, seconds in enumerate(self.redeliveries, start=1):
            if ack.ok:
                break
            await asyncio.sleep(seconds)
            again = {"retry_attempt": number, "retry_reason": "timeout"}
            ack = await self.deliver("events_api", payload, accepts_payload=False, more=again)
        return ack

    def _pick(self) -> Connection | None:
        if not self.connections:
            return None
        if self.choose is not None:
            return self.connections[min(self.choose, len(self.connections) - 1)]
        self._turn += 1
        return self.connections[self._turn % len(self.connections)]

    def go_silent(self) -> None:
        """Keep every open connection open without sending anything, not even a pong."""
        for connection in self.connections:
            connection.silent = True

    def cut(self) -> None:
        """Drop every connection without a close frame."""
        for connection in tuple(self.connections):
            connection.silent = True
            if connection.transport is not None:
                connection.transport.abort()

    async def refresh(self) -> None:
        """Ask every connection to reconnect, as Slack does every few hours.

        The old ones stay open until the bot closes them.
        """
        for connection in tuple(self.connections):
            await connection.send(
                {
                    "type": "disconnect",
                    "reason": "refresh_requested",
                    "debug_info": {"host": "standin"},
                }
            )

    async def close(self) -> None:
        """Close every connection properly."""
        for connection in tuple(self.connections):
            await connection.socket.close()
