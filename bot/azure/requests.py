"""Makes requests to ARM, within a time budget and the configured scope.

No request is made while ARM asks to wait (Retry-After).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.azure import refusals
from bot.azure.connection import Connection, open_connection
from bot.azure.errors import refusal_of
from bot.azure.settings import ArmSettings, ArmTiming
from bot.domain.gateway_ref import GatewayId
from bot.domain.refusal import Refusal, RefusalKind

READS, WRITES = "reads", "writes"
_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class ArmRequests:
    """Makes requests over one connection, which opens with the first one.

    A failure becomes a refusal.

    Args:
        settings: which Azure cloud, and which identity.
        clock: returns the present instant, time zone aware.
        timing: time budgets.
    """

    def __init__(
        self, settings: ArmSettings, *, clock: Callable[[], datetime], timing: ArmTiming
    ) -> None:
        self._settings, self._clock, self._timing = settings, clock, timing
        self._opening = asyncio.Lock()
        self._connection: Connection | None = None
        self._closed = False
        self._quiet: dict[tuple[str, str], tuple[datetime, Refusal]] = {}

    def refuse_more(self) -> None:
        """Refuse later requests."""
        self._closed = True

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def ask(
        self,
        call: Callable[[Connection], Awaitable[Answer]],
        what: str,
        subscription: str,
        budget: float,
        gateway: GatewayId | None = None,
        *,
        bucket: str = READS,
    ) -> Answer | Refusal:
        """Make one request within its time budget.

        This is the only place where an exception becomes a refusal.
        """
        if subscription and not self.in_scope(subscription):
            return refusals.out_of_scope()
        quiet = self._must_wait(subscription, bucket)
        if quiet:
            return quiet
        try:
            async with asyncio.timeout(budget):
                return await call(await self._line())
        except Exception as error:  # noqa: BLE001 -- callers get refusals, never exceptions
            refusal = refusal_of(
                error, what, credential=self._settings.credential, budget=budget, gateway=gateway
            )
        _log.info("ARM refused: %s", refusal.kind.value)
        if refusal.kind is RefusalKind.THROTTLED and refusal.retry_after:
            self._quiet[subscription.lower(), bucket] = (
                self._clock() + timedelta(seconds=refusal.retry_after),
                refusal,
            )
        return refusal

    def in_scope(self, subscription: str) -> bool:
        """Whether requests about a subscription are allowed.

        When subscriptions are configured, no other one is allowed, whatever ID was typed.
        """
        configured = self._settings.subscriptions
        return not configured or subscription.lower() in {one.lower() for one in configured}

    def _must_wait(self, subscription: str, bucket: str) -> Refusal | None:
        """Refuse while the wait that ARM asked for (Retry-After) is not over.

        Backend health counts as a write at ARM; reads have a wait of their own.
        """
        until, refusal = self._quiet.get((subscription.lower(), bucket), (None, None))
        if until is None or refusal is None:
            return None
        if self._clock() >= until:
            del self._quiet[subscription.lower(), bucket]
            return None
        return replace(refusal, retry_after=(until - self._clock()).total_seconds())

    async def _line(self) -> Connection:
        if self._closed:
            raise ConnectionError("the client is closed")
        async with self._opening:
            if self._connection is None:
                self._connection = await open_connection(self._settings, self._timing)
            return self._connection
