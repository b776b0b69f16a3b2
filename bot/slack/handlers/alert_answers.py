"""Answers alerts automatically: only with a certain target, and once per problem.

An alert is a message from a configured app in a channel where alert answers are on. The same
gateway, pool and cause within the hour is the same problem: its card is updated, whichever message
the new alert is.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.cards.alerts import failing_again
from bot.checks.alerts import AlertReader
from bot.commands.command_text import command_text
from bot.commands.parse import parse
from bot.domain.alerts import SAME_PROBLEM_FOR, AlertAnswer, AlertClaim, AlertSwitch
from bot.domain.gateway_ref import GatewayRef
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import Request
from bot.slack.handlers.alert_cards import AlertCards, Answer
from bot.slack.handlers.alert_follow_up import AlertFollowUp
from bot.slack.inbound.alerts import is_alert
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.outbound.places import Posted
from bot.slack.payload import Payload, object_at, text_at
from bot.subscriptions import AlertRecords
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAnswerer:
    """Answers alerts.

    Attributes:
        apps: `APPGW_ALERT_APPS`.
        own: the bot's own IDs, whose messages are never alerts.
        records: channels where alerts are answered, and past answers.
        alerts: finds the target of a message.
        cards: checks a target and posts the card.
        following: keeps posted cards up to date.
        router: access policy and running work.
    """

    apps: frozenset[str]
    own: frozenset[str]
    records: AlertRecords
    alerts: AlertReader
    cards: AlertCards
    following: AlertFollowUp
    router: InvocationRouter

    def receive(self, body: Payload) -> None:
        """Handle a message event; ignores everything that is no alert."""
        runs = self.router.runs
        if runs.draining or not is_alert(
            body, apps=self.apps, own=self.own, home=self.records.team
        ):
            return
        if runs.is_new(text_at(body, "event_id")):
            runs.spawn(self._read(object_at(body, "event")))

    async def _read(self, event: Payload) -> None:
        await self.alerts.prepare()
        reading = await self.alerts.read(event)
        if reading.target is None or not reading.is_known:
            return
        channel, ts = text_at(event, "channel"), text_at(event, "ts")
        try:
            switch = await self.records.switch(channel)
            if switch is None or not await self._claims(channel, ts):
                return
            if self.alerts.is_resolved(event):
                await self.following.check_channel(channel)
            else:
                await self._answer(switch, ts, reading.target.line)
        except DatabaseUnavailable as error:
            log.warning("an alert is not answered", extra={"reason": error.reason})

    async def _claims(self, channel: str, ts: str) -> bool:
        """Whether this process claimed the alert, within the limits."""
        taken = await self.records.claim_alert(channel, ts, self.following.clock())
        if taken not in {AlertClaim.NEW, AlertClaim.KNOWN}:
            log.warning("an alert is not answered", extra={"reason": taken.value})
        return taken is AlertClaim.NEW

    async def _answer(self, switch: AlertSwitch, ts: str, line: str) -> None:
        invocation = self.cards.invocation(switch.by, switch.channel, ts)
        admitted = self.cards.admitted(line, invocation)
        if admitted is None or await self.following.is_refused(admitted):
            return
        answer = await self.cards.find(admitted)
        value = self._value(switch, ts, answer) if answer else None
        if answer is None or value is None:
            log.info("an alert is not answered: nothing certain can be said")
            return
        standing = await self.records.claim(value)
        if standing is None:
            await self._answer_first(value, answer)
        elif standing.card:
            await self._answer_another(standing, value, switch, answer)

    def _value(self, switch: AlertSwitch, ts: str, answer: Answer) -> AlertAnswer | None:
        """The answer to store; `None` if it does not concern exactly one gateway."""
        if answer.found.problem is None:
            return None
        now = self.following.clock()
        return AlertAnswer(
            team=switch.team,
            channel=switch.channel,
            problem=answer.found.problem,
            command=command_text(answer.admitted.request),
            alerts=(ts,),
            thread=ts,
            begun=now,
            until=now + SAME_PROBLEM_FOR,
        )

    async def _answer_first(self, value: AlertAnswer, answer: Answer) -> None:
        """Answer the first alert of a problem with a card in the alert's thread."""

        async def placed(posted: Posted) -> None:
            await self.records.save_card(replace(value, card=posted.ts))

        card_state = await self.cards.show(answer, placed)
        if card_state.posted is None:
            await self.records.forget(value)
            return
        await self.following.keep(
            replace(value, card=card_state.posted.ts), healthy=card_state.healthy
        )

    async def _answer_another(
        self, standing: AlertAnswer, value: AlertAnswer, switch: AlertSwitch, answer: Answer
    ) -> None:
        """Answer another alert of a problem by updating the existing card to cover both."""
        covering = replace(standing, command=_covering(standing, value))
        admitted = self.following.on_card(covering, switch)
        if admitted is None:
            return
        again: Answer | None = replace(answer, admitted=admitted)
        if covering.command != value.command:
            again = await self.cards.find(admitted)
        if again is None or again.found.problem is None:
            return
        turned = await self.following.update(covering, again.without_thread())
        if turned and turned.healthy:
            await self.following.end(turned, again, self.following.clock())
        elif turned:
            await self._announce_again(standing, value.thread, again)

    async def _announce_again(self, standing: AlertAnswer, thread: str, answer: Answer) -> None:
        """Post a line under an alert whose problem has come back.

        Slack notifies nobody of an update.
        """
        link = await self.following.link(standing)
        line = failing_again(answer.found.message.text, link)
        await self.following.post_line(standing.channel, thread, line)


def _covering(standing: AlertAnswer, value: AlertAnswer) -> str:
    """The command whose answer covers both alerts: the same one, the gateway, or the pool."""
    if standing.command == value.command:
        return standing.command
    before = parse(standing.command)
    if isinstance(before, Request) and isinstance(before.target, GatewayRef):
        return standing.command
    gateway = GatewayRef.read(standing.problem.gateway)
    if gateway is None:
        return standing.command
    pool = standing.problem.pool or None
    return replace(gateway, pool=pool).text
