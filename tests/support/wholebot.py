"""The whole bot in one process, composed as by `appgw serve`, with simulated Slack and ARM."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import azure.mgmt.network.aio  # noqa: F401 -- the first check of a test does not wait for it

from bot.access import Access, RateLimiter, TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings, ArmTiming
from bot.checks import CheckContext
from bot.checks.alerts import AlertReader
from bot.checks.service import CheckService
from bot.composition.digests import DigestEngine
from bot.composition.parts import Parts
from bot.composition.slack_app import slack_service
from bot.domain.gateway_ref import GatewayRef
from bot.engine import EngineSettings
from bot.main import access_for
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.store import open_store
from bot.subscriptions import AlertRecords, SharedChannels
from chainlib.aio import Resolver
from playground.process import free_ports
from playground.slack import Message, SlackStandIn
from playground.slack.webapi import Tokens
from playground.text import render
from tests.support.arm import TOKEN, MovableClock
from tests.support.databases import fill_folder
from tests.support.followbot import QUIET
from tests.support.slackbot import RunningBot, Script
from tests.support.waiting import LIMIT_S


@dataclass(slots=True, kw_only=True)
class World:
    """The parts of the whole bot.

    Attributes:
        allowed: `APPGW_ALLOWED_TARGETS`.
        loopback: `APPGW_ALLOW_LOOPBACK`.
        access, limiter: access policy and rate limits.
        resolver: resolves names.
        arm_url, ca_file, arm_token: the simulated ARM; `None` for a bot without Azure.
        timing: time limits for ARM.
        timeout: seconds for one check.
        clock: returns the present instant.
        followed: the gateways that every channel follows.
        alert_apps: `APPGW_ALERT_APPS`.
        alerts_every_s: seconds between two checks of an alert's problem.
        tokens: the scopes of the bot's token.
        engine: how often the engine looks for work.
        slack: a Slack that outlives the bot; `None` for a new one.
        database_url: `None` for a new SQLite file.
        digests: whether digests run: their engine takes a quarter of a second of CPU time to start,
            and only one can run in a process.
        wait_s: seconds that running checks get when the bot stops.
        sharing_waits: how long Slack may take to say whether a channel is shared; a busy machine
            must not make a card private.
    """

    allowed: tuple[str, ...] = ()
    loopback: bool = False
    access: Access = field(default_factory=Access)
    limiter: RateLimiter = field(
        default_factory=lambda: RateLimiter(per_user=100_000, per_channel=100_000)
    )
    resolver: Resolver | None = None
    arm_url: str | None = None
    ca_file: str | None = None
    arm_token: str = TOKEN
    timing: ArmTiming = field(default_factory=lambda: ArmTiming(poll_interval=0.05))
    timeout: float = LIMIT_S
    clock: Callable[[], datetime] = field(default_factory=MovableClock)
    followed: tuple[GatewayRef, ...] = ()
    alert_apps: tuple[str, ...] = ()
    alerts_every_s: float = 0.05
    tokens: Tokens | None = None
    engine: EngineSettings = QUIET
    slack: SlackStandIn | None = None
    database_url: str | None = None
    sharing_waits: tuple[float, float] = (30.0, 30.0)
    digests: bool = False
    wait_s: float = 2.0

    def arm(self) -> ArmClient | None:
        """The ARM client; the caller closes it."""
        if self.arm_url is None:
            return None
        settings = ArmSettings(
            credential="static",
            static_token=self.arm_token,
            arm_url=self.arm_url,
            ca_bundle=self.ca_file,
        )
        return ArmClient(settings, clock=self.clock, timing=self.timing)

    def check_service(self, arm: ArmClient | None) -> CheckService:
        """The use case with its target policy."""
        rules = TargetRules.read(self.allowed, allow_loopback=self.loopback)
        check_context = CheckContext(clock=self.clock, timeout=self.timeout, resolver=self.resolver)
        return CheckService(
            arm=arm, target_policy=TargetGuard(rules=rules), new_context=lambda: check_context
        )


@asynccontextmanager
async def whole_bot(world: World, folder: Path) -> AsyncIterator[RunningBot]:
    """Start Slack and bot, stop both."""
    http_port, admin_port = free_ports(2)
    async with AsyncExitStack() as stack:
        slack = world.slack or await stack.enter_async_context(SlackStandIn(tokens=world.tokens))
        slack.request_url = f"http://127.0.0.1:{http_port}/slack/events"
        ports = {
            "APPGW_HTTP_PORT": str(http_port),
            "APPGW_ADMIN_PORT": str(admin_port),
            "APPGW_DATA_DIR": str(folder),
            **({"APPGW_ALERT_APPS": ",".join(world.alert_apps)} if world.alert_apps else {}),
            **({"APPGW_DATABASE_URL": world.database_url} if world.database_url else {}),
        }
        settings = load_settings(slack.environment(socket_mode=False) | ports)
        client = world.arm()
        arm = await stack.enter_async_context(client) if client else None
        await asyncio.to_thread(fill_folder, folder)
        store = await asyncio.to_thread(open_store, settings.database_url)
        stack.push_async_callback(store.close)
        check_service = world.check_service(arm)
        digests = DigestEngine(
            url=settings.database_url,
            store=store,
            check_service=check_service,
            clock=world.clock,
            engine=world.engine,
        )
        parts = replace(
            _parts(
                world,
                check_service,
                AlertReader(gateways=arm.remembered, load=arm.inventory) if arm else None,
            ),
            **({"digests": digests.running} if world.digests else {}),
            shared_channels=lambda team: SharedChannels(store=store, team=team, clock=world.clock),
            alert_records=lambda team: AlertRecords(store=store, team=team),
            alerts_every_s=world.alerts_every_s,
            sharing_waits=world.sharing_waits,
        )
        service = slack_service(settings, parts, outgoing_trust(None), wait_s=world.wait_s)
        bot = RunningBot(
            slack=slack,
            service=service,
            script=Script(),
            task=asyncio.create_task(service.run()),
            admin_url=f"http://127.0.0.1:{admin_port}",
        )
        async with bot.serving():
            yield bot


def _parts(world: World, check_service: CheckService, alerts: AlertReader | None) -> Parts:
    async def followed(_channel: str) -> tuple[GatewayRef, ...]:
        return world.followed

    return Parts(
        backends=check_service,
        access=access_for(world.access, world.limiter),
        clock=world.clock,
        probe_origin="here",
        gateways=check_service,
        followed=followed,
        alerts=alerts or AlertReader(),
        is_site=check_service.is_site,
    )


def read(message: Message) -> str:
    """Everything that a reader sees, on one line."""
    return " ".join(" ".join(render(message.blocks, width=1000)).split())
