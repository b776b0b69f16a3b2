"""What will break next: today's chains, judged at every date at which something changes.

It consists of a pure function over captured chains, and the use case that captures them. The dates
are those at which a certificate that a path could use becomes valid or expires: leaf,
intermediates, cross-signs and the roots that the gateway trusts. Future renewals are unknown, so
the forecast says what breaks if nothing is done.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.azure.member_uses import NO_ADDRESS
from bot.checks.service import CheckService
from bot.domain.forecast import (
    ChainPosition,
    Effect,
    Forecast,
    ForecastCause,
    ForecastDay,
    ForecastMember,
    PreparedChain,
    ValidityChange,
    VerdictChange,
)
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from chainlib import (
    Certificate,
    Code,
    Finding,
    GatewayPolicy,
    PresentedChain,
    Severity,
    Verdict,
    dump_bundle,
    judge,
    rank,
    repair,
)

_SECOND = timedelta(seconds=1)
_MAX_DATES = 40
"""Most dates that are judged per backend; a normal chain has a handful, a hostile one a hundred."""
_Instants = Mapping[datetime, tuple[ForecastCause, ...]]


async def forecast_gateway(
    check_service: CheckService, target: GatewayRef, days: int
) -> Forecast | Refusal:
    """Probe a gateway's members and forecast their verdicts for the coming days."""
    report = await check_service.gateway(target)
    if isinstance(report, Refusal):
        return report
    if any(member.skipped == NO_ADDRESS for member in report.members):
        report = await check_service.read_backend_health(report)
    return await asyncio.to_thread(forecast, report, days)


def forecast(report: GatewayReport, days: int) -> Forecast:
    """Forecast from a report whose members were probed already.

    Args:
        report: the gateway with its probed members.
        days: length of the forecast in days, from the time of the report.
    """
    until = report.at + timedelta(days=days)
    judged = [one for one in report.members if one.report and one.report.chain]
    unseen = [one for one in report.members if not (one.report and one.report.chain)]
    folded: defaultdict[ForecastCause, list[tuple[MemberReport, VerdictChange]]] = defaultdict(list)
    for member in judged:
        assert member.report is not None
        for step in verdict_changes(member.report, until):
            folded[step.cause].append((member, step))
    issuers = _issuers(report)
    return Forecast(
        gateway=report.gateway.id,
        scope=report.scope,
        at=report.at,
        until=until,
        days=days,
        changes=tuple(_day(cause, folded[cause], issuers) for cause in sorted(folded, key=_order)),
        members=len(judged),
        refused=tuple(_named(one, one.headline) for one in judged if not one.healthy),
        unseen=tuple(
            replace(_named(one, one.headline), reason=one.skipped or "It sent no certificate.")
            for one in unseen
        ),
        next_end=_next_end(judged, until),
    )


def next_break(report: CheckReport, days: int) -> VerdictChange | None:
    """The first date in the coming days at which an accepted backend will be refused."""
    until = report.verdict.at + timedelta(days=days)
    return next(
        (one for one in verdict_changes(report, until) if one.effect is Effect.BREAKS), None
    )


def verdict_changes(report: CheckReport, until: datetime) -> Iterator[VerdictChange]:
    """The changes of one backend's verdict, by date: its chains judged at every relevant date.

    If a name has several addresses, all of them must be accepted.
    """
    policy = report.request.policy
    chains = [one.chain for one in report.addresses if one.chain is not None]
    instants = _instants(chains, policy, report.verdict.at, until)
    before = [_Judged(judge(chain, policy, at=report.verdict.at)) for chain in chains]
    for at in _chosen(instants, _used(report, chains)):
        after = [_Judged(judge(chain, policy, at=at)) for chain in chains]
        yield from _steps_at(instants[at], before, after)
        before = after


def _used(report: CheckReport, chains: Sequence[PresentedChain]) -> frozenset[str]:
    """Hashes of the leaves and of the certificates in the current paths."""
    path = (element.certificate for element in report.verdict.path.elements)
    leaves = (one for chain in chains for one in chain.certificates[:1])
    return frozenset(one.sha256 for one in (*path, *leaves) if isinstance(one, Certificate))


