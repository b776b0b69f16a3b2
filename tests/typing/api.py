"""The public API as a user's type checker sees it: type-checked by `make lint`, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, assert_type

from chainlib import (
    CHAIN_SWITCH_CODES,
    NAME_SWITCH_CODES,
    Certificate,
    CertificateBag,
    CertificationPath,
    ChainlibError,
    Code,
    Explanation,
    Finding,
    GatewayPolicy,
    PresentedChain,
    Repair,
    Severity,
    Target,
    TrustAnchors,
    TrustMode,
    Verdict,
    dump_bundle,
    explain,
    judge,
    load_certificates,
    repair,
)
from chainlib.aio import FetchResult, capture, fetch_issuers

AT = datetime(2026, 11, 1, tzinfo=UTC)


def judge_a_file(data: bytes, root: bytes) -> Verdict | None:
    try:
        certificates = load_certificates(data)
        anchors = load_certificates(root)
    except ChainlibError:
        return None
    assert_type(certificates, CertificateBag)
    chain = PresentedChain(target=Target(host="backend.contoso.com"), certificates=certificates)
    trusted = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=anchors)
    policy = GatewayPolicy(name="backend.contoso.com", anchors=trusted)
    verdict = judge(chain, policy, at=AT)
    assert_type(verdict, Verdict)
    assert_type(repair(chain, policy, at=AT), Repair | None)
    return verdict


def read_a_verdict(verdict: Verdict) -> None:
    assert_type(verdict.accepted, bool)
    assert_type(verdict.headline, Code)
    assert_type(verdict.findings, tuple[Finding, ...])
    assert_type(verdict.path, CertificationPath)
    assert_type(explain(verdict), Explanation)
    for finding in verdict.findings:
        assert_type(finding.severity, Severity)
        assert_type(finding.evidence, Mapping[str, Any])


def codes_that_a_switch_hides() -> None:
    assert_type(CHAIN_SWITCH_CODES, frozenset[Code])
    assert_type(NAME_SWITCH_CODES, frozenset[Code])


async def ask_a_server() -> None:
    target = Target(host="backend.contoso.com", port=8443, server_name="backend.contoso.com")
    chain = await capture(target, timeout=30.0)
    assert_type(chain, PresentedChain)
    readable = [one for one in chain.certificates if isinstance(one, Certificate)]
    assert_type(dump_bundle(readable), str)
    fetched = await fetch_issuers(chain, admit=lambda _address: True)
    assert_type(fetched, FetchResult)
