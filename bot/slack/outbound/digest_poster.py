"""Implements the engine's `Poster` with Slack.

It posts a message with its delivery's ID, and searches the channel's history for it. Nothing is
sent twice here: the exception gives the outcome, and the engine decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from bot.cards.parts import Message
from bot.domain.delivery import DeliveryError, MessageRefused, NotAccepted
from bot.domain.delivery import Message as Data
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_messages import from_data
from bot.slack.outbound.places import Place
from bot.slack.outbound.runs import Runs
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

EVENT = "appgw_digest"
PAGE = 15
_MAX_PAGES = 20
_MAX_PLACES = 1000
_THREAD_PAUSE_S, _THREAD_PATIENCE_S = 1.1, 120.0
_NO_HISTORY = frozenset({"missing_scope", "not_allowed_token_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPoster:
    """Posts digests.

    Attributes:
        slack: the Slack client.
        runs: fills the thread after the card was posted.
    """

    slack: SlackClient
    runs: Runs
    _cursors: dict[str, str] = field(default_factory=dict)

    async def post(self, channel: str, message: Data, delivery_id: str) -> str:
        """Post the card and return its `ts`; its details are then posted into its thread.

        Raises as in `bot.domain.delivery.Poster`.
        """
        mark = {"event_type": EVENT, "event_payload": {"delivery_id": delivery_id}}
        posted = await self.slack.post(
            Place(channel=channel), from_data(message), patience=0, metadata=mark
        )
        if pages := [from_data(page) for page in message.get("thread") or ()]:
            self.runs.spawn(self._fill(posted.thread, pages))
        return posted.ts

    async def find(
        self, channel: str, delivery_id: str, since: datetime, until: datetime
    ) -> str | None:
        """The `ts` of the message with that ID. Raises as in `bot.domain.delivery.Poster`.

        It is usually on the first page of 15, the limit per minute for distributed apps
        (docs.slack.dev/apis/web-api/rate-limits). After an error it continues at the same page.
        """
        for _ in range(_MAX_PAGES):
            answer = await self._page(channel, delivery_id, since, until)
            messages = answer.get("messages") or ()
            found = next((str(one["ts"]) for one in messages if _carries(one, delivery_id)), None)
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if found or not cursor:
                self._cursors.pop(delivery_id, None)
                return found
            self._cursors[delivery_id] = cursor
            while len(self._cursors) > _MAX_PLACES:
                del self._cursors[next(iter(self._cursors))]
        raise NotAccepted("history_too_long", "conversations_history")

    async def _page(
        self, channel: str, delivery_id: str, since: datetime, until: datetime
    ) -> Mapping[str, Any]:
        cursor = self._cursors.get(delivery_id, "")
        try:
            answer = await self.slack.call(
                self.slack.client.conversations_history,
                repeatable=True,
                patience=0,
                channel=channel,
                oldest=f"{since.timestamp():.6f}",
                latest=f"{until.timestamp():.6f}",
                inclusive=True,
                include_all_metadata=True,
                limit=PAGE,
                **({"cursor": cursor} if cursor else {}),
            )
        except NotAccepted as error:
            if error.reason == "invalid_cursor":
                self._cursors.pop(delivery_id, None)
            if error.reason in _NO_HISTORY:
                raise MessageRefused(error.reason, "conversations_history") from error
            raise
        data: Mapping[str, Any] = answer.data
        return data

    async def _fill(self, thread: Place, pages: Sequence[Message]) -> None:
        """Post the thread; errors do not change the card."""
        for page in pages:
            await asyncio.sleep(_THREAD_PAUSE_S)
            try:
                await self.slack.post(thread, page, patience=_THREAD_PATIENCE_S)
            except DeliveryError as error:
                log.warning("a digest's thread is incomplete", extra={"reason": error.reason})


def _carries(message: Mapping[str, Any], delivery_id: str) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return bool(payload.get("delivery_id") == delivery_id)
