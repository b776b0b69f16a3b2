"""Two witnesses on one card.

What ARM says about each server beside what our own probe saw, and what a disagreement means. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from bot.azure.policies import MemberUse, member_uses
from bot.azure.translation import with_nic_addresses
from bot.domain.azure import ArmRefusal, BackendServer, GatewayHealth, Health
from bot.domain.report import DISAGREEMENT_CODES, CheckReport, GatewayReport, MemberReport, Via
from chainlib import Basis, Code, Finding, Severity, explain, in_headline_order, rank

# What breaks live traffic while the health probe is content: a gateway that says healthy does not
# disagree.
_UNSEEN_BY_THE_PROBE = frozenset({Code.LIVE_NAME_MISMATCH})
_WORST_FIRST = (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)
ONLY_ITS_WORD = "not probed: only the gateway's own word was asked for"
AS_IT_IS_SET = ", by its settings as they are"
_ByServer = dict[tuple[str, str, str], list[BackendServer]]


def add_backend_health(report: GatewayReport, answer: GatewayHealth | ArmRefusal) -> GatewayReport:
    """Add the gateway's word, or the reason why it is missing, to what our own probe found."""
    if isinstance(answer, ArmRefusal):
        return replace(report, refusal=answer)
    if report.via is Via.GATEWAY:
        report = _with_addresses(report, answer)
    shown = _by_server(answer)
    members = tuple(_joined(member, shown) for member in report.members)
    return replace(report, members=worst_first(members), health=answer, refusal=None)


def listed(uses: Iterable[MemberUse]) -> tuple[MemberReport, ...]:
    """Members of which only the gateway itself speaks."""
    reports = (
        MemberReport(
            pool=u.use.pool, setting=u.setting.name, member=u.member.label, skipped=ONLY_ITS_WORD
        )
        for u in uses
    )
    return worst_first(tuple(reports))


def _with_addresses(report: GatewayReport, answer: GatewayHealth) -> GatewayReport:
    """The gateway names network interfaces by addresses that only its answer tells."""
    gateway = with_nic_addresses(report.gateway, answer)
    pairs = {(member.pool, member.setting) for member in report.members}
    members = listed(
        use for use in member_uses(gateway) if (use.use.pool, use.setting.name) in pairs
    )
    return replace(report, gateway=gateway, members=members)


def both_words(report: CheckReport, answered: GatewayReport) -> tuple[CheckReport, str]:
    """One backend's report with what the comparison found, and the gateway's word about it in a sentence."""
    member = next(
        (
            m
            for m in answered.members
            if m.report is not None and m.report.request == report.request
        ),
        None,
    )
    if answered.refusal is not None:
        return report, word_missing(answered.refusal)
    if member is None:
        return report, f"{answered.gateway.id.name} does not list this server."
    verdict = replace(report.verdict, findings=member.findings)
    return replace(report, verdict=verdict, explanation=explain(verdict)), _said(
        answered.gateway.id.name, member, verdict.headline
    )


def word_missing(refusal: ArmRefusal) -> str:
    """Why there is no second witness."""
    return f"its word is missing. {refusal.sentence}"


def _said(name: str, member: MemberReport, headline: Code) -> str:
    server = member.server
    if server is None:
        return f"{name} does not list this server."
    word = f"{name} says {server.health.value}{AS_IT_IS_SET if member.hypothetical else ''}"
    if server.message is None or server.health is Health.HEALTHY:
        return f"{word}."
    if member.hypothetical:
        return f"{word}: {server.message.text}"
    other = (
        server.message.code not in {headline, Code.OK, Code.UNRECOGNISED}
        and headline is not Code.OK
    )
    return f"{word}{', the true cause is the one above' if other else ''}: {server.message.text}"


def worst_first(members: tuple[MemberReport, ...]) -> tuple[MemberReport, ...]:
    """Order members as people want to read them.

    Broken ones first, in headline order, then by name.
    """
    return tuple(
        sorted(members, key=lambda m: (m.healthy, rank(m.headline), m.pool, m.setting, m.member))
    )


def _by_server(answer: GatewayHealth) -> _ByServer:
    """The answer by pool, setting and server, so that thousands of members are not each looked for among thousands."""
    shown: _ByServer = defaultdict(list)
    for server in answer.servers:
        shown[server.pool.lower(), server.setting.lower(), server.address.lower()].append(server)
    return shown


def _joined(member: MemberReport, shown: _ByServer) -> MemberReport:
    server = _server_of(member, shown)
    own = (
        member.report.verdict.findings
        if member.report
        else tuple(f for f in member.findings if f.code not in DISAGREEMENT_CODES)
    )
    if server is None or member.hypothetical:
        return replace(member, server=server, findings=own)
    own = tuple(_confirmed(finding, server) for finding in own)
    compared = _compare(member, server, own)
    return replace(member, server=server, findings=in_headline_order((*own, *compared)))


def _confirmed(finding: Finding, server: BackendServer) -> Finding:
    """What was only a doubt here is a refusal once the gateway names the very same reason."""
    named = (
        server.health is Health.UNHEALTHY
        and server.message is not None
        and server.message.code is finding.code
    )
    if not named or finding.severity is not Severity.WARNING:
        return finding
    evidence = {**finding.evidence, "gateway_code": finding.code.value}
    return replace(finding, severity=Severity.CRITICAL, basis=Basis.REPORTED, evidence=evidence)


def _server_of(member: MemberReport, shown: _ByServer) -> BackendServer | None:
    """ARM names a server by the member's name or by its address.

    Of several the unhealthy one speaks.
    """
    probed = member.report.addresses if member.report else ()
    known = dict.fromkeys(
        name.lower() for name in (member.member, *(one.address for one in probed))
    )
    pool, setting = member.pool.lower(), member.setting.lower()
    servers = (server for name in known for server in shown.get((pool, setting, name), ()))
    return min(servers, key=lambda server: _WORST_FIRST.index(server.health), default=None)


def _compare(
    member: MemberReport, server: BackendServer, own: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    refused = any(
        f.severity is Severity.CRITICAL and f.code not in _UNSEEN_BY_THE_PROBE for f in own
    )
    probed = member.report is not None
    if server.health is Health.UNKNOWN:
        return (
            _finding(
                Code.HEALTH_UNKNOWN,
                "The gateway says that it could not find out; traffic may still flow.",
                server,
            ),
        )
    if server.health is Health.UNHEALTHY and probed and not refused:
        summary = (
            "The gateway calls this server unhealthy, our own probe passes: it looks from another "
            "subnet, or its last probe is older."
        )
        return (_finding(Code.VANTAGE_DIFFERS, summary, server),)
    if server.health is Health.HEALTHY and refused:
        summary = (
            "The gateway still calls this server healthy, our own probe fails: its failure "
            "threshold may not be reached yet."
        )
        return (_finding(Code.PROBE_DISAGREES, summary, server),)
    return ()


def _finding(code: Code, summary: str, server: BackendServer) -> Finding:
    said = server.message.code.value if server.message else None
    evidence = {
        "gateway_health": server.health.value,
        "gateway_code": said,
        "address": server.address,
    }
    return Finding(
        code=code,
        severity=Severity.WARNING,
        summary=summary,
        basis=Basis.INFERRED,
        evidence=evidence,
    )
