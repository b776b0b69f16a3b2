"""Joins probe and backend health: what ARM says of each server, and what a disagreement means.

Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.azure.gateway_document import with_nic_addresses
from bot.azure.member_uses import NO_ADDRESS, MemberUse, member_uses
from bot.checks.disagreement import (
    compare,
    confirmed,
    hidden_root_may_explain,
    named_cause,
    reached_by_gateway,
    said_by_health,
)
from bot.checks.gateway_state import gateway_findings
from bot.domain.azure import BackendServer, GatewayHealth, Health
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.domain.request import Via
from chainlib import (
    Code,
    Finding,
    explain,
    in_headline_order,
    is_ip_literal,
    rank,
)

_WORST_FIRST = (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)
ONLY_BACKEND_HEALTH = "not probed: only backend health was requested (via=gateway)"
AS_IT_IS_SET = ", with the settings as saved"
ONLY_LISTED = "not probed: backend health lists this server, the configuration does not"
_ByServer = dict[tuple[str, str, str], list[BackendServer]]
_Pair = tuple[str, str]


def add_backend_health(report: GatewayReport, answer: GatewayHealth | Refusal) -> GatewayReport:
    """Add backend health, or the reason why it is missing, to the report of our probe."""
    if isinstance(answer, Refusal):
        return replace(report, refusal=answer)
    if report.via is Via.GATEWAY:
        report = _with_addresses(report, answer)
    by_server = _by_server(answer)
    spare = _servers_of_lone_names(report, answer)
    members = tuple(_joined(report, member, by_server, spare) for member in report.members)
    unlisted = tuple(_of_health_alone(report, server) for server in only_listed(report, answer))
    return replace(
        report,
        members=worst_first((*members, *unlisted)),
        health=answer,
        refusal=None,
        findings=gateway_findings(report.gateway, report.uses, answer),
    )


def only_listed(report: GatewayReport, answer: GatewayHealth) -> tuple[BackendServer, ...]:
    """Servers that backend health lists under a requested pair and that match no member."""
    taken = set(_servers_of_lone_names(report, answer).values())
    return tuple(
        dict.fromkeys(server for server in _unmatched(report, answer) if _pair(server) not in taken)
    )


def _unmatched(report: GatewayReport, answer: GatewayHealth) -> Iterator[BackendServer]:
    known = {
        (member.pool.lower(), member.setting.lower(), name)
        for member in report.members
        for name in _names_of(member)
    }
    asked = {(use.pool.lower(), use.setting.lower()) for use in report.uses}
    for server in answer.servers:
        pair = _pair(server)
        if server.address and pair in asked and (*pair, server.address.lower()) not in known:
            yield server


def _servers_of_lone_names(
    report: GatewayReport, answer: GatewayHealth
) -> dict[tuple[str, str, str], _Pair]:
    """Servers of members whose name resolves to other addresses for the gateway than for us.

    If a pair has exactly one such member, the unmatched servers of that pair belong to it.
    """
    listed_names = {(*_pair(server), server.address.lower()) for server in answer.servers}
    lone: dict[_Pair, list[MemberReport]] = defaultdict(list)
    for member in report.members:
        pair = member.pool.lower(), member.setting.lower()
        named = not is_ip_literal(member.member) and member.skipped != NO_ADDRESS
        if named and not any((*pair, name) in listed_names for name in _names_of(member)):
            lone[pair].append(member)
    return {
        (*pair, members[0].member.lower()): pair
        for pair, members in lone.items()
        if len(members) == 1
    }


def _pair(server: BackendServer) -> _Pair:
    return server.pool.lower(), server.setting.lower()


def _names_of(member: MemberReport) -> tuple[str, ...]:
    """The names under which ARM may list a member: its own and the probed addresses."""
    probed = member.report.addresses if member.report else ()
    return tuple(
        dict.fromkeys(
            name.lower() for name in (member.member, *(one.address for one in probed)) if name
        )
    )


def _of_health_alone(report: GatewayReport, server: BackendServer) -> MemberReport:
    member = MemberReport(
        pool=server.pool, setting=server.setting, member=server.address, skipped=ONLY_LISTED
    )
    return _with_server(report, member, server)


def listed(uses: Iterable[MemberUse]) -> tuple[MemberReport, ...]:
    """Members that only backend health reports."""
    reports = (
        MemberReport(
            pool=u.use.pool,
            setting=u.setting.name,
            member=u.member.label,
            skipped=ONLY_BACKEND_HEALTH,
        )
        for u in uses
    )
    return worst_first(tuple(reports))


def _with_addresses(report: GatewayReport, answer: GatewayHealth) -> GatewayReport:
    """The report with the addresses of network interfaces, which only backend health contains."""
    gateway = with_nic_addresses(report.gateway, answer)
    pairs = {(member.pool, member.setting) for member in report.members}
    members = listed(
        use for use in member_uses(gateway) if (use.use.pool, use.setting.name) in pairs
    )
    return replace(report, gateway=gateway, members=members)


def with_backend_health(report: CheckReport, gateway: GatewayReport) -> tuple[CheckReport, str]:
    """Compare one backend's report with backend health; also gives backend health in a sentence."""
    member = next(
        (m for m in gateway.members if m.report is not None and m.report.request == report.request),
        None,
    )
    if gateway.refusal is not None:
        return report, why_no_backend_health(gateway.refusal)
    if member is None:
        return report, f"{gateway.gateway.id.name} does not list this server."
    verdict = replace(report.verdict, findings=member.findings)
    return replace(report, verdict=verdict, explanation=explain(verdict)), _said(
        gateway.gateway.id.name, member, verdict.headline
    )


