"""The index over an inventory: as right as a walk over its gateways, and never out of date."""

from __future__ import annotations

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.azure.member_uses import all_uses_of
from bot.azure.name_index import NameIndex
from bot.azure.sites import rules_for, serving_gateways
from bot.domain.azure import Gateway
from playground.arm import GatewaySpec, PoolSpec, RuleSpec, SettingSpec, gateway_document


def _gateway(name: str, *members: str, sites: tuple[str, ...] = ()) -> Gateway:
    spec = GatewaySpec(
        name=name,
        pools=(PoolSpec(name="web", fqdns=members),),
        settings=(SettingSpec(name="https", port=443),),
        rules=(RuleSpec(pool="web", setting="https", hosts=sites),),
    )
    found = translate_gateway(gateway_document(spec))
    assert found is not None
    return found


KNOWN = (
    _gateway("b-gw", "one.contoso.com", "both.contoso.com", sites=("shop.contoso.com",)),
    _gateway("a-gw", "two.contoso.com", "both.contoso.com", sites=("*.contoso.com",)),
    _gateway("c-gw", "three.contoso.com", sites=("www?.fabrikam.com",)),
    _gateway("d-gw", "four.contoso.com"),
)


@pytest.mark.parametrize(
    ("host", "names"),
    [
        pytest.param("one.contoso.com", ["b-gw"], id="one"),
        pytest.param("BOTH.contoso.com.", ["b-gw", "a-gw"], id="in the order given"),
        pytest.param("nobody.contoso.com", [], id="nobody"),
    ],
)
def test_members_are_found_among_many_gateways(host: str, names: list[str]) -> None:
    assert [use.gateway.id.name for use in all_uses_of(KNOWN, host)] == names


@pytest.mark.parametrize(
    "host", ["shop.contoso.com", "x.contoso.com", "www1.fabrikam.com", "x.y.contoso.com", "no.one"]
)
def test_sites_are_those_of_a_walk(host: str) -> None:
    walked = tuple(gateway for gateway in KNOWN if rules_for(gateway, host))
    assert serving_gateways(KNOWN, host) == walked
    assert serving_gateways(KNOWN[:1], host) == walked[:1] * (KNOWN[0] in walked)


def test_changed_gateway_is_looked_up_anew() -> None:
    assert not all_uses_of(KNOWN, "new.contoso.com")
    changed = (*KNOWN[:3], _gateway("d-gw", "new.contoso.com"))
    assert [use.gateway.id.name for use in all_uses_of(changed, "new.contoso.com")] == ["d-gw"]
    assert not all_uses_of(changed, "four.contoso.com")
    assert all_uses_of(KNOWN, "four.contoso.com")


def test_inventory_is_indexed_once_in_any_order() -> None:
    asked: list[Gateway] = []

    def names_of(gateway: Gateway) -> tuple[str, ...]:
        asked.append(gateway)
        return (gateway.id.name,)

    index = NameIndex(names_of)
    for gateways in (KNOWN, KNOWN[::-1], KNOWN):
        assert index.holders(gateways, ("a-gw",)) == (KNOWN[1],)
    assert len(asked) == len(KNOWN)
