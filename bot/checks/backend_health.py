"""Two witnesses on one card.

What ARM says about each server beside what our own probe saw, and what a disagreement means. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.azure.policies import NO_ADDRESS, MemberUse, member_uses
from bot.azure.translation import with_nic_addresses
from bot.checks.gateway_state import gateway_findings
from bot.domain.azure import (
    ArmRefusal,
    BackendServer,
    GatewayHealth,
    GatewayMessage,
    Health,
)
from bot.domain.report import DISAGREEMENT_CODES, CheckReport, GatewayReport, MemberReport, Via
from chainlib import (
    Basis,
    Code,
    Finding,
    Severity,
    explain,
    gateway_finding,
    in_headline_order,
    is_ip_literal,
    rank,
)

# What breaks live traffic while the health probe is content: a gateway that says healthy does not
# disagree.
_UNSEEN_BY_THE_PROBE = frozenset({Code.LIVE_NAME_MISMATCH})
_UNREAD_UPLOADS = frozenset({"undecodable", "double-encoded", "bundle", "pkcs7"})
_SHOWN = 600
_WORST_FIRST = (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)
ONLY_ITS_WORD = "not probed: only the gateway's own word was asked for"
AS_IT_IS_SET = ", by its settings as they are"
ONLY_LISTED = "not probed: only backend health lists this server, not the configuration"
_NO_CAUSE = frozenset({Code.OK, Code.UNRECOGNISED, Code.HEALTH_UNKNOWN})
"""What a message says without naming a cause."""
_SAME_FAULT: Mapping[Code, frozenset[Code]] = MappingProxyType(
    {
        Code.ROOT_MISMATCH: frozenset(
            {
                Code.INTERMEDIATE_MISSING,
                Code.CHAIN_OUT_OF_ORDER,
                Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
                Code.UPLOADED_ROOT_UNUSABLE,
                Code.ROOT_NOT_ATTACHED,
            }
        ),
        Code.INTERMEDIATE_MISSING: frozenset({Code.SELF_SIGNED_NOT_CA, Code.CHAIN_OUT_OF_ORDER}),
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN: frozenset({Code.UPLOADED_ROOT_UNUSABLE}),
        Code.SERVER_UNKNOWN_CA: frozenset({Code.ROOT_NOT_ATTACHED}),
        Code.INTERMEDIATE_UNKNOWN_CA: frozenset({Code.ROOT_NOT_ATTACHED}),
        Code.TCP_FAILED: frozenset(
            {
                Code.NOT_TLS,
                Code.TLS_VERSION_UNSUPPORTED,
                Code.SNI_REQUIRED,
                Code.CLIENT_CERTIFICATE_REQUIRED,
                Code.TLS_FAILED,
            }
        ),
        Code.CERTIFICATE_INVALID: frozenset(
            {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID}
        ),
        Code.CERTIFICATE_EXPIRED: frozenset({Code.CERTIFICATE_NOT_YET_VALID}),
    }
)
"""Azure's code -> our codes for the same fault (azure-rules section 10)."""
_ABOUT_TRUST = frozenset(
    {
        Code.ROOT_MISMATCH,
        Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.UPLOADED_ROOT_UNUSABLE,
        Code.VERIFY_FAILED,
    }
)
_ByServer = dict[tuple[str, str, str], list[BackendServer]]
_Pair = tuple[str, str]


def add_backend_health(report: GatewayReport, answer: GatewayHealth | ArmRefusal) -> GatewayReport:
    """Add backend health, or the reason why it is missing, to what our own probe found."""
    if isinstance(answer, ArmRefusal):
        return replace(report, refusal=answer)
    if report.via is Via.GATEWAY:
        report = _with_addresses(report, answer)
    shown = _by_server(answer)
    spare = _servers_of_lone_names(report, answer)
    members = tuple(_joined(report, member, shown, spare) for member in report.members)
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
    """Members whose name resolves to other addresses for the gateway than for us.

    Where a pair has one such member, what backend health lists there beside the others is its.
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
    """Under which names ARM may list a member: its own and the addresses that were probed."""
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
    """One backend's report compared with backend health, and backend health in a sentence."""
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
    """Backend health by pool, setting and server, so that thousands of members stay fast."""
    shown: _ByServer = defaultdict(list)
    for server in answer.servers:
        shown[server.pool.lower(), server.setting.lower(), server.address.lower()].append(server)
    return shown


