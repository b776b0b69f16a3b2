"""Observations by the check service.

What a digest remembers of a gateway's members, of a host, and of what could not be asked.
"""

from __future__ import annotations

from dataclasses import replace

from bot.checks.service import HostAnswer
from bot.checks.target_observer import TargetObserver, host_of
from bot.domain.azure import BackendServer, GatewayMessage, Health
from bot.domain.digest import FollowedTarget, TargetKind
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport, MemberReport
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions
from chainlib import Code, Severity
from tests.bot.cards.test_gateway_card import gateway_report, members
from tests.support.gateways import GATEWAY_ID
from tests.support.reports import CASES, HOST

FOLLOWED = FollowedTarget(
    kind=TargetKind.GATEWAY, key=GATEWAY_ID.key.replace("/0000/", "/0000-0000/"), text="gw:prod-gw"
)
HOST_FOLLOWED = FollowedTarget(kind=TargetKind.HOST, key=f"{HOST}:8443", text=f"{HOST}:8443")


class CheckService:
    """Answers what it was told to."""

    def __init__(self, answer: GatewayReport | Refusal | HostAnswer) -> None:
        self.answer = answer
        self.admitted: list[GatewayRef | HostTarget] = []

    async def host(self, target: HostTarget, options: ProbeOptions) -> HostAnswer | Refusal:
        """Our own probe."""
        assert options == NOTHING_TYPED
        assert isinstance(self.answer, HostAnswer | Refusal)
        self.admitted.append(target)
        return self.answer

    async def gateway(self, target: GatewayRef) -> GatewayReport | Refusal:
        """Every member."""
        assert isinstance(self.answer, GatewayReport | Refusal)
        self.admitted.append(target)
        return self.answer

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """The gateway adds nothing."""
        return report


async def test_gateway_members_become_observations() -> None:
    shown = GatewayMessage(code=Code.ROOT_MISMATCH, text="no")
    server = BackendServer(
        pool="plain", setting="http-be", address="10.0.0.9", health=Health.UNHEALTHY, message=shown
    )
    unprobed = MemberReport(
        pool="plain", setting="http-be", member="10.0.0.9", server=server, skipped="no TLS"
    )
    check_service = CheckService(
        gateway_report(members("leaf-only", 2), members("good", 1), (unprobed,))
    )
    observed = await TargetObserver(check_service=check_service).observe(FOLLOWED)
    codes = {seen.label: [problem.code for problem in seen.problems] for seen in observed.seen}
    assert codes == {
        "leaf-only-0.contoso.com": [Code.INTERMEDIATE_MISSING],
        "leaf-only-1.contoso.com": [Code.INTERMEDIATE_MISSING],
        "good-0.contoso.com": [],
        "10.0.0.9": [Code.ROOT_MISMATCH],
    }
    assert observed.complete
    assert check_service.admitted == [
        GatewayRef(name="prod-gw", group="rg", subscription="0000-0000")
    ]


def test_followed_gateway_keeps_its_filter() -> None:
    narrowed = replace(FOLLOWED, pool="shop")
    assert narrowed.gateway == GatewayRef(
        name="prod-gw", group="rg", subscription="0000-0000", pool="shop"
    )
    assert HOST_FOLLOWED.gateway is None


async def test_host_is_asked_by_its_own_port() -> None:
    check_service = CheckService(HostAnswer(report=CASES["leaf-only"]()))
    observed = await TargetObserver(check_service=check_service).observe(HOST_FOLLOWED)
    assert [problem.code for problem in observed.seen[0].problems] == [Code.INTERMEDIATE_MISSING]
    assert check_service.admitted == [HostTarget(host=HOST, port=8443)]


async def test_unanswered_questions_are_a_warning_and_change_nothing() -> None:
    for target, answer in (
        (FOLLOWED, Refusal(kind=RefusalKind.NOT_FOUND, sentence="ARM says no.")),
        (HOST_FOLLOWED, Refusal(kind=RefusalKind.NOT_ALLOWED, sentence="ARM says no.")),
    ):
        observed = await TargetObserver(check_service=CheckService(answer)).observe(target)
        (seen,) = observed.seen
        assert (observed.complete, seen.backend) == (False, False)
        assert [(p.code, p.severity, p.subject) for p in seen.problems] == [
            (Code.HEALTH_UNKNOWN, Severity.WARNING, "ARM says no.")
        ]


def test_address_of_the_sixth_version_is_read_back() -> None:
    followed = FollowedTarget(kind=TargetKind.HOST, key="2001:db8::1:443", text="[2001:db8::1]")
    assert host_of(followed) == HostTarget(host="2001:db8::1", port=443, is_ip=True)
