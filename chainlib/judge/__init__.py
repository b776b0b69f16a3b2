"""Presented chain + policy + instant -> verdict.

All findings are always computed; only the headline picks one.

OpenSSL decides what OpenSSL decides; the rules beside this file say which documented fault that is,
which certificate is at fault,
and what Application Gateway demands beyond OpenSSL. Nothing here raises over what a server sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from chainlib.errors import CaptureError
from chainlib.findings import Finding, Severity, Verdict, in_headline_order
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
from chainlib.model import LiveChain, PresentedChain
from chainlib.policy import GatewayPolicy, Sku

Rule = Callable[[Case], Iterator[Finding]]
_EVERY_SKU = (
    transport.handshake,
    transport.unreadable,
    encoding.unusual,
    encoding.dates_readable,
    soundness.dates,
    soundness.expiring,
    soundness.weak_crypto,
)
_NAMES = (identity.name, identity.live_names, identity.server_name)
_V2_CHAIN = (
    shape.leaf,
    shape.order,
    shape.extras,
    trust.path,
    uploads.uploads,
)
# Why OpenSSL refuses a path; they have nothing to say of one that it accepts.
_V2_REFUSED = (soundness.signatures, encoding.unverifiable, constraints.may_sign)

__all__ = ["judge", "judge_failure"]


def judge(chain: PresentedChain, policy: GatewayPolicy, *, at: datetime) -> Verdict:
    """Decide what the gateway would decide about this chain.

    Args:
        chain: what was presented, with what else the connection showed.
        policy: what the gateway demands.
        at: the instant, aware.

    Returns:
        A verdict with every finding, in headline order.
    """
    # Certificates and OpenSSL know whole seconds only; a fraction would make the last second both
    # valid and expired.
    at = at.replace(microsecond=0)
    case = make_case(chain, policy, at)
    found = tuple(_rules(case))
    found = (*found, *soundness.openssl(case, found))
    found = (*found, *_live(case, found))
    found = tuple(identity.with_default_certificate(case, found))
    ordered = in_headline_order(switches.apply_switches(found, policy))
    return Verdict(
        findings=ordered,
        at=at,
        entries=entries.entries(case, ordered),
        path=entries.certification_path(case),
        not_checked=tuple(entries.not_checked(case)),
        in_order=entries.in_order(case),
        case=case,
    )


def judge_failure(error: CaptureError, policy: GatewayPolicy, *, at: datetime) -> Verdict:
    """The verdict for a target that yielded no certificate list.

    What the setting does not validate is known all the same.
    """
    not_seen = (
        ("revocation", "the certificates: none came")
        if policy.validate_chain
        else ("the certificates: none came",)
    )
    findings = in_headline_order(switches.apply_switches(tuple(transport.no_list(error)), policy))
    return Verdict(findings=findings, at=at, not_checked=not_seen)


def _rules(case: Case) -> Iterator[Finding]:
    if case.policy.sku is Sku.V1:
        chain_rules: tuple[Rule, ...] = (trust.auth_certificate,)
    else:
        chain_rules = _V2_CHAIN if case.trusted else (*_V2_CHAIN, *_V2_REFUSED)
    for rule in (*_EVERY_SKU, *chain_rules, *_NAMES, transport.http):
        yield from rule(case)


def _live(case: Case, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Judge what was sent under live traffic's names, where the probe's path works.

    The path that breaks is named.
    """
    if case.leaf is None or any(
        f.severity is Severity.CRITICAL and f.code in switches.CHAIN_CODES | switches.NAME_CODES
        for f in found
    ):
        return
    for live in case.chain.live:
        yield from _one_live(case, live)


def _one_live(case: Case, live: LiveChain) -> Iterator[Finding]:
    if not live.certificates:
        yield identity.live_refused(
            live.name, f"sends no certificate ({live.error or 'no reason given'})", []
        )
        return
    chain = PresentedChain(
        target=case.chain.target, certificates=live.certificates, tls=case.chain.tls
    )
    policy = replace(
        case.policy, name=None, live_names=(), http=None, validate_chain=True, validate_name=True
    )
    other = make_case(chain, policy, case.at)
    if other.leaf is not None and not identity.name_fits(other.leaf, live.name, case.policy):
        yield identity.live_mismatch(other.leaf, live.name)
    if live.certificates != case.chain.certificates:
        verdict = judge(chain, policy, at=case.at)
        codes = [f.code.value for f in verdict.findings if f.severity is Severity.CRITICAL]
        if codes:
            yield identity.live_refused(
                live.name, f"sends a chain that the gateway refuses ({', '.join(codes)})", codes
            )
