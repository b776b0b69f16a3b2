"""Handles `health`, and `check HOST via=gateway`.

The card first shows our own probe, then backend health is added to it; details are in its thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypedDict

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment, member_details
from bot.cards.gateway_card import gateway_card
from bot.cards.overview_card import overflows, overview_card, overview_details
from bot.cards.parts import Message
from bot.checks.service import CheckService
from bot.commands.command_text import command_text, target_of
from bot.domain.alerts import AlertProblem
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.domain.request import HostTarget, ProbeRequest, SiteTarget, Via
from bot.slack.handlers.refusals import refused, remedies
from bot.slack.handlers.watch_targets import (
    HealthReader,
    WatchedGateway,
    gateway_change_key,
    worst_pool,
)
from bot.slack.handlers.wording import understood, understood_of
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import answer_once, resume_watch
from bot.slack.outbound.card_work import CardTools, Found, Progress, Shown, TakenBack, ThreadItem
from bot.slack.outbound.places import Posted
from bot.slack.outbound.watching import WatchOrder, watched_for
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

_EVERY_GATEWAY = "health of every gateway that the bot can see"
GRACE_S = 0.5
BETWEEN_CARDS_S = 2.0
Answer = GatewayReport | Refusal


async def nothing_followed(_channel: str) -> Sequence[GatewayRef]:
    """No channel follows a gateway; the default without a database."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthHandler:
    """Handles `health`, and `check HOST via=gateway`.

    Attributes:
        cards: what every card needs.
        gateways: the use case.
        probe_origin: the machine that probes, for the context block.
        followed: the gateways that a channel follows; `health` alone shows those, or every gateway
            if there are none.
    """

    cards: CardTools
    gateways: CheckService
    probe_origin: str
    followed: Callable[[str], Awaitable[Sequence[GatewayRef]]] = nothing_followed

    async def handle(self, admitted: AdmittedInvocation[ProbeRequest]) -> None:
        """Show one gateway, or one line for each.

        After a restart, continue to watch a card.
        """
        check = GatewayCheck(tools=self, admitted=admitted)
        if admitted.watched_s is None:
            await answer_once(self.cards, admitted, check)
        elif isinstance(target := await check.requested_gateway(), GatewayRef):
            await resume_watch(self.cards, admitted, check, check.watch(target))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCheck:
    """One check of a gateway or of all, in the form of `bot.slack.outbound.card_work.Work`."""

    tools: HealthHandler
    admitted: AdmittedInvocation[ProbeRequest]

    @property
    def grace(self) -> float:
        """How long the card waits for a refusal, so that a mistyped target gets no card."""
        return GRACE_S

    @property
    def name(self) -> str:
        """The gateway."""
        return target_of(self.admitted.request) or "gateways"

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return command_text(self.admitted.request) or "health"

    @property
    def understood(self) -> str:
        """The request in words."""
        return understood(self.admitted.request) or "health"

    async def find(self, progress: Progress) -> Found | TakenBack:  # noqa: ARG002 -- a gateway's check has no stages
        """Probe every member."""
        if isinstance(self.admitted.request.target, SiteTarget):
            return await self._site(self.admitted.request.target)
        target = await self.requested_gateway()
        if isinstance(target, Refusal):
            return self._refused(target)
        if target is None:
            return await self._all()
        return await self._gateway(target)

    async def _site(self, site: SiteTarget) -> Found | TakenBack:
        """Check the gateway that serves a site; if there are several, show the overview."""
        found = await self.tools.gateways.of_site(site, self.admitted.request.options)
        if isinstance(found, Refusal):
            return self._refused(found)
        if len(found) > 1:
            return await self._several(found, self._context())
        return await self._gateway(found[0])

    async def _gateway(self, target: GatewayRef) -> Found | TakenBack:
        found = await self.tools.gateways.gateway(target, self.admitted.request.options)
        return self._refused(found) if isinstance(found, Refusal) else self._one(target, found)

    async def requested_gateway(self) -> GatewayRef | Refusal | None:
        """The requested gateway; `None` for all of them."""
        target, options = self.admitted.request.target, self.admitted.request.options
        if isinstance(target, SiteTarget):
            found = await self.tools.gateways.of_site(target, options)
            one = isinstance(found, tuple) and len(found) == 1
            return found[0] if isinstance(found, tuple) and one else None
        if isinstance(target, HostTarget):
            return await self.tools.gateways.placement(target, options)
        return target if isinstance(target, GatewayRef) else None

    def watch(self, target: GatewayRef, report: GatewayReport | None = None) -> WatchOrder:
        """How to watch its card; `report` is what it shows now."""
        gateways, options = self.tools.gateways, self.admitted.request.options
        seconds = self._watched
        context = self._context(understood_of(self.admitted.request, target))
        noted = context.understood + watched_for(healthy=False, seconds=seconds)
        probes_alone = options.via is Via.PROBE
        watched = WatchedGateway(
            gateways=gateways,
            target=target,
            options=options,
            context=replace(context, understood=noted),
            health_reader=None if probes_alone else HealthReader(gateways.read_backend_health),
        )
        return WatchOrder(
            target=watched,
            change_key=gateway_change_key(report) if report else None,
            seconds=seconds,
            admitted=self.admitted,
        )

    @property
    def _watched(self) -> float:
        """Seconds for which the card is watched, 0 for not at all."""
        return self.tools.cards.watching.seconds(self.admitted.request.watch)

    def _refused(self, no: Refusal) -> Found | TakenBack:
        return refused(self.admitted, no, self._context())

    def _one(self, target: GatewayRef, report: GatewayReport) -> Found:
        context = self._context(understood_of(self.admitted.request, target))
        first = gateway_card(report, self._noted(context, report))
        if report.via is Via.PROBE:
            watch = self._watch_if(target, report)
            return Found(**_complete(report), message=first, watch=watch, **_state(report))

        async def amend() -> Shown:
            read = await self.tools.gateways.read_backend_health(report)
            return Shown(
                message=gateway_card(read, self._noted(context, read)),
                watch=self._watch_if(target, read),
                **_complete(read),
                **_state(read),
            )

        def without(reason: str) -> Message:
            said = f"{reason} Below is our own probe." if report.via is Via.BOTH else reason
            missing = Refusal(kind=RefusalKind.UNAVAILABLE, sentence=said)
            return gateway_card(replace(report, refusal=missing), context)

        return Found(
            message=first,
            amend=amend,
            without_health=without,
            health_first=True,
            **_state(report),
        )

    def _noted(self, context: CardContext, report: GatewayReport) -> CardContext:
        """The context of a card that says for how long it is watched."""
        noted = watched_for(report.confirmed_healthy, self._watched)
        return replace(context, understood=context.understood + noted)

    def _watch_if(self, target: GatewayRef, report: GatewayReport) -> WatchOrder | None:
        return (
            self.watch(target, report) if self._watched and not report.confirmed_healthy else None
        )

    async def _all(self) -> Found | TakenBack:
        followed = await self.tools.followed(self.admitted.invocation.channel)
        every = "health of what this channel follows" if followed else _EVERY_GATEWAY
        context = self._context(understood(self.admitted.request) or every)
        targets = followed or await self.tools.gateways.every_gateway()
        if isinstance(targets, Refusal):
            return self._refused(targets)
        return await self._several(targets, context)

    async def _several(self, targets: Sequence[GatewayRef], context: CardContext) -> Found:
        ask = partial(self.tools.gateways.gateway, options=self.admitted.request.options)
        answers = await asyncio.gather(*map(ask, targets))

        reading = HealthReading(answers, self._read, lambda now: _overview(now, context))

        async def amend() -> Shown:
            read = await reading.all()
            return Shown(message=_overview(read, context), thread=partial(_beyond_the_card, read))

        def without(_reason: str) -> Message:
            return _overview(reading.now, context)

        return Found(
            message=_overview(answers, context),
            amend=amend,
            interim=reading.cards,
            without_health=without,
            health_first=True,
        )

    async def _read(self, answer: GatewayReport | Refusal) -> GatewayReport | Refusal:
        if isinstance(answer, Refusal) or answer.via is Via.PROBE:
            return answer
        return await self.tools.gateways.read_backend_health(answer)

    def _context(self, understood_as: str = "") -> CardContext:
        request = self.admitted.request
        return CardContext(
            command=self.command,
            understood=understood_as or understood(request) or _EVERY_GATEWAY,
            run_id=self.admitted.run_id,
            probe_origin=self.tools.probe_origin,
            user=self.admitted.invocation.user,
        )


