"""The cost of finding a host among many gateways, and of a large gateway in the terminal.

The backends are one server in another process. The cost of a request beyond its check is measured
with a small and with a large inventory. For `appgw health --json` the CPU of the whole process is
counted, per member and compared with a handshake of the loop in C.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from bench.bench_capture import compiled_loop, handshake_micros
from bench.bench_gateway import AROUND, now
from bench.bench_process import compile_packages
from bench.bench_sweep import lag_figures
from bench.figures import Figure, medians
from bench.lag import Lag, collect_as_served, watched
from bench.lone_server import HOST, Served, served
from bot.access import TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings
from bot.cards.gateway_card import gateway_card
from bot.checks import CheckContext, check
from bot.checks.service import CheckService, HostAnswer
from bot.domain.gateway_ref import GatewayRef
from bot.domain.report import CheckRequest, GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from playground.lab import pki

SMALL, LARGE, MEMBERS_EACH = 2, 200, 100
BIG, BIG_S = 1000, 2
# What two seconds mean where a handshake of the loop in C takes 0.68 ms, as when it was set.
HANDSHAKES = 2.95
ROUNDS, QUESTIONS = 7, 30
HEALTH_SETTINGS, HEALTH_MEMBERS, HEALTH_ROUNDS = 60, 10, 3
MEMBERS = HEALTH_SETTINGS * HEALTH_MEMBERS
OVER_MS, FLAT, PER_MEMBER = 3, 1.5, 4
APPGW = Path(sys.executable).with_name("appgw")
DATES: dict[str, Any] = {
    "not_before": now() - timedelta(days=1),
    "not_after": now() + timedelta(days=300),
}
ASKED = "127.1.1.5"


def run() -> Iterator[Figure]:
    """Milliseconds of CPU beyond the check alone, and a member's share of a whole process."""
    with served(host="0.0.0.0") as server, TemporaryDirectory() as folder:  # noqa: S104 -- 127.0.0.0/8 stands for many machines
        identity = _identity(Path(folder))
        collect_as_served()
        yield from asyncio.run(_large_gateway(server, identity, Path(folder)))
        yield from asyncio.run(_questions(server, identity, Path(folder)))
        yield from asyncio.run(_health(server, identity, Path(folder)))


async def _large_gateway(server: Served, identity: pki.Issued, folder: Path) -> list[Figure]:
    """A gateway read, probed, joined with backend health and drawn, servers in other processes."""
    ips = tuple(f"127.0.{number // 200}.{number % 200 + 1}" for number in range(BIG))
    loop = compiled_loop(folder)
    taken, bare, lags = [], [], []
    async with ArmStandIn(identity) as arm:
        arm.add(_spec(server, "big", ips, settings=1))
        for _ in range(HEALTH_ROUNDS):
            if loop:
                bare.append(await asyncio.to_thread(handshake_micros, loop, server.port) / 1e6)
            spent, lag = await _look(arm, folder)
            taken.append(spent)
            lags.append(lag)
    figures = [Figure(name="a gateway, CPU", value=median(taken), unit="s", goal=BIG_S, size=BIG)]
    if bare:
        ratio = median(taken) / median(bare) / BIG
        name = "the same for each member / a handshake of the loop in C"
        figures.append(Figure(name=name, value=ratio, unit="x", goal=HANDSHAKES, size=BIG))
    return [*figures, *lag_figures(lags, BIG)]


async def _look(arm: ArmStandIn, folder: Path) -> tuple[float, Lag]:
    """Seconds of CPU, those of the simulated ARM in this process included, and the loop's lag."""
    guard = TargetGuard(rules=TargetRules.read((), allow_loopback=True))
    async with ArmClient(_arm_settings(arm, folder), clock=now) as client:
        service = CheckService(
            arm=client,
            target_policy=guard,
            new_context=lambda: CheckContext(clock=now, timeout=120),
        )
        async with watched() as lag:
            begun = process_time()
            report = await service.gateway(GatewayRef(name="big", group="rg"))
            assert isinstance(report, GatewayReport)
            answered = await service.read_backend_health(report)
            gateway_card(answered, AROUND)
            spent = process_time() - begun
    assert (len(answered.members), answered.healthy) == (BIG, True)
    return spent, lag


async def _questions(server: Served, identity: pki.Issued, folder: Path) -> list[Figure]:
    async with AsyncExitStack() as stack:
        asked = {
            count: await _Inventory.open(stack, server, identity, folder, count)
            for count in (SMALL, LARGE)
        }
        request = (await asked[SMALL].ask()).report.request
        rounds = []
        for _ in range(ROUNDS + 1):
            one = {"alone": await _cpu(partial(asked[SMALL].check_alone, request))}
            for count, inventory in asked.items():
                one[str(count)] = await _cpu(inventory.ask)
            rounds.append(one)
    taken = dict(medians(rounds[1:]))
    over = {count: (taken[str(count)] - taken["alone"]) for count in (SMALL, LARGE)}
    known = {count: f"{count} gateways, {count * MEMBERS_EACH:,} members" for count in over}
    return [
        Figure(name="the check alone, CPU", value=taken["alone"], unit="ms"),
        Figure(name=f"question about a host over it, {known[SMALL]}", value=over[SMALL], unit="ms"),
        Figure(
            name=f"question about a host over it, {known[LARGE]}",
            value=over[LARGE],
            unit="ms",
            goal=OVER_MS,
        ),
        Figure(
            name="question about a host: large inventory / small one",
            value=taken[str(LARGE)] / taken[str(SMALL)],
            unit="x",
            goal=FLAT,
        ),
    ]


