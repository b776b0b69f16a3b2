"""A subscription that `APPGW_SUBSCRIPTIONS` does not name is never asked, whatever is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.access import TargetGuard, TargetRules
from bot.azure.client import ArmClient
from bot.checks import CheckContext
from bot.checks.alerts import AlertReader
from bot.checks.service import CheckService
from bot.commands.parse import parse
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeRequest, Request, SiteTarget
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec
from playground.lab.pki import NOW
from tests.bot.checks.test_service import ELSEWHERE, Names, gateway
from tests.support.dialled import record

CONFIGURED = "00000000-0000-0000-0000-0000000000ab"
OTHER = "00000000-0000-0000-0000-0000000000cd"
FOREIGN = replace(gateway(443, fqdns=("foreign.contoso.com",)), subscription=OTHER)
GROUP = f"/subscriptions/{OTHER}/resourceGroups/{FOREIGN.group}"
ID = f"{GROUP}/providers/Microsoft.Network/applicationGateways/{FOREIGN.name}"
TYPED = {
    "id": ID,
    "upper case": ID.upper(),
    "health": f"health {ID}",
    "check": f"check {ID}/",
    "child": f"{ID}/backendAddressPools/web",
    "portal": f"https://portal.azure.com/#@contoso.com/resource{ID}/overview",
    "management url": f"https://management.azure.com{ID}?api-version=2023-11-01",
    "cli": f"az network application-gateway show --ids {ID}",
    "quoted": f"\u201c{ID}\u201d",
    "option": f"foreign.contoso.com gw={ID}",
    "gateway alone": f"foreign.contoso.com via=gateway gw={ID}",
    "subscribe": f"subscribe {ID} every=1h",
    "preview": f"preview {ID}",
    "mute": f"mute {ID} 2h",
    "rehearse": f"rehearse {ID} without=corp",
}


@pytest.fixture
def service(
    arm: ArmStandIn, new_client: Callable[..., ArmClient], monkeypatch: pytest.MonkeyPatch
) -> CheckService:
    """Over a foreign gateway and a configured one, where nothing is dialled but ARM."""
    arm.add(FOREIGN)
    arm.add(
        GatewaySpec(
            name="own-gw",
            subscription=CONFIGURED,
            pools=(PoolSpec(name="own", fqdns=("own.contoso.com",)),),
        )
    )
    record(monkeypatch)
    context = CheckContext(clock=lambda: NOW, resolver=Names([[ELSEWHERE]]))
    return CheckService(
        arm=new_client(arm.url, subscriptions=(CONFIGURED,)),
        target_policy=TargetGuard(rules=TargetRules.read(())),
        new_context=lambda: context,
    )


async def answers(service: CheckService, request: Request) -> list[object]:
    """Every use case that takes such a target."""
    target = request.target
    options = request.options if isinstance(request, ProbeRequest) else NOTHING_TYPED
    if isinstance(target, HostTarget):
        return [await service.host(target, options), await service.placement(target, options)]
    assert isinstance(target, GatewayRef)
    return [await service.gateway(target, options), await service.find(target)]


@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
async def test_unlisted_typed_or_pasted_id_is_not_requested(
    service: CheckService, arm: ArmStandIn, typed: str
) -> None:
    request = parse(typed)
    assert isinstance(request, Request), request
    assert isinstance(request.target, HostTarget) or request.target.subscription == OTHER
    found = await answers(service, request)
    assert all(isinstance(one, Refusal) for one in found), found
    assert [path for _, path in arm.requests if OTHER in path.lower()] == []


@pytest.mark.parametrize("typed", ["own.contoso.com", "site:own.contoso.com"])
async def test_unlisted_gateway_beside_a_host_is_refused(service: CheckService, typed: str) -> None:
    request = parse(f"{typed} gw={ID}")
    assert isinstance(request, ProbeRequest)
    options, target = request.options, request.target
    found = (
        await service.host(target, options)
        if isinstance(target, HostTarget)
        else await service.of_site(SiteTarget(host="own.contoso.com"), options)
    )
    assert isinstance(found, Refusal)
    assert found.kind is RefusalKind.OUT_OF_SCOPE


async def test_alert_naming_an_unlisted_gateway_is_not_requested(
    service: CheckService, arm: ArmStandIn
) -> None:
    read = await AlertReader().read({"text": f"Sev1: UnhealthyHostCount on {ID}"})
    assert read.target is not None
    found = await service.gateway(
        GatewayRef(name=FOREIGN.name, group=FOREIGN.group, subscription=OTHER.upper())
    )
    assert isinstance(found, Refusal)
    assert found.kind is RefusalKind.OUT_OF_SCOPE
    assert [path for _, path in arm.requests if OTHER in path.lower()] == []


@pytest.mark.parametrize("subscription", [OTHER, OTHER.upper(), f"{CONFIGURED} ", f"x{CONFIGURED}"])
async def test_client_itself_asks_configured_subscriptions_only(
    arm: ArmStandIn, new_client: Callable[..., ArmClient], subscription: str
) -> None:
    client = new_client(arm.url, subscriptions=(CONFIGURED,))
    identity = GatewayId(subscription=subscription, group=FOREIGN.group, name=FOREIGN.name)
    for answer in (
        await client.get(identity),
        await client.health(identity),
        await client.find(
            GatewayRef(name=identity.name, group=identity.group, subscription=subscription)
        ),
    ):
        assert isinstance(answer, Refusal)
        assert answer.kind is RefusalKind.OUT_OF_SCOPE
    assert arm.requests == []
