"""Probe and backend health: the findings about a disagreement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest

from bot.checks.backend_health import add_backend_health
from bot.domain.azure import BackendServer, GatewayHealth, GatewayMessage, Health, PoolUse
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import CheckReport, CheckRequest, GatewayReport, MemberReport
from chainlib import (
    Basis,
    Code,
    Finding,
    GatewayPolicy,
    Severity,
    Target,
    TrustAnchors,
    TrustMode,
    Verdict,
    explain,
)
from tests.support.gateways import GATEWAY, GATEWAY_ID

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GAP = Finding(
    code=Code.INTERMEDIATE_MISSING,
    severity=Severity.CRITICAL,
    summary="one is missing",
    basis=Basis.DOCUMENTED,
)

EDITION = Finding(
    code=Code.ROOT_MISMATCH,
    severity=Severity.WARNING,
    summary="another edition",
    basis=Basis.INFERRED,
    evidence={"kind": "same-key-other-certificate", "sha256": "aa", "uploaded_sha256": "bb"},
)
LIVE = Finding(
    code=Code.LIVE_NAME_MISMATCH,
    severity=Severity.CRITICAL,
    summary="another live name",
    basis=Basis.DOCUMENTED,
)


def member(
    *findings: Finding, probed: bool = True, name: str = "backend.contoso.com"
) -> MemberReport:
    """A member whose own probe found this."""
    request = CheckRequest(
        target=Target(host=name),
        policy=GatewayPolicy(anchors=TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=())),
    )
    verdict = Verdict(findings=findings, at=NOW)
    report = CheckReport(
        request=request, verdict=verdict, explanation=explain(verdict), addresses=()
    )
    return MemberReport(
        pool="shop",
        setting="https-be",
        member=name,
        report=report if probed else None,
        findings=findings,
    )


def answer(
    health: Health, *, address: str = "backend.contoso.com", pool: str = "shop"
) -> GatewayHealth:
    """ARM's answer about one server."""
    said = GatewayMessage(code=Code.ROOT_MISMATCH, text="The root certificate ...")
    server = BackendServer(
        pool=pool, setting="HTTPS-be", address=address, health=health, message=said
    )
    return GatewayHealth(gateway=GATEWAY_ID, servers=(server,), read_at=NOW)


@pytest.mark.parametrize(
    ("own", "health", "codes"),
    [
        ((), Health.HEALTHY, [Code.ROOT_MISMATCH]),
        ((), Health.UNHEALTHY, [Code.ROOT_MISMATCH, Code.VANTAGE_DIFFERS]),
        ((), Health.UNKNOWN, [Code.ROOT_MISMATCH, Code.HEALTH_UNKNOWN]),
        ((GAP,), Health.HEALTHY, [Code.INTERMEDIATE_MISSING, Code.PROBE_DISAGREES]),
        ((GAP,), Health.UNHEALTHY, [Code.INTERMEDIATE_MISSING]),
        ((GAP,), Health.UNKNOWN, [Code.INTERMEDIATE_MISSING, Code.HEALTH_UNKNOWN]),
        ((LIVE,), Health.HEALTHY, [Code.LIVE_NAME_MISMATCH, Code.ROOT_MISMATCH]),
        (
            (LIVE,),
            Health.UNHEALTHY,
            [Code.ROOT_MISMATCH, Code.LIVE_NAME_MISMATCH, Code.VANTAGE_DIFFERS],
        ),
    ],
    ids=[
        "agree-green",
        "vantage",
        "unknown",
        "probe-disagrees",
        "agree-red",
        "red-and-unknown",
        "live-alone",
        "live-and-vantage",
    ],
)
def test_disagreement_has_a_name(
    own: tuple[Finding, ...], health: Health, codes: list[Code]
) -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(*own),), at=NOW)
    answered = add_backend_health(report, answer(health)).members[0]
    assert [f.code for f in answered.findings] == codes


