"""Large gateways, read, probed and answered, without ARM's own delays.

One has 20 settings and 200 members; another serves a site with 100 listeners, 100 settings and
1,200 members.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from bench.figures import Figure
from bot.access import TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings
from bot.cards.check_card import CardContext
from bot.cards.gateway_card import gateway_card
from bot.checks import CheckContext
from bot.checks.service import CheckService
from bot.domain.gateway_ref import GatewayRef
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, SiteTarget
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from playground.lab import pki
from playground.lab.servers import TlsBackend

SETTINGS, MEMBERS = 20, 10
SITES, BEHIND_EACH = 100, 12
HOST = "backend.contoso.com"
EVERY_LOOPBACK = "0.0.0.0"  # noqa: S104 -- 127.0.0.1 to 127.0.0.10 stand for ten machines
AROUND = CardContext(command="gw:big", understood="gw:big", run_id="bench", probe_origin="here")


def run() -> Iterator[Figure]:
    """Seconds of our own time, and the number of requests to ARM."""
    yield from asyncio.run(_run())


async def _run() -> list[Figure]:
    now = datetime.now(tz=UTC)
    dates: dict[str, Any] = {
        "not_before": now - timedelta(days=1),
        "not_after": now + timedelta(days=300),
    }
    root = pki.root(**dates)
    issuing = pki.intermediate(root, **dates)
    leaf = pki.leaf(issuing, HOST, **dates)
    identity = pki.leaf(root, "localhost", ips=("127.0.0.1",), **dates)
    async with (
        TlsBackend(
            chain=(leaf.certificate, issuing.certificate), key=leaf.key, host=EVERY_LOOPBACK
        ) as backend,
        ArmStandIn(identity) as arm,
    ):
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / "root.pem"
            bundle.write_bytes(root.pem)
            arm.add(_spec(backend.port, root))
            figures = await _measure(arm, str(bundle))
            arm.add(many_sites(backend.port, root))
            return [*figures, await _measure_site(arm, str(bundle))]


def _spec(port: int, root: pki.Issued) -> GatewaySpec:
    pool = PoolSpec(name="pool", ips=tuple(f"127.0.0.{number + 1}" for number in range(MEMBERS)))
    settings = tuple(
        SettingSpec(name=f"https-{n}", port=port, host_name=HOST, roots=("corp",))
        for n in range(SETTINGS)
    )
    rules = tuple(RuleSpec(pool="pool", setting=one.name, hosts=(HOST,)) for one in settings)
    return GatewaySpec(
        name="big",
        group="rg",
        pools=(pool,),
        settings=settings,
        roots={"corp": root.certificate},
        rules=rules,
    )


def many_sites(port: int, root: pki.Issued, name: str = "big") -> GatewaySpec:
    """A gateway whose every site has a listener, a setting and a pool of its own."""
    setting = {"port": port, "host_name": HOST, "roots": ("corp",)}
    return GatewaySpec(
        name=name,
        group="rg",
        pools=tuple(
            PoolSpec(
                name=f"pool-{n}",
                ips=tuple(f"127.0.{n}.{member + 1}" for member in range(BEHIND_EACH)),
            )
            for n in range(SITES)
        ),
        settings=tuple(SettingSpec(name=f"https-{n}", **setting) for n in range(SITES)),  # type: ignore[arg-type]
        roots={"corp": root.certificate},
        rules=tuple(
            RuleSpec(pool=f"pool-{n}", setting=f"https-{n}", hosts=(f"shop-{n}.contoso.com",))
            for n in range(SITES)
        ),
    )


async def _measure_site(arm: ArmStandIn, bundle: str) -> Figure:
    """CPU time of this process, the servers and the stand-in ARM included."""
    settings = ArmSettings(
        credential="static", static_token=arm.token, arm_url=arm.url, ca_bundle=bundle
    )
    guard = TargetGuard(rules=TargetRules.read((), allow_loopback=True))
    async with ArmClient(settings, clock=now) as client:
        checks = CheckService(
            arm=client, target_policy=guard, new_context=lambda: CheckContext(clock=now)
        )
        begun = process_time()
        found = await checks.of_site(SiteTarget(host="shop-7.contoso.com"), NOTHING_TYPED)
        assert isinstance(found, tuple)
        report = await checks.gateway(found[0])
        assert isinstance(report, GatewayReport)
        heard = await checks.read_backend_health(report)
        gateway_card(heard, AROUND)
        taken = process_time() - begun
    assert heard.healthy
    assert len(heard.members) == BEHIND_EACH
    return Figure(
        name=f"a site of a gateway with {SITES * BEHIND_EACH} members, CPU time",
        value=taken,
        unit="s",
        goal=2,
    )


async def _measure(arm: ArmStandIn, bundle: str) -> list[Figure]:
    settings = ArmSettings(
        credential="static", static_token=arm.token, arm_url=arm.url, ca_bundle=bundle
    )
    target_policy = TargetGuard(rules=TargetRules.read((), allow_loopback=True))
    async with ArmClient(settings, clock=now) as client:
        check_service = CheckService(
            arm=client, target_policy=target_policy, new_context=lambda: CheckContext(clock=now)
        )
        begun = perf_counter()
        report = await check_service.gateway(GatewayRef(name="big", group="rg"))
        assert isinstance(report, GatewayReport)
        gateway_card(report, AROUND)
        taken = perf_counter() - begun
        begun = perf_counter()
        heard = await check_service.read_backend_health(report)
        waited = perf_counter() - begun
    assert heard.healthy, [member.headline for member in heard.members][:3]
    return [
        Figure(
            name=f"{len(report.members)} members read, probed and drawn",
            value=taken,
            unit="s",
            goal=5,
        ),
        Figure(name="the gateway's word (stand-in ARM)", value=waited, unit="s"),
        Figure(name="requests to ARM for all of it", value=len(arm.requests), unit="", goal=8),
    ]


def now() -> datetime:
    """The present instant."""
    return datetime.now(tz=UTC)
