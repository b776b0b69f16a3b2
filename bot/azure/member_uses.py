"""What the gateway requires of each pool member, under each setting that a rule uses. Pure.

Source: azure-rules sections 2.1 and 2.2 for trust, 2.3 for names (in `server_names`), 3 for the
health probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from bot.azure.hints import hints
from bot.azure.name_index import NameIndex
from bot.azure.server_names import (
    DEFAULT_PROBE_HOST,
    LiveNames,
    ProbeNames,
    live_names,
    probe_names,
)
from bot.domain.azure import (
    BackendMember,
    BackendServer,
    BackendSetting,
    Gateway,
    MemberKind,
    PoolUse,
)
from bot.domain.report import CheckRequest, MemberCheck
from chainlib import (
    Certificate,
    GatewayPolicy,
    HttpProbeRule,
    Sku,
    Target,
    TrustAnchors,
    TrustMode,
    UndecodableRoot,
    UploadedRoot,
    is_ip_literal,
)
from chainlib.frozen import dataclass

_ROOTS = 4096
NO_TLS = "The backend setting does not use TLS, so there is no certificate to check."
NO_ADDRESS = (
    "The member is a network interface whose address is known only once the gateway has reported "
    "its health."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberUse:
    """One member of a pool under one setting that a rule joins with the pool.

    Attributes:
        gateway: the gateway of the pool.
        use: the pool, the setting, and the host names of live traffic.
        setting: the backend setting.
        member: the pool member.
    """

    gateway: Gateway
    use: PoolUse
    setting: BackendSetting
    member: BackendMember


def member_uses(gateway: Gateway) -> tuple[MemberUse, ...]:
    """Every member under every setting that a rule joins with its pool, in rule order."""
    pools = {pool.name: pool for pool in gateway.pools}
    settings = {setting.name: setting for setting in gateway.settings}
    return tuple(
        MemberUse(gateway=gateway, use=use, setting=settings[use.setting], member=member)
        for use in gateway.uses
        for member in dict.fromkeys(pools[use.pool].members)
    )


def with_listed_servers(
    gateway: Gateway, servers: Iterable[BackendServer]
) -> tuple[Gateway, tuple[MemberUse, ...]]:
    """Add the servers that only backend health lists to their pools.

    Returns the gateway with them as members, and their uses.
    """
    added: dict[str, dict[BackendMember, None]] = {}
    wanted: set[tuple[str, str, str]] = set()
    for server in servers:
        kind = MemberKind.IP if is_ip_literal(server.address) else MemberKind.FQDN
        member = BackendMember(
            kind=kind, address=server.address, ip_configuration=server.ip_configuration
        )
        added.setdefault(server.pool.lower(), {})[member] = None
        wanted.add((server.pool.lower(), server.setting.lower(), server.address))
    pools = tuple(
        replace(pool, members=(*pool.members, *added.get(pool.name.lower(), ())))
        for pool in gateway.pools
    )
    filled = replace(gateway, pools=pools)
    uses = (
        use
        for use in member_uses(filled)
        if (use.use.pool.lower(), use.setting.name.lower(), use.member.address) in wanted
    )
    return filled, tuple(uses)


def tls_uses_of(
    gateways: Sequence[Gateway], host: str, port: int | None = None
) -> tuple[MemberUse, ...]:
    """The places of a host in the pools of known gateways, under settings that use TLS.

    `port` narrows the result to settings that use that port.
    """
    return tuple(
        use
        for use in all_uses_of(gateways, host)
        if use.setting.is_tls and port in {None, use.setting.port, probe_port(use.setting)}
    )


def all_uses_of(gateways: Sequence[Gateway], host: str) -> tuple[MemberUse, ...]:
    """The places of a host in the pools of known gateways, under settings of any protocol."""
    wanted = host.lower().rstrip(".")
    holding = _BY_MEMBER.holders(gateways, (wanted,))
    return tuple(use for gateway in holding for use in uses_by_address(gateway)[wanted])


_BY_ADDRESS: dict[str, tuple[Gateway, Mapping[str, tuple[MemberUse, ...]]]] = {}


def uses_by_address(gateway: Gateway) -> Mapping[str, tuple[MemberUse, ...]]:
    """The members of a gateway by address; cached per gateway value."""
    held = _BY_ADDRESS.get(gateway.id.key)
    if held is None or held[0] is not gateway:
        found: dict[str, tuple[MemberUse, ...]] = {}
        for use in member_uses(gateway):
            found[use.member.address] = (*found.get(use.member.address, ()), use)
        held = _BY_ADDRESS[gateway.id.key] = (gateway, found)
    return held[1]


_BY_MEMBER = NameIndex(uses_by_address)


def checks_of(
    uses: Iterable[MemberUse], *, well_known: TrustAnchors, others: Sequence[Gateway] = ()
) -> tuple[MemberCheck, ...]:
    """The checks to run for these uses, which usually come from `tls_uses_of`."""
    trusts: dict[tuple[str, str], tuple[TrustAnchors, tuple[UploadedRoot, ...]]] = {}
    checks: list[MemberCheck] = []
    for use in uses:
        key = (use.gateway.id.key, use.setting.name)
        if key not in trusts:
            trusts[key] = _trust(use.gateway, use.setting, well_known, others)
        checks.append(_check(use, *trusts[key]))
    return tuple(checks)


def _check(
    use: MemberUse, anchors: TrustAnchors, unattached: tuple[UploadedRoot, ...]
) -> MemberCheck:
    reason = NO_ADDRESS if not use.member.address else "" if use.setting.is_tls else NO_TLS
    request = None if reason else _request(use, anchors, unattached)
    return MemberCheck(
        pool=use.use.pool,
        setting=use.setting.name,
        member=use.member.label,
        request=request,
        skipped=reason,
        hints=hints(use.gateway, use.setting, use.member),
    )


def _request(
    use: MemberUse, anchors: TrustAnchors, unattached: tuple[UploadedRoot, ...]
) -> CheckRequest:
    setting, member, sku = use.setting, use.member, use.gateway.sku
    probe, live = (
        probe_names(setting, member, sku),
        live_names(setting, member, use.use.live_hosts, sku),
    )
    policy = GatewayPolicy(
        anchors=anchors,
        sku=sku,
        validate_chain=setting.validate_chain,
        validate_name=setting.validate_name,
        name=probe.reference,
        sni_name=bool(setting.sni_name) and sku is not Sku.V1,
        live_names=tuple(name for name in live.names if name != probe.reference),
        unattached=unattached,
        http=None if setting.layer4 else _rule(setting, probe),
    )
    target = Target(
        host=member.address,
        port=probe_port(setting),
        server_name=probe.server_name,
        proxy_header=setting.proxy_header,
    )
    return CheckRequest(
        target=target,
        policy=policy,
        assumed=(*_remarks(anchors, probe, live), *_other_port(setting)),
        known_names=tuple(filter(None, (setting.host_name, *use.use.live_hosts))),
    )


def probe_port(setting: BackendSetting) -> int:
    """The port that the health probe connects to: its own, else the setting's."""
    return (setting.probe.port if setting.probe else None) or setting.port


