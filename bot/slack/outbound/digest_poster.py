"""The engine's way to a channel.

One post that carries its delivery's id, and the look into the channel's history for it.

Nothing is sent twice here: what Slack's answer means for a second attempt is told by the exception,
and the engine decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.delivery import DeliveryError, NotAccepted, RateLimited, Refused, Unknown
from bot.domain.delivery import Message as Data
from bot.observability.metrics import SLACK_CALLS
from bot.slack.outbound import places
from bot.slack.outbound.calling import REFUSED_BLOCKS, reason_of, retry_after_of, status_of
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_messages import from_data
from bot.slack.outbound.places import Place
from bot.slack.outbound.runs import Runs

log = logging.getLogger(__name__)

EVENT = "appgw_digest"
_THREAD_PAUSE_S = 1.1
_PAGE, _MOST_PAGES = 100, 10
_TOO_MANY, _SERVER_ERROR = 429, 500
_LOST = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "posting_to_channel_denied",
    }
)
_NO_HISTORY = frozenset(
    {
        "missing_scope",
        "channel_not_found",
        "not_in_channel",
        "method_not_supported_for_channel_type",
        "not_allowed_token_type",
    }
)
_IN_DOUBT = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPoster:
    """Posts digests.

    Attributes:
        slack: the way to Slack.
        runs: where the thread is filled, after the card stands.
    """

    slack: SlackClient
    runs: Runs

    async def post(self, channel: str, message: Data, delivery_id: str) -> str:
        """Post the card and return its `ts`; its details follow into its thread.

        Raises as `bot.domain.delivery.Poster` says.
        """
        shown = from_data(message)
        common: dict[str, Any] = {
            "channel": channel,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT, "event_payload": {"delivery_id": delivery_id}},
        }
        try:
            answer = await self._call(
                self.slack.client.chat_postMessage,
                _LOST,
                **common,
                text=shown.text,
                blocks=list(shown.blocks),
            )
        except NotAccepted as error:
            if str(error) not in REFUSED_BLOCKS:
                raise
            log.warning(
                "blocks of a digest refused, sent as plain text", extra={"reason": str(error)}
            )
            answer = await self._call(
                self.slack.client.chat_postMessage, _LOST, **common, text=shown.plain
            )
        ts = str(answer["ts"])
        if pages := [from_data(page) for page in message.get("thread") or ()]:
            self.runs.spawn(self._fill(Place(channel=channel, thread=ts), pages))
        return ts

    async def find(self, channel: str, delivery_id: str, since: datetime) -> str | None:
        """The `ts` of the message with that id. Raises as `bot.domain.delivery.Poster` says."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            more = {"cursor": cursor} if cursor else {}
            answer = await self._call(
                self.slack.client.conversations_history,
                _NO_HISTORY,
                channel=channel,
                oldest=f"{since.timestamp():.6f}",
                inclusive=True,
                include_all_metadata=True,
                limit=_PAGE,
                **more,
            )
            found = next(
                (str(one["ts"]) for one in answer["messages"] if _carries(one, delivery_id)), None
            )
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if found or not cursor:
                return found
        raise NotAccepted("the history is too long to be read")

    async def _fill(self, thread: Place, pages: list[Any]) -> None:
        """The thread's messages wait for the pace that Slack allows a channel."""
        for page in pages:
            await asyncio.sleep(_THREAD_PAUSE_S)
            try:
                await self.slack.post(thread, page)
            except places.DeliveryError as error:
                log.warning("a digest's thread is incomplete", extra={"reason": error.reason})

    async def _call(
        self,
        method: Callable[..., Awaitable[Any]],
        final: frozenset[str],
        **arguments: Any,  # noqa: ANN401 -- passed through
    ) -> Any:  # noqa: ANN401 -- passed through
        name = getattr(method, "__name__", "call")
        try:
            answer = await method(**arguments)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            SLACK_CALLS.labels(method=name, outcome=reason_of(error)).inc()
            raise _meaning(error, final) from error
        SLACK_CALLS.labels(method=name, outcome="ok").inc()
        return answer


def _meaning(error: Exception, final: frozenset[str]) -> DeliveryError:
    """What became of the request.

    A refused token loses no channel: the operator mends it, and the digest waits.
    """
    reason, status = reason_of(error), status_of(error)
    if status == _TOO_MANY or reason == "ratelimited":
        return RateLimited(retry_after_of(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotAccepted(reason)
    if (
        not isinstance(error, SlackApiError)
        or (status or 0) >= _SERVER_ERROR
        or reason in _IN_DOUBT
    ):
        return Unknown(reason)
    return Refused(reason) if reason in final else NotAccepted(reason)


def _carries(message: Mapping[str, Any], delivery_id: str) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return bool(payload.get("delivery_id") == delivery_id)
