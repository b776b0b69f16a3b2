"""Which rules of a gateway serve a public host name, and where each leads. Pure.

A listener with the exact name comes before one with a wildcard, as in Application Gateway. A name
or address of the front end itself leads to every listener on that front end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.azure.arm_json import (
    Document,
    by_name,
    documents,
    host,
    mapping,
    name_of,
    number,
    properties,
    reference,
    text,
    texts,
)
from bot.azure.name_index import NameIndex
from bot.azure.routing import shared_pools
from bot.commands.known_names import host_fits
from bot.domain.azure import Gateway, SiteRule

_MAX_HOPS = 5


def site_rules(facts: Document) -> tuple[SiteRule, ...]:
    """Every path from a listener to a pool or a redirect, in the order of the rules.

    Args:
        facts: the gateway's `properties`.
    """
    return tuple(
        way
        for rules, listeners, key in (
            ("requestRoutingRules", "httpListeners", "httpListener"),
            ("routingRules", "listeners", "listener"),
        )
        for rule in documents(facts.get(rules))
        for way in _ways(rule, _listeners(facts, listeners), key, facts)
    )


_SITES: dict[str, tuple[Gateway, _Names]] = {}


@dataclass(frozen=True, slots=True)
class _Names:
    """The names and addresses of a gateway's listeners.

    Attributes:
        exact: those without a wildcard, and the part after `*` of the usual wildcards.
        wild: every other wildcard.
    """

    exact: frozenset[str]
    wild: tuple[str, ...]

    def takes(self, name: str) -> bool:
        """Whether a listener accepts this name, exactly or by a wildcard."""
        return not self.exact.isdisjoint(_spellings(name)) or any(
            host_fits(one, name) for one in self.wild
        )


def _spellings(name: str) -> tuple[str, ...]:
    """The name itself, and the usual wildcards that cover it."""
    parts = name.split(".")
    return (name, *(f"*.{'.'.join(parts[start:])}" for start in range(1, len(parts))))


def _names_of(gateway: Gateway) -> _Names:
    """The names of a gateway; cached per gateway value."""
    held = _SITES.get(gateway.id.key)
    if held is None or held[0] is not gateway:
        names = site_names(gateway)
        wild = tuple(name for name in names if "?" in name or "*" in name.removeprefix("*."))
        held = _SITES[gateway.id.key] = (gateway, _Names(frozenset(names).difference(wild), wild))
    return held[1]


_ANY_PATTERN = "*"  # no listener's name: it stands for every unusual wildcard


def _index_names(gateway: Gateway) -> frozenset[str]:
    names = _names_of(gateway)
    return names.exact | {_ANY_PATTERN} if names.wild else names.exact


_BY_SITE = NameIndex(_index_names)


def serving_gateways(gateways: Sequence[Gateway], name: str) -> tuple[Gateway, ...]:
    """The gateways that serve a public name or address."""
    wanted = name.lower().rstrip(".")
    may = _BY_SITE.holders(gateways, (*_spellings(wanted), _ANY_PATTERN))
    return tuple(gateway for gateway in may if rules_for(gateway, wanted))


def rules_for(gateway: Gateway, name: str) -> tuple[SiteRule, ...]:
    """The rules that serve a public name or address; empty when this gateway does not serve it."""
    wanted = name.lower().rstrip(".")
    if not _names_of(gateway).takes(wanted):
        return ()
    exact = [rule for rule in gateway.site_rules if wanted in rule.hosts]
    if exact:
        return _followed(gateway, exact)
    wild = [
        rule for rule in gateway.site_rules if any(host_fits(one, wanted) for one in rule.hosts)
    ]
    front = [rule for rule in gateway.site_rules if wanted in rule.front_ends]
    return _followed(gateway, wild or front)


def takes_any_name(gateway: Gateway) -> bool:
    """Whether the gateway has a listener without a host name, which accepts every name."""
    return any(not rule.hosts for rule in gateway.site_rules)


def site_names(gateway: Gateway) -> tuple[str, ...]:
    """Every public name and address of a gateway, wildcards included, each once."""
    names = (name for rule in gateway.site_rules for name in (*rule.hosts, *rule.front_ends))
    return tuple(dict.fromkeys(names))


def unnamed_addresses(gateway: Gateway) -> frozenset[str]:
    """ARM IDs of the public addresses that the gateway uses and whose DNS names are unknown."""
    return frozenset(
        rule.public_address
        for rule in gateway.site_rules
        if rule.public_address and not rule.front_ends
    )


def public_names(item: Document) -> tuple[str, ...]:
    """The address and the DNS name of one of ARM's public IP addresses."""
    facts = properties(item)
    found = (host(facts.get("ipAddress")), host(mapping(facts.get("dnsSettings")).get("fqdn")))
    return tuple(filter(None, found))


