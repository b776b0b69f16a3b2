"""Handles `check`: finds out which backend is meant and hands the check to the life of a card.

The card appears within a second once the target policy has allowed the target, however slow the
backend is. A refusal is an ephemeral message.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import field, replace
from functools import partial
from time import monotonic

from bot.cards.check_card import CardContext, check_card
from bot.cards.details import details, whole_message
from bot.cards.parts import Message
from bot.cards.usage import notice
from bot.checks.backend_health import why_no_backend_health, with_backend_health
from bot.checks.last_healthy import RecentFacts, changed_since_healthy
from bot.checks.service import CheckService, HostAnswer
from bot.domain.alerts import AlertProblem
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport
from bot.domain.request import (
    BackendRequest,
    HealthRequest,
    HostTarget,
    LastTarget,
    ProbeOptions,
    ProbeRequest,
    SiteTarget,
    Via,
)
from bot.observability.metrics import CHECK_SECONDS, CHECKS
from bot.slack.handlers.files import CardContent, CardFiles
from bot.slack.handlers.refusals import remedies, taken_back
from bot.slack.handlers.watch_targets import (
    HealthReader,
    WatchedHost,
    backend_change_key,
    worst_pool,
)
from bot.slack.handlers.wording import judged_as, understood
from bot.slack.inbound.routing import Handler
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import answer_once, resume_watch
from bot.slack.outbound.card_work import (
    CardTools,
    Found,
    Progress,
    RequestWork,
    Shown,
    TakenBack,
    ThreadItem,
)
from bot.slack.outbound.places import Posted
from bot.slack.outbound.watching import WatchOrder, watched_for
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

GRACE_S = 0.15
ROOT_GRACE_S = 0.8
READING_HEALTH = "reading backend health, which takes ten seconds or more."
_MAX_USERS = 10_000
_OF_A_GATEWAY = ("gw", "pool", "setting", "via")
"""Options that a site can have; its members are probed by their own settings."""


def no_site(_target: HostTarget, _options: ProbeOptions) -> bool:
    """No host is a site; the default without gateways."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHandler:
    """Handles `check`.

    Attributes:
        cards: what every card needs.
        backends: the use case.
        probe_origin: the machine that probes, for the context block.
        card_files: keeps reports for the files of their cards.
        last_healthy: the last healthy facts of each backend.
        by_gateway: handles `via=gateway`, which reads backend health only.
        is_site: whether a known gateway serves a host that is in no pool; such a host is checked as
            a site.
    """

    cards: CardTools
    backends: CheckService
    probe_origin: str
    card_files: CardFiles
    last_healthy: RecentFacts = field(default_factory=RecentFacts)
    by_gateway: Handler | None = None
    is_site: Callable[[HostTarget, ProbeOptions], bool] = no_site
    _last: OrderedDict[str, BackendRequest] = field(default_factory=OrderedDict)

    async def handle(self, admitted: AdmittedInvocation[BackendRequest]) -> None:
        """Run the check, or link to a card that already shows it.

        After a restart, continue to watch a card.
        """
        if admitted.watched_s is not None:
            await self._resume_watch(admitted)
            return
        resolved = self._resolve_last(admitted)
        if resolved is None:
            await self.cards.slack.send_ephemeral(
                admitted.invocation,
                notice(
                    "There is no earlier check of yours to repeat. Name the backend.",
                    "/appgw-check backend.contoso.com",
                ),
            )
            return
        self._last[admitted.invocation.user] = resolved.request
        while len(self._last) > _MAX_USERS:
            self._last.popitem(last=False)
        routed = resolved.with_request(self.request_for_site(resolved.request))
        if isinstance(routed.request, HealthRequest) or _is_health_only(resolved):
            await self._ask_gateway(routed)
            return
        await answer_once(self.cards, resolved, BackendCheck(tools=self, admitted=resolved))

    def request_for_site(self, request: BackendRequest) -> BackendRequest | HealthRequest:
        """The request; if its host is a site, as a request about the site."""
        target = request.target
        if not isinstance(target, HostTarget) or not self.is_site(target, request.options):
            return request
        return HealthRequest(
            target=SiteTarget(host=target.host),
            options=request.options.only(*_OF_A_GATEWAY),
            watch=request.watch,
            private=request.private,
        )

    async def _resume_watch(self, admitted: AdmittedInvocation[BackendRequest]) -> None:
        if _is_health_only(admitted):
            await self._ask_gateway(admitted)
        else:
            check = BackendCheck(tools=self, admitted=admitted)
            await resume_watch(self.cards, admitted, check, check.watch())

    async def _ask_gateway(self, admitted: AdmittedInvocation[ProbeRequest]) -> None:
        if self.by_gateway is None:
            await self.cards.slack.send_ephemeral(
                admitted.invocation,
                notice(
                    "This bot is not set up to read gateways.", "/appgw-check backend.contoso.com"
                ),
            )
            return
        await self.by_gateway(admitted)

    def _resolve_last(
        self, admitted: AdmittedInvocation[BackendRequest]
    ) -> AdmittedInvocation[BackendRequest] | None:
        if not isinstance(admitted.request.target, LastTarget):
            return admitted
        last = self._last.get(admitted.invocation.user)
        if last is None or not isinstance(last.target, HostTarget):
            return None
        typed = admitted.request
        options = replace(typed.options, port=None).over(last.options)
        again = replace(
            last,
            target=replace(last.target, port=typed.options.port or last.target.port),
            options=options,
            watch=typed.watch or last.watch,
            private=typed.private or last.private,
        )
        return admitted.with_request(again)


