"""The real bot connected to the simulated Slack on loopback.

Only the use case is scripted, so that a test decides how long a check takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from bot.checks.service import CheckService, HostAnswer
from bot.composition.parts import Parts
from bot.composition.slack_app import slack_service
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import HostTarget, ProbeOptions
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.invocation import Invocation
from bot.slack.service import SlackService
from playground.lab.pki import NOW
from playground.process import free_ports
from playground.slack import SlackStandIn
from playground.slack.webapi import Tokens
from tests.support.reports import CASES
from tests.support.waiting import LIMIT_S, until, within_limit

FORBIDDEN_HOST = "forbidden.contoso.com"
FORBIDDEN_USER = "U0FORBID"


@dataclass(slots=True)
class Script:
    """A use case whose answers and timing are chosen by the test.

    Attributes:
        case: the returned report.
        hold: checks wait here after their `connect` stage; set it to continue.
        admitted: the requests, in order.
        error: raised instead of an answer.
        refuse_late: a refusal is returned only after `hold`.
    """

    case: str = "leaf-only"
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    admitted: list[tuple[HostTarget, ProbeOptions]] = field(default_factory=list)
    error: Exception | None = None
    stages: tuple[str, ...] = ("resolve", "connect", "handshake", "http", "judge")
    refuse_late: bool = False

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refusal:
        """Announce the stages, wait, answer."""
        self.admitted.append((target, options))
        refused = Refusal(
            kind=RefusalKind.NOT_ALLOWED,
            sentence=f"{target.host} is not among the hosts that I may probe.",
        )
        if target.host == FORBIDDEN_HOST and not self.refuse_late:
            return refused
        for stage in self.stages:
            if on_stage and not self.refuse_late:
                on_stage(stage)
            await asyncio.sleep(0)
        await self.hold.wait()
        if self.error:
            raise self.error
        return refused if self.refuse_late else HostAnswer(report=CASES[self.case]())

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """No gateway speaks here."""
        return report


class OpenAccess:
    """Allows everybody but one user."""

    async def refuse(self, invocation: Invocation, *, costs: bool) -> Refusal | None:  # noqa: ARG002 -- the protocol's signature
        """Refuse one user."""
        if invocation.user != FORBIDDEN_USER:
            return None
        return Refusal(
            kind=RefusalKind.USER,
            sentence="You may not ask me; ask an admin to add you to APPGW_ALLOWED_USERS.",
        )

    async def privileges(self, invocation: Invocation) -> Mapping[str, str]:  # noqa: ARG002 -- the protocol's signature
        """Everybody may ask."""
        return {"may ask": "yes"}


@dataclass(slots=True, kw_only=True)
class RunningBot:
    """The bot that runs, the Slack that it talks to, and its script."""

    slack: SlackStandIn
    service: SlackService
    script: Script
    task: asyncio.Task[None]
    admin_url: str

    async def ready(self) -> dict[str, object]:
        """What `/readyz` tells, its status included."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.admin_url}/readyz") as response,
        ):
            return {"status": response.status, **await response.json()}

    async def until_ready(self) -> None:
        """Wait for what `/readyz` answers 200 to, without a request each time."""
        await until(lambda: not self.service.readiness.troubles(), "the bot is ready")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Wait until it is ready, and stop the bot at the end."""
        try:
            await self.until_ready()
            yield self
        finally:
            self.service.stop.set()
            await within_limit(self.task)

    async def until_stopping(self) -> None:
        """Ask it to stop, and wait until it has begun to."""
        self.service.stop.set()
        await until(lambda: self.service.readiness.troubles().get("slack") == "stopping")

    async def until_stopped(self) -> None:
        """Stop it in good order: what runs comes to its end, and nothing is sent after that."""
        self.service.stop.set()
        await within_limit(asyncio.shield(self.task))


@asynccontextmanager
async def running_bot(
    *,
    socket_mode: bool = False,
    script: Script | None = None,
    wait_s: float = LIMIT_S,
    ready: bool = True,
    watch_every_s: float = 5.0,
    tokens: Tokens | None = None,
    gateways: CheckService | None = None,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[RunningBot]:
    """Start Slack and bot, stop both; `gateways` handles `health`, `more` are further settings."""
    http_port, admin_port = free_ports(2)
    request_url = None if socket_mode else f"http://127.0.0.1:{http_port}/slack/events"
    async with SlackStandIn(request_url=request_url, tokens=tokens) as slack:
        ports = {"APPGW_HTTP_PORT": str(http_port), "APPGW_ADMIN_PORT": str(admin_port)}
        settings = load_settings(slack.environment(socket_mode=socket_mode) | ports | (more or {}))
        scripted = script or Script()
        if script is None:
            scripted.hold.set()
        parts = Parts(
            backends=scripted,
            access=lambda *_: OpenAccess(),
            clock=lambda: NOW,
            probe_origin="here",
            watch_every_s=watch_every_s,
            gateways=gateways,
        )
        service = slack_service(settings, parts, outgoing_trust(None), wait_s=wait_s)
        task = asyncio.create_task(service.run())
        bot = RunningBot(
            slack=slack,
            service=service,
            script=scripted,
            task=task,
            admin_url=f"http://127.0.0.1:{admin_port}",
        )
        try:
            if ready:
                await bot.until_ready()
            yield bot
        finally:
            scripted.hold.set()
            service.stop.set()
            await within_limit(bot.task)
