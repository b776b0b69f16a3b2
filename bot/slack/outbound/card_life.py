"""The card of one check while it lives.

Posted once, edited at most once a second, never after its verdict.

Three kinds with one face: a message in a channel or thread, a message that only one person sees,
and one posted through the response URL
where Slack did not say under which timestamp it stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from time import monotonic
from typing import Protocol

from bot.cards.parts import Message
from bot.domain.delivery import DeliveryError, MessageGone, PlaceRefused
from bot.slack.invocation import AdmittedInvocation, Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted

log = logging.getLogger(__name__)

SECONDS_BETWEEN_EDITS = 1.0
LAST_WORD_S = 5.0


class Card(Protocol):
    """What a check needs of its card."""

    @property
    def posted(self) -> Posted | None:
        """Where it stands, `None` when it has no place that a thread could hang on."""

    @property
    def shown(self) -> bool:
        """Whether its verdict stands."""

    async def open(self, message: Message) -> None:
        """Show the first message; raises `PlaceRefused` when the bot may not post there."""

    def progress(self, message: Message) -> None:
        """Show how far it came, if it is time for that."""

    async def finish(self, message: Message) -> None:
        """Show the verdict; nothing is shown after it."""


class ChannelCard:
    """A card in a channel or a thread.

    `posted` is the message to reuse when a button of it was pressed.
    """

    def __init__(
        self, slack: SlackClient, invocation: Invocation, posted: Posted | None = None
    ) -> None:
        self._slack = slack
        self._ask = invocation
        self.posted = posted
        self.shown = False
        self._edit: asyncio.Task[None] | None = None
        self._last_edit = monotonic()
        self._finished = False

    async def open(self, message: Message) -> None:
        """Post the first message, or edit the card whose button was pressed."""
        self._last_edit = monotonic()
        try:
            if self.posted:
                await self._slack.update(self.posted, message, patience=0)
            else:
                self.posted = await self._slack.post(
                    Place(channel=self._ask.channel, thread=self._ask.thread), message
                )
        except PlaceRefused:
            raise
        except MessageGone:
            self.posted = None
        except DeliveryError as error:
            log.warning(
                "the first message is not there; the verdict will be posted anew",
                extra={"reason": error.reason},
            )

    def progress(self, message: Message) -> None:
        """Edit, unless an edit is under way, the last is less than a second old, or the verdict is there."""
        due = monotonic() - self._last_edit >= SECONDS_BETWEEN_EDITS
        if (
            self._finished
            or not due
            or self.posted is None
            or (self._edit and not self._edit.done())
        ):
            return
        self._last_edit = monotonic()
        self._edit = asyncio.create_task(self._try_edit(self.posted, message))

    async def finish(self, message: Message) -> None:
        """Edit the card; post it anew when it cannot be edited.

        Through the response URL when that fails too.
        """
        self._finished = True
        if self._edit:
            await asyncio.wait({self._edit})
        if not await self._edited(message):
            await self._post_anew(message)
        self.shown = True

    async def _edited(self, message: Message) -> bool:
        if self.posted is None:
            return False
        try:
            await self._slack.update(self.posted, message)
        except DeliveryError as error:
            log.warning("the card cannot be edited", extra={"reason": error.reason})
            return False
        return True

    async def _post_anew(self, message: Message) -> None:
        try:
            self.posted = await self._slack.post(
                Place(channel=self._ask.channel, thread=self._ask.thread), message
            )
        except DeliveryError as error:
            log.warning("the card cannot be posted", extra={"reason": error.reason})
            self.posted = None
            await self._slack.send_ephemeral(self._ask, message)

    async def _try_edit(self, posted: Posted, message: Message) -> None:
        try:
            await self._slack.update(posted, message, patience=0)
        except DeliveryError as error:
            log.info("a progress edit was left out", extra={"reason": error.reason})


class PrivateCard:
    """A card for one person. A response URL is good for five messages, so progress is not shown."""

    posted: Posted | None = None

    def __init__(self, slack: SlackClient, invocation: Invocation) -> None:
        self._slack = slack
        self._ask = invocation
        self.shown = False
        self._replaces = invocation.ephemeral

    async def open(self, message: Message) -> None:
        """Whisper the first message."""
        if self._ask.response_url:
            await self._slack.send_ephemeral(self._ask, message, replace=self._replaces)
            self._replaces = True

    def progress(self, message: Message) -> None:
        """Nothing: the messages of a response URL are counted."""

    async def finish(self, message: Message) -> None:
        """Whisper the verdict in place of the first message."""
        await self._slack.send_ephemeral(self._ask, message, replace=self._replaces)
        self.shown = True


def card_for(slack: SlackClient, admitted: AdmittedInvocation) -> Card:
    """The kind of card that fits.

    Private when asked so or when there is no channel, the pressed one for a click, else a new one.
    """
    invocation = admitted.invocation
    if "private" in admitted.request.options or invocation.ephemeral or not invocation.channel:
        return PrivateCard(slack, invocation)
    place = Place(channel=invocation.channel, thread=invocation.thread)
    return ChannelCard(
        slack, invocation, Posted(place=place, ts=invocation.card) if invocation.card else None
    )


def standing(card: Card) -> Hashable | None:
    """What a card is known by among those that may write on it.

    `None` when it stands nowhere yet, or before one person alone.
    """
    return (card.posted.place.channel, card.posted.ts) if card.posted else None


async def last_word(card: Card, message: Message) -> None:
    """The verdict of a check that is being cut short.

    Within the seconds that a stopping process has, or not at all.
    """
    try:
        await asyncio.wait_for(card.finish(message), LAST_WORD_S)
    except TimeoutError:
        log.warning("a card could not be told that its check was cut short")
