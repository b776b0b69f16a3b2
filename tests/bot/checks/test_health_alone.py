"""`via=gateway`: the gateway alone is asked.

Nothing is resolved and nothing is probed, and its message is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.azure.client import ArmClient
from bot.cards.causes import fold
from bot.cards.check_card import CardContext
from bot.checks.backend_health import ONLY_BACKEND_HEALTH
from bot.checks.service import CheckService
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, Via
from bot.slack.handlers.watch_targets import HealthReader, WatchedGateway
from bot.slack.outbound.watching import WatchResult
from chainlib import Code
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from tests.bot.checks.test_service import LOOPBACK, Names, check_service, refused
from tests.bot.checks.test_typed_options import looked
from tests.support.arm import MovableClock
from tests.support.dialled import Dialled, record
from tests.support.tls_server import NAME
from tests.support.waiting import until

PORT = 59_443
ALONE = ProbeOptions(via=Via("gateway"))
GAP = "The Intermediate certificate is missing from the backend server chain."
PROD = GatewayRef(name="prod-gw")
NIC = "10.0.0.4"
SPEC = GatewaySpec(
    name="prod-gw",
    pools=(PoolSpec(name="web", fqdns=(NAME, "two.contoso.com"), nics=("nic-1",)),),
    settings=(
        SettingSpec(name="https-be", port=PORT, host_name=NAME),
        SettingSpec(name="plain", port=80, protocol="Http"),
    ),
    rules=(RuleSpec(pool="web", setting="https-be"),),
)
BAD = {("web", "https-be", NAME): ("Unhealthy", GAP), ("web", "https-be", NIC): ("Unhealthy", GAP)}


def to_backends(dialled: Dialled, arm: ArmStandIn) -> Dialled:
    """The connections that went elsewhere than to ARM."""
    return [
        one
        for one in dialled
        if f"{one[0]}:{one[1]}" not in arm.url and f"localhost:{one[1]}" not in arm.url
    ]


async def test_gateway_message_alone_is_the_cause(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(SPEC, BAD)
    names, dialled = Names([[LOOPBACK]]), record(monkeypatch)
    bench = check_service(client, names)
    admitted = looked(await bench.gateway(PROD, ALONE))
    assert (admitted.via, admitted.unanswered, admitted.confirmed_healthy) == (
        Via.GATEWAY,
        True,
        False,
    )
    assert {member.skipped for member in admitted.members} == {ONLY_BACKEND_HEALTH}
    answered = await bench.read_backend_health(admitted)
    assert [
        (cause.code, cause.serious, [m.member for m in cause.members]) for cause in fold(answered)
    ] == [(Code.INTERMEDIATE_MISSING, True, [NIC, NAME])]
    assert [
        member.member for member in answered.members if not member.unseen and member.healthy
    ] == ["two.contoso.com"]
    assert (answered.healthy, answered.unanswered, arm.calls["health"]) == (False, False, 1)
    assert (names.admitted, to_backends(dialled, arm)) == ([], [])


@pytest.mark.parametrize("log", ["", "Success. Received 200 status code"])
async def test_gateway_without_a_reason_is_not_called_healthy(
    arm: ArmStandIn, client: ArmClient, log: str
) -> None:
    arm.add(SPEC, {("web", "https-be", NAME): ("Unhealthy", log)})
    bench = check_service(client)
    answered = await bench.read_backend_health(looked(await bench.gateway(PROD, ALONE)))
    assert [(cause.code, cause.serious) for cause in fold(answered)] == [
        (Code.HEALTH_UNKNOWN, True)
    ]


async def test_probe_options_are_said_to_be_unused(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(SPEC)
    admitted = looked(
        await check_service(client).gateway(PROD, replace(ALONE, root="corp", sni=NAME))
    )
    assert admitted.typed_text == "root=, sni= as typed is not used, because nothing is probed"


@pytest.mark.parametrize(
    ("host", "options", "placement"),
    [
        (HostTarget(host=NAME), NOTHING_TYPED, ("web", "https-be")),
        (HostTarget(host=NAME, port=PORT), ProbeOptions(setting="https-be"), ("web", "https-be")),
        (HostTarget(host="plain.contoso.com"), NOTHING_TYPED, ("plain", "plain")),
        (HostTarget(host="twice.contoso.com"), NOTHING_TYPED, ("plain", None)),
    ],
    ids=["no port", "narrowed", "without TLS", "two settings"],
)
async def test_host_is_found_where_it_stands(
    arm: ArmStandIn,
    client: ArmClient,
    host: HostTarget,
    options: ProbeOptions,
    placement: tuple[str, str | None],
) -> None:
    plain = PoolSpec(
        name="plain", fqdns=("plain.contoso.com",) if placement[1] else ("twice.contoso.com",)
    )
    rules = (
        *SPEC.rules,
        RuleSpec(pool="plain", setting="plain"),
        *(() if placement[1] else (RuleSpec(pool="plain", setting="plain-2"),)),
    )
    settings = (*SPEC.settings, SettingSpec(name="plain-2", port=81, protocol="Http"))
    arm.add(replace(SPEC, pools=(*SPEC.pools, plain), rules=rules, settings=settings))
    names = Names([[LOOPBACK]])
    found = await check_service(client, names).placement(host, options.over(ALONE))
    assert isinstance(found, GatewayRef)
    assert (found.name, found.group, found.pool, found.setting, names.admitted) == (
        "prod-gw",
        "rg-prod",
        *placement,
        [],
    )


async def said_of(bench: CheckService, host: str) -> str:
    found = await bench.placement(HostTarget(host=host), ALONE)
    assert isinstance(found, Refusal)
    return found.sentence


async def test_host_with_no_or_two_gateways_is_refused(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(SPEC)
    arm.add(replace(SPEC, name="other-gw"))
    nowhere = await said_of(check_service(client), "nowhere.contoso.com")
    assert nowhere.startswith(
        "nowhere.contoso.com is in no backend pool that the bot can see, so there is no backend "
        "health for it;"
    )
    both = await said_of(check_service(client), NAME)
    assert "rg-prod/prod-gw" in both
    assert "rg-prod/other-gw" in both
    assert f"write for example {NAME} via=gateway gw=rg-prod/" in both
    assert "Azure is not set up" in await said_of(check_service(None), NAME)
    assert "metadata" in await said_of(
        check_service(client), "169.254.169.254"
    ) or "never" in await said_of(check_service(client), "metadata.google.internal")


async def test_host_is_not_probed_when_only_gateway_is(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(SPEC)
    names = Names([[LOOPBACK]])
    assert "via=gateway probes nothing" in refused(
        await check_service(client, names).host(HostTarget(host=NAME), ALONE)
    )
    assert names.admitted == []


@dataclass(slots=True)
class Counted:
    """The desk, and how often it was asked for a gateway."""

    check_service: CheckService
    looks: int = 0

    async def gateway(self, target: GatewayRef, options: ProbeOptions) -> GatewayReport | Refusal:
        """What the desk answers."""
        self.looks += 1
        return await self.check_service.gateway(target, options)


async def changed(watch_target: WatchedGateway, before: WatchResult | None) -> WatchResult:
    """The first look that sees something else."""

    async def other() -> WatchResult | None:
        seen = await watch_target.probe()
        return seen if seen and not (before and seen.change_key == before.change_key) else None

    answer = await until(other)
    assert answer is not None
    return answer


async def test_watch_queries_azure_at_its_own_pace(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm.add(SPEC, BAD)
    bench, time, context = (
        Counted(check_service(client)),
        [0.0],
        CardContext(command="c", understood="u", run_id="r", probe_origin="v"),
    )
    dialled, health_reader = (
        record(monkeypatch),
        HealthReader(bench.check_service.read_backend_health, every=60, now=lambda: time[0]),
    )
    watch_target = WatchedGateway(
        gateways=bench, target=PROD, options=ALONE, context=context, health_reader=health_reader
    )
    unheard = await changed(watch_target, None)
    bad = await changed(watch_target, unheard)
    again = await watch_target.probe()
    assert again is not None
    assert [unheard.healthy, bad.healthy, again.healthy] == [False] * 3
    assert (bench.looks, arm.calls["health"]) == (1, 1)
    arm.add(SPEC)
    clock.pass_(61)
    time[0] = 61.0
    good = await changed(watch_target, bad)
    assert (good.healthy, bench.looks, arm.calls["health"]) == (True, 2, 2)
    assert to_backends(dialled, arm) == []
    watch_target.close()
