"""Checks the target of an alert and posts the card.

Nobody waits for it, so the card is posted after the probe, with the verdict.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from bot.commands.parse import parse
from bot.domain.request import BackendRequest, HealthRequest, ProbeRequest
from bot.slack.handlers.check import BackendCheck, CheckHandler
from bot.slack.inbound.audit import new_run_id
from bot.slack.invocation import AdmittedInvocation, Invocation, Source
from bot.slack.outbound.card_life import CardLife, key_of, order_of
from bot.slack.outbound.card_work import Found, Progress, Shown, ThreadItem, Work
from bot.slack.outbound.places import Posted
from chainlib.frozen import dataclass

WorkFor = Callable[[AdmittedInvocation[ProbeRequest]], Work]
Placed = Callable[[Posted], Coroutine[Any, Any, None]]


@dataclasses.dataclass(slots=True)
class CardState:
    """What a card showed in the end: its place, and whether the last answer was healthy."""

    posted: Posted | None = None
    healthy: bool = False
    placing: asyncio.Task[None] | None = None

    async def placed(self) -> None:
        """Wait until the place of the card is stored."""
        if self.placing:
            await self.placing


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a check, and the `Work` that made it."""

    admitted: AdmittedInvocation[ProbeRequest]
    work: Work
    found: Found

    @property
    def name(self) -> str:
        """From the work."""
        return self.work.name

    @property
    def command(self) -> str:
        """From the work."""
        return self.work.command

    @property
    def understood(self) -> str:
        """From the work."""
        return self.work.understood

    @property
    def grace(self) -> float:
        """From the work; the answer is available earlier."""
        return self.work.grace

    async def find(self, progress: Progress) -> Found:  # noqa: ARG002 -- required by the protocol `Work`
        """Return the available answer."""
        return self.found

    def without_thread(self) -> Answer:
        """The same answer without its messages for the thread."""
        found = self.found
        amend = _silently(found.amend) if found.amend else None
        return replace(self, found=replace(found, thread=_nothing, amend=amend))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCards:
    """Checks targets and posts cards.

    Attributes:
        checking: checks backends.
        gateway_work: checks gateways; `None` without Azure.
        team: the bot's own workspace.
        clock: returns the present instant, time zone aware.
    """

    checking: CheckHandler
    gateway_work: WorkFor | None
    team: str
    clock: Callable[[], datetime]

    def admitted(
        self, line: str, invocation: Invocation
    ) -> AdmittedInvocation[ProbeRequest] | None:
        """The request in a command line for an alert; `None` if it cannot be answered."""
        understood = parse(line)
        if not isinstance(understood, ProbeRequest):
            return None
        request = (
            self.checking.request_for_site(understood)
            if isinstance(understood, BackendRequest)
            else understood
        )
        if isinstance(request, HealthRequest) and self.gateway_work is None:
            return None
        return AdmittedInvocation(
            invocation=invocation.with_text(line),
            request=request,
            run_id=new_run_id(),
            begun=monotonic(),
            arrived=self.clock(),
        )

    def invocation(self, by: str, channel: str, thread: str, card: str = "") -> Invocation:
        """The invocation for an alert, by the user who switched alerts on; `card` is updated."""
        return Invocation(
            source=Source.ALERT,
            text="",
            user=by,
            team=self.team,
            channel=channel,
            thread=thread,
            card=card or None,
        )

    async def find(self, admitted: AdmittedInvocation[ProbeRequest]) -> Answer | None:
        """Probe and judge; `None` if the target policy refuses it."""
        work = self._work(admitted)
        found = await work.find(Progress())
        if not isinstance(found, Found):
            return None
        return Answer(admitted=admitted, work=work, found=found)

    async def show(self, answer: Answer, placed: Placed) -> CardState:
        """Post or update the card, then add backend health when it arrives.

        Args:
            answer: the answer and its place.
            placed: called with the place of the card as soon as it is posted.
        """
        card_state = CardState()
        found = replace(answer.found, on_shown=_both(answer.found, card_state, placed))
        if found.amend:
            found = replace(found, amend=_placed_first(found.amend, card_state))
        runs = self.checking.cards.runs
        run = runs.begin(key_of(answer.admitted))
        try:
            work = replace(answer, found=found)
            await CardLife(self.checking.cards, order_of(answer.admitted), work, run).perform()
        finally:
            runs.end(run)
            await card_state.placed()
        return card_state

    def _work(self, admitted: AdmittedInvocation[ProbeRequest]) -> Work:
        request = admitted.request
        if isinstance(request, BackendRequest):
            return BackendCheck(tools=self.checking, admitted=admitted.with_request(request))
        assert self.gateway_work is not None  # `admitted` makes no such request without it
        return self.gateway_work(admitted)


async def _kept(_posted: Posted) -> None:
    """Do nothing: the place of the card is stored already."""


def _nothing() -> tuple[ThreadItem, ...]:
    return ()


def _both(shown: Shown, card_state: CardState, placed: Placed) -> Callable[[Posted | None], None]:
    """The callback that first stores the place of the card, then does what the work wants."""

    def on_shown(posted: Posted | None) -> None:
        card_state.posted, card_state.healthy = posted, shown.healthy
        if posted and card_state.placing is None:
            card_state.placing = asyncio.create_task(placed(posted))
        shown.on_shown(posted)

    return on_shown


def _placed_first(
    amend: Callable[[], Awaitable[Shown]], card_state: CardState
) -> Callable[[], Awaitable[Shown]]:
    async def amended() -> Shown:
        await card_state.placed()
        shown = await amend()
        return replace(shown, on_shown=_both(shown, card_state, _kept))

    return amended


def _silently(amend: Callable[[], Awaitable[Shown]]) -> Callable[[], Awaitable[Shown]]:
    async def amended() -> Shown:
        return replace(await amend(), thread=_nothing)

    return amended