def _chosen(instants: _Instants, used: frozenset[str]) -> list[datetime]:
    """The dates to judge, in order; of too many, those of certificates in use are kept."""
    by_use = sorted(
        instants, key=lambda at: (all(one.sha256 not in used for one in instants[at]), at)
    )
    return sorted(by_use[:_MAX_DATES])


@dataclass(frozen=True, slots=True)
class _Judged:
    """A verdict with its critical findings indexed by the certificate they concern."""

    verdict: Verdict
    critical: Mapping[tuple[Code, int | None, str], Finding] = field(init=False)

    def __post_init__(self) -> None:
        """Build the index."""
        found = {
            (f.code, f.certificate, str(f.evidence.get("subject", ""))): f
            for f in self.verdict.findings
            if f.severity is Severity.CRITICAL
        }
        object.__setattr__(self, "critical", found)


def _steps_at(
    causes: tuple[ForecastCause, ...], before: list[_Judged], after: list[_Judged]
) -> Iterator[VerdictChange]:
    """The changes at one instant: one for each certificate with a new critical finding."""
    was, now = (all(one.verdict.accepted for one in state) for state in (before, after))
    if was and now:
        return
    headline = min(
        (one.verdict.headline for one in after if not one.verdict.accepted),
        key=rank,
        default=Code.OK,
    )
    if now:
        yield VerdictChange(cause=_beginning(causes), effect=Effect.RECOVERS, code=headline)
        return
    effect = Effect.BREAKS if was else Effect.STAYS_REFUSED
    named: set[ForecastCause] = set()
    for earlier, later in zip(before, after, strict=True):
        fresh = [later.critical[key] for key in later.critical.keys() - earlier.critical.keys()]
        named |= {_cause_of(finding, later.verdict, causes) for finding in fresh}
    for cause in sorted(named, key=_order):
        yield VerdictChange(cause=cause, effect=effect, code=headline)


def _beginning(causes: tuple[ForecastCause, ...]) -> ForecastCause:
    return next((one for one in causes if one.turn is ValidityChange.BEGINS), causes[0])


def _cause_of(
    finding: Finding, verdict: Verdict, causes: tuple[ForecastCause, ...]
) -> ForecastCause:
    """Which of these causes the finding concerns, preferably one in the certification path.

    For a path that broke elsewhere (a cross-sign expired, so a root is now unknown) the finding
    concerns another certificate; then any of them.
    """
    subject = str(finding.evidence.get("subject", ""))
    in_path = {element.sha256 for element in verdict.path.elements}
    fitting = [one for one in causes if subject and one.subject == subject]
    used = [one for one in fitting or causes if one.sha256 in in_path]
    return (used or fitting or list(causes))[0]


def _instants(
    chains: Iterable[PresentedChain], policy: GatewayPolicy, start: datetime, until: datetime
) -> _Instants:
    """Every instant in the period at which certificates begin or end, with those certificates."""
    found: defaultdict[datetime, dict[str, ForecastCause]] = defaultdict(dict)
    for chain in chains:
        for certificate, place in _usable(chain, policy):
            for at, turn in _dates(certificate, start, until):
                found[at][certificate.sha256] = ForecastCause(
                    at=at,
                    turn=turn,
                    subject=certificate.subject,
                    sha256=certificate.sha256,
                    place=place,
                )
    return {at: tuple(sorted(causes.values(), key=_order)) for at, causes in found.items()}


def _dates(
    certificate: Certificate, start: datetime, until: datetime
) -> Iterator[tuple[datetime, ValidityChange]]:
    """The instants of one certificate.

    The last second of `notAfter` is still valid (RFC 5280 section 4.1.2.5).
    """
    if start < certificate.not_before <= until:
        yield certificate.not_before, ValidityChange.BEGINS
    if start <= certificate.not_after < until:  # compared first: the year 9999 has no next second
        yield certificate.not_after + _SECOND, ValidityChange.EXPIRES


