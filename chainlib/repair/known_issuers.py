"""Updates a verdict with issuers that were downloaded or known from elsewhere.

Without them, a missing upper CA cannot be distinguished from an untrusted root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from chainlib.certificate import Certificate
from chainlib.findings import Code, Finding, Verdict
from chainlib.judge.trust import TWO_EXPLANATIONS
from chainlib.model import CertificationPath, PathElement, Source, TrustAnchors, TrustMode
from chainlib.path import is_root
from chainlib.policy import GatewayPolicy

_NOT_SENT, _NOT_GIVEN = TWO_EXPLANATIONS
_SAID = {
    _NOT_SENT: "an intermediate that is not sent",
    _NOT_GIVEN: "a root that the gateway was not given",
}
_HIGHEST = 8


def with_known_issuers(
    verdict: Verdict, policy: GatewayPolicy, issuers: Iterable[Certificate]
) -> Verdict:
    """The verdict with the gap filled by known issuers; codes and severities stay.

    Args:
        verdict: of `judge`.
        policy: the policy of that verdict.
        issuers: certificates that were not sent; one counts if its key verifies the certificate
            below the gap. Roots of other gateways, which the policy holds, count too.

    Returns:
        A verdict whose path marks the issuer as fetched, and whose evidence keeps the one remaining
        explanation.
    """
    elements, anchors = verdict.path.elements, policy.anchors
    place = next(
        (place for place, element in enumerate(elements) if element.source is Source.MISSING), 0
    )
    sent_above = [element.certificate for element in elements[place + 1 :] if element.certificate]
    below = elements[place - 1].certificate if place else None
    elsewhere = {u.certificate: u for u in policy.unattached if u.on_other_gateway}
    known = (*issuers, *sent_above, *anchors.certificates, *elsewhere)
    found = tuple(_climb(below, known)) if below else ()
    if not found or found[0] in anchors.certificates:
        return verdict
    explanation = _NOT_GIVEN if is_root(found[0]) else _NOT_SENT
    filled = (
        *elements[:place],
        *_filled(found, elements[place + 1 :], anchors),
        *elements[place + 1 :],
    )
    lying = elsewhere.get(found[0])
    where = {"elsewhere": f"{lying.name} on {lying.gateway}"} if lying else {}
    return replace(
        verdict,
        findings=tuple(_decided(one, explanation, found[0], where) for one in verdict.findings),
        path=CertificationPath(elements=filled, complete=False),
    )


def _climb(below: Certificate, known: Sequence[Certificate]) -> Iterator[Certificate]:
    """The issuers above, lowest first, as far as their keys verify."""
    met = [below]
    while len(met) <= _HIGHEST and not is_root(met[-1]):
        issuer = next((one for one in known if one not in met and met[-1].issued_by(one)), None)
        if issuer is None:
            return
        yield issuer
        met.append(issuer)


def _filled(
    found: Sequence[Certificate], above: Sequence[PathElement], anchors: TrustAnchors
) -> Iterator[PathElement]:
    """The fetched issuers up to one that is already there, and the gap that may remain above."""
    there = {element.certificate for element in above}
    trusted = Source.WELL_KNOWN if anchors.mode is TrustMode.WELL_KNOWN else Source.UPLOADED
    for one in found:
        if one in there:
            return
        yield PathElement(
            source=trusted if one in anchors.certificates else Source.FETCHED,
            subject=one.subject,
            certificate=one,
        )
    if not is_root(found[-1]):
        yield PathElement(source=Source.MISSING, subject=found[-1].issuer)


def _decided(
    finding: Finding, explanation: str, issuer: Certificate, where: Mapping[str, str]
) -> Finding:
    if finding.evidence.get("possibilities") != list(TWO_EXPLANATIONS):
        return finding
    evidence = {
        **finding.evidence,
        **where,
        "possibilities": [explanation],
        "missing_sha256": issuer.sha256,
    }
    said_already = finding.code is Code.INTERMEDIATE_MISSING and explanation == _NOT_SENT
    summary = (
        finding.summary
        if said_already
        else f"{finding.summary.removesuffix('.')}, {_SAID[explanation]}."
    )
    return replace(finding, summary=summary, evidence=evidence)
