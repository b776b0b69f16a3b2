"""Judges a presented chain: chain + policy + instant -> verdict.

All findings are always computed; only the headline selects one. OpenSSL decides whether the path is
valid. The rules in this package say which documented fault that is, which certificate is at fault,
and what Application Gateway requires beyond OpenSSL. Nothing is raised because of what a server
sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from chainlib.errors import CaptureError
from chainlib.findings import Entry, Finding, Severity, Verdict, in_headline_order
from chainlib.frozen import dataclass
from chainlib.judge import (
    constraints,
    encoding,
    entries,
    identity,
    shape,
    soundness,
    switches,
    transport,
    trust,
    uploads,
)
from chainlib.judge.case import Case, make_case
from chainlib.judge.periods import steady_since
from chainlib.model import CertificationPath, LiveChain, PresentedCertificate, PresentedChain
from chainlib.policy import GatewayPolicy, Sku

Rule = Callable[[Case], Iterator[Finding]]
_EVERY_SKU: tuple[Rule, ...] = (
    encoding.unusual,
    soundness.expiring,
    soundness.weak_crypto,
    identity.name,
)
# Rules without findings for a path that OpenSSL accepts at the instant.
_OUT_OF_DATE: tuple[Rule, ...] = (encoding.dates_readable, soundness.dates)
# Rules about the presented chain; they have no findings for one that is an accepted path, in order.
_V2_CHAIN: tuple[Rule, ...] = (
    shape.leaf,
    shape.order,
    shape.extras,
    trust.path,
)
# Rules that explain why OpenSSL refuses a path; they have no findings for one that it accepts.
_V2_REFUSED: tuple[Rule, ...] = (
    soundness.signatures,
    encoding.unverifiable,
    constraints.may_sign,
)
LISTS = 256
_BREAKS_THE_PATH = switches.CHAIN_SWITCH_CODES | switches.NAME_SWITCH_CODES

__all__ = ["judge", "judge_failure"]


def judge(chain: PresentedChain, policy: GatewayPolicy, *, at: datetime) -> Verdict:
    """Decide what the gateway would decide about this chain.

    Args:
        chain: the presented chain and other facts of the connection.
        policy: the gateway's requirements.
        at: the instant, time zone aware.

    Returns:
        A verdict with every finding, in headline order.
    """
    # Certificates and OpenSSL use whole seconds; with a fraction, the last second would be both
    # valid and expired.
    at = at.replace(microsecond=0) if at.microsecond else at
    listed = _listed(chain, policy, at)
    case = listed.case if listed.case.at == at else listed.case.at_instant(at)
    found = (*listed.findings, *_connection(case, chain))
    if chain.live:
        found = (*found, *_live(case, chain, found))
    if found:
        found = tuple(identity.with_default_certificate(case, found, chain.target.server_name))
    answered = chain.http is not None
    return Verdict(
        findings=in_headline_order(switches.apply_switches(found, policy)),
        at=at,
        entries=listed.entries,
        path=listed.path,
        not_checked=tuple(entries.not_checked(case, answered=answered)),
        in_order=entries.in_order(case, answered=answered),
        case=case,
    )


def judge_failure(error: CaptureError, policy: GatewayPolicy, *, at: datetime) -> Verdict:
    """The verdict for a target that presented no chain.

    It still says what the setting does not validate.
    """
    not_seen = (
        ("revocation", "the certificates: none came")
        if policy.validate_chain
        else ("the certificates: none came",)
    )
    findings = in_headline_order(switches.apply_switches(tuple(transport.no_list(error)), policy))
    return Verdict(findings=findings, at=at, not_checked=not_seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ListJudgement:
    """What follows from a list alone, whatever connection it came over."""

    case: Case
    findings: tuple[Finding, ...]
    entries: tuple[Entry, ...]
    path: CertificationPath


def _listed(chain: PresentedChain, policy: GatewayPolicy, at: datetime) -> _ListJudgement:
    since = steady_since(chain.certificates, policy.anchors, at)
    return _list_judgement(chain.certificates, policy, since, chain.ordered, chain.tls is None)


# Cached by the policy and the first second of a period in which no date is crossed: the members of
# a pool often send the same list, a server sends the same list at the next check, and the repair
# and the browser's view judge the same list again.
@lru_cache(maxsize=LISTS)
def _list_judgement(
    certificates: tuple[PresentedCertificate, ...],
    policy: GatewayPolicy,
    at: datetime,
    ordered: bool,  # noqa: FBT001 -- a key by position is the cheaper one
    rehearsed: bool,  # noqa: FBT001 -- as above
) -> _ListJudgement:
    case = make_case(certificates, policy, at, ordered=ordered, rehearsed=rehearsed)
    found = tuple(_findings(case))
    found = (*found, *soundness.openssl(case, found))
    return _ListJudgement(
        case=case,
        findings=found,
        entries=entries.entries(case, found),
        path=entries.certification_path(case),
    )


def _findings(case: Case) -> Iterator[Finding]:
    for rule in _rules(case):
        yield from rule(case)


def _rules(case: Case) -> Iterator[Rule]:
    """The rules that may have findings."""
    if not case.is_path:
        yield transport.unreadable
    yield from _EVERY_SKU
    if not case.in_date:
        yield from _OUT_OF_DATE
    if case.policy.sku is Sku.V1:
        yield trust.auth_certificate
        return
    if not case.is_path:
        yield from _V2_CHAIN
    yield uploads.uploads
    if not case.trusted:
        yield from _V2_REFUSED


def _connection(case: Case, chain: PresentedChain) -> Iterator[Finding]:
    """What the connection showed beside the list."""
    yield from transport.handshake(chain)
    yield from identity.live_names(case, chain)
    yield from identity.server_name(case, chain)
    yield from transport.http(chain, case.policy.http)


def _live(case: Case, chain: PresentedChain, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Judge what was presented for live traffic's names, if the probe's path is accepted."""
    if case.leaf is None or any(
        f.severity is Severity.CRITICAL and f.code in _BREAKS_THE_PATH for f in found
    ):
        return
    for live in chain.live:
        yield from _one_live(case, chain, live)


def _one_live(case: Case, chain: PresentedChain, live: LiveChain) -> Iterator[Finding]:
    if not live.certificates:
        yield identity.live_refused(
            live.name,
            f"sends no certificate ({live.error or 'no reason given'})",
            [],
            probe=case.policy.name,
        )
        return
    other = PresentedChain(target=chain.target, certificates=live.certificates, tls=chain.tls)
    policy = replace(
        case.policy, name=None, live_names=(), http=None, validate_chain=True, validate_name=True
    )
    leaf = _listed(other, policy, case.at).case.leaf
    if leaf is not None and not identity.name_fits(leaf, live.name, case.policy):
        yield identity.live_mismatch(leaf, live.name, probe=case.policy.name)
    if live.certificates != chain.certificates:
        verdict = judge(other, policy, at=case.at)
        codes = [f.code.value for f in verdict.findings if f.severity is Severity.CRITICAL]
        if codes:
            yield identity.live_refused(
                live.name,
                f"sends a chain that the gateway refuses ({', '.join(codes)})",
                codes,
                probe=case.policy.name,
            )