def _usable(
    chain: PresentedChain, policy: GatewayPolicy
) -> Iterator[tuple[Certificate, ChainPosition]]:
    """The certificates that a path from a presented leaf could use, by issuer names."""
    sent = [one for one in chain.certificates if isinstance(one, Certificate)]
    seen: set[Certificate] = set()
    waiting = [one for one in sent if not one.is_ca] or sent[:1]
    leaves = set(waiting)
    while waiting:
        certificate = waiting.pop()
        if certificate in seen:
            continue
        seen.add(certificate)
        own = [one for one in sent if one.subject_key == certificate.issuer_key]
        waiting += [*own, *policy.anchors.by_subject.get(certificate.issuer_key, ())]
    anchored: set[object] = {one.subject_key for one in seen if one.is_own_issuer}
    for certificate in seen:
        yield certificate, _place(certificate, leaves, anchored)


def _place(certificate: Certificate, leaves: set[Certificate], roots: set[object]) -> ChainPosition:
    if certificate in leaves:
        return ChainPosition.LEAF
    if certificate.is_own_issuer:
        return ChainPosition.ROOT
    return (
        ChainPosition.CROSS_SIGN if certificate.subject_key in roots else ChainPosition.INTERMEDIATE
    )


def _order(cause: ForecastCause) -> tuple[datetime, int, str]:
    """By date; at the same instant the upper certificate first, because more depends on it."""
    return cause.at, -list(ChainPosition).index(cause.place), cause.sha256


def _named(member: MemberReport, code: Code) -> ForecastMember:
    return ForecastMember(pool=member.pool, setting=member.setting, member=member.member, code=code)


def _day(
    cause: ForecastCause,
    found: list[tuple[MemberReport, VerdictChange]],
    issuers: tuple[Certificate, ...],
) -> ForecastDay:
    by_effect: defaultdict[Effect, list[ForecastMember]] = defaultdict(list)
    for member, step in found:
        by_effect[step.effect].append(_named(member, step.code))
    breaking = [member for member, step in found if step.effect is Effect.BREAKS]
    return ForecastDay(
        cause=cause,
        breaks=tuple(by_effect[Effect.BREAKS]),
        recovers=tuple(by_effect[Effect.RECOVERS]),
        stays_refused=tuple(by_effect[Effect.STAYS_REFUSED]),
        chains=tuple(_prepared(breaking, cause.at, issuers)),
    )


def _prepared(
    members: Iterable[MemberReport], at: datetime, issuers: tuple[Certificate, ...]
) -> Iterator[PreparedChain]:
    """Chains that the servers could send to be accepted on that date too."""
    servers: dict[tuple[Certificate, ...], list[str]] = {}
    tried: dict[object, tuple[Certificate, ...]] = {}
    for member in members:
        report = member.report
        if report is None or report.chain is None:
            continue
        policy = report.request.policy
        key = (report.chain.certificates, policy.name, member.setting)
        if key not in tried:
            tried[key] = _holding_chain(report.chain, policy, at, issuers)
        if chain := tried[key]:
            servers.setdefault(chain, []).append(member.member)
    for chain, names in servers.items():
        yield PreparedChain(member=names[0], servers=len(names), pem=dump_bundle(chain))


def _holding_chain(
    chain: PresentedChain, policy: GatewayPolicy, at: datetime, issuers: tuple[Certificate, ...]
) -> tuple[Certificate, ...]:
    """The repaired chain, if it is accepted at that instant without other changes; else empty."""
    fixed = repair(chain, policy, at=at, issuers=issuers)
    if fixed is None or not fixed.chain or fixed.root is not None:
        return ()
    after = judge(replace(chain, certificates=fixed.chain, ordered=True), policy, at=at)
    return fixed.chain if after.accepted else ()


def _issuers(report: GatewayReport) -> tuple[Certificate, ...]:
    """Every CA certificate that a member presents, to fill gaps of other members."""
    chains = (one.report.chain for one in report.members if one.report and one.report.chain)
    sent = (c for chain in chains for c in chain.certificates if isinstance(c, Certificate))
    return tuple(dict.fromkeys(c for c in sent if c.is_ca))


def _next_end(members: Iterable[MemberReport], until: datetime) -> datetime | None:
    ends = (
        element.certificate.not_after
        for member in members
        if member.report is not None
        for element in member.report.verdict.path.elements
        if element.certificate is not None
    )
    return min((end for end in ends if end >= until), default=None)
