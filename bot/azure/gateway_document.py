"""Translates ARM's gateway document into `Gateway`.

Pure and tolerant: unknown members are ignored, missing ones get ARM's defaults, nothing raises.
Certificates, probes and rules are translated by `certificates`, `probes` and `routing`, backend
health by `health`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

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
    switch,
    text,
)
from bot.azure.certificates import auth_certificates, trusted_roots
from bot.azure.probes import MAX_PORT, health_probe
from bot.azure.routing import pool_uses
from bot.azure.sites import site_rules
from bot.domain.azure import (
    BackendMember,
    BackendPool,
    BackendSetting,
    Gateway,
    GatewayHealth,
    HealthProbe,
    MemberKind,
)
from bot.domain.gateway_ref import GatewayId
from chainlib import Sku, is_ip_literal

V1_SIZES = ("small", "medium", "large")
V1_TIERS = frozenset(
    {"standard", "waf", *(f"{tier}_{size}" for tier in ("standard", "waf") for size in V1_SIZES)}
)
"""Tiers of v1, and its size names, which stand alone where ARM omits the tier."""
_INSTANCE = ("virtualmachinescalesets", "virtualmachines")
_INTERFACE = ("networkinterfaces", "ipconfigurations")


def translate_gateway(document: object, *, fallback: GatewayId | None = None) -> Gateway | None:
    """Translate one gateway.

    Args:
        document: an SDK model or decoded JSON of any shape.
        fallback: the gateway's ID, for a document without one.

    Returns:
        The gateway, or `None` when the document is no gateway: no object, no `properties` or no ID.
    """
    whole = mapping(document)
    facts = properties(whole)
    identity = gateway_id(whole.get("id")) or fallback
    if not facts or identity is None:
        return None
    pools = tuple(_pool(item) for item in documents(facts.get("backendAddressPools")))
    settings = _settings(facts)
    roots = trusted_roots(documents(facts.get("trustedRootCertificates")), identity.name)
    sku = mapping(facts.get("sku"))
    tier = text(sku.get("tier")) or text(sku.get("name"))
    return Gateway(
        id=identity,
        location=text(whole.get("location")),
        tier=tier,
        sku=Sku.V1 if tier.lower() in V1_TIERS else Sku.V2,
        state=text(facts.get("operationalState")),
        provisioning=text(facts.get("provisioningState")),
        pools=pools,
        settings=settings,
        roots=roots.readable,
        undecodable=roots.undecodable,
        hidden_roots=roots.hidden,
        packed_roots=roots.packed,
        unused_probes=_unused_probes(facts, settings),
        private_only=_private_only(facts),
        auth_certificates=auth_certificates(documents(facts.get("authenticationCertificates"))),
        uses=pool_uses(
            facts,
            {p.name.lower(): p.name for p in pools},
            {s.name.lower(): s.name for s in settings},
        ),
        site_rules=site_rules(facts),
    )


def gateway_id(value: object) -> GatewayId | None:
    """The ID of the gateway in an ARM ID; the ID of a sub-resource works too."""
    return GatewayId.read(text(value))


def with_nic_addresses(gateway: Gateway, health: GatewayHealth) -> Gateway:
    """The gateway with the addresses that backend health reports for network interfaces."""
    known = {
        server.ip_configuration.lower(): server.address
        for server in health.servers
        if server.ip_configuration
    }
    pools = tuple(
        replace(pool, members=tuple(_addressed(member, known) for member in pool.members))
        for pool in gateway.pools
    )
    return replace(gateway, pools=pools)


def _unused_probes(facts: Document, settings: Iterable[BackendSetting]) -> tuple[str, ...]:
    used = {setting.probe.name.lower() for setting in settings if setting.probe}
    names = (name_of(item) for item in documents(facts.get("probes")))
    return tuple(name for name in names if name.lower() not in used)


def _private_only(facts: Document) -> bool:
    """Whether there is a front end with a private address and none with a public one."""
    frontends = [properties(item) for item in documents(facts.get("frontendIPConfigurations"))]
    public = any(reference(one.get("publicIPAddress")) for one in frontends)
    private = any(
        text(one.get("privateIPAddress")) or reference(one.get("subnet")) for one in frontends
    )
    return private and not public


def _addressed(member: BackendMember, known: Mapping[str, str]) -> BackendMember:
    return (
        replace(member, address=known.get(member.ip_configuration.lower(), ""))
        if member.kind is MemberKind.NIC
        else member
    )


def _pool(item: Document) -> BackendPool:
    facts = properties(item)
    named = tuple(_member(entry) for entry in documents(facts.get("backendAddresses")))
    nics = nic_members(
        text(entry.get("id")) for entry in documents(facts.get("backendIPConfigurations"))
    )
    return BackendPool(
        name=name_of(item),
        members=tuple(m for m in (*named, *nics) if m.address or m.ip_configuration),
    )


def nic_members(ids: Iterable[str]) -> tuple[BackendMember, ...]:
    """The pool members that are network interfaces, each with a unique name."""
    ids = tuple(filter(None, ids))
    short = [_interface_name(one) for one in ids]
    names = [
        name if short.count(name) == 1 else _interface_name(one, whole=True)
        for one, name in zip(ids, short, strict=True)
    ]
    return tuple(
        BackendMember(kind=MemberKind.NIC, address="", ip_configuration=one, name=name)
        for one, name in zip(ids, names, strict=True)
    )


def _interface_name(resource_id: str, *, whole: bool = False) -> str:
    """`web/0` for an instance of a scale set, else the interface's own name."""
    parts = resource_id.strip("/").split("/")
    named = {kind.lower(): name for kind, name in zip(parts[::2], parts[1::2], strict=False)}
    first = tuple(named[kind] for kind in _INSTANCE if kind in named)
    interface = tuple(named[kind] for kind in _INTERFACE if kind in named)
    short = first or interface[:1]
    return "/".join(dict.fromkeys((*short, *interface) if whole else short))


