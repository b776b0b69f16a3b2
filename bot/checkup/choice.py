"""Which members under which settings a question is about, and what is demanded of a host that stands in no known pool. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.gateway.policies import MemberUse, checks_of, matching
from bot.language import GatewayTarget, HostTarget, OptionValue, named_gateway, read_gateway
from bot.model.azure import ArmRefusal, ArmTrouble, Gateway, GatewayId
from bot.model.report import CheckRequest, MemberCheck
from chainlib import Certificate, GatewayPolicy, HttpProbeRule, Target, TrustMode
from chainlib.aio import load_well_known

Options = Mapping[str, OptionValue]

USUAL_PORT = 443

NO_GATEWAY_KNOWN = "no known gateway has this host in a pool, so it was judged as a v2 setting that trusts well-known CAs"
NOT_WHERE_NAMED = "no pool that was named holds this host, so it was judged as a v2 setting that trusts well-known CAs"
GATEWAYS_UNKNOWN = "Azure did not tell which gateways use this host, so it was judged as a v2 setting that trusts well-known CAs"


def uses_of_host(gateways: Sequence[Gateway], target: HostTarget) -> tuple[MemberUse, ...]:
    """Where the host stands in a pool; a host without a port is asked for on the port that its settings use."""
    uses = matching(gateways, target.host, target.port)
    return uses or (matching(gateways, target.host) if target.port == USUAL_PORT else ())


def chosen(uses: Sequence[MemberUse], options: Options) -> list[MemberUse]:
    """Those that `gw=`, `pool=` and `setting=` leave."""
    wanted = _text(options, "gw")
    gateway = (read_gateway(wanted) or named_gateway(wanted)) if wanted else None
    fitting = [use for use in uses if gateway is None or _is_meant(use.gateway.id, gateway)]
    return [use for use in fitting if is_named(use, _text(options, "pool"), _text(options, "setting"))]


def _is_meant(known: GatewayId, typed: GatewayTarget) -> bool:
    pairs = ((known.name, typed.name), (known.group, typed.group), (known.subscription, typed.subscription))
    return all(word is None or word.lower() == name.lower() for name, word in pairs)


def is_named(use: MemberUse, pool: str | None, setting: str | None) -> bool:
    """Whether a use is of this pool and setting; `None` takes any."""
    pool_fits = pool is None or use.use.pool.lower() == pool.lower()
    return pool_fits and (setting is None or use.setting.name.lower() == setting.lower())


def _text(options: Options, key: str) -> str | None:
    value = options.get(key)
    return str(value) if value else None


def checks_for(uses: Iterable[MemberUse], gateways: Sequence[Gateway]) -> tuple[MemberCheck, ...]:
    """What to probe for these uses; the roots of every gateway are looked through for one that is missing here."""
    well_known = load_well_known()
    return tuple(_with_public_roots(one, well_known.certificates) for one in checks_of(uses, well_known=well_known, sisters=gateways))


def _with_public_roots(one: MemberCheck, roots: tuple[Certificate, ...]) -> MemberCheck:
    if one.request is None or one.request.policy.trust is not TrustMode.UPLOADED_ROOTS:
        return one
    return replace(one, request=replace(one.request, policy=replace(one.request.policy, public_roots=roots)))


def assumed_request(target: HostTarget, options: Options, arm: ArmRefusal | None) -> CheckRequest:
    """Without a gateway: a v2 setting that trusts well-known CAs, asked for by the host's own name."""
    why = GATEWAYS_UNKNOWN if arm else NOT_WHERE_NAMED if {"gw", "pool", "setting"} & set(options) else NO_GATEWAY_KNOWN
    name = _text(options, "host") or target.host
    server_name = _text(options, "sni") or (None if target.is_ip and name == target.host else name)
    rule = HttpProbeRule(host_header=name, path=_text(options, "path") or "/")
    policy = GatewayPolicy(anchors=load_well_known(), name=name, http=rule)
    return CheckRequest(target=Target(host=target.host, port=target.port, server_name=server_name), policy=policy, assumed=(why,))


def overridden(one: MemberCheck, options: Options) -> MemberCheck:
    """What was typed wins over the setting, and is said."""
    if one.request is None or not {"sni", "host", "path"} & set(options):
        return one
    target, policy = one.request.target, one.request.policy
    if sni := _text(options, "sni"):
        target = replace(target, server_name=sni)
    if name := _text(options, "host"):
        policy = replace(policy, name=name)
    if path := _text(options, "path"):
        policy = replace(policy, http=replace(policy.http or HttpProbeRule(), path=path))
    said = (*one.request.assumed, "names or path as typed, not as in the setting")
    return replace(one, request=replace(one.request, target=target, policy=policy, assumed=said))


def no_such_part(gateway: Gateway, target: GatewayTarget) -> ArmRefusal:
    """The answer to a pool or setting that no rule uses, with those that there are."""
    known = sorted({f"{use.pool}/{use.setting}" for use in gateway.uses})
    part = "/".join(filter(None, (target.pool, target.setting)))
    sentence = f"{gateway.id.name} has no pool and setting called {part} that a rule uses; it has {', '.join(known[:5]) or 'none'}."
    return ArmRefusal(trouble=ArmTrouble.NOT_FOUND, sentence=sentence, suggestions=tuple(known))
