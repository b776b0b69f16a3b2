"""Runs one due digest: from the stored observations to a message that is sent once."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.digest.compose import should_send
from bot.digest.wording import plain_lines
from bot.domain.delivery import (
    DeliveryState,
    DigestRun,
    Message,
    OutboxMessage,
    RunOutcome,
    RunState,
)
from bot.domain.digest import DigestContent, Subscription
from bot.domain.outage import DatabaseUnavailable
from bot.engine.ports import Ports
from bot.engine.sender import DigestSender
from bot.store import Store
from bot.store.outbox import plan_message
from bot.store.runs import finish, freeze, get_run, last_sent
from bot.store.subscriptions import get_subscription, pause_channel
from bot.subscriptions import current_digest

_LOG = logging.getLogger(__name__)
_RETRY_S = 5.0
_OUTCOMES = {
    DeliveryState.SENT: RunOutcome.SENT,
    DeliveryState.UNKNOWN: RunOutcome.UNKNOWN,
    DeliveryState.REFUSED: RunOutcome.REFUSED,
    DeliveryState.FAILED: RunOutcome.FAILED,
}


class DigestRuns:
    """Runs due digests until they are sent or given up.

    Args:
        store: the database.
        ports: clock, renderer, and the callback for a paused channel.
        digest_sender: sends the messages.
    """

    def __init__(self, store: Store, ports: Ports, digest_sender: DigestSender) -> None:
        self._store, self._ports, self._sender = store, ports, digest_sender

    async def advance(self, run_id: str) -> float:
        """Continue a run; returns the seconds until the next attempt, 0 when the run has ended.

        Never raises.
        """
        try:
            return await self._advance(run_id)
        except DatabaseUnavailable:
            return _RETRY_S
        except Exception:  # noqa: BLE001 -- an exception would end the workflow, and the digest would be lost
            _LOG.exception("digest %s: trying again", run_id)
            return _RETRY_S

    async def _advance(self, run_id: str) -> float:
        now = self._ports.clock()
        async with self._store.writing() as connection:
            run = await get_run(connection, run_id)
            if run is None or run.state is RunState.DONE:
                return 0
            message = run.message or await self._prepare(connection, run, now)
        if message is None:
            return 0
        final, wait = await self._sender.attempt(run_id, message, partial(self._end, run))
        if final is not None and final.state is DeliveryState.REFUSED:
            _LOG.warning(
                "channel %s refuses messages (%s): its subscriptions are paused",
                run.channel,
                final.error,
            )
            await self._ports.on_paused(run.channel, final.error or "refused")
        return wait

    async def _prepare(
        self, connection: AsyncConnection, run: DigestRun, now: datetime
    ) -> Message | None:
        """Store the content of the run and plan its message; `None` if nothing is to be sent."""
        subscription = await get_subscription(connection, run.subscription)
        if subscription is None or subscription.paused is not None:
            await finish(connection, run.id, RunOutcome.DROPPED, now)
            return None
        content = await self._compose(connection, run, subscription, now)
        if not should_send(subscription, content):
            await finish(connection, run.id, RunOutcome.SILENT, now)
            return None
        message = self._render(subscription, content)
        await freeze(connection, run.id, content, message)
        await plan_message(connection, run.id, run.channel, now)
        return message

    async def _compose(
        self, connection: AsyncConnection, run: DigestRun, subscription: Subscription, now: datetime
    ) -> DigestContent:
        last = await last_sent(connection, run.subscription, run.due_at)
        return await current_digest(connection, subscription, now, last)

    def _render(self, subscription: Subscription, content: DigestContent) -> Message:
        """Render the message; if the renderer fails, send the plain lines instead."""
        try:
            return self._ports.renderer(subscription, content)
        except Exception:  # noqa: BLE001 -- the digest is sent even if the renderer fails
            _LOG.exception("rendering the digest of subscription %d", subscription.id)
            return {"text": "\n".join(plain_lines(content))}

    async def _end(self, run: DigestRun, connection: AsyncConnection, final: OutboxMessage) -> None:
        """Store how the run ended; called in the transaction that makes the delivery final."""
        await finish(connection, run.id, _OUTCOMES[final.state], self._ports.clock())
        if final.state is DeliveryState.REFUSED:
            await pause_channel(connection, run.channel, final.error or "refused")
