"""Where the answer of one run stands.

A message that everybody in the channel sees, posted once and updated in place. Or, where it was
asked for privately or Slack lets the bot post nothing, an ephemeral message: it cannot be changed
later (only one whose own button was pressed can be replaced), so it is sent once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterator
from time import monotonic

from bot.cards.menu import for_one_person
from bot.cards.parts import Message
from bot.cards.place_refusals import with_reason
from bot.domain.delivery import DeliveryError, MessageGone, PlaceRefused
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted

log = logging.getLogger(__name__)

SECONDS_BETWEEN_UPDATES = 1.0
LONG_S = 3.0


class Card:
    """The message of one run.

    Args:
        slack: the way to Slack.
        invocation: who asked, and where.
        bot_name: whom to invite.
        private: only the asker is to see it.

    Attributes:
        posted: where it stands, `None` when it has no place that a thread could hang on.
        shown: whether an answer stands on it.
    """

    def __init__(
        self, slack: SlackClient, invocation: Invocation, *, bot_name: str, private: bool
    ) -> None:
        self._slack, self._invocation, self._bot_name = slack, invocation, bot_name
        only_one = private or invocation.alone or invocation.ephemeral
        self._private = only_one or not invocation.channel
        self._place = Place(channel=invocation.channel, thread=invocation.thread)
        pressed = invocation.card if not self._private else None
        self.posted = Posted(place=self._place, ts=pressed) if pressed else None
        self.shown = False
        self._refusal = ""
        self._ends = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._first: asyncio.Task[None] | None = None
        self._updating: asyncio.Task[None] | None = None
        self._updated_at = monotonic()

    @property
    def key(self) -> Hashable | None:
        """What it is known by among the runs that may write on it; `None` when no other can."""
        return (self.posted.place.channel, self.posted.ts) if self.posted else None

    @property
    def changeable(self) -> bool:
        """Whether an answer that stands can be replaced by a later one."""
        return self._invocation.ephemeral or not self._private

    @property
    def refused(self) -> bool:
        """Whether Slack did not let it be posted where it was asked for."""
        return bool(self._refusal)

    async def open(self, message: Message) -> None:
        """Show that the run has begun; privately only when it takes long."""
        self._updated_at = monotonic()
        if not self._private:
            # a run that is cancelled meanwhile has to know where its message came to stand
            self._opening = asyncio.create_task(self._open_in_channel(message))
            await asyncio.shield(self._opening)
        if self._invocation.ephemeral:
            await self._send(message)
        elif self._private:
            self._first = asyncio.create_task(self._send_when_long(message))

    def progress(self, message: Message) -> None:
        """Show how far it came, unless an update is under way or was made within a second."""
        due = monotonic() - self._updated_at >= SECONDS_BETWEEN_UPDATES
        busy = self._updating and not self._updating.done()
        if self._ends.is_set() or not due or self.posted is None or busy:
            return
        self._updated_at = monotonic()
        self._updating = asyncio.create_task(self._try_update(self.posted, message))

    async def show(self, message: Message) -> None:
        """Show an answer, where an earlier one stands in its place.

        The first answer reaches the asker in any case. A later one that cannot be shown is left
        out.
        """
        self._ends.set()
        for task in self._tasks():
            await asyncio.wait({task})
        if self.shown:
            await self._amend(message)
        elif self._private or not await self._shown_to_all(message):
            await self._send(message)
        self.shown = True

    async def take_back(self) -> None:
        """Remove what this run has posted; a card whose button was pressed stays."""
        self._ends.set()
        for task in self._tasks():
            await asyncio.wait({task})
        if self.posted and self._invocation.card is None:
            try:
                await self._slack.remove(self.posted)
            except DeliveryError as error:
                log.warning("a card cannot be taken back", extra={"reason": error.reason})

    def close(self) -> None:
        """Leave nothing running behind."""
        self._ends.set()
        for task in self._tasks():
            task.cancel()

    def _tasks(self) -> Iterator[asyncio.Task[None]]:
        return filter(None, (self._opening, self._first, self._updating))

    async def _open_in_channel(self, message: Message) -> None:
        try:
            if not (self.posted and await self._opened_again(self.posted, message)):
                self.posted = await self._slack.post(self._place, message)
        except PlaceRefused as error:
            self._keep_private(error)
        except DeliveryError as error:
            log.warning("the card is not there yet", extra={"reason": error.reason})

    async def _opened_again(self, posted: Posted, message: Message) -> bool:
        """Whether the message whose button was pressed is still there to be updated."""
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

    async def _shown_to_all(self, message: Message) -> bool:
        """Update the card, or post it where there is none; whether everybody sees it now."""
        try:
            if self.posted:
                try:
                    await self._slack.update(self.posted, message)
                except MessageGone as error:
                    log.warning("the card is gone, posted again", extra={"reason": error.reason})
                else:
                    return True
            self.posted = await self._slack.post(self._place, message)
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
        self._private, self._refusal, self.posted = True, error.reason, None

    async def _send(self, message: Message) -> None:
        asked = self._invocation
        if self._refusal:
            message = with_reason(
                message,
                self._refusal,
                bot_name=self._bot_name,
                channel=asked.channel,
                channel_name=asked.channel_name,
            )
        await self._slack.send_ephemeral(asked, for_one_person(message), replace=asked.ephemeral)

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
