"""The running bot as far as Slack is concerned: identity, listeners, transport, readiness, drain.

What answers the questions (the use case, the guard) is handed in; `bot.main` puts it together.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from time import time
from types import MappingProxyType
from typing import Protocol

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.access import ReplayCache
from bot.access.people import Directory
from bot.checks.alerts import AlertReader
from bot.checks.doctor import DoctorCheck
from bot.checks.last_healthy import RecentFacts
from bot.checks.service import CheckService
from bot.domain.request import (
    AlertsRequest,
    BackendRequest,
    HealthRequest,
    HostTarget,
    ProbeOptions,
    RehearseRequest,
    RemovalRequest,
)
from bot.observability.health import AdminServer, Readiness
from bot.observability.loop_lag import loop_watchdog
from bot.settings import Settings, Transport
from bot.slack.handlers.alert_setup import AlertSetup
from bot.slack.handlers.check import Checking, no_site
from bot.slack.handlers.consent import ConsentAsking
from bot.slack.handlers.doctor import Examination
from bot.slack.handlers.files import Filing
from bot.slack.handlers.rehearse import Rehearsing
from bot.slack.handlers.small_verbs import SmallVerbs
from bot.slack.handlers.subscription_verbs import Following
from bot.slack.handlers.watch_store import WatchBook
from bot.slack.inbound.routing import Handlers, InvocationPolicy, Reception, answers
from bot.slack.invocation import Invocation
from bot.slack.listeners import Listeners
from bot.slack.outbound.card_life import CardTools
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.directory import SlackDirectory
from bot.slack.outbound.runs import Runs
from bot.slack.outbound.sharing import READ_SCOPES, ChannelSharing
from bot.slack.outbound.watching import INTERVAL_S, Watching
from bot.slack.transport.app import (
    HttpTransport,
    Identity,
    make_app,
    make_client,
    make_session,
    who_am_i,
)
from bot.slack.transport.receiver import PendingAcks
from bot.slack.transport.replays import nowhere, refuse_replays
from bot.slack.transport.socket import SocketTransport
from bot.slack.transport.token import EVERY_S, TOKEN_REFUSED, TokenWatch, word_of
from bot.subscriptions import SharedChannels

log = logging.getLogger(__name__)

DRAIN_S = 14.0
FILES_READ = "files:read"
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 15.0


class TokenRefusedError(Exception):
    """Slack does not accept a token; the text is one sentence with the fix."""


class AccessCheck(InvocationPolicy, Protocol):
    """Who may ask, and what a person hears about it; `bot.slack.inbound.access` is it."""

    async def privileges(self, invocation: Invocation) -> Mapping[str, str]:
        """What this person may do here, for `whoami`."""


class Carrier(Protocol):
    """How Slack's requests arrive; one for HTTP, one for Socket Mode."""

    async def start(self) -> None:
        """Begin to listen."""

    async def stop_listening(self) -> None:
        """Take nothing new where another replica would take it instead."""

    async def close(self) -> None:
        """End."""

    def silence(self) -> float:
        """Seconds since Slack was last heard, 0 where nothing is expected."""

    def connected(self) -> bool:
        """Whether requests can arrive."""


def _alone(
    _slack: SlackClient, _runs: Runs, _identity: Identity, _readiness: Readiness
) -> AbstractAsyncContextManager[None]:
    """The default: nothing runs beside the listeners."""
    return nullcontext()


async def _nothing_to_add() -> Sequence[DoctorCheck]:
    """The default: Slack's own side is all there is."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the service is given.

    Attributes:
        backends: probes and judges one backend.
        access: who may ask, for the bot that Slack says this is.
        clock: the present instant, aware.
        probe_origin: from where the bot looks.
        handlers: of other parts' requests, made once the way to Slack is known.
        companion: what runs beside the listeners for as long as they do, and answers the digest
            verbs.
        watch_every_s: seconds between two looks at a card that is watched.
        last_healthy: the last healthy facts of each backend.
        alerts: reads alerts with the names that are known.
        is_site: whether a known gateway serves a host that no pool holds.
        doctor_checks: what `doctor` tells beside Slack's own side.
        watch_book: keeps watches over a restart, made for the bot's own workspace; `None` lets them
            end with the process.
        alert_setup: what `alerts on` is made of; `None` where nothing is remembered.
        known_elsewhere: whether another replica took the request of this signature.
        shared_channels: who consented to cards in channels that are shared with another
            organisation, made for the bot's own workspace; `None` where nothing is remembered.
    """

    backends: CheckService
    access: Callable[[Identity, Directory], AccessCheck]
    clock: Callable[[], datetime]
    probe_origin: str
    handlers: Callable[[CardTools], Handlers] = lambda _cards: {}
    companion: Callable[
        [SlackClient, Runs, Identity, Readiness], AbstractAsyncContextManager[Following | None]
    ] = _alone
    watch_every_s: float = INTERVAL_S
    last_healthy: RecentFacts = field(default_factory=RecentFacts)
    alerts: AlertReader = field(default_factory=AlertReader)
    is_site: Callable[[HostTarget, ProbeOptions], bool] = no_site
    watch_book: Callable[[str], WatchBook] | None = None
    alert_setup: AlertSetup | None = None
    shared_channels: Callable[[str], SharedChannels] | None = None
    known_elsewhere: Callable[[str], Awaitable[bool]] = nowhere
    doctor_checks: Callable[[], Awaitable[Sequence[DoctorCheck]]] = _nothing_to_add


