"""`appgw serve`: reads the settings, creates the clients and runs the bot. Composition only.

Composition has three steps, and this file is the first:

1. `_serve`, once per process: settings to ARM client, database, learned facts and check services,
   and from these the `Parts` of the Slack app.
2. `bot.composition.slack_app`, once Slack has said who the bot is: parts to handlers (one table by
   type of request), the router of invocations, and the listeners.
3. `bot.composition.digests`, beside it: the same check services to the digest engine, with the
   renderer and the poster of `bot.slack`.

Exit status: 0 after SIGTERM, SIGINT or SIGHUP, 2 when the settings, a token, a port or the database
cannot be used.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import platform
import signal
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bot.access import Access, AccessPolicy, HomeTeam, RateLimiter, TargetGuard, TargetRules
from bot.access.people import Directory
from bot.azure.client import ArmClient
from bot.azure.configured import configured_client
from bot.checks import CheckContext
from bot.checks.alerts import AlertReader, load_alert_reading
from bot.checks.doctor import DoctorCheck, azure, database, targets
from bot.checks.intermediates import Intermediates
from bot.checks.issuer_sources import IssuerSources, read_bundle
from bot.checks.learned_facts import LearnedFacts, LearnedFactsWriter
from bot.checks.service import CheckService
from bot.checks.without_sni import DailyHandshakes
from bot.composition.database import DatabaseUnusableError, open_database
from bot.composition.digests import DigestEngine
from bot.composition.parts import Parts
from bot.composition.slack_app import slack_service
from bot.domain.gateway_ref import GatewayRef
from bot.engine import EngineSettings
from bot.engine.lease import ReplicaTaken
from bot.observability.listening import PortUnusableError
from bot.observability.logs import set_up_logging
from bot.settings import Settings, SettingsError, load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.handlers.watch_store import SavedWatches
from bot.slack.inbound.access import InvocationAccess
from bot.slack.service import TokenRefusedError
from bot.slack.transport.app import Identity
from bot.slack.transport.replays import nowhere
from bot.store import Store, describe
from bot.store.subscriptions import channel_targets
from bot.subscriptions import AlertRecords, SeenRequests, SharedChannels, WatchRecords
from chainlib.aio import load_well_known

log = logging.getLogger(__name__)

OK, UNUSABLE = 0, 2
SETTINGS_FILE = Path("appgw.yaml")
CHECK_TIMEOUT_S = 11.0
LONGEST_END_S = 23.0  # docs/operations.md promises an end within 25 s of SIGTERM
ENGINE_DRAIN = timedelta(seconds=2)
ENGINE = EngineSettings(drain=ENGINE_DRAIN)
Clock = Callable[[], datetime]


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(tz=UTC)


def main(clock: Clock = now_utc, engine: EngineSettings = ENGINE) -> int:
    """Read the settings and run, or print what is wrong with them.

    Args:
        clock: returns the present instant, time zone aware; the playground sets it.
        engine: settings of the digest engine.
    """
    try:
        settings = load_settings(os.environ, SETTINGS_FILE)
    except SettingsError as error:
        return _unusable(*error.problems)
    return run(settings, clock, engine)


def run(settings: Settings, clock: Clock = now_utc, engine: EngineSettings = ENGINE) -> int:
    """Run the bot until it is stopped; returns the exit status."""
    set_up_logging(own=settings.secret_values)
    for warning in settings.warnings:
        log.warning(warning)
    load_well_known()
    try:
        with open_database(settings.database_url) as store:
            chosen = replace(engine, without_history=settings.without_history)
            asyncio.run(_serve(settings, outgoing_trust(settings.ca_bundle), store, clock, chosen))
    except (TokenRefusedError, PortUnusableError, DatabaseUnusableError, ReplicaTaken) as error:
        return _unusable(str(error))
    log.info("stopped")
    return OK


async def _serve(
    settings: Settings, context: ssl.SSLContext, store: Store, clock: Clock, engine: EngineSettings
) -> None:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        arm = (
            await stack.enter_async_context(_fresh_arm(settings, clock))
            if settings.asks_azure
            else None
        )
        learned = LearnedFacts()
        writer = LearnedFactsWriter(
            facts=learned, store=store, clock=clock, shared=not store.embedded
        )
        await stack.enter_async_context(writer.running())
        check_service, sweeps = await _check_services(settings, arm, learned, clock)
        alerts = AlertReader(gateways=arm.remembered, load=arm.inventory) if arm else AlertReader()
        probe_origin = platform.node() or "this machine"
        parts = Parts(
            backends=check_service,
            access=access_for(access_of(settings), RateLimiter()),
            clock=clock,
            probe_origin=probe_origin,
            gateways=check_service,
            followed=partial(_followed, store),
            last_healthy=learned.last_healthy,
            alerts=alerts,
            is_site=check_service.is_site,
            saved_watches=_saved_watches(store, clock),
            alert_records=lambda team: AlertRecords(store=store, team=team),
            shared_channels=lambda team: SharedChannels(store=store, team=team, clock=clock),
            known_elsewhere=(
                nowhere if store.embedded else SeenRequests(store=store, clock=clock).is_known
            ),
            doctor_checks=_doctor_checks(settings, arm, store, clock),
            digests=DigestEngine(
                url=settings.database_url,
                store=store,
                check_service=check_service,
                clock=clock,
                engine=engine,
                sweeps=sweeps,
            ).running,
        )
        service = slack_service(settings, parts, context)
        service.on_ready = _ready
        _stop_on_signals(service.stop)
        await service.run()


async def _check_services(
    settings: Settings, arm: ArmClient | None, learned: LearnedFacts, clock: Clock
) -> tuple[CheckService, CheckService]:
    """Two services: one for commands, and one for digests, which probes without SNI once a day."""
    rules = TargetRules.read(settings.allowed_targets, allow_loopback=settings.allow_loopback)
    sources = IssuerSources(
        bundle=await _bundle(settings.intermediates),
        aia=settings.aia,
        rules=rules,
        learnt=learned.intermediates,
    )
    context = CheckContext(
        clock=clock,
        timeout=CHECK_TIMEOUT_S,
        find_issuers=sources.find,
        downloads=sources.aia,
        learn=sources.learn,
        seen=learned.see,
    )
    sweeping = replace(context, without_sni=DailyHandshakes().due)

    def service(given: CheckContext) -> CheckService:
        policy = TargetGuard(rules=rules)
        return CheckService(arm=arm, target_policy=policy, new_context=lambda: given)

    return service(context), service(sweeping)


def _doctor_checks(
    settings: Settings, arm: ArmClient | None, store: Store, clock: Clock
) -> Callable[[], Awaitable[Sequence[DoctorCheck]]]:
    async def checks() -> Sequence[DoctorCheck]:
        database_check = database(describe(store), store.availability.reason)
        return (database_check, await azure(arm, now=clock()), targets(settings))

    return checks


@asynccontextmanager
async def _fresh_arm(settings: Settings, clock: Clock) -> AsyncIterator[ArmClient]:
    """The ARM client, which keeps its list of gateways fresh so that no check waits for it."""
    async with configured_client(settings, clock=clock) as arm:
        refreshing = asyncio.create_task(arm.keep_fresh())
        try:
            yield arm
        finally:
            refreshing.cancel()


async def _bundle(path: Path | None) -> Intermediates:
    return await asyncio.to_thread(read_bundle, path) if path else Intermediates()


def access_of(settings: Settings) -> Access:
    """The access settings."""
    return Access(
        users=frozenset(settings.allowed_users),
        channels=frozenset(settings.allowed_channels),
        home_team=settings.home_team,
        asking_bots=frozenset(settings.asking_bots),
    )


def access_for(
    access: Access, limiter: RateLimiter
) -> Callable[[Identity, Directory], InvocationAccess]:
    """Makes the access policy once Slack has said which workspace and organisation are ours."""

    def make(identity: Identity, directory: Directory) -> InvocationAccess:
        home = HomeTeam.of(identity.team, identity.enterprise, only=access.home_team)
        return InvocationAccess(
            policy=AccessPolicy(access=access, home=home, limiter=limiter, directory=directory)
        )

    return make


async def _followed(store: Store, channel: str) -> Sequence[GatewayRef]:
    async with store.reading() as connection:
        targets = await channel_targets(connection, channel)
    return tuple(filter(None, (target.gateway for target in targets)))


def _saved_watches(store: Store, clock: Clock) -> Callable[[str], SavedWatches] | None:
    """Watches survive a restart only with SQLite, where only one process uses the database."""
    return (
        (lambda team: SavedWatches(records=WatchRecords(store=store, team=team), clock=clock))
        if store.embedded
        else None
    )


def _ready() -> None:
    gc.freeze()  # what was made at start stays alive, like what was imported
    asyncio.get_running_loop().run_in_executor(None, load_alert_reading)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def begin() -> None:
        if not stop.is_set():
            stop.set()
            _end_within(LONGEST_END_S)

    ends = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` sets it
        ends.append(signal.SIGHUP)  # the terminal is gone
    for number in ends:
        loop.add_signal_handler(number, begin)


def _end_within(seconds: float) -> None:
    """End the process even if a thread of a library still waits, for example for a database."""

    def end() -> None:
        log.warning("stopped without waiting for threads that have not ended")
        logging.shutdown()
        os._exit(OK)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _unusable(*sentences: str) -> int:
    for sentence in sentences:
        sys.stderr.write(f"{sentence}\n")
    return UNUSABLE