def with_public_names(gateway: Gateway, names: Mapping[str, tuple[str, ...]]) -> Gateway:
    """The gateway with the names of its public front ends; `names` is keyed by ARM ID."""
    if not unnamed_addresses(gateway) & names.keys():
        return gateway
    rules = tuple(
        rule if rule.front_ends else replace(rule, front_ends=names.get(rule.public_address, ()))
        for rule in gateway.site_rules
    )
    return replace(gateway, site_rules=rules)


def _followed(gateway: Gateway, rules: list[SiteRule]) -> tuple[SiteRule, ...]:
    """The rules, and the rules of every listener to which one of them redirects."""
    found = dict.fromkeys(rules)
    for _ in range(_MAX_HOPS):
        targets = {rule.redirect_listener for rule in found} - {""}
        more = [rule for rule in gateway.site_rules if rule.listener.lower() in targets]
        if all(rule in found for rule in more):
            break
        found |= dict.fromkeys(more)
    return tuple(found)


def _listeners(facts: Document, key: str) -> Mapping[str, Document]:
    return by_name(documents(facts.get(key)))


def _ways(
    rule: Document, listeners: Mapping[str, Document], key: str, facts: Document
) -> Iterator[SiteRule]:
    details = properties(rule)
    listener = listeners.get(reference(details.get(key)).lower(), {})
    settings = "backendSettings" if key == "listener" else "backendHttpSettings"
    base = _base(name_of(rule), listener, facts)
    maps = by_name(documents(facts.get("urlPathMaps")))
    path_map = properties(maps.get(reference(details.get("urlPathMap")).lower(), {}))
    for one in documents(path_map.get("pathRules")):
        held = properties(one)
        yield from _way(base, held, facts, settings, paths=texts(held.get("paths")))
    if path_map:
        yield from _way(base, path_map, facts, settings, default="default", paths=())
    else:
        yield from _way(base, details, facts, settings, paths=())


def _base(rule: str, listener: Document, facts: Document) -> SiteRule:
    details = properties(listener)
    hosts = (host(details.get("hostName")), *map(host, texts(details.get("hostNames"))))
    front_ends = by_name(documents(facts.get("frontendIPConfigurations")))
    front = properties(
        front_ends.get(reference(details.get("frontendIPConfiguration")).lower(), {})
    )
    ports = by_name(documents(facts.get("frontendPorts")))
    port = properties(ports.get(reference(details.get("frontendPort")).lower(), {}))
    return SiteRule(
        rule=rule,
        listener=name_of(listener),
        hosts=tuple(dict.fromkeys(filter(None, hosts))),
        front_ends=tuple(_addresses(front)),
        public_address=text(mapping(front.get("publicIPAddress")).get("id")).lower(),
        port=number(port.get("port"), 443, low=1, high=65_535),
    )


def _addresses(front: Document) -> Iterator[str]:
    """The private address, and the public one where ARM expanded it.

    Where ARM did not, `front_ends` reads the public IP address and adds it.
    """
    public = properties(mapping(front.get("publicIPAddress")))
    found = (
        host(front.get("privateIPAddress")),
        host(public.get("ipAddress")),
        host(mapping(public.get("dnsSettings")).get("fqdn")),
    )
    yield from filter(None, found)


def _way(
    base: SiteRule,
    held: Document,
    facts: Document,
    settings: str,
    *,
    paths: Iterable[str],
    default: str = "",
) -> Iterator[SiteRule]:
    """One rule or path rule, with several pools several times.

    The members of a path map itself have the prefix `default`.
    """
    policy = _named(held, "loadDistributionPolicy", default).lower()
    pools = shared_pools(facts).get(policy, ()) if policy else ()
    redirect = _named(held, "redirectConfiguration", default)
    configurations = by_name(documents(facts.get("redirectConfigurations")))
    target = properties(configurations.get(redirect.lower(), {}))
    listener = reference(target.get("targetListener"))
    url = text(target.get("targetUrl"))
    way = SiteRule(
        rule=base.rule,
        listener=base.listener,
        hosts=base.hosts,
        front_ends=base.front_ends,
        public_address=base.public_address,
        port=base.port,
        paths=tuple(paths),
        pool=_named(held, "backendAddressPool", default),
        setting=_named(held, settings, default),
        redirect=f"listener {listener}" if listener else url or redirect,
        redirect_listener=listener.lower(),
        rewrite=_named(held, "rewriteRuleSet", default),
    )
    yield from (replace(way, pool=pool) for pool in pools or (way.pool,))


def _named(held: Document, key: str, default: str) -> str:
    return reference(held.get(f"{default}{key[:1].upper()}{key[1:]}" if default else key))
