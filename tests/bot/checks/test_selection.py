"""Which gateways are looked at first, among those that are known."""

from __future__ import annotations

from dataclasses import replace

from bot.access.spelling import refuse_spelling
from bot.azure.member_uses import member_uses
from bot.checks.selection import nearest_first
from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.request import NOTHING_TYPED
from playground.arm import GatewaySpec, PoolSpec, RuleSpec, SettingSpec
from tests.bot.checks.test_admission import gateway


def _named(name: str) -> Gateway:
    return gateway(
        GatewaySpec(
            name=name,
            group="rg",
            pools=(PoolSpec(name="pool", ips=("10.0.0.5",)),),
            settings=(SettingSpec(name="https", port=443),),
            rules=(RuleSpec(pool="pool", setting="https", hosts=("shop.contoso.com",)),),
        )
    )


def _names(gateways: tuple[Gateway, ...]) -> list[str]:
    return [one.id.name for one in gateways]


def test_gateways_with_host_come_first_then_by_id() -> None:
    known = tuple(_named(name) for name in ("gw-d", "gw-b", "gw-c", "gw-a"))
    uses = member_uses(known[2])
    for _ in range(2):
        assert _names(nearest_first(known, (), NOTHING_TYPED)) == ["gw-a", "gw-b", "gw-c", "gw-d"]
        assert _names(nearest_first(known, uses, NOTHING_TYPED)) == ["gw-c", "gw-a", "gw-b", "gw-d"]
    typed = replace(NOTHING_TYPED, gw=GatewayRef(name="gw-d"))
    assert _names(nearest_first(known, uses, typed)) == ["gw-c", "gw-d", "gw-a", "gw-b"]


def test_order_follows_each_new_inventory() -> None:
    for names in (("gw-b", "gw-a"), ("gw-z", "gw-y"), ("gw-d", "gw-c"), ("gw-b", "gw-a")):
        known = tuple(map(_named, names))
        assert _names(nearest_first(known, (), NOTHING_TYPED)) == sorted(names)
        assert nearest_first(list(known), (), NOTHING_TYPED) == tuple(reversed(known))


def test_remembered_refusal_depends_on_loopback_switch() -> None:
    for _ in range(2):
        assert refuse_spelling("127.0.0.1") is not None
        assert refuse_spelling("127.0.0.1", allow_loopback=True) is None
