"""The JSON object of `appgw check` and `appgw rehearse` (schema 1). Pure.

A key is never renamed without a new schema number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.check_report import BrowserView, CheckReport
from chainlib import (
    Certificate,
    CertificationPath,
    Entry,
    Finding,
    Fix,
    PresentedChain,
    Repair,
    UnreadableCertificate,
    Verdict,
    explain,
    finding_page,
)

SCHEMA = 1


def as_json(report: CheckReport) -> dict[str, Any]:
    """The whole report; a rehearsal has no `tls` and no timings of a connection."""
    chain = report.chain
    rehearsed = chain is not None and chain.tls is None and chain.handshake_error is None
    document = {
        "schema": SCHEMA,
        "target": _target(report),
        "at": _instant(report.verdict.at),
        "policy": dict(report.request.policy.as_json()),
        "accepted": report.verdict.accepted,
        "headline": report.verdict.headline.value,
        "findings": [
            _finding(f, fix)
            for f, fix in zip(report.verdict.findings, report.explanation.fixes, strict=True)
        ],
        "gateway_message": report.explanation.gateway_message,
        "presented": _presented(chain, report.verdict) if chain else [],
        "path": _path(report.verdict.path),
        "repair": _repair(report.repair),
        "browser": _browser(report.browser),
        "tls": _tls(chain),
        "timings_ms": {stage: round(ms, 1) for stage, ms in report.timings.items()},
        "not_checked": list(report.not_checked),
        "assumed": list(report.request.assumed),
        "addresses": [
            {"address": a.address, "headline": a.verdict.headline.value} for a in report.addresses
        ],
    }
    return {
        key: value
        for key, value in document.items()
        if not (rehearsed and key in {"tls", "addresses"})
    }


def _target(report: CheckReport) -> dict[str, Any]:
    target = report.request.target
    address = next((a.address for a in report.addresses), "")
    return {
        "host": target.host,
        "port": target.port,
        "sni": target.server_name,
        "address": address or None,
    }


def _instant(at: datetime) -> str:
    # strftime writes the years before 1000 with fewer than four digits.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def findings_json(findings: tuple[Finding, ...], at: datetime) -> list[dict[str, Any]]:
    """Findings, each with its own fix, as the key `findings` of every document."""
    verdict = Verdict(findings=findings, at=at)
    return [_finding(f, fix) for f, fix in zip(findings, explain(verdict).fixes, strict=True)]


def _finding(finding: Finding, fix: Fix) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "summary": finding.summary,
        "certificate": finding.certificate,
        "evidence": _plain(finding.evidence),
        "basis": finding.basis.value,
        "fix": {"where": fix.where.value, "steps": list(fix.steps)},
        "reference": fix.reference,
        "page": finding_page(finding.code),
    }


def _plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in evidence.items()
    }


def _presented(chain: PresentedChain, verdict: Verdict) -> list[dict[str, Any]]:
    return [
        _entry(sent, entry) for sent, entry in zip(chain.certificates, verdict.entries, strict=True)
    ]


def _entry(sent: Certificate | UnreadableCertificate, entry: Entry) -> dict[str, Any]:
    known = sent if isinstance(sent, Certificate) else None
    return {
        "position": entry.position,
        "role": entry.role.value,
        "subject": known.subject if known else None,
        "issuer": known.issuer if known else None,
        "not_before": _instant(known.not_before) if known else None,
        "not_after": _instant(known.not_after) if known else None,
        "sha256": sent.sha256,
        "dns_names": list(known.dns_names) if known else [],
        "status": entry.status.value,
    }


def _path(path: CertificationPath) -> list[dict[str, Any]]:
    return [
        {"source": e.source.value, "subject": e.subject, "sha256": e.sha256} for e in path.elements
    ]


def _repair(repair: Repair | None) -> dict[str, Any] | None:
    if repair is None:
        return None
    return {
        "chain_pem": repair.chain_pem,
        "root_pem": repair.root_pem,
        "root_name": repair.root_name,
        "verdict_after": repair.verdict_after.value,
        "sources": list(repair.sources),
        "missing": [
            {"subject": m.subject, "key_id": m.key_id, "aia": list(m.ca_issuers)}
            for m in repair.missing
        ],
    }


def _browser(view: BrowserView | None) -> dict[str, Any] | None:
    return None if view is None else {"accepted": view.accepted, "why": view.why}


def _tls(chain: PresentedChain | None) -> dict[str, Any] | None:
    if chain is None or chain.tls is None:
        return None
    tls = chain.tls
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "client_certificate_requested": tls.client_certificate_requested,
    }
