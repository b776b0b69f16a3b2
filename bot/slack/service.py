"""Runs the Slack side of the bot: identity, listeners, transport, readiness, drain.

`bot.composition` makes the parts that answer, once Slack has identified the bot.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import field
from typing import Protocol

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.observability.health import AdminServer, Readiness
from bot.observability.loop_lag import loop_watchdog
from bot.settings import Settings, Transport
from bot.slack.handlers.alert_follow_up import AlertFollowUp
from bot.slack.handlers.watch_store import SavedWatches
from bot.slack.inbound.routing import InvocationRouter
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
from bot.slack.transport.receiver import PendingAcks, Receiver, TakeCommand
from bot.slack.transport.replays import Replays
from bot.slack.transport.socket import SocketTransport
from bot.slack.transport.token import (
    EVERY_S,
    FAILURES,
    TOKEN_REFUSED,
    TokenWatch,
    error_code_of,
)
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

DRAIN_S = 14.0
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 15.0


class TokenRefusedError(Exception):
    """Slack refuses a token; the text is one sentence with the fix."""


class SlackTransport(Protocol):
    """A transport: HTTP or Socket Mode."""

    async def start(self) -> None:
        """Start to listen."""

    async def stop_listening(self) -> None:
        """Stop to accept requests, if another replica would get them instead."""

    async def close(self) -> None:
        """End."""

    def silence(self) -> float:
        """Seconds since Slack last sent something, 0 if nothing is expected."""

    def connected(self) -> bool:
        """Whether requests can arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What is known once Slack was reached.

    Attributes:
        slack: the Slack client.
        runs: the running work.
        identity: the bot's identity in Slack.
        readiness: the conditions of `/readyz`; other parts add theirs.
        acks: the pending acknowledgements.
    """

    slack: SlackClient
    runs: Runs
    identity: Identity
    readiness: Readiness
    acks: PendingAcks


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """The parts that answer in one workspace.

    Attributes:
        router: receives every invocation.
        register: registers the listeners with the Bolt app.
        take_command: takes a slash command, or returns false if it is another app's.
        known_elsewhere: whether another replica received the request with this signature.
        watches: the watches that a restart interrupted; `None` if none are stored.
        alerts: observes what alerts named; `None` if alerts are not answered.
    """

    router: InvocationRouter
    register: Callable[[AsyncApp], None]
    take_command: TakeCommand
    known_elsewhere: Callable[[str], Awaitable[bool]]
    watches: SavedWatches | None = None
    alerts: AlertFollowUp | None = None


@dataclasses.dataclass(slots=True, kw_only=True)
class SlackService:
    """Starts, serves until it is stopped, and drains.

    Attributes:
        settings: the bot's settings.
        compose: makes the parts that answer, and runs those next to them.
        context: TLS context of outgoing calls.
        readiness: the conditions of `/readyz`; other parts add theirs.
        stop: set to end the service.
        wait_s: seconds that running checks get to finish.
        token_every_s: seconds between two tests of the token.
        on_ready: called once, when requests are answered.
    """

    settings: Settings
    compose: Callable[[Connected], AbstractAsyncContextManager[SlackApp]]
    context: ssl.SSLContext
    readiness: Readiness = field(default_factory=Readiness)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wait_s: float = DRAIN_S
    token_every_s: float = EVERY_S
    on_ready: Callable[[], object] = lambda: None
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
        app = make_app(self.settings, slack.client, identity)
        await asyncio.to_thread(composed.register, app)
        transport = self._transport(app, composed)
        stack.push_async_callback(transport.close)
        if not await self._until_it_works(transport.start, "SLACK_APP_TOKEN"):
            return
        await _resume_watches(composed)
        if composed.alerts:
            await stack.enter_async_context(composed.alerts.running())
        token = TokenWatch(client=slack.client, every=self.token_every_s)
        await stack.enter_async_context(token.running())
        self.readiness.probes["token"] = lambda: token.trouble
        self.readiness.silence = transport.silence
        self.readiness.probes["slack"] = lambda: None if transport.connected() else "not connected"
        self.on_ready()
        log.info("ready", extra={"team": identity.team, "transport": self.settings.transport.value})
        await self.stop.wait()
        await self._drain(transport, connected.runs)

    async def _drain(self, transport: SlackTransport, runs: Runs) -> None:
        log.info("stopping: no new work, running checks may finish", extra={"seconds": self.wait_s})
        self.readiness.probes["slack"] = lambda: "stopping"
        runs.draining = True
        await transport.stop_listening()
        await runs.drain(self.wait_s)

    async def _identify(self, session: aiohttp.ClientSession) -> Identity | None:
        client = make_client(self.settings, session, self.context)
        found: list[Identity] = []

        async def identify() -> None:
            found.append(await who_am_i(client))

        return found[0] if await self._until_it_works(identify, "SLACK_BOT_TOKEN") else None

    async def _until_it_works(self, attempt: Callable[[], Awaitable[None]], variable: str) -> bool:
        """Try again until Slack can be reached or the bot is stopped; a refused token is final."""
        wait = _FIRST_RETRY_S
        while not self.stop.is_set():
            try:
                await attempt()
            except SlackApiError as error:
                _raise_if_final(error, variable)
                log.warning(
                    "Slack refuses for now", extra={"reason": error_code_of(error), "retry_s": wait}
                )
            except FAILURES as error:
                log.warning(
                    "Slack cannot be reached",
                    extra={"reason": type(error).__name__, "retry_s": wait},
                )
            else:
                return True
            await _sleep_or(self.stop, wait)
            wait = min(wait * 2, _LAST_RETRY_S)
        return False

    def _transport(self, app: AsyncApp, composed: SlackApp) -> SlackTransport:
        token = self.settings.slack_app_token
        if self.settings.transport is Transport.SOCKET and token:
            return SocketTransport(app, token.get_secret_value(), composed.take_command)
        secret = self.settings.slack_signing_secret
        assert secret is not None  # the settings require it if there is no app token
        receiver = Receiver(
            verifier=SignatureVerifier(secret.get_secret_value()),
            replays=Replays(known_elsewhere=composed.known_elsewhere),
            acks=self._acks,
            take_command=composed.take_command,
        )
        return HttpTransport(app, self.settings, receiver)


async def _resume_watches(app: SlackApp) -> None:
    for admitted in await app.watches.open() if app.watches else ():
        await app.router.resume(admitted)


def _raise_if_final(error: SlackApiError, variable: str) -> None:
    if error_code_of(error) in TOKEN_REFUSED:
        raise TokenRefusedError(
            f"Slack refuses {variable} ({error_code_of(error)}); copy it again from the app's "
            "settings, or install the app again."
        ) from error


async def _sleep_or(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