async def _cpu(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of CPU of one request."""
    begun = process_time()
    for _ in range(QUESTIONS):
        await work()
    return (process_time() - begun) / QUESTIONS * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inventory:
    """A number of known gateways, and the request."""

    service: CheckService
    port: int

    @classmethod
    async def open(
        cls,
        stack: AsyncExitStack,
        server: Served,
        identity: pki.Issued,
        folder: Path,
        count: int,
    ) -> _Inventory:
        """Read the gateways once, so that they are cached as in a running bot."""
        arm = await stack.enter_async_context(ArmStandIn(identity))
        for number in range(count):
            arm.add(_gateway(server, number))
        client = await stack.enter_async_context(ArmClient(_arm_settings(arm, folder), clock=now))
        guard = TargetGuard(rules=TargetRules.read((), allow_loopback=True))
        service = CheckService(
            arm=client, target_policy=guard, new_context=lambda: CheckContext(clock=now)
        )
        known = await service.every_gateway()
        assert isinstance(known, tuple), known
        assert len(known) == count
        return cls(service=service, port=server.port)

    async def ask(self) -> HostAnswer:
        """A request as Slack makes it."""
        answer = await self.service.host(HostTarget(host=ASKED, port=self.port), NOTHING_TYPED)
        assert isinstance(answer, HostAnswer), answer
        assert answer.report.verdict.accepted, answer.report.verdict.headline
        return answer

    async def check_alone(self, request: CheckRequest) -> None:
        """Only the check of that request."""
        await check(request, CheckContext(clock=now, addresses=(ASKED,)))


def _arm_settings(arm: ArmStandIn, folder: Path) -> ArmSettings:
    return ArmSettings(
        credential="static",
        static_token=arm.token,
        arm_url=arm.url,
        ca_bundle=str(folder / "root.pem"),
    )


def _gateway(server: Served, number: int) -> GatewaySpec:
    """A gateway whose members have different addresses, all served by the one server."""
    ips = tuple(f"127.{number}.1.{member + 1}" for member in range(MEMBERS_EACH))
    return _spec(server, f"gateway-{number}", ips, settings=1)


def _spec(server: Served, name: str, ips: tuple[str, ...], *, settings: int) -> GatewaySpec:
    each = tuple(
        SettingSpec(name=f"https-{number}", port=server.port, host_name=HOST, roots=("corp",))
        for number in range(settings)
    )
    return GatewaySpec(
        name=name,
        group="rg",
        pools=(PoolSpec(name="pool", ips=ips),),
        settings=each,
        roots={"corp": server.root},
        rules=tuple(RuleSpec(pool="pool", setting=one.name, hosts=(HOST,)) for one in each),
    )


async def _health(server: Served, identity: pki.Issued, folder: Path) -> list[Figure]:
    """`appgw health gw:big --json` against a large gateway, interleaved with the loop in C."""
    compile_packages()
    loop = compiled_loop(folder)
    ips = tuple(f"127.0.2.{member + 1}" for member in range(HEALTH_MEMBERS))
    taken, bare = [], []
    async with ArmStandIn(identity) as arm:
        arm.add(_spec(server, "big", ips, settings=HEALTH_SETTINGS))
        surroundings = {
            "PATH": os.environ.get("PATH", ""),
            "APPGW_AZURE_CREDENTIAL": "static",
            "APPGW_AZURE_STATIC_TOKEN": arm.token,
            "APPGW_ARM_URL": arm.url,
            "APPGW_CA_BUNDLE": str(folder / "root.pem"),
        }
        for _ in range(HEALTH_ROUNDS):
            if loop:
                bare.append(await asyncio.to_thread(handshake_micros, loop, server.port) / 1000)
            taken.append(await _process(["health", "gw:big", "--json"], surroundings) / MEMBERS)
    figures = [
        Figure(
            name="appgw health --json, whole process, CPU for each member",
            value=median(taken),
            unit="ms",
            size=MEMBERS,
        )
    ]
    if bare:
        ratio = median(taken) / median(bare)
        name = "the same / a handshake of the loop in C"
        figures.append(Figure(name=name, value=ratio, unit="x", goal=PER_MEMBER, size=MEMBERS))
    return figures


async def _process(words: list[str], surroundings: dict[str, str]) -> float:
    """Milliseconds of CPU of one process of the program."""
    process = await asyncio.create_subprocess_exec(
        str(APPGW),
        *words,
        env=surroundings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out, err = await process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process.returncode == 0, err.decode()[-500:]
    assert len(json.loads(out)["gateways"][0]["members"]) == MEMBERS
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def _identity(folder: Path) -> pki.Issued:
    """The certificate of the simulated ARM; its root is trusted by the programs."""
    root = pki.root(**DATES)
    (folder / "root.pem").write_bytes(root.pem)
    return pki.leaf(root, "localhost", ips=("127.0.0.1",), **DATES)
