"""Problems that alerts named, looked at until they are green again.

With no such problem nothing runs. Several replicas share the looks through the store; a restart
goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.cards.alerts import green_again
from bot.cards.parts import Message
from bot.domain.alerts import AlertAnswer, AlertSwitch
from bot.domain.delivery import DeliveryError
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import ProbeRequest, Request
from bot.slack.handlers.alert_cards import AlertCards, Answer
from bot.slack.inbound.routing import Reception
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import Found
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from bot.slack.outbound.watching import duration
from bot.subscriptions import AlertMemory

log = logging.getLogger(__name__)

EVERY_S = 60.0
GREEN_MARK = "white_check_mark"


async def _nothing(_posted: Posted) -> None:
    """The card stands already."""


@dataclass(slots=True, kw_only=True)
class AlertFollowing:
    """Keeps the cards of alerts up to date.

    Attributes:
        memory: what was answered.
        cards: finds and shows answers.
        reception: who may ask; what runs now.
        slack: the way to Slack.
        clock: the present instant, aware.
        every_s: seconds between two looks at a problem that is not over.
    """

    memory: AlertMemory
    cards: AlertCards
    reception: Reception
    slack: SlackClient
    clock: Callable[[], datetime]
    every_s: float = EVERY_S
    _followed: dict[str, AlertAnswer] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look for as long as this lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def on_card(
        self, value: AlertAnswer, switch: AlertSwitch
    ) -> AdmittedInvocation[ProbeRequest] | None:
        """What asks about a problem once more, on the card that stands."""
        invocation = self.cards.invocation(switch.by, value.channel, value.thread, value.card)
        return self.cards.admitted(value.command, invocation)

    async def update(self, value: AlertAnswer, answer: Answer) -> bool:
        """Show an answer on the card that stands; whether it is green now."""
        stood = await self.cards.show(answer, _nothing)
        await self.settle(replace(value, green=stood.green))
        return stood.green

    async def settle(self, value: AlertAnswer) -> None:
        """Keep what became of an answer; what is not green is looked at again."""
        await self.memory.settle(value)
        if not value.green:
            self._followed[value.id] = value
            self._wake.set()

    async def look_at(self, channel: str) -> None:
        """Look now at every problem of a channel: an alert there says that it is over."""
        now = self.clock()
        for value in await self.memory.open(now):
            if value.channel == channel and value.card:
                await self._look(value, now)

    async def say(self, channel: str, thread: str, message: Message) -> None:
        """Post a line under an alert; what fails is logged."""
        try:
            await self.slack.post(Place(channel=channel, thread=thread), message)
        except DeliveryError as error:
            log.warning("an alert's thread is incomplete", extra={"reason": error.reason})

    async def _run(self) -> None:
        await self._load()
        while await self._wake.wait():
            await asyncio.sleep(self.every_s)
            for value in tuple(self._followed.values()):
                await self._look_in_turn(value)
            if not self._followed:
                self._wake.clear()

    async def _load(self) -> None:
        """What another process, or this one before a restart, has left open."""
        try:
            found = await self.memory.open(self.clock())
        except DatabaseUnavailable as error:
            log.warning("open alerts are not looked at", extra={"reason": error.reason})
            return
        self._followed.update({value.id: value for value in found})
        if found:
            self._wake.set()

    async def _look_in_turn(self, value: AlertAnswer) -> None:
        """Look where no other replica does; an error of our own ends nothing."""
        try:
            now = self.clock()
            newest = await self.memory.newest(value)
            if newest is None or newest.green or now >= newest.until:
                self._followed.pop(value.id, None)
            elif newest.card and await self.memory.take_look(newest, now):
                await self._look(newest, now)
        except DatabaseUnavailable as error:
            log.info("an alert is not looked at this time", extra={"reason": error.reason})
        except Exception:
            self._followed.pop(value.id, None)
            log.exception("an alert is looked at no more, for an error of our own")

    async def _look(self, value: AlertAnswer, now: datetime) -> None:
        switch = await self.memory.switch(value.channel)
        admitted = self.on_card(value, switch) if switch else None
        if admitted is None:
            self._followed.pop(value.id, None)
            return
        if await self._refused(admitted):
            return  # perhaps only for now, as where Slack does not answer; `until` ends it
        answer = await self.cards.find(admitted)
        if answer is None or answer.found.problem is None:
            return
        current = await self._renamed(value, answer.found, now)
        if current is value and not answer.found.green:
            return
        if await self.update(current, answer.without_thread()):
            await self._end(current, answer, now)

    async def _renamed(self, value: AlertAnswer, found: Found, now: datetime) -> AlertAnswer:
        """The same problem, or the one that it has become; one that is over keeps its cause."""
        current = replace(value, problem=found.problem or value.problem)
        if found.green or current.id == value.id:
            return value
        self._followed.pop(value.id, None)
        await self.memory.rename(value, current, now)
        return current

    async def _refused(self, admitted: AdmittedInvocation[Request]) -> bool:
        """Whether whoever switched alerts on may not ask here any more."""
        invocation = admitted.invocation
        return bool(await self.reception.admit(invocation, invocation.text, run_id=admitted.run_id))

    async def _end(self, value: AlertAnswer, answer: Answer, now: datetime) -> None:
        """It is over: one line in the thread, and a mark on every alert of it."""
        self._followed.pop(value.id, None)
        taken = duration((now - value.begun).total_seconds())
        await self.say(value.channel, value.thread, green_again(answer.name, taken))
        for alert in value.alerts:
            try:
                await self.slack.react(value.channel, alert, GREEN_MARK)
            except DeliveryError as error:
                log.info("an alert is not marked as green", extra={"reason": error.reason})
                return