def _rule(setting: BackendSetting, names: ProbeNames) -> HttpProbeRule:
    if setting.probe is None:
        return HttpProbeRule(host_header=DEFAULT_PROBE_HOST)
    return replace(setting.probe.rule, host_header=names.host_header)


def _remarks(anchors: TrustAnchors, probe: ProbeNames, live: LiveNames) -> Iterator[str]:
    """What was assumed because the configuration does not say it, as sentences for users."""
    if probe.reference is None:
        yield ("no host name is set, so the certificate's name was not checked for the probe")
    yield from live.untested
    for name in anchors.hidden:
        yield f"the trusted root {name}: ARM does not show it, as it does not those in Key Vault"


def _other_port(setting: BackendSetting) -> Iterator[str]:
    """Remark that the health probe of a v2 gateway connects to another port than live traffic."""
    if probe_port(setting) != setting.port:
        yield (
            f"the health probe uses port {probe_port(setting)}; port {setting.port}, which live "
            "traffic uses, was not checked"
        )


def _trust(
    gateway: Gateway, setting: BackendSetting, well_known: TrustAnchors, others: Sequence[Gateway]
) -> tuple[TrustAnchors, tuple[UploadedRoot, ...]]:
    if gateway.sku is Sku.V1:
        return _auth_anchors(gateway, setting), ()
    anchors = uploaded_anchors(gateway, setting.root_names) if setting.root_names else well_known
    trusted = anchors.certificates if setting.root_names else ()
    return anchors, tuple(_unattached(gateway, trusted, others))


def _unattached(
    gateway: Gateway, attached: tuple[Certificate, ...], others: Sequence[Gateway]
) -> Iterator[UploadedRoot]:
    """Uploaded roots that the setting does not use: first this gateway's, then other gateways'."""
    trusted = set(attached)
    here = {root.certificate for root in gateway.roots}
    yield from (root for root in gateway.roots if root.certificate not in trusted)
    # Hundreds of other gateways may have the same few roots, so roots are compared first.
    for other_gateway in others:
        for root in other_gateway.roots:
            if root.certificate not in here and other_gateway.id.key != gateway.id.key:
                yield _on_other_gateway(root)


@lru_cache(maxsize=_ROOTS)
def _on_other_gateway(root: UploadedRoot) -> UploadedRoot:
    return replace(root, on_other_gateway=True)


def uploaded_anchors(gateway: Gateway, names: Iterable[str]) -> TrustAnchors:
    """The trust anchors of a v2 setting to which the gateway's roots of these names are attached.

    ARM compares names without case.
    """
    names = tuple(names)
    wanted = {name.lower() for name in names}
    attached = tuple(root for root in gateway.roots if root.name.lower() in wanted)
    broken = tuple(root for root in gateway.undecodable if root.name.lower() in wanted)
    named = {root.certificate.sha256: root.name for root in attached}
    anchors = _anchors(
        TrustMode.UPLOADED_ROOTS, (root.certificate for root in attached), named, broken
    )
    # Also what the setting names and the answer does not list: nothing is known of it.
    shown = {root.name.lower() for kind in (attached, broken) for root in kind}
    return replace(
        anchors,
        hidden=tuple(dict.fromkeys(name for name in names if name.lower() not in shown)),
        packed=tuple(one for one in gateway.packed_roots if one.name.lower() in wanted),
    )


def _auth_anchors(gateway: Gateway, setting: BackendSetting) -> TrustAnchors:
    """The leaf certificates that a v1 setting accepts.

    A v1 gateway trusts exactly the uploaded leaf certificate (azure-rules section 2.1).
    """
    wanted = {name.lower() for name in setting.auth_certificate_names}
    held = [one for one in gateway.auth_certificates if one.name.lower() in wanted]
    names = {one.certificate.sha256: one.name for one in held}
    return _anchors(TrustMode.AUTH_CERTIFICATES, (one.certificate for one in held), names, ())


def _anchors(
    mode: TrustMode,
    certificates: Iterable[Certificate],
    names: dict[str, str],
    broken: tuple[UndecodableRoot, ...],
) -> TrustAnchors:
    unique = tuple(dict.fromkeys(certificates))
    return TrustAnchors(
        mode=mode, certificates=unique, names=MappingProxyType(names), undecodable=broken
    )
