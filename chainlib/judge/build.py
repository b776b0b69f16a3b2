"""Constructors of findings, so that every rule reads as one condition and one sentence."""

from __future__ import annotations

from typing import Any

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding, Severity
from chainlib.judge.ended_roots import ended_root


def critical(
    code: Code,
    summary: str,
    basis: Basis,
    certificate: int | None = None,
    **evidence: Any,  # noqa: ANN401 -- JSON facts
) -> Finding:
    """A finding that makes requests fail."""
    return _finding(Severity.CRITICAL, code, summary, basis, certificate, evidence)


def warning(
    code: Code,
    summary: str,
    basis: Basis,
    certificate: int | None = None,
    **evidence: Any,  # noqa: ANN401 -- JSON facts
) -> Finding:
    """A finding that needs attention although requests succeed."""
    return _finding(Severity.WARNING, code, summary, basis, certificate, evidence)


def info(
    code: Code,
    summary: str,
    basis: Basis,
    certificate: int | None = None,
    **evidence: Any,  # noqa: ANN401 -- JSON facts
) -> Finding:
    """An informational finding."""
    return _finding(Severity.INFO, code, summary, basis, certificate, evidence)


def _finding(
    severity: Severity,
    code: Code,
    summary: str,
    basis: Basis,
    certificate: int | None,
    evidence: dict[str, Any],
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        summary=summary,
        basis=basis,
        certificate=certificate,
        evidence=evidence,
    )


def short_name(certificate: Certificate) -> str:
    """The display name of a certificate.

    Its common name, else the whole subject, else its first DNS name, else the beginning of its
    fingerprint.
    """
    return (
        next(iter(certificate.common_names), "")
        or certificate.subject
        or next(iter(certificate.dns_names), "")
        or certificate.sha256[:16]
    )


def issuer_name(certificate: Certificate) -> str:
    """The display name of the issuer: the CN of the issuer name, else the whole name."""
    return (
        next(iter(certificate.issuer_common_names), "")
        or certificate.issuer
        or "an issuer without a name"
    )


def missing_evidence(child: Certificate) -> dict[str, Any]:
    """What a certificate says about its missing issuer."""
    key_id = child.authority_key_id
    return {
        "missing_subject": child.issuer,
        "missing_key_id": key_id.hex() if key_id else None,
        "aia": list(child.ca_issuers),
    }


def successor_evidence(certificate: Certificate) -> dict[str, str]:
    """The root that replaced this one, if publicly known."""
    ended = ended_root(certificate)
    return {"successor": ended.successor, "successor_source": ended.source} if ended else {}