@pytest.mark.parametrize(
    ("received", "codes"),
    [
        (400, [Code.CLIENT_CERTIFICATE_REQUIRED]),
        (
            502,
            [
                Code.CLIENT_CERTIFICATE_REQUIRED,
                Code.HTTP_STATUS_MISMATCH,
                Code.VANTAGE_DIFFERS,
            ],
        ),
    ],
)
def test_status_without_client_certificate_is_its_fault(received: int, codes: list[Code]) -> None:
    wanted = replace(GAP, code=Code.CLIENT_CERTIFICATE_REQUIRED)
    report = GatewayReport(gateway=GATEWAY, members=(member(wanted),), at=NOW)
    (server,) = answer(Health.UNHEALTHY).servers
    said = GatewayMessage(code=Code.HTTP_STATUS_MISMATCH, text="status", received=received)
    health = GatewayHealth(
        gateway=GATEWAY_ID, servers=(replace(server, message=said),), read_at=NOW
    )
    assert [f.code for f in add_backend_health(report, health).members[0].findings] == codes


def test_doubt_that_the_gateway_confirms_is_a_refusal() -> None:
    """Nobody knows how Azure compares two editions of a root, until the gateway says so itself."""
    report = GatewayReport(gateway=GATEWAY, members=(member(EDITION),), at=NOW)
    answered = add_backend_health(report, answer(Health.UNHEALTHY))
    (finding,) = answered.members[0].findings
    assert (finding.code, finding.severity, finding.basis) == (
        Code.ROOT_MISMATCH,
        Severity.CRITICAL,
        Basis.REPORTED,
    )
    (fix,) = explain(Verdict(findings=(finding,), at=NOW)).fixes
    assert "upload the one that the server sends" in fix.steps[0]
    assert [
        f.severity for f in add_backend_health(answered, answer(Health.HEALTHY)).members[0].findings
    ] == [Severity.WARNING]


def test_reading_twice_adds_nothing_twice() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(),), at=NOW)
    once = add_backend_health(report, answer(Health.UNHEALTHY))
    assert add_backend_health(once, answer(Health.UNHEALTHY)).members == once.members


def test_health_of_another_pool_is_not_used() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(),), at=NOW)
    assert (
        add_backend_health(report, answer(Health.UNHEALTHY, pool="other")).members[0].server is None
    )


def test_unprobed_member_follows_the_gateway() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(probed=False),), at=NOW)
    answered = add_backend_health(report, answer(Health.UNHEALTHY)).members[0]
    assert [(f.code, f.severity, f.basis) for f in answered.findings] == [
        (Code.ROOT_MISMATCH, Severity.CRITICAL, Basis.GATEWAY)
    ]
    assert not answered.healthy


def test_refusal_keeps_what_our_probe_found() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(GAP),), at=NOW)
    refusal = Refusal(kind=RefusalKind.FORBIDDEN, sentence="no right")
    answered = add_backend_health(report, refusal)
    assert (answered.members, answered.refusal, answered.health) == (report.members, refusal, None)


def test_worst_member_comes_first() -> None:
    report = GatewayReport(
        gateway=GATEWAY, members=(member(), member(GAP, name="zz.contoso.com")), at=NOW
    )
    answered = add_backend_health(report, answer(Health.HEALTHY))
    assert [m.member for m in answered.members] == ["zz.contoso.com", "backend.contoso.com"]


def test_five_thousand_members_are_joined_in_a_moment() -> None:
    names = [f"backend-{number}.contoso.com" for number in range(5000)]
    report = GatewayReport(
        gateway=GATEWAY, members=tuple(member(probed=False, name=name) for name in names), at=NOW
    )
    servers = tuple(
        BackendServer(
            pool="shop",
            setting="https-be",
            address=name.upper(),
            health=Health.UNHEALTHY,
            message=None,
        )
        for name in names
    )
    begun = process_time()
    answered = add_backend_health(
        report, GatewayHealth(gateway=GATEWAY_ID, servers=servers, read_at=NOW)
    )
    assert process_time() - begun < 1.5
    assert [m.server.address.lower() for m in answered.members if m.server] == sorted(names)


USE = PoolUse(pool="shop", setting="https-be")


def server(address: str, health: Health, code: Code = Code.OK) -> BackendServer:
    """What ARM lists under the usual pair."""
    said = GatewayMessage(code=code, text=f"words for {code}")
    return BackendServer(
        pool="shop", setting="https-be", address=address, health=health, message=said
    )


def heard(report: GatewayReport, *servers: BackendServer) -> GatewayReport:
    """The report with this backend health added."""
    return add_backend_health(
        report, GatewayHealth(gateway=GATEWAY_ID, servers=servers, read_at=NOW)
    )