@dataclass(slots=True, kw_only=True)
class SlackService:
    """Starts, serves until told to stop, drains.

    Attributes:
        settings: the bot's settings.
        parts: what answers.
        context: TLS trust of outgoing calls.
        readiness: what `/readyz` tells; other parts add probes.
        stop: set to end the service.
        wait_s: seconds that running checks get to finish.
        token_every_s: seconds between two looks at the token.
    """

    settings: Settings
    parts: Parts
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
        slack, runs = (
            SlackClient(client=make_client(self.settings, session, self.context), session=session),
            Runs(),
        )
        following = await stack.enter_async_context(
            self.parts.companion(slack, runs, identity, self.readiness)
        )
        listeners = self._listeners(slack, runs, identity, following)
        # in a thread: Bolt looks at its own source files when it is set up
        app = await asyncio.to_thread(make_app, self.settings, slack.client, identity)
        refuse_replays(app, ReplayCache(), time, self.parts.known_elsewhere)
        await asyncio.to_thread(listeners.register, app)
        if following:
            following.register(app, listeners.reception)
        carrier = self._carrier(app)
        stack.push_async_callback(carrier.close)
        if not await self._until_it_works(carrier.start, "SLACK_APP_TOKEN"):
            return
        await self._go_on_watching(listeners.reception, identity)
        if listeners.alert_answering:
            await stack.enter_async_context(listeners.alert_answering.following.running())
        token = TokenWatch(client=slack.client, every=self.token_every_s)
        await stack.enter_async_context(token.running())
        self.readiness.probes["token"] = lambda: token.trouble
        self.readiness.silence = carrier.silence
        self.readiness.probes["slack"] = lambda: None if carrier.connected() else "not connected"
        log.info("ready", extra={"team": identity.team, "transport": self.settings.transport.value})
        await self.stop.wait()
        await self._drain(carrier, runs)

    async def _go_on_watching(self, reception: Reception, identity: Identity) -> None:
        if self.parts.watch_book is None:
            return
        for admitted in await self.parts.watch_book(identity.team).open():
            await reception.resume(admitted)

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

    def _listeners(
        self, slack: SlackClient, runs: Runs, identity: Identity, following: Following | None
    ) -> Listeners:
        parts, probe_origin = self.parts, self.parts.probe_origin
        filing = Filing(backends=parts.backends, slack=slack, probe_origin=probe_origin)
        cards = self._card_tools(slack, runs, identity)
        given = parts.handlers(cards)
        checking = self._checking(cards, filing, given)
        rehearsing = Rehearsing(
            cards=cards,
            clock=parts.clock,
            probe_origin=probe_origin,
            takes_files=not identity.scopes or FILES_READ in identity.scopes,
        )
        access = parts.access(identity, SlackDirectory(client=slack.client))
        handlers: Handlers = {
            **answers(RemovalRequest, rehearsing.without_azure),
            **given,
            **answers(BackendRequest, checking.handle),
            **answers(RehearseRequest, rehearsing.handle),
            **self._small_verbs(slack, identity, access).handlers(),
        }
        if following:
            handlers = following.remembering({**handlers, **following.handlers()}, runs)
        setup = parts.alert_setup
        if setup:
            switching = setup.switching(slack, identity)
            handlers = {**handlers, **answers(AlertsRequest, switching.handle)}
        shared = parts.shared_channels
        sharing = ChannelSharing(
            client=slack.client, granted=not identity.scopes or bool(READ_SCOPES & identity.scopes)
        )
        consent = (
            ConsentAsking(slack=slack, channels=shared(identity.team), sharing=sharing)
            if shared
            else None
        )
        reception = Reception(
            access=access,
            consent=consent,
            slack=slack,
            runs=runs,
            handlers=MappingProxyType(dict(handlers)),
            clock=parts.clock,
            acknowledged=self._acks.over,
        )
        return Listeners(
            reception=reception,
            slack=slack,
            rehearsing=rehearsing,
            filing=filing,
            bot_user=identity.user,
            alerts=parts.alerts,
            consent=consent,
            alert_answering=(
                setup.answering(reception, slack, identity, checking) if setup else None
            ),
        )

    def _checking(self, cards: CardTools, filing: Filing, given: Handlers) -> Checking:
        parts = self.parts
        return Checking(
            cards=cards,
            backends=parts.backends,
            probe_origin=parts.probe_origin,
            filing=filing,
            last_healthy=parts.last_healthy,
            by_word=given.get(HealthRequest),
            is_site=parts.is_site,
        )

    def _card_tools(self, slack: SlackClient, runs: Runs, identity: Identity) -> CardTools:
        parts = self.parts
        book = parts.watch_book(identity.team) if parts.watch_book else None
        watching = Watching(runs=runs, interval=parts.watch_every_s, book=book)
        return CardTools(slack=slack, runs=runs, bot_name=identity.name, watching=watching)

    def _small_verbs(
        self, slack: SlackClient, identity: Identity, access: AccessCheck
    ) -> SmallVerbs:
        doctor = self._examination(slack, identity).shown
        return SmallVerbs(slack=slack, doctor=doctor, privileges=access.privileges)

    def _examination(self, slack: SlackClient, identity: Identity) -> Examination:
        return Examination(
            readiness=self.readiness,
            settings=self.settings,
            identity=identity,
            client=slack.client,
            probe_origin=self.parts.probe_origin,
            more=self.parts.doctor_checks,
        )


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
