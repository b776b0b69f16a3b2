"""Composition of database, engine and Slack for the running bot's digests.

Slack and the engine do not import each other; each is given the other's interface here.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.cards.parts import Message
from bot.cards.usage import refusal
from bot.checks.doctor import HISTORY_SCOPE
from bot.checks.observe import TargetObserver
from bot.checks.service import CheckService
from bot.domain.delivery import DeliveryError
from bot.domain.outage import DatabaseUnavailable
from bot.engine import Engine, EngineSettings, Ports
from bot.engine.lease import ReplicaTaken
from bot.observability.health import Readiness
from bot.slack.handlers.notebook import SubscriptionService
from bot.slack.handlers.recovery import Recovering
from bot.slack.handlers.subscription_verbs import Following
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_messages import render
from bot.slack.outbound.digest_poster import SlackPoster
from bot.slack.outbound.places import Place
from bot.slack.outbound.runs import Runs
from bot.slack.transport.app import Identity
from bot.store import (
    SchemaNewer,
    Store,
    StoreLocked,
    UnusableDatabase,
    monitored,
    open_store,
    outage_of,
)
from bot.store.last_known import first_time
from bot.store.subscriptions import channel_subscriptions
from bot.subscriptions import SubscriptionMemory
from chainlib import counted

log = logging.getLogger(__name__)

NameTakenError = ReplicaTaken


class MemoryUnusableError(Exception):
    """The database cannot be used; the text is one sentence that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """What runs beside the listeners.

    Attributes:
        url: of the database.
        store: the same, open.
        check_service: checks the targets.
        clock: the present instant, aware; it alone decides what is due.
        engine: how the engine behaves; whether history may be read is found out at the start.
        sweeps: used for the looks of digests in place of `check_service`.
    """

    url: str
    store: Store
    check_service: CheckService
    clock: Callable[[], datetime]
    engine: EngineSettings = field(default_factory=EngineSettings)
    sweeps: CheckService | None = None

    @asynccontextmanager
    async def beside(
        self, slack: SlackClient, runs: Runs, identity: Identity, readiness: Readiness
    ) -> AsyncIterator[Following]:
        """Run the engine for as long as the listeners run."""
        looker = TargetObserver(check_service=self.sweeps or self.check_service)
        memory = SubscriptionMemory(store=self.store, team=identity.team)
        lost = _Lost(store=self.store, slack=slack, clock=self.clock, team=identity.team)
        ports = Ports(
            clock=self.clock,
            looker=looker,
            renderer=render,
            poster=SlackPoster(slack=slack, runs=runs),
            on_paused=lost.notify,
            on_closed=Recovering(memory=memory, slack=slack, runs=runs, clock=self.clock).on_closed,
        )
        engine = Engine(self.url, self.store, ports, self._settings(identity))
        await engine.start()
        readiness.probes["database"] = lambda: self.store.availability.reason
        readiness.probes["digests"] = lambda: (
            None
            if engine.alive
            else "the digest engine has stopped; read the log and restart the bot"
        )
        service = SubscriptionService(
            memory=memory,
            check_service=self.check_service,
            looker=looker,
            slack=slack,
            clock=self.clock,
            bot_name=identity.name,
        )
        try:
            # Not earlier: the engine's launch blocks the loop, and a look that it interrupts would
            # hold SQLite's lock meanwhile.
            async with monitored(self.store):
                yield Following(book=service, troubles=readiness.troubles)
        finally:
            await engine.stop()

    def _settings(self, identity: Identity) -> EngineSettings:
        granted = HISTORY_SCOPE in identity.scopes
        if not granted:
            log.warning(
                "channels:history is not granted: a digest whose answer is lost is sent %s",
                self.engine.without_history.value,
            )
        return replace(self.engine, history=granted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lost:
    """Announces that a channel does not accept digests any more."""

    store: Store
    slack: SlackClient
    clock: Callable[[], datetime]
    team: str

    async def notify(self, channel: str, reason: str, *_: object) -> None:
        """Write to the people who subscribed, once a day however many digests were refused."""
        now = self.clock()
        async with self.store.writing() as connection:
            if not await first_time(connection, f"lost:{channel}:{reason}:{now:%Y-%m-%d}", now):
                return
            paused = [
                one
                for one in await channel_subscriptions(connection, self.team, channel)
                if one.paused
            ]
        for person in sorted({one.created_by for one in paused}):
            try:
                await self.slack.post(Place(channel=person), _paused(channel, reason, len(paused)))
            except DeliveryError as error:
                log.warning(
                    "a paused subscription could not be announced",
                    extra={"reason": error.reason, "user": person},
                )


def _paused(channel: str, reason: str, subscriptions: int) -> Message:
    """What is said; the channel is shown by its name."""
    count = counted(subscriptions, "digest")
    return refusal(
        f"{count} paused: Slack says {reason} of <#{channel}>. When I can post there again, "
        "tap Resume in its list."
    )


@contextmanager
def memory(url: str) -> Iterator[Store]:
    """The open database; a loop that used its connections closes it. Blocks.

    Raises:
        MemoryUnusableError: it cannot be opened, another process has it, a newer version wrote
            it, or it cannot be used while the bot starts.
    """
    try:
        store = open_store(url)
    except (UnusableDatabase, StoreLocked, SchemaNewer) as error:
        raise MemoryUnusableError(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(f"cannot be opened ({type(error).__name__})") from error
    try:
        yield store
    except DatabaseUnavailable as error:
        raise _unusable(f"cannot be used: {error.reason}") from error
    except DBAPIError as error:
        if (reason := outage_of(error)) is None:
            raise
        raise _unusable(f"cannot be used: {reason}") from error


def _unusable(what: str) -> MemoryUnusableError:
    return MemoryUnusableError(
        f"The database {what}; check APPGW_DATABASE_URL and APPGW_DATA_DIR, "
        "for example APPGW_DATA_DIR=/data on a disk that can be written."
    )
