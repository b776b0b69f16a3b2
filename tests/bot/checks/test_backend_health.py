"""The two witnesses: what a disagreement between ARM and our own probe is called."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time

import pytest

from bot.checks import add_backend_health
from bot.domain.azure import (
    ArmRefusal,
    ArmTrouble,
    BackendServer,
    GatewayHealth,
    GatewayMessage,
    Health,
)
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


def test_hearing_twice_adds_nothing_twice() -> None:
    report = GatewayReport(gateway=GATEWAY, members=(member(),), at=NOW)
    once = add_backend_health(report, answer(Health.UNHEALTHY))
    assert add_backend_health(once, answer(Health.UNHEALTHY)).members == once.members


def test_word_about_another_pool_is_not_taken() -> None:
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
    refusal = ArmRefusal(trouble=ArmTrouble.FORBIDDEN, sentence="no right")
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