def _member(entry: Document) -> BackendMember:
    """One member of a pool; the portal also accepts an address in the field for the name."""
    address = host(entry.get("fqdn")) or host(entry.get("ipAddress"))
    return BackendMember(
        kind=MemberKind.IP if is_ip_literal(address) else MemberKind.FQDN, address=address
    )


def _settings(facts: Document) -> tuple[BackendSetting, ...]:
    probes = {
        name: health_probe(item) for name, item in by_name(documents(facts.get("probes"))).items()
    }
    seven = tuple(
        _setting(item, probes, layer4=False)
        for item in documents(facts.get("backendHttpSettingsCollection"))
    )
    four = tuple(
        _setting(item, probes, layer4=True)
        for item in documents(facts.get("backendSettingsCollection"))
    )
    return (*seven, *four)


def _setting(item: Document, probes: Mapping[str, HealthProbe], *, layer4: bool) -> BackendSetting:
    """One backend setting.

    Layer 4 has neither the validation switches nor `sniName` (azure-rules section 2.8).
    """
    facts = properties(item)
    protocol = text(facts.get("protocol")) or ("Tcp" if layer4 else "Http")
    switches = {} if layer4 else facts
    probe = probes.get(reference(facts.get("probe")).lower())
    return BackendSetting(
        name=name_of(item),
        port=number(
            facts.get("port"),
            443 if protocol.lower() in {"https", "tls"} else 80,
            low=1,
            high=MAX_PORT,
        ),
        protocol=protocol,
        host_name=host(facts.get("hostName")),
        pick_host_from_address=switch(facts.get("pickHostNameFromBackendAddress"), default=False),
        sni_name=host(switches.get("sniName")),
        validate_chain=switch(switches.get("validateCertChainAndExpiry"), default=True),
        validate_name=switch(switches.get("validateSNI"), default=True),
        root_names=_references(facts.get("trustedRootCertificates")),
        auth_certificate_names=_references(facts.get("authenticationCertificates")),
        probe=probe,
        layer4=layer4,
        proxy_header=switch(facts.get("enableL4ClientIpPreservation"), default=False)
        or (probe is not None and probe.proxy_header),
    )


def _references(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(reference, documents(value))))
