"""The message in which the answer of one run is shown.

Normally a message in the channel, posted once and then updated. If the user asked for a private
answer, or Slack does not let the bot post there, an ephemeral message: it cannot be updated later
(only one whose own button was pressed can be replaced), so it is sent once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator
from time import monotonic

from bot.cards.menu import for_one_person
from bot.cards.parts import Message
from bot.cards.place_refusals import with_reason
from bot.domain.delivery import DeliveryError, MessageGone, OutcomeUnknown, PlaceRefused
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.lost_posts import PostAttempt
from bot.slack.outbound.places import Place, Posted

log = logging.getLogger(__name__)

SECONDS_BETWEEN_UPDATES = 1.0
LONG_S = 3.0
HISTORY_LAG_S = 3.0
_NO_LONGER_THERE = frozenset({"message_not_found", "thread_not_found"})


class Card:
    """The message of one run.

    Args:
        slack: the Slack client.
        invocation: who asks, and where.
        bot_name: the name to invite.
        private: whether the answer is ephemeral.

    Attributes:
        posted: its place; `None` if it has none that can have a thread.
        shown: whether it shows an answer.
    """

    def __init__(
        self, slack: SlackClient, invocation: Invocation, *, bot_name: str, private: bool
    ) -> None:
        self._slack, self._invocation, self._bot_name = slack, invocation, bot_name
        only_one = private or invocation.ephemeral_only or invocation.ephemeral
        self._private = only_one or not invocation.channel
        self._place = Place(channel=invocation.channel, thread=invocation.thread)
        pressed = invocation.card if not self._private else None
        self.posted = Posted(place=self._place, ts=pressed) if pressed else None
        self.shown = False
        self._refusal = ""
        self._left: Posted | None = None
        self._lost: list[PostAttempt] = []
        self._answer: Message | None = None
        self._ends = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._first: asyncio.Task[None] | None = None
        self._updating: asyncio.Task[None] | None = None
        self._updated_at = monotonic()

    @property
    def key(self) -> Hashable | None:
        """Identifies the message among runs that may update it; `None` if no other can."""
        return (self.posted.place.channel, self.posted.ts) if self.posted else None

    @property
    def changeable(self) -> bool:
        """Whether a shown answer can be replaced later."""
        return self._invocation.ephemeral or not self._private

    @property
    def refused(self) -> bool:
        """Whether Slack refused to post it where the user asked."""
        return bool(self._refusal)

    async def open(self, message: Message) -> None:
        """Show that the run has begun; for an ephemeral answer only if it takes long."""
        self._updated_at = monotonic()
        if not self._private:
            # if the run is cancelled meanwhile, it must know where its message was posted
            self._opening = asyncio.create_task(self._open_in_channel(message))
            await asyncio.shield(self._opening)
        if self._invocation.ephemeral:
            await self._send(message)
        elif self._private:
            self._first = asyncio.create_task(self._send_when_long(message))

    def progress(self, message: Message) -> None:
        """Show the present stage, unless an update is running or was made within a second."""
        due = monotonic() - self._updated_at >= SECONDS_BETWEEN_UPDATES
        busy = self._updating and not self._updating.done()
        if self._ends.is_set() or not due or self.posted is None or busy:
            return
        self._updated_at = monotonic()
        self._updating = asyncio.create_task(self._try_update(self.posted, message))

    async def show(self, message: Message, alone: Callable[[], Message] | None = None) -> None:
        """Show an answer, replacing an earlier one.

        The first answer reaches the user in any case. A later one that cannot be shown is dropped.
        Where none can follow, because Slack refuses to post in the channel, `alone` makes what is
        shown in its place.
        """
        self._ends.set()
        self._answer = message
        for task in self._tasks():
            await asyncio.wait({task})
        if self.shown:
            await self._amend(message)
        elif self._private or not await self._shown_to_all(message):
            await self._send(alone() if alone else message)
        self.shown = True
        await self._clear_left()

    async def take_back(self) -> None:
        """Delete what this run has posted; a card whose button was pressed stays."""
        self._ends.set()
        for task in self._tasks():
            await asyncio.wait({task})
        if self._invocation.card is None:
            await self._try_remove(self.posted or await self._find_lost())

    async def clear_lost(self) -> None:
        """Take back what Slack accepted after all and its history did not show at first.

        If the channel has no other message of this run, that one shows the answer instead.
        """
        if not self._lost:
            return
        await asyncio.sleep(HISTORY_LAG_S)
        while found := await self._find_lost():
            if self.posted or self._answer is None:
                await self._try_remove(found)
            else:
                self.posted = found
                await self._try_update(found, self._answer)

    def close(self) -> None:
        """Cancel what is still running."""
        self._ends.set()
        for task in self._tasks():
            task.cancel()

    def _tasks(self) -> Iterator[asyncio.Task[None]]:
        return filter(None, (self._opening, self._first, self._updating))

    async def _open_in_channel(self, message: Message) -> None:
        try:
            if not (self.posted and await self._opened_again(self.posted, message)):
                self.posted = await self._post(message)
        except PlaceRefused as error:
            self._keep_private(error)
        except DeliveryError as error:
            log.warning("the card could not be posted yet", extra={"reason": error.reason})

    async def _opened_again(self, posted: Posted, message: Message) -> bool:
        """Whether the message whose button was pressed still exists and was updated."""
        try:
            await self._slack.update(posted, message, patience=0)
        except MessageGone:
            self.posted = None
            return False
        except PlaceRefused:
            self.posted = None
            raise
        except DeliveryError as error:
            log.info("a progress update was left out", extra={"reason": error.reason})
        return True

    async def _post(self, message: Message) -> Posted:
        """Post the card; if the response is lost, it is looked for. Raises `DeliveryError`."""
        attempt = PostAttempt(place=self._place)
        try:
            return await self._slack.post(self._place, message, metadata=attempt.metadata)
        except OutcomeUnknown:
            self._lost.append(attempt)
            if found := await self._find_lost():
                return found
            raise

    async def _find_lost(self) -> Posted | None:
        """A message of the attempts whose response was lost, newest first."""
        for attempt in reversed(tuple(self._lost)):
            if found := await attempt.find(self._slack):
                self._lost.remove(attempt)
                return found
        return None

    async def _shown_to_all(self, message: Message) -> bool:
        """Update or post the message; whether it is shown in the channel."""
        self.posted = self.posted or await self._find_lost()
        try:
            if self.posted:
                try:
                    await self._slack.update(self.posted, message)
                except MessageGone as error:
                    log.warning("the card is gone, posted again", extra={"reason": error.reason})
                    self._left = self.posted if error.reason not in _NO_LONGER_THERE else None
                else:
                    return True
            self.posted = await self._post(message)
        except DeliveryError as error:
            self._keep_private(error)
            return False
        return True

    async def _amend(self, message: Message) -> None:
        if self._invocation.ephemeral:
            await self._send(message)
        elif self.posted:
            try:
                await self._slack.update(self.posted, message)
            except DeliveryError as error:
                log.warning("a card cannot be amended", extra={"reason": error.reason})

    def _keep_private(self, error: DeliveryError) -> None:
        log.warning(
            "a card can only be shown to the person who asked", extra={"reason": error.reason}
        )
        self._left = self._left or self.posted
        self._private, self._refusal, self.posted = True, error.reason, None

    async def _clear_left(self) -> None:
        """Delete the message that can no longer be updated, so that none stays at "Checking"."""
        left, self._left = self._left, None
        if self._invocation.card is None:  # a card whose button was pressed stays
            await self._try_remove(left)

    async def _try_remove(self, posted: Posted | None) -> None:
        if posted is None:
            return
        try:
            await self._slack.remove(posted)
        except DeliveryError as error:
            log.warning("a card cannot be taken back", extra={"reason": error.reason})

    async def _send(self, message: Message) -> None:
        invocation = self._invocation
        if self._refusal:
            message = with_reason(
                message,
                self._refusal,
                bot_name=self._bot_name,
                channel=invocation.channel,
                channel_name=invocation.channel_name,
            )
        await self._slack.send_ephemeral(
            invocation, for_one_person(message), replace=invocation.ephemeral
        )

    async def _send_when_long(self, message: Message) -> None:
        try:
            await asyncio.wait_for(self._ends.wait(), LONG_S)
        except TimeoutError:
            await self._send(message)

    async def _try_update(self, posted: Posted, message: Message) -> None:
        try:
            await self._slack.update(posted, message, patience=0)
        except DeliveryError as error:
            log.info("a progress update was left out", extra={"reason": error.reason})
