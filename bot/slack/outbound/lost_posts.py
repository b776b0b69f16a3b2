"""Finds a message that Slack accepted and whose response was lost.

Each attempt to post a card carries an ID in the message's metadata, which `conversations.history`
and `conversations.replies` show to the app (scopes `channels:history`, `groups:history` and
`im:history`; docs.slack.dev/messaging/message-metadata). Without the scope nothing can be found.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import field
from time import time
from typing import Any
from uuid import uuid4

from bot.cards.parts import Block
from bot.domain.delivery import DeliveryError
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Place, Posted
from bot.slack.payload import Payload, object_at, objects_at, text_at
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

EVENT = "appgw_card"
_PAGE = 100
_CLOCKS_DIFFER_S = 120.0
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAttempt:
    """One attempt to post a card.

    Attributes:
        place: where.
        begun: when, in seconds since 1970 by this machine's clock.
        id: sent in the message's metadata.
    """

    place: Place
    begun: float = field(default_factory=time)
    id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def metadata(self) -> Block:
        """What the message carries."""
        return {"event_type": EVENT, "event_payload": {"post_id": self.id}}

    async def find(self, slack: SlackClient) -> Posted | None:
        """The message of this attempt; `None` if it is not there or may not be read."""
        place, client = self.place, slack.client
        method: Callable[..., Awaitable[Any]] = (
            client.conversations_replies if place.thread else client.conversations_history
        )
        thread = {"ts": place.thread} if place.thread else {}
        try:
            answer = await slack.call(
                method,
                repeatable=True,
                patience=_PATIENCE_S,
                oldest=f"{self.begun - _CLOCKS_DIFFER_S:.6f}",
                inclusive=True,
                include_all_metadata=True,
                limit=_PAGE,
                channel=place.channel,
                **thread,
            )
        except DeliveryError as error:
            log.warning(
                "a card whose response was lost cannot be searched for",
                extra={"reason": error.reason},
            )
            return None
        ts = next(
            (text_at(one, "ts") for one in objects_at(answer.data, "messages") if self._in(one)), ""
        )
        return Posted(place=place, ts=ts) if ts else None

    def _in(self, message: Payload) -> bool:
        payload = object_at(object_at(message, "metadata"), "event_payload")
        return text_at(payload, "post_id") == self.id
