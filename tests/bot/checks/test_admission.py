"""Members and ports that may be probed are those of the setting that holds the member."""

from __future__ import annotations

import time

import pytest

from bot.azure.gateway_document import translate_gateway
from bot.checks.admission import AdmissionIndex
from bot.domain.azure import Gateway
from playground.arm import GatewaySpec, PoolSpec, ProbeSpec, RuleSpec, SettingSpec, gateway_document


def gateway(spec: GatewaySpec) -> Gateway:
    found = translate_gateway(gateway_document(spec))
    assert found is not None
    return found


KNOWN = gateway(
    GatewaySpec(
        name="prod-gw",
        pools=(
            PoolSpec(name="web", fqdns=("web.contoso.com",), ips=("10.0.0.5", "10.0.0.6")),
            PoolSpec(name="api", fqdns=("api.contoso.com",), ips=("10.0.0.6",)),
        ),
        settings=(
            SettingSpec(name="web-be", port=8443, probe="p1"),
            SettingSpec(name="api-be", port=9443),
        ),
        probes=(ProbeSpec(name="p1", port=8444),),
        rules=(RuleSpec(pool="web", setting="web-be"), RuleSpec(pool="api", setting="api-be")),
    )
)


@pytest.mark.parametrize(
    ("host", "ports"),
    [
        ("web.contoso.com", {8443, 8444}),
        ("WEB.contoso.com.", {8443, 8444}),
        ("api.contoso.com", {9443}),
        ("10.0.0.6", {8443, 8444, 9443}),
        ("::ffff:10.0.0.5", {8443, 8444}),
        ("alias.contoso.com", set()),
        ("10.9.9.9", set()),
    ],
    ids=[
        "own setting",
        "other spelling",
        "other setting",
        "two settings",
        "mapped address",
        "another name",
        "stranger",
    ],
)
def test_ports_are_those_of_the_member(host: str, ports: set[int]) -> None:
    found = AdmissionIndex().look_up(host, (KNOWN,))
    assert (set(found.ports), bool(found.members)) == (ports, bool(ports))


def test_thousands_of_members_cost_one_lookup_each() -> None:
    pool = PoolSpec(name="web", fqdns=tuple(f"b{n}.contoso.com" for n in range(1200)))
    settings = tuple(SettingSpec(name=f"s{n}", port=1000 + n) for n in range(30))
    big = gateway(GatewaySpec(name="big-gw", pools=(pool,), settings=settings))
    index = AdmissionIndex()
    index.look_up("b1.contoso.com", (big,))
    begun = time.process_time()
    for number in range(1000):
        assert index.look_up(f"b{number}.contoso.com", (big,)).members
    assert time.process_time() - begun < 1.0


def test_changed_gateway_is_indexed_anew() -> None:
    index = AdmissionIndex()
    assert index.look_up("new.contoso.com", (KNOWN,)).ports == frozenset()
    pools = (PoolSpec(name="web", fqdns=("new.contoso.com",)),)
    changed = gateway(
        GatewaySpec(name="prod-gw", pools=pools, settings=(SettingSpec(name="s", port=444),))
    )
    assert index.look_up("new.contoso.com", (changed,)).ports == {444}
