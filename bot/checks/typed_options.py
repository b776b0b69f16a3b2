"""Applies typed options as if the gateway's setting contained them, and says so. Pure.

The options are a trusted root by its name, host names, a path and a port.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.azure.member_uses import MemberUse, uploaded_anchors
from bot.checks.selection import checks_for
from bot.domain.azure import Gateway
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckRequest, MemberCheck
from bot.domain.request import ProbeOptions, Via
from chainlib import HttpProbeRule, Sku, TrustAnchors, is_ip_literal, listed
from chainlib.aio import load_well_known
from chainlib.frozen import dataclass

WELL_KNOWN = "well-known"
OF_THE_PROBE = ("root", "sni", "host", "path", "port")
"""Options that replace a value of the setting."""
_NAMES_SHOWN = 6
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedRoot:
    """The trusted root that `root=` names.

    Attributes:
        name: as typed, or `well-known`.
        holders: the gateways that have a root of that name, nearest first; none for `well-known`.
    """

    name: str
    holders: tuple[Gateway, ...] = ()

    def holder(self, gateway: Gateway | None = None) -> Gateway | None:
        """The gateway whose root is meant for a setting of this gateway: itself before others."""
        own = (one for one in self.holders if gateway and one.id.key == gateway.id.key)
        return next(own, self.holders[0] if self.holders else None)

    def anchors(self) -> TrustAnchors:
        """The trust anchors for a host in no known pool."""
        holder = self.holder()
        return uploaded_anchors(holder, (self.name,)) if holder else load_well_known()

    def words(self, gateway: Gateway | None = None) -> str:
        """The root in words for users.

        Spelt as on its gateway, with that gateway if it is another one, and with a remark if
        several roots have the name.
        """
        holder = self.holder(gateway)
        if holder is None:
            return "well-known CAs"
        elsewhere = gateway is None or gateway.id.key != holder.id.key
        others = [
            one.id.name
            for one in self.holders
            if elsewhere and _held(one, self.name) != _held(holder, self.name)
        ]
        another = f" ({others[0]} has another of that name)" if others else ""
        return (
            "root "
            f"{_spelt(holder, self.name)}{f' of {holder.id.name}' if elsewhere else ''}{another}"
        )


def find_root(
    options: ProbeOptions, gateways: Sequence[Gateway], arm_refusal: Refusal | None, subject: str
) -> TypedRoot | Refusal | None:
    """The root that `root=` names; `None` if the option was not typed.

    Args:
        options: the typed options.
        gateways: where to search, nearest first.
        arm_refusal: why Azure did not list the gateways, if it did not.
        subject: the target, for the example in a refusal.
    """
    wanted = options.root
    if wanted is None or wanted.lower() == WELL_KNOWN:
        return TypedRoot(name=WELL_KNOWN) if wanted else None
    holders = tuple(gateway for gateway in gateways if _held(gateway, wanted))
    if holders:
        return TypedRoot(name=wanted, holders=holders)
    reason = _reason(options, wanted, gateways, arm_refusal)
    names = list(dict.fromkeys(name for gateway in gateways for name in _names(gateway)))
    example = f"{subject} root={names[0] if names else WELL_KNOWN}"
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        sentence=f"{reason}; write for example {example}{_choice(names)}.",
        example=example,
    )


def _reason(
    options: ProbeOptions, wanted: str, gateways: Sequence[Gateway], arm_refusal: Refusal | None
) -> str:
    shown = wanted[:_SHOWN]
    if gateways:
        return f"I see no trusted root called {shown} on any gateway"
    if arm_refusal is not None:
        return f"The root {shown} cannot be looked up ({arm_refusal.sentence.rstrip('.')})"
    if options.via is Via.PROBE:
        return f"The root {shown} cannot be looked up, because via=probe does not read Azure"
    return f"I see no gateway, so no trusted root called {shown} either"


def _choice(names: Sequence[str]) -> str:
    shown = listed([name[:_SHOWN] for name in names], shown=_NAMES_SHOWN)
    return f"; there are {shown}" if len(names) > 1 else ""


def _names(gateway: Gateway) -> tuple[str, ...]:
    return (*(root.name for root in gateway.roots), *(root.name for root in gateway.undecodable))


def _held(gateway: Gateway, name: str) -> tuple[object, ...]:
    """The roots of this name, to tell whether gateways have different ones."""
    readable = (root.certificate for root in gateway.roots if root.name.lower() == name.lower())
    return (
        *readable,
        *(root.reason for root in gateway.undecodable if root.name.lower() == name.lower()),
    )


def _spelt(gateway: Gateway, name: str) -> str:
    return next(one for one in _names(gateway) if one.lower() == name.lower())


def typed_checks(
    uses: Iterable[MemberUse],
    gateways: Sequence[Gateway],
    options: ProbeOptions,
    root: TypedRoot | None,
) -> tuple[tuple[MemberCheck, ...], str]:
    """The checks for these uses of one gateway with the typed options, and a summary in words."""
    uses = tuple(uses)
    said = in_words(options, root, uses[0].gateway) if uses else ""
    checks = checks_for([_as_typed(use, options, root) for use in uses], gateways)
    return tuple(overridden(one, options, said) for one in checks), said


def in_words(options: ProbeOptions, root: TypedRoot | None, gateway: Gateway | None) -> str:
    """The typed options in words; empty if there are none."""
    named = [
        root.words(gateway) if root and key == "root" else key
        for key in OF_THE_PROBE
        if getattr(options, key) is not None
    ]
    as_v2 = (
        ", by the rules of v2 since v1 has no trusted roots"
        if root and gateway and gateway.sku is Sku.V1
        else ""
    )
    return f"{', '.join(named)} as typed, not as in the setting{as_v2}" if named else ""


def _as_typed(use: MemberUse, options: ProbeOptions, root: TypedRoot | None) -> MemberUse:
    """The use with the typed root as the only trusted root of its setting, and the typed port."""
    setting, gateway = use.setting, use.gateway
    if port := options.port:
        setting = replace(
            setting, port=port, probe=setting.probe and replace(setting.probe, port=None)
        )
    if root:
        gateway = replace(_with_root(gateway, root), sku=Sku.V2)
        setting = replace(setting, root_names=(root.name,) if root.holders else ())
    return replace(use, setting=setting, gateway=gateway)


def _with_root(gateway: Gateway, root: TypedRoot) -> Gateway:
    holder = root.holder(gateway)
    if holder is None or holder.id.key == gateway.id.key:
        return gateway
    wanted = root.name.lower()
    readable = (one for one in holder.roots if one.name.lower() == wanted)
    broken = (one for one in holder.undecodable if one.name.lower() == wanted)
    return replace(
        gateway, roots=(*gateway.roots, *readable), undecodable=(*gateway.undecodable, *broken)
    )


def overridden(one: MemberCheck, options: ProbeOptions, said: str) -> MemberCheck:
    """The check with typed names and path instead of the setting's.

    What was typed comes first in the list of assumptions.
    """
    if one.request is None or not said:
        return one
    request = _named(one.request, options)
    if path := options.path:
        policy = request.policy
        request = replace(
            request, policy=replace(policy, http=replace(policy.http or HttpProbeRule(), path=path))
        )
    return replace(
        one, request=replace(request, assumed=(said, *request.assumed), hypothetical=True)
    )


def _named(request: CheckRequest, options: ProbeOptions) -> CheckRequest:
    """A typed host name is sent and required, as one in the setting is.

    `sni=` only changes the SNI that is sent.
    """
    target, policy = request.target, request.policy
    if name := options.host:
        target = replace(target, server_name=None if is_ip_literal(name) else name)
        policy = replace(
            policy, name=name, http=policy.http and replace(policy.http, host_header=name)
        )
    if sni := options.sni:
        target = replace(target, server_name=sni)
    return replace(request, target=target, policy=policy)


def replacing(options: ProbeOptions) -> ProbeOptions:
    """The options that replace a value of the setting."""
    return options.only(*OF_THE_PROBE)


def of_no_use(options: ProbeOptions) -> str:
    """Typed options without effect because nothing is probed, in words; empty if there are none."""
    named = ", ".join(f"{key}=" for key in OF_THE_PROBE if getattr(options, key) is not None)
    return f"{named} as typed is not used, because nothing is probed" if named else ""
