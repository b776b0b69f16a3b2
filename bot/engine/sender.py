"""Sends each planned message once, although Slack has no idempotency key.

The intent is committed before the request. A request whose outcome is unknown is looked for in the
channel before it is repeated: the message carries the ID of its delivery, so the channel's history
shows whether it arrived. One gap remains: a replica that is paused for longer than the lease
between its last read of its epoch and its request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import (
    DeliveryError,
    DeliveryState,
    Message,
    MessageRefused,
    OutboxMessage,
    OutcomeUnknown,
    RateLimited,
    WithoutHistory,
)
from bot.engine.lease import Lease
from bot.engine.ports import EngineSettings, Ports
from bot.store import Store
from bot.store.outbox import (
    is_current_epoch,
    lock_message,
    lock_pace,
    save_message,
    set_pace,
    set_rate_limit_end,
)

OnFinal = Callable[[AsyncConnection, OutboxMessage], Awaitable[None]]

_LOG = logging.getLogger(__name__)
_HELD_BY_ANOTHER_S = 2.0
_HISTORY_MARGIN = timedelta(seconds=5)
_LONGEST_PAUSE_S = 60.0
_LONGEST_WAIT_S = (
    3600.0  # Slack never asks for more; a longer wait was stored by a clock that was ahead
)


class DigestSender:
    """Sends planned messages.

    Args:
        store: where intents and outcomes are stored.
        ports: poster and clock.
        lease: says whether this process may still post.
        settings: time-outs and limits.
    """

    def __init__(self, store: Store, ports: Ports, lease: Lease, settings: EngineSettings) -> None:
        self._store, self._poster, self._clock = store, ports.poster, ports.clock
        self._lease, self._settings = lease, settings
        self._in_progress: set[str] = set()

    async def attempt(
        self, delivery_id: str, message: Message, on_final: OnFinal
    ) -> tuple[OutboxMessage | None, float]:
        """Make one attempt to send a message.

        Args:
            delivery_id: of a planned message.
            message: the message.
            on_final: called in the transaction that makes the delivery final; may be called more
                than once.

        Returns:
            The delivery when it is final; otherwise `None` and the seconds until the next attempt.
        """
        if delivery_id in self._in_progress:
            return None, _HELD_BY_ANOTHER_S
        self._in_progress.add(delivery_id)
        try:
            claimed, wait = await self._claim(delivery_id, on_final)
            if claimed is None or claimed.state.final:
                return claimed, wait
            final, wait = await self._deliver(claimed, message)
            if final is not None:
                await self._settle(final, on_final)
            return final, wait
        finally:
            self._in_progress.discard(delivery_id)

    async def _claim(
        self, delivery_id: str, on_final: OnFinal
    ) -> tuple[OutboxMessage | None, float]:
        """Commit the intent; from then on a request may have been sent."""
        async with self._store.writing() as connection:
            found = await lock_message(connection, delivery_id)
            if found.state.final:
                await on_final(connection, found)
                return found, 0
            if not await self._lease.owns(connection) or not await self._is_free(connection, found):
                return None, _HELD_BY_ANOTHER_S
            now = self._clock()
            doubtful = found.doubtful or found.state is DeliveryState.SENDING
            wait = await self._wait(connection, found, now, doubtful=doubtful)
            if wait > 0:
                return None, wait
            claimed = replace(
                found,
                state=DeliveryState.SENDING,
                attempts=found.attempts + 1,
                first_attempt_at=found.first_attempt_at or now,
                # for an unknown outcome, keep the instant of the request that is looked for
                attempt_at=found.attempt_at if doubtful and found.attempt_at else now,
                owner=self._lease.replica,
                epoch=self._lease.epoch,
                doubtful=doubtful,
            )
            await save_message(connection, claimed)
            await set_pace(connection, found.channel, now + self._settings.spacing)
            return claimed, 0

    async def _is_free(self, connection: AsyncConnection, found: OutboxMessage) -> bool:
        """Whether no live replica is sending the message.

        Work that this process began counts as free.
        """
        if found.state is not DeliveryState.SENDING:
            return True
        own = (found.owner, found.epoch) == (self._lease.replica, self._lease.epoch)
        return own or not await is_current_epoch(connection, found.owner, found.epoch)

    async def _wait(
        self, connection: AsyncConnection, found: OutboxMessage, now: datetime, *, doubtful: bool
    ) -> float:
        """Seconds until the channel may be posted to and, if needed, its history is complete."""
        free = await lock_pace(connection, found.channel)
        settled = (
            found.attempt_at + self._settings.settle
            if doubtful and found.attempt_at and self._settings.history
            else None
        )
        waits = [(instant - now).total_seconds() for instant in (free, settled) if instant]
        return max((wait for wait in waits if wait <= _LONGEST_WAIT_S), default=0.0)

    async def _deliver(
        self, claimed: OutboxMessage, message: Message
    ) -> tuple[OutboxMessage | None, float]:
        """Find out the outcome of an earlier request if needed, then post the message."""
        if claimed.doubtful:
            try:
                known = await self._reconcile(claimed)
            except DeliveryError as error:
                return await self._schedule_retry(claimed, error, doubtful=True, posting=False)
            if known is not None:
                return known, 0
            claimed = await self._commit_request_time(claimed)
        async with self._store.reading() as connection:
            if not await self._lease.owns(connection):
                return None, _HELD_BY_ANOTHER_S
        try:
            ts = await self._post(claimed, message)
        except MessageRefused as error:
            return replace(
                claimed, state=DeliveryState.REFUSED, error=error.reason, doubtful=False
            ), 0
        except DeliveryError as error:
            return await self._schedule_retry(
                claimed, error, doubtful=isinstance(error, OutcomeUnknown)
            )
        return replace(claimed, state=DeliveryState.SENT, ts=ts, doubtful=False), 0

    async def _reconcile(self, claimed: OutboxMessage) -> OutboxMessage | None:
        """Find out the outcome of the last request.

        Returns the final delivery if it arrived, or `None` to post.
        """
        if self._settings.history:
            try:
                ts = await self._find(claimed)
            except MessageRefused as error:
                _LOG.warning("history of %s cannot be read: %s", claimed.channel, error.reason)
            else:
                return (
                    replace(claimed, state=DeliveryState.SENT, ts=ts, doubtful=False)
                    if ts
                    else None
                )
        if self._settings.without_history is WithoutHistory.AT_MOST_ONCE:
            return replace(claimed, state=DeliveryState.UNKNOWN)
        return None

    async def _find(self, claimed: OutboxMessage) -> str | None:
        """Look for the message in the history around the time of the last request."""
        requested_at = claimed.attempt_at or self._clock()
        since = requested_at - _HISTORY_MARGIN
        until = requested_at + self._settings.post_timeout + _HISTORY_MARGIN
        with _unexpected_as_unknown():
            return await self._poster.find(claimed.channel, claimed.id, since, until)

    async def _post(self, claimed: OutboxMessage, message: Message) -> str:
        with _unexpected_as_unknown():
            async with asyncio.timeout(self._settings.post_timeout.total_seconds()):
                return await self._poster.post(claimed.channel, message, claimed.id)

    async def _commit_request_time(self, claimed: OutboxMessage) -> OutboxMessage:
        """Commit the instant of the next request before it is made."""
        updated = replace(claimed, attempt_at=self._clock())
        async with self._store.writing() as connection:
            await save_message(connection, updated)
        return updated

    async def _schedule_retry(
        self, claimed: OutboxMessage, error: DeliveryError, *, doubtful: bool, posting: bool = True
    ) -> tuple[OutboxMessage | None, float]:
        """Store the outcome of the request and when to try again.

        A rate limit on reading the history does not delay other posts to the channel.
        """
        now, began = self._clock(), claimed.first_attempt_at
        if began is not None and now - began > self._settings.give_up_after:
            return replace(claimed, state=DeliveryState.FAILED, error=str(error)), 0
        retry_after = error.retry_after if isinstance(error, RateLimited) else None
        async with self._store.writing() as connection:
            await save_message(
                connection,
                replace(claimed, state=DeliveryState.PLANNED, doubtful=doubtful, error=str(error)),
            )
            if retry_after is not None and posting:
                await set_rate_limit_end(
                    connection, claimed.channel, now + timedelta(seconds=retry_after)
                )
        return None, retry_after if retry_after is not None else min(
            2.0**claimed.attempts, _LONGEST_PAUSE_S
        )

    async def _settle(self, final: OutboxMessage, on_final: OnFinal) -> None:
        async with self._store.writing() as connection:
            await save_message(connection, final)
            await set_pace(connection, final.channel, self._clock() + self._settings.spacing)
            await on_final(connection, final)


@contextmanager
def _unexpected_as_unknown() -> Iterator[None]:
    """Turn an unexpected exception of the poster into an unknown outcome."""
    try:
        yield
    except DeliveryError:
        raise
    except Exception as error:
        raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error
