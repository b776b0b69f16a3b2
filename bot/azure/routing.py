"""Which rules use which backend pool with which setting, and for which host names. Pure.

A redirect uses no pool: its clients come back through the target listener, whose own rule is read.
The gateway does not probe a pair of pool and setting that no rule uses (azure-rules section 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.azure.arm_json import Document, by_name, documents, host, properties, reference, texts
from bot.domain.azure import PoolUse

Pair = tuple[str, str]


def pool_uses(
    facts: Document, pools: Mapping[str, str], settings: Mapping[str, str]
) -> tuple[PoolUse, ...]:
    """Each pair of pool and setting once, in rule order, with the host names of its listeners.

    Args:
        facts: the gateway's `properties`.
        pools: existing pools, name in lower case -> name; references to missing pools are left out.
        settings: the same for settings.
    """
    hosts: dict[Pair, dict[str, None]] = {}
    for pool, setting, live in _joined(facts):
        if pool in pools and setting in settings:
            hosts.setdefault((pools[pool], settings[setting]), {}).update(dict.fromkeys(live))
    return tuple(
        PoolUse(pool=pool, setting=setting, live_hosts=tuple(live))
        for (pool, setting), live in hosts.items()
    )


def _joined(facts: Document) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Pool, setting (lower case) and host names of each rule and path rule, for layers 4 and 7."""
    maps = by_name(documents(facts.get("urlPathMaps")))
    policies = shared_pools(facts)
    listeners = {
        name: _hosts(item) for name, item in by_name(documents(facts.get("httpListeners"))).items()
    }
    for rule in map(properties, documents(facts.get("requestRoutingRules"))):
        live = listeners.get(reference(rule.get("httpListener")).lower(), ())
        for pool, setting in _pairs(rule, maps, policies):
            yield pool, setting, live
    layer4 = {
        name: _hosts(item) for name, item in by_name(documents(facts.get("listeners"))).items()
    }
    for rule in map(properties, documents(facts.get("routingRules"))):
        pool, setting = _pair(rule, "backendAddressPool", "backendSettings")
        yield pool, setting, layer4.get(reference(rule.get("listener")).lower(), ())


def _pairs(
    rule: Document, maps: Mapping[str, Document], policies: Mapping[str, tuple[str, ...]]
) -> Iterator[Pair]:
    path_map = properties(maps.get(reference(rule.get("urlPathMap")).lower(), {}))
    default = {
        key: path_map.get(f"default{key[:1].upper()}{key[1:]}")
        for key in ("backendAddressPool", "backendHttpSettings", "loadDistributionPolicy")
    }
    for held in (rule, default, *map(properties, documents(path_map.get("pathRules")))):
        yield _pair(held, "backendAddressPool", "backendHttpSettings")
        setting = reference(held.get("backendHttpSettings")).lower()
        for pool in policies.get(reference(held.get("loadDistributionPolicy")).lower(), ()):
            yield pool.lower(), setting


def _pair(facts: Document, pool: str, setting: str) -> Pair:
    return reference(facts.get(pool)).lower(), reference(facts.get(setting)).lower()


def shared_pools(facts: Document) -> Mapping[str, tuple[str, ...]]:
    """The pools of each load distribution policy, which a rule may name in place of one pool.

    https://learn.microsoft.com/rest/api/application-gateway/application-gateways/get
    """
    return {
        name: tuple(
            reference(properties(target).get("backendAddressPool"))
            for target in documents(properties(item).get("loadDistributionTargets"))
        )
        for name, item in by_name(documents(facts.get("loadDistributionPolicies"))).items()
    }


def _hosts(listener: Document) -> tuple[str, ...]:
    """The host names of a listener: `hostName` (older) and `hostNames`, wildcards included.

    Empty for a listener without a host name, which accepts every name.
    """
    facts = properties(listener)
    return tuple(
        filter(None, (host(facts.get("hostName")), *map(host, texts(facts.get("hostNames")))))
    )
