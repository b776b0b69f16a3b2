"""Finds the gateways that serve a public name, and the members behind their rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.azure.member_uses import MemberUse, all_uses_of
from bot.azure.sites import serving_gateways, takes_any_name
from bot.domain.azure import Gateway, PoolUse, SiteRule
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import ProbeOptions
from chainlib import listed

_SHOWN = 60
_TAKERS = 3
NEEDED_FOR_FRONT_ENDS = "reading them needs Microsoft.Network/publicIPAddresses/read"


def serving(
    gateways: Sequence[Gateway], host: str, options: ProbeOptions, *, hidden: bool = False
) -> tuple[GatewayRef, ...] | Refusal:
    """Every known gateway that serves this host, restricted to it; a refusal if there is none.

    Args:
        gateways: the known gateways.
        host: the public name or address.
        options: the typed options; `gw=` selects one gateway.
        hidden: Azure does not show the public addresses of some front ends.
    """
    wanted = options.gw
    found = tuple(
        replace(gateway.id.ref, site=host)
        for gateway in serving_gateways(gateways, host)
        if wanted is None or wanted.means(gateway.id)
    )
    if found:
        return found
    sentence = _nobody_serves(gateways, host, hidden=hidden)
    return Refusal(kind=RefusalKind.REQUEST, sentence=sentence)


def _nobody_serves(gateways: Sequence[Gateway], host: str, *, hidden: bool) -> str:
    """Why no gateway serves a site; names a listener without host name, which may be meant."""
    said = f"No gateway that I can see serves {host[:_SHOWN]}: no listener has this name"
    if hidden:
        said += f", and the names of public front ends are not known ({NEEDED_FOR_FRONT_ENDS})"
    takers = [one.id.text for one in gateways if takes_any_name(one)]
    if takers:
        return (
            f"{said}; {listed(takers, shown=_TAKERS)} {'has' if len(takers) == 1 else 'have'} "
            f"a listener for every name; write for example {takers[0]}."
        )
    return f"{said}; write for example {host[:_SHOWN]} to check it as a backend."


def is_site_alone(gateways: Sequence[Gateway], host: str) -> bool:
    """Whether a gateway serves this host and no pool contains it."""
    return bool(serving_gateways(gateways, host)) and not all_uses_of(gateways, host)


def site_beside(gateways: Sequence[Gateway], host: str) -> str:
    """The host if a gateway serves it as a site although a pool contains it too; else empty."""
    return host if serving_gateways(gateways, host) else ""


def why_site_is_not_probed(host: str) -> str:
    """Why a public name is not probed as a backend, in one sentence."""
    return (
        f"{host[:_SHOWN]} is a site that a gateway serves, not a backend; write for example "
        f"site:{host[:_SHOWN]}."
    )


def members_behind(uses: Iterable[MemberUse], rules: Sequence[SiteRule]) -> list[MemberUse]:
    """The members to which these rules lead."""
    pairs = {_pair(rule.pool, rule.setting) for rule in rules}
    return [use for use in uses if _pair(use.use.pool, use.setting.name) in pairs]


def pairs_of(uses: Iterable[PoolUse], rules: Sequence[SiteRule]) -> tuple[PoolUse, ...]:
    """The pairs of pool and setting to which these rules lead."""
    pairs = {_pair(rule.pool, rule.setting) for rule in rules}
    return tuple(use for use in uses if _pair(use.pool, use.setting) in pairs)


def with_routes(report: GatewayReport, rules: Sequence[SiteRule]) -> GatewayReport:
    """The report with the rule and the paths that lead to each member."""
    routes: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        routes.setdefault(_pair(rule.pool, rule.setting), []).append(rule.description)
    members = tuple(
        replace(member, routes=tuple(routes.get(_pair(member.pool, member.setting), ())))
        for member in report.members
    )
    redirects = tuple(
        f"{rule.description} redirects to {rule.redirect}{_round_about(rule)}"
        for rule in rules
        if rule.redirect
    )
    return replace(report, members=members, redirects=redirects)


def _round_about(rule: SiteRule) -> str:
    """The sentence for a rule that redirects every request to its own listener, an endless loop."""
    endless = rule.redirect_listener == rule.listener.lower() and not rule.paths
    return ", its own listener: requests go round for ever" if endless else ""


def no_such_site(gateway: Gateway, host: str) -> Refusal:
    """The refusal if a gateway no longer serves a name."""
    return Refusal(
        kind=RefusalKind.NOT_FOUND,
        sentence=f"{gateway.id.name} has no listener for {host[:_SHOWN]}.",
        example=gateway.id.text,
    )


def _pair(pool: str, setting: str) -> tuple[str, str]:
    return pool.lower(), setting.lower()
