"""The running bot as far as Slack is concerned: identity, listeners, transport, readiness, drain.

What answers is handed in, made by `bot.composition` once Slack has said who the bot is.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from time import time
from typing import Protocol

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.access import ReplayCache
from bot.observability.health import AdminServer, Readiness
from bot.observability.loop_lag import loop_watchdog
from bot.settings import Settings, Transport
from bot.slack.handlers.alert_following import AlertFollowing
from bot.slack.handlers.watch_store import SavedWatches
from bot.slack.inbound.routing import Reception
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Runs
from bot.slack.transport.app import (
    HttpTransport,
    Identity,
    make_app,
    make_client,
    make_session,
    who_am_i,
)
from bot.slack.transport.receiver import PendingAcks
from bot.slack.transport.replays import refuse_replays
from bot.slack.transport.socket import SocketTransport
from bot.slack.transport.token import EVERY_S, TOKEN_REFUSED, TokenWatch, word_of

log = logging.getLogger(__name__)

DRAIN_S = 14.0
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 15.0


class TokenRefusedError(Exception):
    """Slack does not accept a token; the text is one sentence with the fix."""


class Carrier(Protocol):
    """How Slack's requests arrive; one for HTTP, one for Socket Mode."""

    async def start(self) -> None:
        """Begin to listen."""

    async def stop_listening(self) -> None:
        """Take nothing new where another replica would take it instead."""

    async def close(self) -> None:
        """End."""

    def silence(self) -> float:
        """Seconds since Slack last sent something, 0 where nothing is expected."""

    def connected(self) -> bool:
        """Whether requests can arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What is known once Slack has been reached.

    Attributes:
        slack: the way to Slack.
        runs: what runs now.
        identity: who the bot is in Slack.
        readiness: what `/readyz` tells; other parts add probes.
        acks: the acknowledgements that are on their way to Slack.
    """

    slack: SlackClient
    runs: Runs
    identity: Identity
    readiness: Readiness
    acks: PendingAcks


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """What answers in one workspace.

    Attributes:
        reception: where every invocation arrives.
        register: tells Bolt's app what is listened to.
        known_elsewhere: whether another replica took the request of this signature.
        watches: the watches that a restart interrupted; `None` where none are kept.
        alerts: observes what alerts named; `None` where alerts are not answered.
    """

    reception: Reception
    register: Callable[[AsyncApp], None]
    known_elsewhere: Callable[[str], Awaitable[bool]]
    watches: SavedWatches | None = None
    alerts: AlertFollowing | None = None


@dataclass(slots=True, kw_only=True)
class SlackService:
    """Starts, serves until told to stop, drains.

    Attributes:
        settings: the bot's settings.
        compose: makes what answers, and runs what runs beside it.
        context: TLS trust of outgoing calls.
        readiness: what `/readyz` tells; other parts add probes.
        stop: set to end the service.
        wait_s: seconds that running checks get to finish.
        token_every_s: seconds between two looks at the token.
    """

    settings: Settings
    compose: Callable[[Connected], AbstractAsyncContextManager[SlackApp]]
    context: ssl.SSLContext
    readiness: Readiness = field(default_factory=Readiness)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wait_s: float = DRAIN_S
    token_every_s: float = EVERY_S
    _acks: PendingAcks = field(default_factory=PendingAcks)

    async def run(self) -> None:
        """Serve until `stop` is set; raises `TokenRefusedError` when Slack refuses a token."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(loop_watchdog())
            admin = AdminServer(self.readiness, self.settings.admin_host, self.settings.admin_port)
            await admin.start()
            stack.push_async_callback(admin.close)
            session = await stack.enter_async_context(make_session(self.context))
            if (identity := await self._identify(session)) is not None:
                await self._serve(session, identity, stack)

    async def _serve(
        self, session: aiohttp.ClientSession, identity: Identity, stack: AsyncExitStack
    ) -> None:
        slack = SlackClient(
            client=make_client(self.settings, session, self.context), session=session
        )
        connected = Connected(
            slack=slack,
            runs=Runs(),
            identity=identity,
            readiness=self.readiness,
            acks=self._acks,
        )
        composed = await stack.enter_async_context(self.compose(connected))
        # in a thread: Bolt looks at its own source files when it is set up
        app = await asyncio.to_thread(make_app, self.settings, slack.client, identity)
        refuse_replays(app, ReplayCache(), time, composed.known_elsewhere)
        await asyncio.to_thread(composed.register, app)
        carrier = self._carrier(app)
        stack.push_async_callback(carrier.close)
        if not await self._until_it_works(carrier.start, "SLACK_APP_TOKEN"):
            return
        await _go_on_watching(composed)
        if composed.alerts:
            await stack.enter_async_context(composed.alerts.running())
        token = TokenWatch(client=slack.client, every=self.token_every_s)
        await stack.enter_async_context(token.running())
        self.readiness.probes["token"] = lambda: token.trouble
        self.readiness.silence = carrier.silence
        self.readiness.probes["slack"] = lambda: None if carrier.connected() else "not connected"
        log.info("ready", extra={"team": identity.team, "transport": self.settings.transport.value})
        await self.stop.wait()
        await self._drain(carrier, connected.runs)

    async def _drain(self, carrier: Carrier, runs: Runs) -> None:
        log.info("stopping: no new work, running checks may finish", extra={"seconds": self.wait_s})
        self.readiness.probes["slack"] = lambda: "stopping"
        runs.draining = True
        await carrier.stop_listening()
        await runs.drain(self.wait_s)

    async def _identify(self, session: aiohttp.ClientSession) -> Identity | None:
        client = make_client(self.settings, session, self.context)
        found: list[Identity] = []

        async def invocation() -> None:
            found.append(await who_am_i(client))

        return found[0] if await self._until_it_works(invocation, "SLACK_BOT_TOKEN") else None

    async def _until_it_works(self, attempt: Callable[[], Awaitable[None]], variable: str) -> bool:
        """Try again until Slack can be reached or the bot is stopped; a refused token is final."""
        wait = _FIRST_RETRY_S
        while not self.stop.is_set():
            try:
                await attempt()
            except SlackApiError as error:
                _raise_if_final(error, variable)
                log.warning(
                    "Slack refuses for now", extra={"reason": word_of(error), "retry_s": wait}
                )
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
                log.warning(
                    "Slack cannot be reached",
                    extra={"reason": type(error).__name__, "retry_s": wait},
                )
            else:
                return True
            await _sleep_or(self.stop, wait)
            wait = min(wait * 2, _LAST_RETRY_S)
        return False

    def _carrier(self, app: AsyncApp) -> Carrier:
        token = self.settings.slack_app_token
        if self.settings.transport is Transport.SOCKET and token:
            return SocketTransport(app, token.get_secret_value())
        secret = self.settings.slack_signing_secret
        assert secret is not None  # the settings demand it where there is no app token
        return HttpTransport(app, self.settings, secret.get_secret_value(), self._acks)


async def _go_on_watching(app: SlackApp) -> None:
    for admitted in await app.watches.open() if app.watches else ():
        await app.reception.resume(admitted)


def _raise_if_final(error: SlackApiError, variable: str) -> None:
    if word_of(error) in TOKEN_REFUSED:
        raise TokenRefusedError(
            f"Slack refuses {variable} ({word_of(error)}); copy it again from the app's "
            "settings, or install the app again."
        ) from error


async def _sleep_or(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
