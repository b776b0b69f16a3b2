"""Handles `alerts on`, `alerts off` and `alerts`: switch or show a channel's alert answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from bot.cards.alerts import alerts_off, alerts_state
from bot.cards.parts import Message
from bot.cards.place_refusals import place_refusal
from bot.cards.usage import notice
from bot.domain.alerts import AlertSwitch
from bot.domain.delivery import DeliveryError
from bot.domain.request import AlertsRequest
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place
from bot.subscriptions.alerts import AlertRecords, answer_alerts
from chainlib.frozen import dataclass

_PRIVATE = "privategroup"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsHandler:
    """Handles `alerts`.

    Attributes:
        slack: the Slack client.
        records: channels where alerts are answered.
        apps: `APPGW_ALERT_APPS`.
        scopes: the token's scopes; empty if Slack does not say.
        bot_name: the name to invite.
        clock: returns the present instant, time zone aware.
    """

    slack: SlackClient
    records: AlertRecords
    apps: Sequence[str]
    scopes: Collection[str]
    bot_name: str
    clock: Callable[[], datetime]

    async def handle(self, admitted: AdmittedInvocation[AlertsRequest]) -> None:
        """Switch alert answers on or off, or show the state."""
        invocation = admitted.invocation
        if not _is_channel(invocation):
            await self._decline(
                invocation, "Alerts are answered in channels; ask me in the one where they arrive."
            )
            return
        wanted = admitted.request.on
        if wanted is None:
            await self._show_state(invocation)
        elif wanted:
            await self._switch_on(invocation)
        else:
            await self._switch_off(invocation)

    async def _switch_on(self, invocation: Invocation) -> None:
        if not self.apps:
            await self._decline(
                invocation,
                "No app is named whose alerts may be answered. An operator sets APPGW_ALERT_APPS "
                "to the ids of the monitoring apps and starts the bot again.",
                "APPGW_ALERT_APPS=A0123ABCD",
            )
            return

        async def confirm(switch: AlertSwitch) -> DeliveryError | None:
            shown = alerts_state(switch, self.apps, self._lacking(invocation))
            return await self._post(invocation, shown)

        done = await answer_alerts(
            self.records, invocation.channel, invocation.user, self.clock(), confirm
        )
        if done.already:
            await self._show_state(invocation)
        elif done.unposted:
            await self._explain_place(invocation, done.unposted)

    async def _switch_off(self, invocation: Invocation) -> None:
        now = self.clock()
        if not await self.records.switch_off(invocation.channel, invocation.user, now):
            await self._show_state(invocation)
        elif await self._post(invocation, alerts_off(invocation.user)):
            await self.slack.send_ephemeral(invocation, alerts_off(invocation.user))

    async def _show_state(self, invocation: Invocation) -> None:
        switch = await self.records.switch(invocation.channel)
        message = alerts_state(switch, self.apps, self._lacking(invocation))
        await self.slack.send_ephemeral(invocation, message)

    def _lacking(self, invocation: Invocation) -> list[str]:
        """What an operator has to configure for alerts to arrive."""
        if not self.scopes:
            return []
        private = invocation.channel_name == _PRIVATE or invocation.channel.startswith("G")
        kind = "groups" if private else "channels"
        missing = []
        if f"{kind}:history" not in self.scopes:
            missing.append(
                f"No alert arrives yet: the scope {kind}:history and the event message.{kind} are "
                "missing; an operator adds both and installs the app again."
            )
        if "reactions:write" not in self.scopes:
            missing.append(
                "An alert whose problem is over gets no reaction: the scope reactions:write is "
                "missing."
            )
        return missing

    async def _post(self, invocation: Invocation, message: Message) -> DeliveryError | None:
        place = Place(channel=invocation.channel, thread=invocation.thread)
        try:
            await self.slack.post(place, message)
        except DeliveryError as error:
            return error
        return None

    async def _explain_place(self, invocation: Invocation, refused: DeliveryError) -> None:
        shown = place_refusal(
            refused.reason,
            bot_name=self.bot_name,
            channel=invocation.channel,
            channel_name=invocation.channel_name,
        )
        await self.slack.send_ephemeral(invocation, shown)

    async def _decline(self, invocation: Invocation, sentence: str, *examples: str) -> None:
        await self.slack.send_ephemeral(invocation, notice(sentence, *examples))


def _is_channel(invocation: Invocation) -> bool:
    """Whether this is a channel and not a direct message."""
    named = invocation.channel_name
    direct = named == "directmessage" or named.startswith("mpdm-")
    return invocation.channel.startswith(("C", "G")) and not direct
