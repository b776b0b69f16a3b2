"""Ask by the name that users type: the members behind a site, never the site as a backend."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

from bot.access import TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.checks import CheckContext
from bot.checks.service import CheckService, HostAnswer
from bot.commands.gateway_names import named_gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, SiteTarget
from chainlib import Code
from chainlib.aio import load_well_known
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from playground.lab.pki import NOW
from playground.lab.servers import TlsBackend
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S

ESTATE = Estate()
load_well_known()
SITE = SiteTarget(host="store.adatum.example")
NAMES = (SITE.host,)
EVERY_LOOPBACK = "0.0.0.0"  # noqa: S104 -- every address of 127.0.0.0/8 stands for a machine


def edge(name: str, good: int, bad: int, *, host: str = SITE.host) -> GatewaySpec:
    """A gateway whose site leads to a pool by a path rule, and to another one by default."""
    setting = {"host_name": NAME, "roots": ("corp",)}
    return GatewaySpec(
        name=name,
        pools=tuple(PoolSpec(name=pool, ips=("127.0.0.1",)) for pool in ("web", "img", "api")),
        settings=(
            SettingSpec(name="good", port=good, **setting),  # type: ignore[arg-type]
            SettingSpec(name="bad", port=bad, **setting),  # type: ignore[arg-type]
        ),
        rules=(
            RuleSpec(pool="web", setting="good", hosts=(host,)),
            RuleSpec(pool="img", setting="bad", hosts=(host,), path="/img/*"),
            RuleSpec(pool="api", setting="good", hosts=("api.adatum.example",)),
        ),
        roots={"corp": ESTATE.root.certificate},
    )


def service(arm: ArmClient) -> CheckService:
    context = CheckContext(clock=lambda: NOW, timeout=LIMIT_S)
    guard = TargetGuard(rules=TargetRules.read((), allow_loopback=True))
    return CheckService(arm=arm, target_policy=guard, new_context=lambda: context)


async def test_site_shows_its_members_worst_first(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    async with (
        ESTATE.backend() as good,
        TlsBackend(chain=ESTATE.chain[:1], key=ESTATE.leaf.key) as bad,
    ):
        arm.add(edge("edge-agw", good.port, bad.port))
        checks = service(new_client(arm.url))
        found = await checks.of_site(SITE, NOTHING_TYPED)
        assert isinstance(found, tuple)
        report = await checks.gateway(found[0], NOTHING_TYPED)
    assert isinstance(report, GatewayReport)
    assert report.site == SITE.host
    assert [member.pool for member in report.members] == ["img", "web"]
    assert report.members[0].headline is Code.INTERMEDIATE_MISSING
    assert "path /img/*" in report.members[0].routes[0]


async def test_site_on_two_gateways_names_both(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(edge("blue-agw", 1, 2))
    arm.add(edge("green-agw", 1, 2, host="*.adatum.example"))
    checks = service(new_client(arm.url))
    every = await checks.of_site(SITE, NOTHING_TYPED)
    one = await checks.of_site(SITE, ProbeOptions(gw=named_gateway("green-agw")))
    assert isinstance(every, tuple)
    assert isinstance(one, tuple)
    assert {target.name for target in every} == {"blue-agw", "green-agw"}
    assert [target.name for target in one] == ["green-agw"]


async def test_site_that_nobody_serves_is_refused(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(edge("edge-agw", 1, 2))
    found = await service(new_client(arm.url)).of_site(SiteTarget(host="x.example"), NOTHING_TYPED)
    assert isinstance(found, Refusal)
    assert "x.example" in found.sentence


async def test_site_is_never_probed_as_a_backend(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(edge("edge-agw", 1, 2))
    checks = service(new_client(arm.url))
    found = await checks.host(HostTarget(host=SITE.host), NOTHING_TYPED)
    assert isinstance(found, Refusal)
    assert f"site:{SITE.host}" in found.sentence
    assert checks.is_site(HostTarget(host=SITE.host), NOTHING_TYPED)


async def test_host_in_a_pool_is_a_backend(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    async with ESTATE.backend() as good:
        arm.add(edge("edge-agw", good.port, good.port, host="127.0.0.1"))
        checks = service(new_client(arm.url))
        found = await checks.host(
            HostTarget(host="127.0.0.1", port=good.port, is_ip=True), NOTHING_TYPED
        )
    assert isinstance(found, HostAnswer)
    assert found.site == "127.0.0.1", "the card offers the site"
    assert not checks.is_site(
        HostTarget(host="127.0.0.1", port=good.port, is_ip=True), NOTHING_TYPED
    )


async def test_site_of_a_large_gateway_takes_little_time(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    count, each = 100, 12
    setting = {"host_name": NAME, "roots": ("corp",)}
    async with TlsBackend(chain=ESTATE.chain, key=ESTATE.leaf.key, host=EVERY_LOOPBACK) as backend:
        spec = GatewaySpec(
            name="large",
            pools=tuple(
                PoolSpec(name=f"p{n}", ips=tuple(f"127.0.{n}.{m + 1}" for m in range(each)))
                for n in range(count)
            ),
            settings=tuple(
                SettingSpec(name=f"s{n}", port=backend.port, **setting)  # type: ignore[arg-type]
                for n in range(count)
            ),
            rules=tuple(
                RuleSpec(pool=f"p{n}", setting=f"s{n}", hosts=(f"shop-{n}.adatum.example",))
                for n in range(count)
            ),
            roots={"corp": ESTATE.root.certificate},
        )
        arm.add(spec)
        checks = service(new_client(arm.url))
        begun = process_time()
        found = await checks.of_site(SiteTarget(host="shop-7.adatum.example"), NOTHING_TYPED)
        assert isinstance(found, tuple)
        report = await checks.gateway(found[0], NOTHING_TYPED)
        assert isinstance(report, GatewayReport)
        answered = await checks.read_backend_health(report)
        taken = process_time() - begun
    assert {(one.pool, one.headline) for one in answered.members} == {("p7", Code.OK)}
    assert len(answered.members) == each
    assert taken < 8, "seconds of CPU, of which the servers here take a part; the goal is 2"


async def test_site_left_by_its_gateway_is_said(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(edge("edge-agw", 1, 2))
    checks = service(new_client(arm.url))
    gone = await checks.gateway(GatewayRef(name="edge-agw", site="gone.example"), NOTHING_TYPED)
    assert not isinstance(gone, GatewayReport)
    assert "gone.example" in gone.sentence