class _Complete(TypedDict):
    thread: Callable[[], Sequence[ThreadItem]]
    on_shown: Callable[[Posted | None], None]


class _State(TypedDict):
    problem: AlertProblem
    healthy: bool


def _state(report: GatewayReport) -> _State:
    """The cause on this gateway, and its pool."""
    problem = AlertProblem(
        gateway=report.gateway.id.key, pool=worst_pool(report), cause=report.headline.value
    )
    return {"problem": problem, "healthy": report.confirmed_healthy}


def _complete(report: GatewayReport) -> _Complete:
    """What to do once everything about a gateway is known: log the outcome."""

    def logged(_posted: Posted | None) -> None:
        log.info(
            "gateway checked", extra={"healthy": report.healthy, "members": len(report.members)}
        )

    return {"thread": partial(_explained, report), "on_shown": logged}


def _explained(report: GatewayReport) -> list[ThreadItem]:
    servers = Attachment(name="servers.txt", title="Every server", content=member_details(report))
    return [servers, *remedies(report.refusal)]


class HealthReading:
    """Reads backend health of several gateways and yields each answer as it arrives.

    Args:
        answers: the probes of each gateway.
        read: adds backend health to one answer.
        card: makes the overview of what is known now.
    """

    def __init__(
        self,
        answers: Sequence[Answer],
        read: Callable[[Answer], Awaitable[Answer]],
        card: Callable[[Sequence[Answer]], Message],
    ) -> None:
        self.now = list(answers)
        self._read, self._card = read, card
        self._tasks: list[asyncio.Task[None]] = []

    async def cards(self) -> AsyncIterator[Message]:
        """The overview after each answer, at most one card per `BETWEEN_CARDS_S`."""
        waiting = set(self._started())
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if waiting:
                    yield self._card(self.now)
                    await asyncio.sleep(BETWEEN_CARDS_S)
                del done
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            raise

    async def all(self) -> list[Answer]:
        """Every answer, after the last one has arrived."""
        await asyncio.gather(*self._started())
        return self.now

    def _started(self) -> list[asyncio.Task[None]]:
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._one(n)) for n in range(len(self.now))]
        return self._tasks

    async def _one(self, number: int) -> None:
        self.now[number] = await self._read(self.now[number])


def _beyond_the_card(answers: Sequence[Answer]) -> list[ThreadItem]:
    """The list of every gateway for the thread, if the card cannot show all."""
    reports = [answer for answer in answers if isinstance(answer, GatewayReport)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    if not overflows(reports, refused):
        return []
    content = overview_details(reports, refused)
    return [Attachment(name="gateways.txt", title="Every gateway", content=content)]


def _overview(answers: Sequence[GatewayReport | Refusal], context: CardContext) -> Message:
    reports = [answer for answer in answers if isinstance(answer, GatewayReport)]
    return overview_card(
        reports, [answer for answer in answers if isinstance(answer, Refusal)], context
    )
