"""What a watch observes: one backend or a gateway.

Each observation is a probe. Backend health is read less often, and no probe waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from time import monotonic

from bot.cards.check_card import CardContext, check_card
from bot.cards.gateway_card import gateway_card
from bot.checks.backend_health import add_backend_health, with_backend_health
from bot.checks.service import CheckService, HostAnswer
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import CheckReport, GatewayReport
from bot.domain.request import HostTarget, ProbeOptions, Via
from bot.slack.outbound.watching import WatchResult

log = logging.getLogger(__name__)

ARM_EVERY_S = 60.0
SOONER_S = 20.0


class HealthReader:
    """Reads backend health in the background; each report gets the latest answer.

    Args:
        read_backend_health: asks ARM; takes ten seconds or more.
        every: seconds between two readings.
        sooner: seconds between two readings while only backend health is still unhealthy.
        now: returns monotonic seconds.
    """

    def __init__(
        self,
        read_backend_health: Callable[[GatewayReport], Awaitable[GatewayReport]],
        *,
        every: float = ARM_EVERY_S,
        sooner: float = SOONER_S,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._read_backend_health, self._every, self._now = read_backend_health, every, now
        self._sooner, self._pause = min(sooner, every), every
        self._asking: asyncio.Future[GatewayReport] | None = None
        self._asked_at: float | None = None
        self._answered: GatewayReport | None = None
        self._has_ended = False

    def latest(self, report: GatewayReport) -> GatewayReport:
        """The report with the latest backend health; starts a new reading if one is due."""
        self._take()
        if self.due:
            self._asked_at, self._pause = self._now(), self._every
            self._asking = asyncio.ensure_future(self._read_backend_health(report))
        answer = self._answered and (self._answered.health or self._answered.refusal)
        return add_backend_health(report, answer) if answer else report

    @property
    def due(self) -> bool:
        """Whether a reading is due."""
        return self._asking is None and (
            self._asked_at is None or self._now() - self._asked_at >= self._pause
        )

    @property
    def pending(self) -> bool:
        """Whether no reading has finished yet, so that backend health may still be unhealthy."""
        return not self._has_ended

    def read_sooner(self) -> None:
        """Schedule the next reading earlier."""
        self._pause = self._sooner

    def close(self) -> None:
        """Cancel the running reading and start no other."""
        if self._asking:
            self._asking.cancel()

    def _take(self) -> None:
        if self._asking is None or not self._asking.done():
            return
        finished, self._asking, self._has_ended = self._asking, None, True
        if error := finished.exception():
            log.error("the gateway could not be asked during a watch", exc_info=error)
        else:
            self._answered = finished.result()


@dataclass(slots=True, kw_only=True)
class WatchedHost:
    """Observes one backend; `context` makes the other texts of its card."""

    backends: CheckService
    target: HostTarget
    options: ProbeOptions
    context: Callable[[HostAnswer, str], CardContext]
    health_reader: HealthReader

    async def probe(self) -> WatchResult | None:
        """Probe it; healthy once backend health of its gateway, if any, is not unhealthy either."""
        answer = await self.backends.host(self.target, self.options)
        if isinstance(answer, Refusal):
            log.info(
                "a watch ended: its target is no longer allowed",
                extra={"reason": answer.sentence},
            )
            return None
        report, said = self._both(answer)
        healthy = report.verdict.accepted
        if answer.gateway is not None and answer.report.verdict.accepted:
            healthy = healthy and not self.health_reader.pending
            if not healthy:
                self.health_reader.read_sooner()
        return WatchResult(
            card=check_card(report, self.context(replace(answer, report=report), said)),
            change_key=(backend_change_key(report), said),
            healthy=healthy,
            backend_health=said and f"Gateway: {said}",
        )

    def close(self) -> None:
        """Stop reading backend health."""
        self.health_reader.close()

    def _both(self, answer: HostAnswer) -> tuple[CheckReport, str]:
        if answer.gateway is None:
            return answer.report, ""
        answered = self.health_reader.latest(answer.gateway)
        return (
            with_backend_health(answer.report, answered)
            if answered.health or answered.refusal
            else (answer.report, "")
        )


@dataclass(slots=True, kw_only=True)
class WatchedGateway:
    """Observes every member of a gateway.

    It is healthy if the requested sources report nothing critical. With `via=gateway`, the
    configuration is read from Azure as often as backend health.
    """

    gateways: CheckService
    target: GatewayRef
    options: ProbeOptions
    context: CardContext
    health_reader: HealthReader | None
    _last: GatewayReport | None = None

    async def probe(self) -> WatchResult | None:
        """Probe every member, or only read backend health."""
        report = await self._report()
        if isinstance(report, Refusal):
            log.info(
                "a watch ended: the gateway cannot be read any more",
                extra={"reason": report.kind.value},
            )
            return None
        reader = self.health_reader
        answered = reader.latest(report) if reader else report
        healthy = answered.confirmed_healthy and not (reader and reader.pending)
        if reader and report.confirmed_healthy and not healthy:
            reader.read_sooner()
        return WatchResult(
            card=gateway_card(answered, self.context),
            change_key=gateway_change_key(answered),
            healthy=healthy,
        )

    async def _report(self) -> GatewayReport | Refusal:
        if (
            self._last
            and self._last.via is Via.GATEWAY
            and self.health_reader
            and not self.health_reader.due
        ):
            return self._last
        report = await self.gateways.gateway(self.target, self.options)
        self._last = report if isinstance(report, GatewayReport) else None
        return report

    def close(self) -> None:
        """Stop reading backend health."""
        if self.health_reader:
            self.health_reader.close()


def worst_pool(report: GatewayReport) -> str:
    """The pool of the worst member; empty if there are no members."""
    return report.members[0].pool if report.members else ""


def backend_change_key(report: CheckReport) -> Hashable:
    """The part of a report whose change is worth an update: findings and presented chains."""
    found = tuple((finding.code, finding.certificate) for finding in report.verdict.findings)
    return found, tuple(
        (one.address, one.chain.certificates if one.chain else None) for one in report.addresses
    )


def gateway_change_key(report: GatewayReport) -> Hashable:
    """The same for a gateway, backend health included."""
    members = tuple(
        (m.pool, m.setting, m.member, m.headline, m.server.health if m.server else None)
        for m in report.members
    )
    return members, report.refusal.kind if report.refusal else None