def why_no_backend_health(refusal: Refusal) -> str:
    """Why a card has no backend health, in one sentence."""
    return f"no backend health. {refusal.sentence}"


def _said(name: str, member: MemberReport, headline: Code) -> str:
    server = member.server
    if server is None:
        return f"{name} does not list this server."
    reported = f"{name} says {server.health.value}{AS_IT_IS_SET if member.hypothetical else ''}"
    if server.message is None or server.health is Health.HEALTHY:
        return f"{reported}."
    if member.hypothetical:
        return f"{reported}: {server.message.text}"
    other = (
        server.message.code not in {headline, Code.OK, Code.UNRECOGNISED}
        and headline is not Code.OK
    )
    return (
        f"{reported}{', the actual cause is the one above' if other else ''}: {server.message.text}"
    )


def worst_first(members: tuple[MemberReport, ...]) -> tuple[MemberReport, ...]:
    """Sort members: failing ones first, in headline order, then by name."""
    return tuple(
        sorted(members, key=lambda m: (m.healthy, rank(m.headline), m.pool, m.setting, m.member))
    )


def _by_server(answer: GatewayHealth) -> _ByServer:
    """Index backend health by pool, setting and server, because there may be thousands."""
    by_server: _ByServer = defaultdict(list)
    for server in answer.servers:
        by_server[server.pool.lower(), server.setting.lower(), server.address.lower()].append(
            server
        )
    return by_server


def _joined(
    report: GatewayReport,
    member: MemberReport,
    by_server: _ByServer,
    spare: Mapping[tuple[str, str, str], _Pair],
) -> MemberReport:
    pair = member.pool.lower(), member.setting.lower()
    names = _names_of(member)
    if (*pair, member.member.lower()) in spare:
        others = {
            name
            for other in report.members
            if (other.pool.lower(), other.setting.lower()) == pair and other is not member
            for name in _names_of(other)
        }
        names = tuple(name for p, s, name in by_server if (p, s) == pair and name not in others)
    servers = (server for name in names for server in by_server.get((*pair, name), ()))
    server = min(servers, key=lambda one: _WORST_FIRST.index(one.health), default=None)
    return _with_server(report, member, server)


def _with_server(
    report: GatewayReport, member: MemberReport, server: BackendServer | None
) -> MemberReport:
    own = (
        member.report.verdict.findings
        if member.report
        else tuple(f for f in member.findings if not said_by_health(f))
    )
    if server is None or member.hypothetical:
        return replace(member, server=server, findings=own)
    own = tuple(reached_by_gateway(finding, server) for finding in own)
    member = _with_findings(member, own)
    own = tuple(confirmed(finding, server) for finding in own)
    if server.health is Health.HEALTHY:
        own = tuple(hidden_root_may_explain(finding, own) for finding in own)
    found = (
        *own,
        *named_cause(server, own, report.gateway.sku),
        *compare(report, member, server, own),
    )
    return replace(member, server=server, findings=in_headline_order(found))


def _with_findings(member: MemberReport, own: tuple[Finding, ...]) -> MemberReport:
    """The member whose probe's findings carry what backend health adds to their evidence."""
    probe = member.report
    if probe is None or own == probe.verdict.findings:
        return member
    verdict = replace(probe.verdict, findings=own)
    return replace(member, report=replace(probe, verdict=verdict, explanation=explain(verdict)))
