"""Finds the target of an alert or a thread, for the message shortcut and for mentions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cards.parts import Message
from bot.cards.usage import nothing_named, notice, refusal, which_target
from bot.checks.alerts import AlertReader
from bot.slack.inbound.routing import InvocationRouter
from bot.slack.invocation import Invocation, command_of_card
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.threads import messages_above
from bot.slack.payload import Payload, text_at
from chainlib.frozen import dataclass

if TYPE_CHECKING:
    from bot.commands.alerts import AlertReading

_NOTHING_ABOVE = (
    "The messages above name no backend or gateway that can be read. Name the backend after the "
    "mention."
)
_NOT_READABLE = (
    "This bot may not read the messages of this channel. Open the menu of the alert's message and "
    "choose Diagnose this 502, or name the backend after the mention."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisHandler:
    """Finds targets in messages; answers with an ephemeral message if there is none.

    Attributes:
        router: takes the invocation once its target is known.
        slack: the Slack client.
        alerts: finds the target of a message.
        bot_user: the bot's own user ID.
    """

    router: InvocationRouter
    slack: SlackClient
    alerts: AlertReader
    bot_user: str

    def diagnose(self, invocation: Invocation, message: Payload) -> None:
        """Check the target of a message."""
        self.router.runs.spawn(self._diagnose(invocation, message))

    async def _diagnose(self, invocation: Invocation, message: Payload) -> None:
        reading = await self.alerts.read(message)
        if reading.target:
            self.router.receive(invocation.with_text(reading.target.line))
        elif self.router.runs.is_new(invocation.dedupe_key):
            self.router.spawn(invocation, self._nothing_found(invocation, reading, message))

    def read_above(self, invocation: Invocation, asked_at: str) -> None:
        """Check the target in the messages above a mention, the newest first.

        Args:
            invocation: a mention without a target, in a thread.
            asked_at: `ts` of the mention's message.
        """
        if self.router.runs.is_new(invocation.dedupe_key):
            self.router.runs.spawn(self._read_above(invocation, asked_at))

    async def _read_above(self, invocation: Invocation, asked_at: str) -> None:
        if no := await self.router.admit(invocation, "read the thread"):
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        found = await messages_above(
            self.slack, invocation.channel, invocation.thread or "", asked_at
        )
        for message in found or ():
            if line := await self._line_of(message):
                self.router.receive(replace(invocation, text=line, dedupe_key=""))
                return
        sentence = _NOTHING_ABOVE if found is not None else _NOT_READABLE
        await self.slack.send_ephemeral(
            invocation, notice(sentence, "@appgw-check backend.contoso.com")
        )

    async def _line_of(self, message: Payload) -> str:
        """The command that a message leads to; a card of the bot contains its port and options."""
        question = command_of_card(message)
        if question or text_at(message, "user") == self.bot_user:
            return question  # its details and files name other hosts too
        target = (await self.alerts.read(message)).target
        return target.line if target else ""

    async def _nothing_found(
        self, invocation: Invocation, reading: AlertReading, message: Payload
    ) -> None:
        no = await self.router.admit(invocation, "diagnose")
        shown = refusal(no) if no else self._why_nothing(reading, message)
        await self.slack.send_ephemeral(invocation, shown)

    def _why_nothing(self, reading: AlertReading, message: Payload) -> Message:
        if lines := tuple(choice.line for choice in reading.choices):
            return which_target(reading.reason, lines)
        if said := self.alerts.explained(message):
            return notice(said, "/appgw-check gw:prod-gw")
        if reading.is_other_product:
            return notice(reading.reason, "/appgw-check backend.contoso.com")
        return nothing_named()
