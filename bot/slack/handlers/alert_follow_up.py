"""Checks the problems of alerts periodically until they are healthy, and updates their cards.

Without an open problem there is only a query every few minutes, for problems that another replica
left. Replicas share the checks through the store, and they continue after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.cards.alerts import healthy_again, same_problem
from bot.cards.parts import Message
from bot.domain.alerts import AlertAnswer, AlertSwitch
from bot.domain.delivery import DeliveryError
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import ProbeRequest, Request
from bot.slack.handlers.alert_cards import AlertCards, Answer
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from bot.slack.outbound.watching import duration
from bot.subscriptions import AlertRecords

log = logging.getLogger(__name__)

EVERY_S = 60.0
IDLE_S = 300.0
END_S = 2.0
HEALTHY_REACTION = "white_check_mark"


async def _nothing(_posted: Posted) -> None:
    """Do nothing: the card is posted already."""


@dataclass(slots=True, kw_only=True)
class AlertFollowUp:
    """Keeps the cards of alerts up to date.

    Attributes:
        records: the stored answers.
        cards: checks targets and posts cards.
        router: access policy and running work.
        slack: the Slack client.
        clock: returns the present instant, time zone aware.
        every_s: seconds between two checks of an open problem.
    """

    records: AlertRecords
    cards: AlertCards
    router: InvocationRouter
    slack: SlackClient
    clock: Callable[[], datetime]
    every_s: float = EVERY_S
    _given_up: set[str] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Check periodically while the context is open; a running check may finish at the end."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._stop.set()
            self._wake.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(task, END_S)

    def on_card(
        self, value: AlertAnswer, switch: AlertSwitch
    ) -> AdmittedInvocation[ProbeRequest] | None:
        """The request that checks a problem again and updates its card."""
        invocation = self.cards.invocation(switch.by, value.channel, value.thread, value.card)
        return self.cards.admitted(value.command, invocation)

    async def update(self, value: AlertAnswer, answer: Answer) -> AlertAnswer | None:
        """Update the card with an answer; returns the stored answer if its state changed."""
        card_state = await self.cards.show(answer, _nothing)
        if card_state.posted is None:
            return None  # another run updates the card and will see the state itself
        return await self.keep(value, healthy=card_state.healthy)

    async def keep(self, value: AlertAnswer, *, healthy: bool) -> AlertAnswer | None:
        """Store the new state of an answer; if unhealthy, it is checked again later.

        Args:
            value: the answer with the state before the check.
            healthy: whether it is healthy now.

        Returns:
            The stored answer, if this call changed its state.
        """
        await self.records.save_card(value)
        if not healthy:
            self._given_up.discard(value.id)
            self._wake.set()
        return (
            await self.records.set_healthy(value, healthy=healthy)
            if healthy != value.healthy
            else None
        )

    async def end(self, value: AlertAnswer, answer: Answer, now: datetime) -> None:
        """The problem has ended: post one line in the thread, and react to each of its alerts."""
        taken = duration((now - value.begun).total_seconds())
        await self.post_line(value.channel, value.thread, healthy_again(answer.name, taken))
        for alert in value.alerts:
            try:
                await self.slack.react(value.channel, alert, HEALTHY_REACTION)
            except DeliveryError as error:
                log.info("an alert got no reaction", extra={"reason": error.reason})
                return

    async def link(self, value: AlertAnswer) -> str | None:
        """Slack's permalink of an answer's card."""
        if not value.card:
            return None
        place = Place(channel=value.channel, thread=value.thread)
        return await self.slack.permalink(Posted(place=place, ts=value.card))

    async def check_channel(self, channel: str) -> None:
        """Check every problem of a channel now, because an alert there says that it is resolved."""
        now = self.clock()
        for value in await self.records.open(now):
            if value.channel == channel:
                await self._check_if_free(value, now)

    async def post_line(self, channel: str, thread: str, message: Message) -> None:
        """Post a line under an alert; errors are logged."""
        try:
            await self.slack.post(Place(channel=channel, thread=thread), message)
        except DeliveryError as error:
            log.warning("an alert's thread is incomplete", extra={"reason": error.reason})

    async def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            if await self._open() == ():
                await _wait(self._wake, IDLE_S)
                continue
            await _wait(self._stop, self.every_s)
            for value in await self._open() or ():
                if not self._stop.is_set():
                    await self._check_if_free(value, self.clock())

    async def _open(self) -> tuple[AlertAnswer, ...] | None:
        """All open answers; `None` if the database is unavailable."""
        try:
            found = await self.records.open(self.clock())
        except DatabaseUnavailable as error:
            log.info("open alerts are not checked this time", extra={"reason": error.reason})
            return None
        self._given_up &= {value.id for value in found}
        return tuple(value for value in found if value.id not in self._given_up)

    async def _check_if_free(self, value: AlertAnswer, now: datetime) -> None:
        """Check if no other check of it runs in any replica; logs unexpected errors."""
        try:
            kept = await self.records.claim_check(value, now) if value.card else None
            if kept:
                await self._check(kept, now)
        except DatabaseUnavailable as error:
            log.info("an alert is not checked this time", extra={"reason": error.reason})
        except Exception:
            self._given_up.add(value.id)
            log.exception("an alert is not checked any more, after an unexpected error")

    async def _check(self, value: AlertAnswer, now: datetime) -> None:
        switch = await self.records.switch(value.channel)
        admitted = self.on_card(value, switch) if switch else None
        if admitted is None or await self.is_refused(admitted):
            # the error may be temporary, as when Slack does not answer; `until` ends the attempts
            return
        answer = await self.cards.find(admitted)
        if answer is None or answer.found.problem is None:
            return
        current = await self._renamed(value, answer, now)
        if current is None or (current is value and not answer.found.healthy):
            return
        turned = await self.update(current, answer.without_thread())
        if turned and turned.healthy:
            await self.end(turned, answer, now)

    async def _renamed(
        self, value: AlertAnswer, answer: Answer, now: datetime
    ) -> AlertAnswer | None:
        """The answer under its present problem; one that has ended keeps its cause.

        `None` if another card shows the new problem, or if the answer was deleted.
        """
        current = replace(value, problem=answer.found.problem or value.problem)
        if answer.found.healthy or current.id == value.id:
            return value
        standing = await self.records.rename(value, current, now)
        if standing is None or standing.card == value.card:
            return standing
        await self.cards.show(answer.without_thread(), _nothing)
        await self.post_line(value.channel, value.thread, same_problem(await self.link(standing)))
        return None

    async def is_refused(self, admitted: AdmittedInvocation[Request]) -> bool:
        """Whether the user who switched alerts on may no longer ask here."""
        invocation = admitted.invocation
        return bool(await self.router.admit(invocation, invocation.text, run_id=admitted.run_id))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
