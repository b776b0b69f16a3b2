"""Which members and settings a request covers, and what is required of an unknown host. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.azure.member_uses import MemberUse, all_uses_of, checks_of, probe_port, tls_uses_of
from bot.azure.name_index import INVENTORIES
from bot.domain.azure import Gateway, PoolUse
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckRequest, MemberCheck
from bot.domain.request import HostTarget, ProbeOptions
from chainlib import (
    Certificate,
    GatewayPolicy,
    HttpProbeRule,
    Target,
    TrustAnchors,
    TrustMode,
    is_ip_literal,
    listed,
)
from chainlib.aio import load_well_known

USUAL_PORT = 443
_NAMES_SHOWN = 5

_USUAL_TRUST = "well-known CAs"
_JUDGED = f", so it was judged as a v2 setting that trusts {_USUAL_TRUST}"
NO_GATEWAY_KNOWN = f"no known gateway has this host in a pool{_JUDGED}"
NOT_WHERE_NAMED = f"no pool that was named holds this host{_JUDGED}"
GATEWAYS_UNKNOWN = f"the gateways that use this host could not be read{_JUDGED}"


def uses_of_host(gateways: Sequence[Gateway], target: HostTarget) -> tuple[MemberUse, ...]:
    """The places of the host in the gateways' pools.

    A host without a port is checked on the port of its settings.
    """
    uses = tls_uses_of(gateways, target.host, target.port)
    return uses or (tls_uses_of(gateways, target.host) if target.port == USUAL_PORT else ())


def on_port_of(uses: Sequence[MemberUse], target: HostTarget) -> HostTarget:
    """The target with the port of its setting or probe."""
    return replace(target, port=probe_port(uses[0].setting)) if uses else target


def chosen(uses: Sequence[MemberUse], options: ProbeOptions) -> list[MemberUse]:
    """The uses that match `gw=`, `pool=` and `setting=`."""
    gateway = options.gw
    fitting = [use for use in uses if gateway is None or gateway.means(use.gateway.id)]
    return [use for use in fitting if is_named(use, options.pool, options.setting)]


def nearest_first(
    gateways: Iterable[Gateway], uses: Iterable[MemberUse], options: ProbeOptions
) -> tuple[Gateway, ...]:
    """The gateways sorted: first the one of `gw=`, or those whose pools contain the host.

    ARM's lists have no order of their own.
    """
    ordered, near = _by_key(tuple(gateways)), {use.gateway.id.key for use in uses}
    if typed := options.gw:
        near |= {one.id.key for one in ordered if typed.means(one.id)}
    first = tuple(one for one in ordered if one.id.key in near)
    return (*first, *(one for one in ordered if one.id.key not in near)) if first else ordered


_ORDERED: OrderedDict[int, tuple[tuple[Gateway, ...], tuple[Gateway, ...]]] = OrderedDict()


def _by_key(gateways: tuple[Gateway, ...]) -> tuple[Gateway, ...]:
    """The gateways in the order of their IDs; the sorted inventory is cached."""
    # Recognised by identity: the tuple is kept, so that no other one can get its `id`.
    given, ordered = _ORDERED.get(id(gateways), ((), ()))
    if given is not gateways:
        ordered = tuple(sorted(gateways, key=lambda one: one.id.key))
        _ORDERED[id(gateways)] = (gateways, ordered)
        if len(_ORDERED) > INVENTORIES:
            _ORDERED.popitem(last=False)
    return ordered


def placement_of(
    gateways: Sequence[Gateway], target: HostTarget, options: ProbeOptions
) -> GatewayRef | Refusal:
    """The gateway, pool and setting of a host.

    A refusal if there is none, or more than one gateway.
    """
    uses = chosen(uses_of_host(gateways, target) or all_uses_of(gateways, target.host), options)
    ids = list(dict.fromkeys(use.gateway.id for use in uses))
    if not ids:
        where = (
            "no pool that was named"
            if options.names_place
            else "no backend pool that the bot can see"
        )
        return _refused(
            f"{target.host[:60]} is in {where}, so there is no backend health for it; write for "
            f"example {target.host[:60]}."
        )
    if len(ids) > 1:
        names = listed([one.ref.short for one in ids], shown=_NAMES_SHOWN)
        example = f"{target.host[:60]} via=gateway gw={ids[0].ref.short}"
        return _refused(
            f"Several gateways have {target.host[:60]} in a pool: {names}; write for example "
            f"{example}."
        )
    pools, settings = {use.use.pool for use in uses}, {use.setting.name for use in uses}
    return replace(
        ids[0].ref,
        pool=pools.pop() if len(pools) == 1 else None,
        setting=settings.pop() if len(settings) == 1 else None,
    )


def _refused(sentence: str) -> Refusal:
    return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)


def is_named(use: MemberUse, pool: str | None, setting: str | None) -> bool:
    """Whether a use has this pool and setting; `None` matches any."""
    pool_fits = pool is None or use.use.pool.lower() == pool.lower()
    return pool_fits and (setting is None or use.setting.name.lower() == setting.lower())


def is_named_pair(use: PoolUse, pool: str | None, setting: str | None) -> bool:
    """Whether a rule's pair has this pool and setting; `None` matches any."""
    pool_fits = pool is None or use.pool.lower() == pool.lower()
    return pool_fits and (setting is None or use.setting.lower() == setting.lower())


