"""Announces between digests that a reported problem has ended, or that digests are paused.

The digest's card is updated, and one line is posted in its thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from bot.cards.digest_card import DigestRow, digest_card, recovery
from bot.cards.parts import Message
from bot.cards.usage import naming_channels
from bot.domain.delivery import DeliveryError
from bot.domain.digest import DigestContent, Subscription
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_messages import head_of, rows_of
from bot.slack.outbound.places import Place, Posted
from bot.slack.outbound.runs import Runs
from bot.subscriptions import SubscriptionRecords
from chainlib import counted
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAnnouncer:
    """Announces recoveries in the channels that got the problem in a digest.

    Attributes:
        records: what was sent, and the present state.
        slack: the Slack client.
        runs: runs the announcements, so that a slow Slack does not delay observations.
        clock: returns the present instant, time zone aware.
    """

    records: SubscriptionRecords
    slack: SlackClient
    runs: Runs
    clock: Callable[[], datetime]

    async def on_closed(self, target_key: str) -> None:
        """Announce it in the background, normally before the next digest."""
        shown = asyncio.Event()
        self.runs.spawn(self._go_through(target_key, shown))
        with suppress(TimeoutError):
            await asyncio.wait_for(shown.wait(), _PATIENCE_S)

    async def _go_through(self, target_key: str, shown: asyncio.Event) -> None:
        try:
            await self._announce_all(target_key)
        finally:
            shown.set()

    async def _announce_all(self, target_key: str) -> None:
        """Update the last digests about a target."""
        for subscription in await self.records.to_target(target_key):
            if subscription.paused is None:
                await self._report(subscription)

    async def _report(self, subscription: Subscription) -> None:
        found = await self.records.last_card(subscription.id)
        if found is None:
            return
        run, content, ts = found
        ended = await self._ended(subscription, content)
        rows = rows_of(content, ended)
        card = Posted(place=Place(channel=subscription.channel), ts=ts)
        try:
            if ended:
                await self.slack.update(card, digest_card(head_of(content, ended), rows))
            for row in rows:
                if row.fixed and await self._is_news(run, row):
                    await self.slack.post(card.thread, recovery(row, content.target.text))
        except DeliveryError as error:
            log.warning(
                "a recovery could not be announced", extra={"reason": error.reason, "run": run}
            )

    async def _ended(
        self, subscription: Subscription, content: DigestContent
    ) -> dict[str, datetime]:
        """The causes of a digest that have ended, and when.

        One that ended while it was muted is not reported.
        """
        now = self.clock()
        current, states = await self.records.since(subscription, content, now)
        closed = {
            state.problem.cause: state.since
            for backend in states
            for state in backend.problems
            if not state.open
        }
        return {line.cause: closed.get(line.cause, now) for line in current.fixed}

    async def _is_news(self, run: str, row: DigestRow) -> bool:
        """Whether no process has announced it yet; claims it."""
        cause = sha256(row.line.cause.encode()).hexdigest()[:32]
        return await self.records.first_time(f"fixed:{run}:{cause}", self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedNotice:
    """Announces that a channel no longer accepts digests.

    Attributes:
        records: the channel's subscriptions.
        slack: the Slack client.
        clock: returns the present instant, time zone aware.
    """

    records: SubscriptionRecords
    slack: SlackClient
    clock: Callable[[], datetime]

    async def send(self, channel: str, reason: str, *_: object) -> None:
        """Send a direct message to the users who subscribed, at most once a day."""
        now = self.clock()
        if not await self.records.first_time(f"lost:{channel}:{reason}:{now:%Y-%m-%d}", now):
            return
        paused = [one for one in await self.records.of_channel(channel) if one.paused]
        for person in sorted({one.created_by for one in paused}):
            try:
                await self.slack.post(Place(channel=person), _paused(channel, reason, len(paused)))
            except DeliveryError as error:
                log.warning(
                    "a paused subscription could not be announced",
                    extra={"reason": error.reason, "user": person},
                )


def _paused(channel: str, reason: str, subscriptions: int) -> Message:
    """The message, with the channel by name."""
    count = counted(subscriptions, "digest")
    return naming_channels(
        f"{count} paused: Slack says {reason} of <#{channel}>. When I can post there again, "
        "tap Resume in its list."
    )
