"""A public name -> the gateways that serve it, and the members behind its rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.azure.policies import MemberUse, standing
from bot.azure.sites import rules_for
from bot.checks.selection import Options, is_meant, typed_gateway
from bot.commands import GatewayTarget
from bot.domain.azure import ArmRefusal, ArmTrouble, Gateway, PoolUse, SiteRule
from bot.domain.report import GatewayReport

_SHOWN = 60


def serving(
    gateways: Sequence[Gateway], host: str, options: Options
) -> tuple[GatewayTarget, ...] | str:
    """Every known gateway that serves this host, narrowed to it; a sentence where there is none."""
    wanted = typed_gateway(options)
    found = tuple(
        GatewayTarget(
            name=gateway.id.name,
            group=gateway.id.group,
            subscription=gateway.id.subscription,
            site=host,
        )
        for gateway in gateways
        if (wanted is None or is_meant(gateway.id, wanted)) and rules_for(gateway, host)
    )
    if found:
        return found
    return (
        f"No gateway that I can see serves {host[:_SHOWN]}: no listener has this name; write for "
        f"example {host[:_SHOWN]} to check it as a backend."
    )


def is_site_alone(gateways: Sequence[Gateway], host: str) -> bool:
    """Whether a gateway serves this host and no pool holds it."""
    return any(rules_for(gateway, host) for gateway in gateways) and not standing(gateways, host)


def a_site(host: str) -> str:
    """Why a public name is not probed as a backend."""
    return (
        f"{host[:_SHOWN]} is a site that a gateway serves, not a backend; write for example "
        f"site:{host[:_SHOWN]}."
    )


def behind(uses: Iterable[MemberUse], rules: Sequence[SiteRule]) -> list[MemberUse]:
    """The members to which these rules lead."""
    pairs = {_pair(rule.pool, rule.setting) for rule in rules}
    return [use for use in uses if _pair(use.use.pool, use.setting.name) in pairs]


def pairs_of(uses: Iterable[PoolUse], rules: Sequence[SiteRule]) -> tuple[PoolUse, ...]:
    """The pairs of pool and setting to which these rules lead."""
    pairs = {_pair(rule.pool, rule.setting) for rule in rules}
    return tuple(use for use in uses if _pair(use.pool, use.setting) in pairs)


def routed(report: GatewayReport, rules: Sequence[SiteRule]) -> GatewayReport:
    """The same report, with the rule and the paths by which each member is reached."""
    routes: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        routes.setdefault(_pair(rule.pool, rule.setting), []).append(rule.words)
    members = tuple(
        replace(member, routes=tuple(routes.get(_pair(member.pool, member.setting), ())))
        for member in report.members
    )
    redirects = tuple(
        f"{rule.words} redirects to {rule.redirect}" for rule in rules if rule.redirect
    )
    return replace(report, members=members, redirects=redirects)


def no_such_site(gateway: Gateway, host: str) -> ArmRefusal:
    """The answer where a gateway does not serve a name any longer."""
    return ArmRefusal(
        trouble=ArmTrouble.NOT_FOUND,
        sentence=f"{gateway.id.name} has no listener for {host[:_SHOWN]}.",
        suggestions=(f"gw:{gateway.id.group}/{gateway.id.name}",),
    )


def _pair(pool: str, setting: str) -> tuple[str, str]:
    return pool.lower(), setting.lower()
