"""The real bot with its database and engine, connected to the simulated Slack.

The test decides what an observation finds and what time it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.checks.service import HostAnswer
from bot.composition.digests import DigestEngine
from bot.composition.parts import Parts
from bot.composition.slack_app import slack_service
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import HostTarget, ProbeOptions
from bot.engine import EngineSettings
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.handlers.watch_store import SavedWatches
from bot.store import open_store
from bot.subscriptions import WatchRecords
from playground.process import free_ports
from playground.slack import SlackStandIn
from playground.slack.webapi import Tokens
from tests.support.databases import fill_folder
from tests.support.following import NOW
from tests.support.reports import CASES
from tests.support.slackbot import FORBIDDEN_HOST, OpenAccess, RunningBot, Script
from tests.support.waiting import LIMIT_S

ENGINE = EngineSettings(
    confirm_gap=timedelta(seconds=0.01),
    settle=timedelta(seconds=0.1),
    spacing=timedelta(0),
    tick_pause=timedelta(seconds=0.15),
    poll=timedelta(seconds=2),  # on SQLite whoever queues work says so
    drain=timedelta(seconds=2),
)
QUIET = replace(ENGINE, tick_pause=timedelta(seconds=5))
"""For bots without digests: a tick costs as much as a small test."""
REFUSAL = f"{FORBIDDEN_HOST} is not among the hosts that I may probe."


@dataclass(slots=True)
class World:
    """The observed targets, and the time.

    Attributes:
        case: what every host sends.
        now: the present instant.
        looked: the observed hosts, in order.
    """

    case: str = "leaf-only"
    now: datetime = NOW
    looked: list[str] = field(default_factory=list)

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,  # noqa: ARG002 -- the caller's signature
        on_stage: Callable[[str], None] | None = None,  # noqa: ARG002 -- the caller's signature
    ) -> HostAnswer | Refusal:
        """Our own probe."""
        self.looked.append(target.host)
        return HostAnswer(report=CASES[self.case]())

    async def refusal(self, target: HostTarget) -> Refusal | None:
        """Refuse one host."""
        if target.host != FORBIDDEN_HOST:
            return None
        return Refusal(kind=RefusalKind.NOT_ALLOWED, sentence=REFUSAL)

    async def find(self, target: GatewayRef) -> Gateway | Refusal:
        """No gateway is known."""
        return Refusal(
            kind=RefusalKind.NOT_FOUND, sentence=f"I see no gateway called {target.name}."
        )

    async def gateway(self, target: GatewayRef) -> GatewayReport | Refusal:
        """No gateway is known."""
        raise AssertionError(target)

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """No gateway is known."""
        raise AssertionError(report)


@asynccontextmanager
async def running_bot(
    slack: SlackStandIn,
    world: World,
    folder: Path,
    engine: EngineSettings = ENGINE,
    *,
    case: str = "leaf-only",
    watch_every_s: float = 5.0,
) -> AsyncIterator[RunningBot]:
    """Start the bot with a Slack that outlives it.

    `case` is what its own check finds.
    """
    http_port, admin_port = free_ports(2)
    slack.request_url = f"http://127.0.0.1:{http_port}/slack/events"
    ports = {
        "APPGW_HTTP_PORT": str(http_port),
        "APPGW_ADMIN_PORT": str(admin_port),
        "APPGW_DATA_DIR": str(folder),
    }
    settings = load_settings(slack.environment(socket_mode=False) | ports)
    await asyncio.to_thread(fill_folder, folder)
    store = await asyncio.to_thread(open_store, settings.database_url)
    remembering = DigestEngine(
        url=settings.database_url,
        store=store,
        check_service=world,
        clock=lambda: world.now,
        engine=engine,
    )
    script = Script(case=case)
    script.hold.set()
    parts = Parts(
        backends=script,
        access=lambda *_: OpenAccess(),
        clock=lambda: world.now,
        probe_origin="here",
        digests=remembering.running,
        watch_every_s=watch_every_s,
        saved_watches=lambda team: SavedWatches(
            records=WatchRecords(store=store, team=team), clock=lambda: world.now
        ),
    )
    service = slack_service(settings, parts, outgoing_trust(None), wait_s=LIMIT_S)
    task, admin_url = asyncio.create_task(service.run()), f"http://127.0.0.1:{admin_port}"
    bot = RunningBot(slack=slack, service=service, script=script, task=task, admin_url=admin_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        yield await stack.enter_async_context(bot.serving())


def without_scopes(*lost: str) -> Tokens:
    """The tokens of the simulated Slack without some scopes."""
    granted = Tokens()
    return Tokens(scopes=granted.scopes - set(lost))
