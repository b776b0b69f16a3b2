"""One Slack Web API call: when it may be sent again, and what its refusal means.

A call that was refused for its rate was not done, and is sent again when its turn comes. A call
whose answer was lost may have been done: only those that may be done twice (an update) are sent
again, a posted message never is. What Slack answers is documented per method under
docs.slack.dev/reference/methods, for example chat.postMessage and chat.update.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.delivery import (
    DeliveryError,
    MessageGone,
    NotAccepted,
    PlaceRefused,
    RateLimited,
    Unknown,
)
from bot.observability.metrics import SLACK_CALLS
from bot.slack.outbound.pacing import Key, Pacer

log = logging.getLogger(__name__)

NOT_CONNECTED = "not_connected"
SOME_TIME_S, LONG_S = 20.0, 300.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 15.0
_TOO_MANY, _SERVER_ERROR = 429, 500
_FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError)
_RATE = frozenset({"ratelimited", "rate_limited"})
_PLACE = frozenset(
    {
        "access_denied",
        "cannot_dm_bot",
        "cannot_reply_to_message",
        "channel_is_limited_access",
        "channel_not_found",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "external_channel_migrating",
        "is_archived",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "no_permission",
        "not_in_channel",
        "posting_to_channel_denied",
        "user_not_found",
        "user_not_in_channel",
    }
)
_PLACE_STARTS = ("restricted_action", "slack_connect_")
_GONE = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "is_inactive",
        "message_not_found",
        "thread_not_found",
    }
)
_IN_DOUBT = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "update_failed",
    }
)
REFUSED_BLOCKS = frozenset(
    {
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)


def _always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Caller:
    """Sends calls, each in its turn."""

    pacer: Pacer = field(default_factory=Pacer)

    async def call(
        self,
        method: Callable[..., Awaitable[Any]],
        /,
        *,
        repeatable: bool,
        patience: float = SOME_TIME_S,
        pace: str = "",
        wanted: Callable[[], bool] = _always,
        **arguments: Any,  # noqa: ANN401 -- passed through to the client's method
    ) -> Any:  # noqa: ANN401 -- the client's own response
        """Call a method of the client.

        Args:
            method: for example `client.chat_postMessage`.
            repeatable: being done twice does no harm.
            patience: seconds within which it is sent again; 0 for one attempt, and none while
                Slack asks to wait.
            pace: what is paced apart besides the method; the channel when empty.
            wanted: false when something newer has taken its place, and it need not be sent.
            arguments: of the method.

        Returns:
            The client's response, `None` where it was not wanted any more.

        Raises:
            DeliveryError: Slack refused it, or its answer was lost.
        """
        name = getattr(method, "__name__", "call")
        key = (name, pace or str(arguments.get("channel") or ""))
        ends = self.pacer.now() + patience
        for attempt in count(1):
            if wait := await self.pacer.turn(key, ends):
                raise RateLimited(wait, name)
            if not wanted():
                return None
            self.pacer.sent(key)
            try:
                response = await method(**arguments)
            except _FAILURES as error:
                failure = _named(name, error)
                SLACK_CALLS.labels(method=name, outcome=failure.reason).inc()
                if not await self._again(failure, key, attempt, ends, repeatable=repeatable):
                    raise failure from error
            else:
                SLACK_CALLS.labels(method=name, outcome="ok").inc()
                return response
        raise AssertionError

    async def _again(
        self, failure: DeliveryError, key: Key, attempt: int, ends: float, *, repeatable: bool
    ) -> bool:
        """Whether it is to be sent again, after the wait that this takes."""
        if isinstance(failure, RateLimited):
            self.pacer.close(key, failure.retry_after)
            wait, sleeps = failure.retry_after, False
        elif failure.reason == NOT_CONNECTED or (repeatable and isinstance(failure, Unknown)):
            wait, sleeps = min(_FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S), True
        else:
            return False
        if self.pacer.now() + wait > ends:
            return False
        log.warning(
            "Slack call is sent again",
            extra={"method": key[0], "reason": failure.reason, "wait_s": wait, "attempt": attempt},
        )
        if sleeps:
            await self.pacer.sleep(wait)
        return True


def _named(name: str, error: Exception) -> DeliveryError:
    """What became of the request. A refused token is for the operator, so it may be sent later."""
    reason, status = _reason_of(error), _status_of(error)
    if status == _TOO_MANY or reason in _RATE:
        return RateLimited(_retry_after_of(error), name)
    if reason in _PLACE or reason.startswith(_PLACE_STARTS):
        return PlaceRefused(reason, name)
    if reason in _GONE:
        return MessageGone(reason, name)
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotAccepted(NOT_CONNECTED, name)
    lost = not isinstance(error, SlackClientError)
    if lost or (status or 0) >= _SERVER_ERROR or reason in _IN_DOUBT:
        return Unknown(reason, name)
    return NotAccepted(reason, name)


def _data_of(error: Exception) -> Mapping[str, Any]:
    """The answer's body; of one that is no JSON the SDK tells status and headers alone."""
    response = getattr(error, "response", None) if isinstance(error, SlackApiError) else None
    data = getattr(response, "data", response)
    return data if isinstance(data, Mapping) else {}


def _reason_of(error: Exception) -> str:
    """Slack's code, the status when there is none, the kind of failure when nothing came."""
    code, status = _data_of(error).get("error"), _status_of(error)
    return str(code or (f"http_{status}" if status else type(error).__name__))


def _status_of(error: Exception) -> int | None:
    response = getattr(error, "response", None) if isinstance(error, SlackApiError) else None
    status = getattr(response, "status_code", None) or _data_of(error).get("status")
    return status if isinstance(status, int) else None


def _retry_after_of(error: Exception) -> float:
    """The seconds that Slack asks to wait, 1 where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    written = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        return max(float(written), 0.1)
    except ValueError:
        return 1.0
