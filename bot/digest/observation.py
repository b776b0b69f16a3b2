"""Turns a check's report into the observation that digests store: problems and their causes.

Of a refused backend only the headline counts, because the other findings usually follow from it;
switched-off validation and expiring certificates always count. What switched-off validation hides
is reported with the switch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from bot.domain.backend_key import BackendKey
from bot.domain.digest import FollowedTarget, Observation, Problem
from bot.domain.report import CheckReport
from chainlib import Basis, Certificate, Code, Finding, Severity, UnreadableCertificate, Verdict
from chainlib.frozen import dataclass

_ALWAYS = {Code.VALIDATION_OFF, Code.CERTIFICATE_EXPIRING}
_BY_CERTIFICATE = {
    Code.CERTIFICATE_EXPIRING,
    Code.CERTIFICATE_EXPIRED,
    Code.CERTIFICATE_NOT_YET_VALID,
}
_BY_SETTING = {
    Code.VALIDATION_OFF,
    Code.ROOT_NOT_ATTACHED,
    Code.UPLOADED_ROOT_UNUSABLE,
    Code.NO_SNI,
}
_FINGERPRINT = "sha256"
_CAUSE_EVIDENCE = ("missing_subject", "root_name", "root", "subject", _FINGERPRINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The place of a checked backend.

    Attributes:
        label: display name of the backend.
        gateway, pool, setting, server: empty for a single host.
    """

    target_key: str
    label: str
    gateway: str = ""
    pool: str = ""
    setting: str = ""
    server: str = ""

    @property
    def key(self) -> str:
        """Stable identity of the backend."""
        return BackendKey(
            target=self.target_key, pool=self.pool, setting=self.setting, server=self.server
        ).text


def observation_of(report: CheckReport, placement: Placement) -> Observation:
    """The observation of a report."""
    chain = report.chain
    presented = chain.certificates if chain else ()
    leaf = report.verdict.path.leaf
    return Observation(
        key=placement.key,
        target_key=placement.target_key,
        label=placement.label,
        gateway=placement.gateway,
        pool=placement.pool,
        setting=placement.setting,
        problems=tuple(
            dict.fromkeys(
                _problem(finding, presented, placement) for finding in _telling(report.verdict)
            )
        ),
        fingerprint=_fingerprint(presented),
        not_after=leaf.not_after if leaf else None,
    )


def not_observed(target: FollowedTarget, sentence: str) -> Observation:
    """The observation that the target could not be checked, for example because ARM did not answer.

    The digest then reports that.
    """
    problem = Problem(
        code=Code.HEALTH_UNKNOWN,
        severity=Severity.WARNING,
        cause=f"{Code.HEALTH_UNKNOWN}:{target.key}",
        subject=sentence,
    )
    return Observation(
        key=f"{target.key}|*",
        target_key=target.key,
        label=target.text,
        problems=(problem,),
        backend=False,
    )


def _telling(verdict: Verdict) -> Iterator[Finding]:
    critical = [finding for finding in verdict.findings if finding.severity is Severity.CRITICAL]
    yield from critical[:1]
    silenced = {
        code
        for finding in verdict.findings
        if finding.code is Code.VALIDATION_OFF
        for code in finding.evidence["silenced"]
    }
    rest = (
        f
        for f in verdict.findings
        if f.severity is not Severity.CRITICAL and f.code not in silenced
    )
    yield from (finding for finding in rest if not critical or finding.code in _ALWAYS)


def _problem(
    finding: Finding, presented: Sequence[Certificate | UnreadableCertificate], placement: Placement
) -> Problem:
    certificate = _certificate(finding, presented)
    expiring = certificate if finding.code in _BY_CERTIFICATE else None
    about, subject = _about(
        finding, expiring, placement, _name(certificate) if certificate else placement.label
    )
    return Problem(
        code=finding.code,
        severity=finding.severity,
        cause=f"{finding.code}:{about}",
        subject=subject,
        not_before=expiring.not_before if expiring else None,
        not_after=expiring.not_after if expiring else None,
        is_ca=expiring.is_ca if expiring else False,
    )


def _about(
    finding: Finding, expiring: Certificate | None, placement: Placement, at_fault: str
) -> tuple[str, str]:
    """What the cause concerns: the key for grouping, and the words for users."""
    if expiring:
        return expiring.sha256, _name(expiring)
    if finding.code in _BY_SETTING and placement.setting:
        return (
            f"{placement.target_key}/{placement.setting}".lower(),
            f"{placement.setting} ({placement.gateway})",
        )
    for key in _CAUSE_EVIDENCE:
        value = finding.evidence.get(key)
        if value and (finding.basis is not Basis.INFERRED or finding.code in _BY_CERTIFICATE):
            return str(value), at_fault if key == _FINGERPRINT else str(value)
    return placement.key, placement.label


def _certificate(
    finding: Finding, presented: Sequence[Certificate | UnreadableCertificate]
) -> Certificate | None:
    place = finding.certificate
    found = presented[place] if place is not None and place < len(presented) else None
    return found if isinstance(found, Certificate) else None


def _fingerprint(presented: Sequence[Certificate | UnreadableCertificate]) -> str:
    """Fingerprint of the presented chain: order and duplicates count."""
    return (
        sha256(b"".join(certificate.der for certificate in presented)).hexdigest()[:16]
        if presented
        else ""
    )


def _name(certificate: Certificate) -> str:
    return certificate.dns_names[0] if certificate.dns_names else certificate.subject
