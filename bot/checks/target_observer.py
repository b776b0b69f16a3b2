"""The engine's `Observer`: checks a followed target and reduces the report to an observation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.checks.forecast import next_break
from bot.checks.service import CheckService
from bot.digest.observation import Placement, not_observed, observation_of
from bot.domain.azure import Health
from bot.domain.digest import (
    FollowedTarget,
    NextBreak,
    Observation,
    Problem,
    TargetKind,
    TargetObservation,
)
from bot.domain.forecast_days import DEFAULT_DAYS
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport, MemberReport
from bot.domain.request import NOTHING_TYPED, HostTarget, SiteTarget
from chainlib import Code, Severity, is_ip_literal
from chainlib.frozen import dataclass

SITE_KEY = "site:"
"""Prefix of the key of a followed site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetObserver:
    """Observes the targets of digests with `CheckService`, under the same policies as a command."""

    check_service: CheckService

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """Observe the target now."""
        of_kind = {
            TargetKind.GATEWAY: self._gateway,
            TargetKind.HOST: self._host,
            TargetKind.SITE: self._site,
        }[target.kind]
        return await of_kind(target)

    async def _site(self, target: FollowedTarget) -> TargetObservation:
        """Observe the members behind a public name, on every gateway that serves it."""
        site = SiteTarget(host=target.key.removeprefix(SITE_KEY))
        found = await self.check_service.of_site(site, NOTHING_TYPED)
        if isinstance(found, Refusal):
            return _blind(target, found.sentence)
        seen: list[Observation] = []
        for gateway in found:
            answer = await self.check_service.gateway(gateway)
            if isinstance(answer, Refusal):
                return _blind(target, answer.sentence)
            report = await self.check_service.read_backend_health(answer)
            seen += await asyncio.to_thread(_members, report, target)
        return TargetObservation(target_key=target.key, seen=tuple(seen))

    async def _host(self, target: FollowedTarget) -> TargetObservation:
        answer = await self.check_service.host(host_of(target), NOTHING_TYPED)
        if isinstance(answer, Refusal):
            return _blind(target, answer.sentence)
        return TargetObservation(
            target_key=target.key,
            seen=(_observed(answer.report, Placement(target_key=target.key, label=target.text)),),
        )

    async def _gateway(self, target: FollowedTarget) -> TargetObservation:
        # The whole gateway: one observation serves every channel, whichever part it follows.
        named = target.gateway
        answer = await self.check_service.gateway(named.whole) if named else None
        if answer is None or isinstance(answer, Refusal):
            return _blind(target, answer.sentence if answer else f"{target.text} names no gateway")
        report = await self.check_service.read_backend_health(answer)
        return TargetObservation(
            target_key=target.key,
            seen=await asyncio.to_thread(_members, report, target),
        )


def host_of(target: FollowedTarget) -> HostTarget:
    """The host in the key of a followed target."""
    host, _, port = target.key.rpartition(":")
    return HostTarget(host=host, port=int(port), is_ip=is_ip_literal(host))


def _blind(target: FollowedTarget, sentence: str) -> TargetObservation:
    return TargetObservation(
        target_key=target.key, seen=(not_observed(target, sentence),), complete=False
    )


def _members(report: GatewayReport, target: FollowedTarget) -> tuple[Observation, ...]:
    """The observations of all members, made in a thread.

    Forecasts for hundreds of members take seconds.
    """
    return tuple(_member(member, target, report.gateway.id.name) for member in report.members)


def _observed(report: CheckReport, placement: Placement) -> Observation:
    """The observation of one report, with the next date at which the backend will be refused."""
    step = next_break(report, DEFAULT_DAYS) if report.verdict.accepted else None
    if step is None:
        return observation_of(report, placement)
    ahead = NextBreak(
        at=step.cause.at,
        subject=step.cause.subject,
        sha256=step.cause.sha256,
        turn=step.cause.turn.value,
    )
    return replace(observation_of(report, placement), next_break=ahead)


def _member(member: MemberReport, target: FollowedTarget, gateway: str) -> Observation:
    """The observation of one member, from probe and backend health together."""
    placement = Placement(
        target_key=target.key,
        label=member.member,
        gateway=gateway,
        pool=member.pool,
        setting=member.setting,
        server=member.member,
    )
    if member.report is not None:
        verdict = replace(member.report.verdict, findings=member.findings)
        return _observed(replace(member.report, verdict=verdict), placement)
    return Observation(
        key=placement.key,
        target_key=placement.target_key,
        label=placement.label,
        gateway=gateway,
        pool=member.pool,
        setting=member.setting,
        problems=_described(member, placement),
    )


def _described(member: MemberReport, placement: Placement) -> tuple[Problem, ...]:
    """The problem that backend health reports for a server that is not probed."""
    if member.server is None or member.server.health is not Health.UNHEALTHY:
        return ()
    code = member.server.message.code if member.server.message else Code.HEALTH_UNKNOWN
    return (
        Problem(
            code=code,
            severity=Severity.CRITICAL,
            cause=f"{code}:{placement.key}",
            subject=placement.label,
        ),
    )
