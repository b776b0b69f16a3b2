"""What a watch looks at.

A real server that is mended under it, and the gateway's word, asked for slowly and never waited
for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot.cards.check_card import CardContext
from bot.checks import CheckContext, check
from bot.checks.service import HostAnswer
from bot.domain.azure import Health
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckReport, CheckRequest, GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions
from bot.slack.handlers.watch_targets import HealthReader, WatchedGateway, WatchedHost
from chainlib import Target
from chainlib.aio import load_well_known
from playground.lab.pki import NOW
from playground.lab.servers import TlsBackend
from tests.bot.test_evidence import answered
from tests.support.reports import HOST, ISSUING, LEAF, ROOT, policy, report
from tests.support.slackbot import Script, running_bot
from tests.support.waiting import LIMIT_S

WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop
INTERVAL_S = 0.05
AROUND = CardContext(command=HOST, understood=HOST, run_id="r", probe_origin="v")


@dataclass(slots=True)
class RealScript(Script):
    """Probes one real server for real."""

    server: TlsBackend | None = None

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refusal:
        """Probe, judge, explain."""
        assert self.server is not None
        self.admitted.append((target, options))
        request = CheckRequest(
            target=Target(host="127.0.0.1", port=self.server.port, server_name=HOST),
            policy=policy(ROOT),
        )
        return HostAnswer(
            report=await check(
                request, CheckContext(clock=lambda: NOW, timeout=LIMIT_S, on_stage=on_stage)
            )
        )


async def test_repaired_server_is_healthy_within_two_intervals() -> None:
    async with (
        TlsBackend(chain=[LEAF.certificate], key=LEAF.key) as server,
        running_bot(script=RealScript(server=server), watch_every_s=INTERVAL_S) as bot,
    ):
        await bot.slack.command(f"{HOST} watch")
        card = await bot.slack.until(
            lambda: [m for m in bot.slack.messages() if m.text.startswith("FAIL")][0]  # noqa: RUF015 -- an IndexError means not yet
        )
        await server.install([LEAF.certificate, ISSUING.certificate])
        before = len(bot.script.admitted)
        await bot.slack.until(
            lambda: [m for m in bot.slack.thread(card) if m.text.startswith("Green after")][0]  # noqa: RUF015 -- an IndexError means not yet
        )
        assert len(bot.script.admitted) - before <= 2
        assert bot.slack.current(card).text.startswith("OK")


@dataclass(slots=True)
class Arm:
    """A gateway whose configuration and word are what the test says.

    The word takes as long as `hold`.
    """

    now: GatewayReport
    word: GatewayReport
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    admitted: int = 0
    refusal: Refusal | None = None

    async def gateway(
        self,
        target: GatewayRef,  # noqa: ARG002 -- the use case's signature
        options: ProbeOptions,  # noqa: ARG002 -- the use case's signature
    ) -> GatewayReport | Refusal:
        """Our own witness."""
        return self.refusal or self.now

    async def host(self, target: HostTarget, options: ProbeOptions) -> HostAnswer | Refusal:  # noqa: ARG002 -- the use case's face
        """The same about one backend."""
        found = self.now.members[0].report
        assert found is not None
        return HostAnswer(report=found, gateway=self.now)

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """The gateway's word."""
        self.admitted += 1
        await self.hold.wait()
        return replace(report, health=self.word.health)


def unheard(found: CheckReport) -> GatewayReport:
    """Our own witness alone."""
    phrased = answered(found)
    return replace(
        phrased,
        health=None,
        members=tuple(replace(m, findings=found.verdict.findings) for m in phrased.members),
    )


def healthy(found: CheckReport) -> GatewayReport:
    """The gateway calls every server healthy."""
    phrased = answered(found)
    assert phrased.health is not None
    servers = tuple(
        replace(server, health=Health.HEALTHY, message=None) for server in phrased.health.servers
    )
    return replace(phrased, health=replace(phrased.health, servers=servers))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_backend_health_arrives_later_on_the_card() -> None:
    good, time = report(LEAF, ISSUING), [0.0]
    arm = Arm(now=unheard(good), word=answered(good))
    watch_target = WatchedGateway(
        gateways=arm,
        target=GatewayRef(name="prod-gw"),
        options=NOTHING_TYPED,
        context=AROUND,
        health_reader=HealthReader(arm.read_backend_health, every=60, now=lambda: time[0]),
    )
    first = await watch_target.probe()
    assert first is not None
    assert not first.healthy  # our own probe is accepted, and the gateway may still object
    arm.hold.set()
    await settle()
    second = await watch_target.probe()
    assert second is not None
    assert (second.healthy, second.change_key != first.change_key, arm.admitted) == (False, True, 1)
    arm.word, time[0] = healthy(good), 61.0
    await watch_target.probe()
    await settle()
    third = await watch_target.probe()
    assert third is not None
    assert (third.healthy, arm.admitted) == (True, 2)
    watch_target.close()


async def test_a_healthy_backend_shows_backend_health() -> None:
    good = report(LEAF, ISSUING)
    arm = Arm(now=unheard(good), word=healthy(good))
    arm.hold.set()
    target = HostTarget(host=HOST, port=443)
    watch_target = WatchedHost(
        backends=arm,
        target=target,
        options=NOTHING_TYPED,
        context=lambda _answer, said: replace(AROUND, health_sentence=said),
        health_reader=HealthReader(arm.read_backend_health),
    )
    first = await watch_target.probe()
    assert first is not None
    assert not first.healthy
    await settle()
    seen = await watch_target.probe()
    assert seen is not None
    assert (seen.healthy, seen.backend_health) == (True, "Gateway: prod-gw says Healthy.")
    watch_target.close()


async def test_a_repaired_backend_waits_for_the_gateway() -> None:
    good, time = report(LEAF, ISSUING), [0.0]
    arm = Arm(now=unheard(good), word=answered(good))
    arm.hold.set()
    watch_target = WatchedHost(
        backends=arm,
        target=HostTarget(host=HOST, port=443),
        options=NOTHING_TYPED,
        context=lambda _answer, said: replace(AROUND, health_sentence=said),
        health_reader=HealthReader(
            arm.read_backend_health, every=60, sooner=20, now=lambda: time[0]
        ),
    )
    await watch_target.probe()
    await settle()
    objecting = await watch_target.probe()
    assert objecting is not None
    assert not objecting.healthy
    arm.word, time[0] = healthy(good), 20.0
    await watch_target.probe()
    await settle()
    agreed = await watch_target.probe()
    assert agreed is not None
    assert (agreed.healthy, arm.admitted) == (True, 2)
    watch_target.close()


async def test_unreadable_gateway_ends_the_watch() -> None:
    bad = report(LEAF)
    arm = Arm(
        now=unheard(bad),
        word=answered(bad),
        refusal=Refusal(kind=RefusalKind.NOT_FOUND, sentence="gone"),
    )
    assert (
        await WatchedGateway(
            gateways=arm,
            target=GatewayRef(name="prod-gw"),
            options=NOTHING_TYPED,
            context=AROUND,
            health_reader=None,
        ).probe()
        is None
    )


async def test_an_error_while_listening_leaves_our_own_witness() -> None:
    bad = report(LEAF)

    async def broken(_report: GatewayReport) -> GatewayReport:
        raise RuntimeError("boom")

    health_reader = HealthReader(broken)
    assert health_reader.latest(unheard(bad)).health is None
    assert health_reader.pending
    await settle()
    assert health_reader.latest(unheard(bad)).health is None
    assert not health_reader.pending
    health_reader.close()
