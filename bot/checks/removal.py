"""Rehearses the removal of a root from a gateway: which backends would be refused without it.

Nothing is changed in Azure. The root is removed from our copy of the configuration, and the
policies are derived from that copy by the usual rules, so a setting that loses its last root falls
back to the well-known CAs as on the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.azure.member_uses import NO_ADDRESS, checks_of, member_uses
from bot.checks.service import CheckService
from bot.domain.azure import BackendSetting, Gateway
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.removal import Impact, MemberImpact, Removal
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from chainlib import GatewayPolicy, Sku, Verdict, judge, listed, rank
from chainlib.aio import load_well_known

_WORST_FIRST = (Impact.BREAKS, Impact.NOT_SEEN, Impact.FAILS_ALREADY, Impact.HOLDS)
_NAMES_SHOWN = 6
_Policies = Mapping[tuple[str, str, str], GatewayPolicy]


async def rehearse_removal(
    check_service: CheckService, target: GatewayRef, root: str
) -> Removal | Refusal:
    """Probe the gateway's backends and judge their chains without the root of this name.

    Returns a refusal if there is no such root.
    """
    report = await check_service.gateway(target)
    if isinstance(report, Refusal):
        return report
    if _known_name(report.gateway, root) is not None and any(
        member.skipped == NO_ADDRESS for member in report.members
    ):
        report = await check_service.read_backend_health(report)
    return removal(report, root)


def removal(report: GatewayReport, root: str) -> Removal | Refusal:
    """The rehearsal over a report whose members were probed already."""
    gateway = report.gateway
    name = _known_name(gateway, root)
    if name is None:
        return _no_such_root(gateway, root)
    settings = tuple(setting for setting in gateway.settings if _trusts(setting, name))
    policies = _policies_without(gateway, name)
    concerned = {setting.name for setting in settings}
    members = (
        _impact(member, policies) for member in report.members if member.setting in concerned
    )
    held = (
        *((one.name, one.certificate) for one in gateway.roots),
        *((one.name, one.certificate) for one in gateway.auth_certificates),
    )
    return Removal(
        gateway=gateway.id,
        root=name,
        sha256=next((certificate.sha256 for one, certificate in held if one == name), None),
        settings=tuple(setting.name for setting in settings),
        left_bare=tuple(
            s.name
            for s in settings
            if gateway.sku is not Sku.V1 and not _without(s, name).root_names
        ),
        members=tuple(
            sorted(
                members,
                key=lambda one: (_WORST_FIRST.index(one.impact), one.pool, one.setting, one.member),
            )
        ),
        at=report.at,
        scope=report.scope,
    )


def _names(gateway: Gateway) -> tuple[str, ...]:
    held = (gateway.roots, gateway.undecodable, gateway.auth_certificates)
    return tuple(one.name for kind in held for one in kind)


def _known_name(gateway: Gateway, wanted: str) -> str | None:
    """The name in the gateway's spelling; ARM compares names without case."""
    return next((name for name in _names(gateway) if name.lower() == wanted.lower()), None)


def _no_such_root(gateway: Gateway, wanted: str) -> Refusal:
    names = _names(gateway)
    known = f"it has {listed(names, shown=_NAMES_SHOWN)}"
    example = f"rehearse {gateway.id.text} without={names[0]}" if names else ""
    sentence = f"{gateway.id.name} has no trusted root called {wanted}; {known}."
    return Refusal(kind=RefusalKind.NOT_FOUND, sentence=sentence, example=example)


def _trusts(setting: BackendSetting, name: str) -> bool:
    return _without(setting, name) != setting


def _without(setting: BackendSetting, name: str) -> BackendSetting:
    return replace(
        setting,
        root_names=_others(setting.root_names, name),
        auth_certificate_names=_others(setting.auth_certificate_names, name),
    )


def _others(names: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one.lower() != name.lower())


def _policies_without(gateway: Gateway, name: str) -> _Policies:
    smaller = replace(
        gateway,
        settings=tuple(_without(setting, name) for setting in gateway.settings),
        roots=tuple(one for one in gateway.roots if one.name != name),
        undecodable=tuple(one for one in gateway.undecodable if one.name != name),
        auth_certificates=tuple(one for one in gateway.auth_certificates if one.name != name),
    )
    checks = checks_of(member_uses(smaller), well_known=load_well_known())
    return {
        (one.pool, one.setting, one.member): one.request.policy
        for one in checks
        if one.request is not None
    }


def _impact(member: MemberReport, policies: _Policies) -> MemberImpact:
    nothing = MemberImpact(
        pool=member.pool,
        setting=member.setting,
        member=member.member,
        impact=Impact.NOT_SEEN,
        reason=member.skipped,
    )
    report, less = member.report, policies.get((member.pool, member.setting, member.member))
    if report is None or less is None:
        return nothing
    policy = report.request.policy
    before, after = (
        _worst(report, policy),
        _worst(report, replace(policy, anchors=less.anchors, unattached=less.unattached)),
    )
    if before is None or after is None:
        return replace(nothing, reason=f"It sent no certificate ({report.verdict.headline}).")
    impact = (
        Impact.FAILS_ALREADY
        if not before.accepted
        else Impact.HOLDS
        if after.accepted
        else Impact.BREAKS
    )
    return replace(nothing, impact=impact, before=before.headline, after=after.headline, reason="")


def _worst(report: CheckReport, policy: GatewayPolicy) -> Verdict | None:
    """The worst verdict of the addresses that presented a chain, each judged by this policy."""
    verdicts = [
        judge(one.chain, policy, at=one.verdict.at)
        for one in report.addresses
        if one.chain is not None
    ]
    return min(
        verdicts, key=lambda verdict: (verdict.accepted, rank(verdict.headline)), default=None
    )