def test_server_that_only_health_lists_is_a_member() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(name="10.0.0.4"),), at=NOW, uses=(USE,))
    answered = heard(
        report,
        server("10.0.0.4", Health.HEALTHY),
        server("10.0.0.9", Health.UNHEALTHY, Code.TCP_FAILED),
    )
    assert [(m.member, m.healthy, m.headline) for m in answered.members] == [
        ("10.0.0.9", False, Code.TCP_FAILED),
        ("10.0.0.4", True, Code.OK),
    ]
    assert answered.members[0].findings[0].basis is Basis.GATEWAY


def test_addresses_of_the_only_name_are_that_member() -> None:
    """A private zone answers the gateway with another address than us."""
    report = GatewayReport(gateway=GATEWAY, members=(member(),), at=NOW, uses=(USE,))
    answered = heard(report, server("10.0.0.9", Health.UNHEALTHY, Code.TCP_FAILED))
    assert [m.member for m in answered.members] == ["backend.contoso.com"]
    assert answered.members[0].server is not None


def test_unrequested_pair_adds_no_member() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(), at=NOW, uses=())
    assert heard(report, server("10.0.0.9", Health.UNHEALTHY)).members == ()


def test_unmatched_words_are_kept_as_evidence() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(),), at=NOW, uses=(USE,))
    answered = heard(report, server("backend.contoso.com", Health.UNHEALTHY, Code.UNRECOGNISED))
    codes = [f.code for f in answered.members[0].findings]
    assert codes == [Code.VANTAGE_DIFFERS, Code.UNRECOGNISED]
    assert answered.members[0].findings[1].evidence["message"] == "words for UNRECOGNISED"


def test_odd_upload_leads_once_the_root_is_refused() -> None:
    odd = Finding(
        code=Code.UPLOADED_ROOT_UNUSABLE,
        severity=Severity.WARNING,
        summary="a PKCS #7 bag",
        basis=Basis.INFERRED,
        evidence={"kind": "pkcs7", "root_name": "corp"},
    )
    report = GatewayReport(gateway=GATEWAY, members=(member(odd),), at=NOW, uses=(USE,))
    answered = heard(report, server("backend.contoso.com", Health.UNHEALTHY, Code.ROOT_MISMATCH))
    assert answered.members[0].headline is Code.UPLOADED_ROOT_UNUSABLE
    assert not answered.healthy


def test_hidden_trusted_root_is_no_disagreement() -> None:
    gap = replace(GAP, evidence={**GAP.evidence, "possibilities": ["one", "other"]})
    hidden = Finding(
        code=Code.TRUST_NOT_VISIBLE,
        severity=Severity.WARNING,
        summary="hidden",
        basis=Basis.INFERRED,
    )
    report = GatewayReport(gateway=GATEWAY, members=(member(gap, hidden),), at=NOW, uses=(USE,))
    answered = heard(report, server("backend.contoso.com", Health.HEALTHY)).members[0]
    assert answered.healthy
    assert Code.PROBE_DISAGREES not in {f.code for f in answered.findings}


def test_gateway_alone_judges_a_root_that_is_hidden() -> None:
    hidden = Finding(
        code=Code.TRUST_NOT_VISIBLE,
        severity=Severity.WARNING,
        summary="hidden",
        basis=Basis.INFERRED,
    )
    report = GatewayReport(gateway=GATEWAY, members=(member(hidden),), at=NOW, uses=(USE,))
    answered = heard(report, server("backend.contoso.com", Health.UNHEALTHY, Code.ROOT_MISMATCH))
    assert [f.code for f in answered.members[0].findings] == [
        Code.ROOT_MISMATCH,
        Code.TRUST_NOT_VISIBLE,
    ]


def test_refused_proxy_header_is_no_disagreement() -> None:
    broken = replace(GAP, code=Code.TLS_FAILED)
    report = GatewayReport(gateway=GATEWAY, members=(member(broken),), at=NOW, uses=(USE,))
    said = server("backend.contoso.com", Health.UNHEALTHY, Code.PROXY_PROTOCOL_EXPECTED)
    assert [f.code for f in heard(report, said).members[0].findings] == [
        Code.TLS_FAILED,
        Code.PROXY_PROTOCOL_EXPECTED,
    ]