def _is_health_only(admitted: AdmittedInvocation[BackendRequest]) -> bool:
    return admitted.request.options.via is Via.GATEWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendCheck(RequestWork[BackendRequest]):
    """One check, in the form of `bot.slack.outbound.card_work.Work`."""

    tools: CheckHandler

    @property
    def understood(self) -> str:
        """The request in full."""
        return understood(self.admitted.request)

    @property
    def grace(self) -> float:
        """How long the card waits for a refusal, so that a mistyped target gets no card.

        Longer with `root=`, whose name must be looked up first.
        """
        return ROOT_GRACE_S if self.admitted.request.options.root else GRACE_S

    async def find(self, progress: Progress) -> Found | TakenBack:
        """Probe and judge."""
        async with self.tools.cards.turns.probing(must_wait=progress.allowed.set):
            answer = await self.tools.backends.host(
                self._target, self.admitted.request.options, progress.begin
            )
        if isinstance(answer, Refusal):
            return taken_back(self.admitted, answer)
        return self._found(answer)

    def watch(self, answer: HostAnswer | None = None) -> WatchOrder:
        """How to watch its card; `answer` is what it shows now."""
        backends = self.tools.backends
        watched = WatchedHost(
            backends=backends,
            target=self._target,
            options=self.admitted.request.options,
            context=self._context,
            health_reader=HealthReader(backends.read_backend_health),
        )
        return WatchOrder(
            target=watched,
            change_key=(backend_change_key(answer.report), "") if answer else None,
            seconds=self._watched,
            admitted=self.admitted,
        )

    @property
    def _target(self) -> HostTarget:
        target = self.admitted.request.target
        assert isinstance(target, HostTarget)
        return target

    @property
    def _watched(self) -> float:
        """Seconds for which the card is watched, 0 for not at all."""
        return self.tools.cards.watching.seconds(self.admitted.request.watch)

    def _found(self, answer: HostAnswer) -> Found:
        gateway = answer.gateway
        return Found(
            message=self._card(answer, _health_placeholder(answer)),
            problem=_problem(answer),
            healthy=answer.report.verdict.accepted,
            thread=partial(_explained, answer),
            on_shown=partial(self._shown, answer),
            watch=self._watch_if(answer),
            amend=partial(self._amended, answer, gateway) if gateway else None,
            without_health=partial(self._card, answer) if gateway else None,
        )

    def _watch_if(self, answer: HostAnswer) -> WatchOrder | None:
        refused = not answer.report.verdict.accepted
        return self.watch(answer) if self._watched and refused else None

    def _shown(self, answer: HostAnswer, posted: Posted | None) -> None:
        headline = answer.report.verdict.headline.value
        CHECKS.labels(headline=headline).inc()
        CHECK_SECONDS.observe(monotonic() - self.admitted.begun)
        log.info("checked", extra={"target": self.name, "headline": headline})
        self._keep(answer, answer.gateway, posted)

    async def _amended(self, answer: HostAnswer, gateway: GatewayReport) -> Shown:
        read = await self.tools.backends.read_backend_health(gateway)
        report, said = with_backend_health(answer.report, read)
        amended = replace(answer, report=report)
        return Shown(
            message=self._card(amended, said),
            problem=_problem(answer),
            healthy=report.verdict.accepted,
            watch=self._watch_if(amended),
            thread=partial(_said, said, read.refusal),
            on_shown=partial(self._keep, answer, read),
        )

    def _keep(
        self, answer: HostAnswer, gateway: GatewayReport | None, posted: Posted | None
    ) -> None:
        kept = CardContent(report=answer.report, gateway=gateway, run_id=self.admitted.run_id)
        self.tools.card_files.keep(posted, kept)

    def _card(self, answer: HostAnswer, health_sentence: str) -> Message:
        return check_card(answer.report, self._context(answer, health_sentence))

    def _context(self, answer: HostAnswer, health_sentence: str) -> CardContext:
        request = self.admitted.request
        return CardContext(
            command=self.command,
            understood=judged_as(request, answer.report, answer.gateway)
            + watched_for(answer.report.verdict.accepted, self._watched),
            run_id=self.admitted.run_id,
            probe_origin=self.tools.probe_origin,
            user=self.admitted.invocation.user,
            health_sentence=health_sentence,
            gateway=answer.gateway,
            site=answer.site,
            changed=changed_since_healthy(answer.report, self.tools.last_healthy),
        )


def _problem(answer: HostAnswer) -> AlertProblem | None:
    """The cause and the pool, if the backend belongs to one gateway."""
    if answer.gateway is None:
        return None
    pools = [one.pool for one in answer.gateway.members if one.report is answer.report]
    return AlertProblem(
        gateway=answer.gateway.gateway.id.key,
        pool=next(iter(pools), "") or worst_pool(answer.gateway),
        cause=answer.report.verdict.headline.value,
    )


def _health_placeholder(answer: HostAnswer) -> str:
    """The card's sentence about the gateway before backend health is read."""
    if answer.gateway:
        return READING_HEALTH
    return why_no_backend_health(answer.arm_refusal) if answer.arm_refusal else ""


def _explained(answer: HostAnswer) -> list[ThreadItem]:
    found = details(answer.report)
    return [found.message, *found.files, *remedies(answer.arm_refusal)]


def _said(said: str, refused: Refusal | None) -> list[ThreadItem]:
    return [*filter(None, (whole_message(said),)), *remedies(refused)]
