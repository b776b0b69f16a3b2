"""How the digest verbs answer: in the channel, or as ephemeral messages."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from bot.cards.parts import Message
from bot.cards.place_refusals import place_refusal, with_reason
from bot.cards.usage import notice
from bot.commands.command_text import target_of
from bot.domain.delivery import DeliveryError, MessageGone, NotAccepted, PlaceRefused
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import Request
from bot.slack.handlers.refusals import ExampleLine, remedies, with_example
from bot.slack.invocation import AdmittedInvocation, Source
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from bot.subscriptions import Author, Profile, SubscriptionService
from chainlib.frozen import dataclass

T = TypeVar("T")

_SILENT_S = 0.7
_BY_RESPONSE_URL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionReplies:
    """Shared by the handlers of the digest verbs.

    Attributes:
        service: the use cases.
        slack: the Slack client.
        bot_name: the name to invite.
    """

    service: SubscriptionService
    slack: SlackClient
    bot_name: str

    def author(self, admitted: AdmittedInvocation[Request]) -> Author:
        """The user and channel of a change."""
        invocation = admitted.invocation
        return self.service.team, invocation.channel, invocation.user

    def profile(self, admitted: AdmittedInvocation[Request]) -> Profile:
        """A function that reads the time zone in the user's Slack profile."""
        return lambda: self._profile_zone(admitted.invocation.user)

    async def zone(self, admitted: AdmittedInvocation[Request]) -> str | None:
        """The channel's time zone; `None` if unknown."""
        return await self.service.zone(
            admitted.invocation.channel, admitted.request, self.profile(admitted)
        )

    async def _profile_zone(self, user: str) -> str | None:
        """The time zone in a user's profile; needs the scope `users:read`."""
        try:
            answer = await self.slack.call(
                self.slack.client.users_info, repeatable=True, patience=0, user=user
            )
        except DeliveryError:
            return None
        return str(answer["user"].get("tz") or "") or None

    async def answer(
        self, admitted: AdmittedInvocation[Request], message: Message
    ) -> DeliveryError | None:
        """Answer in the channel: update the message whose button was pressed, or post a new one.

        Returns:
            Why it could not be posted there; `None` if it was.

        Raises:
            DeliveryError: it is unknown whether it was posted.
        """
        invocation = admitted.invocation
        place = Place(channel=invocation.channel, thread=invocation.thread)
        try:
            if invocation.source is Source.ACTION and invocation.card and not invocation.ephemeral:
                await self.slack.update(Posted(place=place, ts=invocation.card), message)
            else:
                await self.slack.post(place, message)
        except (PlaceRefused, MessageGone, NotAccepted) as error:
            return error
        return None

    async def answer_or_send_ephemeral(
        self, admitted: AdmittedInvocation[Request], message: Message
    ) -> None:
        """Answer in the channel, or as an ephemeral message with the reason why."""
        if refused := await self.answer(admitted, message):
            invocation = admitted.invocation
            alone = with_reason(
                message,
                refused.reason,
                bot_name=self.bot_name,
                channel=invocation.channel,
                channel_name=invocation.channel_name,
            )
            await self.slack.send_ephemeral(invocation, alone)

    async def explain_place(
        self, admitted: AdmittedInvocation[Request], refused: DeliveryError
    ) -> None:
        """Tell the user why nothing can be posted here, and how to invite the bot if that helps."""
        invocation = admitted.invocation
        shown = place_refusal(
            refused.reason,
            bot_name=self.bot_name,
            channel=invocation.channel,
            channel_name=invocation.channel_name,
        )
        await self.slack.send_ephemeral(invocation, shown)

    async def notify(self, admitted: AdmittedInvocation[Request], pages: Iterable[Message]) -> None:
        """Answer with several ephemeral messages.

        A response URL accepts five, so later ones are sent by the Web API.
        """
        for number, page in enumerate(pages):
            invocation = (
                admitted.invocation
                if number < _BY_RESPONSE_URL or not admitted.invocation.channel
                else replace(admitted.invocation, response_url=None)
            )
            await self.slack.send_ephemeral(invocation, page)

    async def patiently(
        self, admitted: AdmittedInvocation[Request], work: Coroutine[Any, Any, T]
    ) -> T:
        """Run work that may need ARM or DNS; if it takes long, tell the user that it is running."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait({task}, timeout=_SILENT_S)
            if not task.done():
                await self.slack.send_ephemeral(
                    admitted.invocation,
                    notice(f"Looking up {target_of(admitted.request)}, one moment please."),
                )
            return await task
        finally:
            task.cancel()

    async def refuse(
        self, admitted: AdmittedInvocation[Request], no: Refusal, line: ExampleLine
    ) -> None:
        """Show a refusal as an ephemeral message, with an example and the operator's remedy."""
        shown = with_example(no, _list_line if no.kind is RefusalKind.LIMIT else line)
        await self.notify(admitted, [shown, *remedies(no)])

    async def decline(
        self, admitted: AdmittedInvocation[Request], sentence: str, *examples: str
    ) -> None:
        """Show one sentence as an ephemeral message."""
        await self.slack.send_ephemeral(admitted.invocation, notice(sentence, *examples))


def _list_line(_target: str) -> str:
    return "list"
