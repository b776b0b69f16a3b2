"""Connects the digest engine with the Slack app."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import field, replace
from datetime import datetime

from bot.checks.doctor import HISTORY_SCOPE
from bot.checks.service import CheckService
from bot.checks.target_observer import TargetObserver
from bot.engine import Engine, EngineSettings, Ports
from bot.slack.handlers.recovery import PausedNotice, RecoveryAnnouncer
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.outbound.digest_messages import render
from bot.slack.outbound.digest_poster import SlackPoster
from bot.slack.service import Connected
from bot.slack.transport.app import Identity
from bot.store import (
    Store,
    monitored,
)
from bot.subscriptions import SubscriptionRecords, SubscriptionService
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEngine:
    """The digest engine, run next to the Slack app.

    Attributes:
        url: of the database.
        store: the same database, open.
        check_service: checks targets for commands.
        clock: returns the present instant, time zone aware; it alone decides what is due.
        engine: settings of the engine; whether the history may be read is found out at start.
        sweeps: observes targets for digests instead of `check_service`.
    """

    url: str
    store: Store
    check_service: CheckService
    clock: Callable[[], datetime]
    engine: EngineSettings = field(default_factory=EngineSettings)
    sweeps: CheckService | None = None

    @asynccontextmanager
    async def running(self, connected: Connected) -> AsyncIterator[SubscriptionReplies]:
        """Run the engine as long as the app runs."""
        slack, runs, identity = connected.slack, connected.runs, connected.identity
        readiness = connected.readiness
        observer = TargetObserver(check_service=self.sweeps or self.check_service)
        records = SubscriptionRecords(store=self.store, team=identity.team)
        paused = PausedNotice(records=records, slack=slack, clock=self.clock)
        ports = Ports(
            clock=self.clock,
            observer=observer,
            renderer=render,
            poster=SlackPoster(slack=slack, runs=runs),
            on_paused=paused.send,
            on_closed=RecoveryAnnouncer(
                records=records, slack=slack, runs=runs, clock=self.clock
            ).on_closed,
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
            records=records,
            check_service=self.check_service,
            observer=observer,
            clock=self.clock,
        )
        replies = SubscriptionReplies(service=service, slack=slack, bot_name=identity.name)
        try:
            # Not earlier: launching the engine blocks the loop, and an observation interrupted by
            # that would hold SQLite's lock.
            async with monitored(self.store):
                yield replies
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
