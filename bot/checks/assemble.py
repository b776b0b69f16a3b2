"""Makes one report from those of all addresses; the worst decides. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.checks.browser import browser_view
from bot.domain.check_report import AddressReport, CheckReport, CheckRequest
from chainlib import (
    Basis,
    Certificate,
    Code,
    Finding,
    Severity,
    Verdict,
    explain,
    in_headline_order,
    rank,
    repair,
    with_known_issuers,
)
from chainlib.aio import (
    load_well_known,
)


def out_of_date_issuer(report: AddressReport) -> bool:
    """Whether a presented CA has expired: a renewed edition may be known."""
    sent = report.chain.certificates if report.chain else ()
    dated = [
        f.certificate
        for f in report.verdict.findings
        if f.code in {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_NOT_YET_VALID}
    ]
    named = [sent[position] for position in dated if position is not None and position < len(sent)]
    return any(isinstance(one, Certificate) and one.is_ca for one in named)


def assemble(
    request: CheckRequest,
    reports: Sequence[AddressReport],
    unseen: tuple[str, ...] = (),
    *,
    issuers: Sequence[Certificate],
    may_download: bool = False,
) -> CheckReport:
    """Make the report about a target from those of its addresses.

    Args:
        request: what was probed.
        reports: one for each address, at least one.
        unseen: what was not checked, in words.
        issuers: known certificates that may fill a gap.
        may_download: whether the operator allows issuer downloads.
    """
    ordered = tuple(sorted(reports, key=severity_order))
    worst = ordered[0]
    known = (*issuers, *sent_elsewhere(ordered))
    verdict = with_known_issuers(_with_differences(worst.verdict, ordered), request.policy, known)
    public = load_well_known()
    chain = worst.chain
    fix = (
        repair(
            chain,
            request.policy,
            at=verdict.at,
            issuers=known,
            verdict=worst.verdict,
        )
        if chain
        else None
    )
    view = (
        browser_view(chain, request.policy, verdict, public=public, issuers=known)
        if chain
        else None
    )
    return CheckReport(
        request=request,
        verdict=verdict,
        explanation=explain(verdict),
        addresses=(_with_verdict(worst, verdict), *ordered[1:]),
        repair=fix,
        browser=view,
        not_checked=(*verdict.not_checked, *unseen),
        timings=worst.timings,
        may_download=may_download,
    )


def _with_verdict(report: AddressReport, verdict: Verdict) -> AddressReport:
    return report if verdict is report.verdict else replace(report, verdict=verdict)


def sent_elsewhere(reports: Sequence[AddressReport]) -> Iterator[Certificate]:
    """CAs that the worst address did not send, but others did, or it did for another name."""
    chains = [report.chain for report in reports if report.chain]
    lists = [
        *(chain.certificates for chain in chains[1:]),
        *(chain.without_server_name or () for chain in chains),
        *(live.certificates for chain in chains for live in chain.live),
    ]
    here = frozenset(chains[0].certificates) if chains else frozenset()
    every = dict.fromkeys(one for sent in lists for one in sent if one not in here)
    return (one for one in every if isinstance(one, Certificate) and one.is_ca)


def severity_order(report: AddressReport) -> tuple[bool, int]:
    """Sort key for the reports of addresses: the one that decides comes first."""
    return report.verdict.accepted, rank(report.verdict.headline)


def _with_differences(verdict: Verdict, reports: Sequence[AddressReport]) -> Verdict:
    """Add the finding that the addresses present different chains, or that only some answer."""
    lists = {report.chain.certificates if report.chain else None for report in reports}
    if len(lists) < 2:  # noqa: PLR2004 -- two different answers make a difference
        return verdict
    groups = _by_headline(reports)
    parts = "; ".join(
        f"{', '.join(addresses)}: {headline}" for headline, addresses in groups.items()
    )
    finding = Finding(
        code=Code.SERVERS_DIFFER,
        severity=Severity.WARNING,
        summary=(
            f"The {len(reports)} addresses behind the name do not present the same chain ({parts})."
        ),
        basis=Basis.INFERRED,
        evidence={
            "addresses": {report.address: report.verdict.headline.value for report in reports}
        },
    )
    return replace(verdict, findings=in_headline_order((*verdict.findings, finding)))


def _by_headline(reports: Sequence[AddressReport]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for report in reports:
        groups.setdefault(report.verdict.headline.value, []).append(report.address)
    return groups