def checks_for(uses: Iterable[MemberUse], gateways: Sequence[Gateway]) -> tuple[MemberCheck, ...]:
    """What to probe for these uses.

    The roots of all gateways are searched for one that is missing here.
    """
    well_known = load_well_known()
    return tuple(
        _with_public_roots(one, well_known.certificates)
        for one in checks_of(uses, well_known=well_known, others=gateways)
    )


def _with_public_roots(one: MemberCheck, roots: tuple[Certificate, ...]) -> MemberCheck:
    if one.request is None or one.request.policy.trust is not TrustMode.UPLOADED_ROOTS:
        return one
    return replace(
        one, request=replace(one.request, policy=replace(one.request.policy, public_roots=roots))
    )


def assumed_request(
    target: HostTarget,
    options: ProbeOptions,
    arm_refusal: Refusal | None,
    trust: TrustAnchors | None = None,
    said: str = _USUAL_TRUST,
) -> CheckRequest:
    """The request without a gateway: a v2 setting that sends the host's own name.

    It trusts the well-known CAs, or `trust`, which `said` describes. If the gateways could not be
    read, the name that they send to a typed address is not known, and names are not judged.
    """
    why = (
        GATEWAYS_UNKNOWN
        if arm_refusal
        else NOT_WHERE_NAMED
        if options.names_place
        else NO_GATEWAY_KNOWN
    )
    host_header = options.host or target.host
    server_name = options.sni or (None if is_ip_literal(host_header) else host_header)
    rule = HttpProbeRule(host_header=host_header, path=options.path or "/")
    is_known = not arm_refusal or options.host or not is_ip_literal(target.host)
    name = host_header if is_known else None
    roots = load_well_known()
    usual = replace(roots, unread=True) if arm_refusal else roots
    policy = GatewayPolicy(anchors=trust or usual, name=name, http=rule)
    if policy.trust is TrustMode.UPLOADED_ROOTS:
        policy = replace(policy, public_roots=roots.certificates)
    reached = Target(host=target.host, port=target.port, server_name=server_name)
    return CheckRequest(
        target=reached,
        policy=policy,
        assumed=(why.replace(_USUAL_TRUST, said),),
        hypothetical=trust is not None,
    )


def no_such_part(gateway: Gateway, target: GatewayRef) -> Refusal:
    """The refusal for a pool or setting that no rule uses, with the existing ones."""
    known = sorted({f"{use.pool}/{use.setting}" for use in gateway.uses})
    first = next(iter(gateway.uses), None)
    example = (
        replace(gateway.id.ref, pool=first.pool, setting=first.setting).text
        if first
        else gateway.id.text
    )
    sentence = (
        f"{gateway.id.name} has no pool and setting called {target.part} that a rule uses; it has "
        f"{listed(known, shown=_NAMES_SHOWN)}."
    )
    return Refusal(kind=RefusalKind.NOT_FOUND, sentence=sentence, example=example)