def _joined(
    report: GatewayReport,
    member: MemberReport,
    shown: _ByServer,
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
        names = tuple(name for p, s, name in shown if (p, s) == pair and name not in others)
    servers = (server for name in names for server in shown.get((*pair, name), ()))
    server = min(servers, key=lambda one: _WORST_FIRST.index(one.health), default=None)
    return _with_server(report, member, server)


def _with_server(
    report: GatewayReport, member: MemberReport, server: BackendServer | None
) -> MemberReport:
    own = (
        member.report.verdict.findings
        if member.report
        else tuple(f for f in member.findings if not _said_by_health(f))
    )
    if server is None or member.hypothetical:
        return replace(member, server=server, findings=own)
    own = tuple(_confirmed(finding, server) for finding in own)
    if server.health is Health.HEALTHY:
        own = tuple(_vouched_for(finding, own) for finding in own)
    found = (*own, *_named_cause(server, own), *_compare(report, member, server, own))
    return replace(member, server=server, findings=in_headline_order(found))


def _said_by_health(finding: Finding) -> bool:
    return (
        finding.code in DISAGREEMENT_CODES
        or finding.basis is Basis.GATEWAY
        or finding.code is Code.UNRECOGNISED
    )


def _confirmed(finding: Finding, server: BackendServer) -> Finding:
    """What was only a doubt here is a refusal once the gateway names the very same reason."""
    if finding.severity is not Severity.WARNING or server.health is not Health.UNHEALTHY:
        return finding
    said = server.message.code if server.message else None
    broken_upload = (
        finding.code is Code.UPLOADED_ROOT_UNUSABLE
        and finding.evidence.get("kind") in _UNREAD_UPLOADS
        and said in {Code.ROOT_MISMATCH, Code.NO_UPLOADED_ROOT_SIGNS_CHAIN}
    )
    if said is None or (said is not finding.code and not broken_upload):
        return finding
    evidence = {**finding.evidence, "gateway_code": said.value}
    return replace(finding, severity=Severity.CRITICAL, basis=Basis.REPORTED, evidence=evidence)


def _vouched_for(finding: Finding, beside: tuple[Finding, ...]) -> Finding:
    """A gateway that trusts a root that nobody shows knows what is missing below it."""
    unsure = finding.code is Code.INTERMEDIATE_MISSING and "possibilities" in finding.evidence
    hidden = any(one.code is Code.TRUST_NOT_VISIBLE for one in beside)
    return replace(finding, severity=Severity.WARNING) if unsure and hidden else finding


def _named_cause(server: BackendServer, own: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The cause that the gateway itself names, where our own probe did not find the same fault."""
    message = server.message
    if message is None or message.code in {Code.OK, Code.HEALTH_UNKNOWN}:
        return ()
    if message.code is Code.UNRECOGNISED:
        unread = message.text or message.name
        summary = f"The gateway gives a reason that no rule knows: {unread[:_SHOWN]}"
        said = (_finding(Code.UNRECOGNISED, summary, server),)
        return said if server.health is Health.UNHEALTHY else ()
    doubted = server.health is not Health.UNHEALTHY
    same = _SAME_FAULT.get(message.code, frozenset())
    if any(f.code in same and f.severity is Severity.CRITICAL for f in own):
        return ()
    if any(f.code is message.code and (doubted or f.severity is Severity.CRITICAL) for f in own):
        return ()
    summary = f"The gateway itself says so of this server: {_spoken(message)}"
    return (
        gateway_finding(
            message.code,
            summary,
            healthy=server.health is not Health.UNHEALTHY,
            evidence=_evidence(server),
        ),
    )


def _spoken(message: GatewayMessage) -> str:
    """The gateway's words, or its error name where it gives no others."""
    return (message.text or f"{message.name}.")[:_SHOWN]


def _evidence(server: BackendServer) -> dict[str, object]:
    message = server.message
    said: dict[str, object] = {"address": server.address, "gateway_health": server.health.value}
    if message:
        numbers = {
            "expected": message.expected,
            "received": message.received,
            "error_code": message.error_code,
        }
        said |= {
            "gateway_code": message.code.value,
            "message": message.text,
            "name": message.name or None,
        }
        said |= {key: value for key, value in numbers.items() if value is not None}
    return said | ({"more": dict(server.more)} if server.more else {})


def _compare(
    report: GatewayReport, member: MemberReport, server: BackendServer, own: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    refused = {
        f.code
        for f in own
        if f.severity is Severity.CRITICAL and f.code not in _UNSEEN_BY_THE_PROBE
    }
    if server.health is Health.UNKNOWN:
        return (_unknown(report, server),)
    if member.report is None:
        return ()
    hidden = any(f.code is Code.TRUST_NOT_VISIBLE for f in own)
    if server.health is Health.UNHEALTHY and not _sees_the_same(server, refused, hidden=hidden):
        passes = "passes" if not refused else "finds another fault"
        summary = (
            f"The gateway calls this server unhealthy, our own probe {passes}: it looks from "
            "another subnet, or its last probe is older."
        )
        return (_finding(Code.VANTAGE_DIFFERS, summary, server),)
    if server.health is Health.HEALTHY and refused:
        summary = (
            "The gateway still calls this server healthy, our own probe fails: its failure "
            "threshold may not be reached yet."
        )
        return (_finding(Code.PROBE_DISAGREES, summary, server),)
    return ()


def _sees_the_same(server: BackendServer, refused: set[Code], *, hidden: bool) -> bool:
    """Our probe fails for the reason that the gateway names, or could not judge it.

    Where the gateway names no reason any failure of ours will do; where a root is hidden trust is
    the gateway's alone to judge.
    """
    said = server.message.code if server.message else Code.OK
    if hidden and said in _ABOUT_TRUST:
        return True
    if said in _NO_CAUSE or said is Code.VERIFY_FAILED:
        return bool(refused)
    if said is Code.PROXY_PROTOCOL_EXPECTED:
        return bool(refused & {Code.TLS_FAILED, Code.NOT_TLS, Code.PROXY_PROTOCOL_EXPECTED})
    return said in refused or bool(refused & _SAME_FAULT.get(said, frozenset()))


def _unknown(report: GatewayReport, server: BackendServer) -> Finding:
    summary = "The gateway says that it could not find out; traffic may still flow."
    if not report.gateway.private_only:
        return _finding(Code.HEALTH_UNKNOWN, summary, server)
    return _finding(
        Code.HEALTH_UNKNOWN,
        f"{summary} It has a private frontend only, for which this is usual.",
        server,
        kind="private-only",
    )


def _finding(code: Code, summary: str, server: BackendServer, **more: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARNING,
        summary=summary,
        basis=Basis.INFERRED,
        evidence=_evidence(server) | more,
    )
