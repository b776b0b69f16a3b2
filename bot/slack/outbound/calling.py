"""Calls one Web API method: when it may be repeated, and what its error means.

A call that was refused by a rate limit had no effect and is repeated after the wait. A call whose
response was lost may have had an effect: only those that may be done twice (an update) are
repeated, a posted message never is. Errors are documented per method under
docs.slack.dev/reference/methods, for example chat.postMessage and chat.update.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.domain.delivery import (
    DeliveryError,
    MessageGone,
    NotAccepted,
    OutcomeUnknown,
    PlaceRefused,
    RateLimited,
)
from bot.observability.metrics import SLACK_CALLS
from bot.slack.outbound.pacing import Key, Pacer
from bot.slack.transport.token import FAILURES

log = logging.getLogger(__name__)

NOT_CONNECTED, UNREADABLE = "not_connected", "unreadable_error"
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
SOME_TIME_S, LONG_S = 20.0, 300.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 15.0
_MIN_RETRY_S, _MAX_RETRY_S = 0.1, 86_400.0
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
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
    """Makes calls, paced by `Pacer`."""

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
        **arguments: Any,  # noqa: ANN401 -- passed to the client's method
    ) -> Any:  # noqa: ANN401 -- the client's own response
        """Call a method of the client.

        Args:
            method: for example `client.chat_postMessage`.
            repeatable: whether it may be done twice.
            patience: seconds within which it is repeated; 0 for one attempt, and none while a
                Retry-After lasts.
            pace: paced separately in addition to the method; the channel when empty.
            wanted: false if a newer call replaces this one, so that it need not be made.
            arguments: of the method.

        Returns:
            The client's response; `None` if it was no longer wanted.

        Raises:
            DeliveryError: Slack refused it, or its response was lost.
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
            except FAILURES as error:
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
        """Wait if needed, and say whether to repeat the call."""
        if isinstance(failure, RateLimited):
            self.pacer.close(key, failure.retry_after)
            wait, sleeps = failure.retry_after, False
        elif failure.reason == NOT_CONNECTED or (
            repeatable and isinstance(failure, OutcomeUnknown)
        ):
            wait, sleeps = min(_FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S), True
        else:
            return False
        if self.pacer.now() + wait > ends:
            if attempt > 1:
                log.warning(
                    "Slack call is given up",
                    extra={"method": key[0], "reason": failure.reason, "attempt": attempt},
                )
            return False
        log.warning(
            "Slack call is sent again",
            extra={"method": key[0], "reason": failure.reason, "wait_s": wait, "attempt": attempt},
        )
        if sleeps:
            await self.pacer.sleep(wait)
        return True


def _named(name: str, error: Exception) -> DeliveryError:
    """The delivery error for a client error.

    A refused token is the operator's problem, so the call may be repeated later.
    """
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
    unclear = reason == f"http_{_OK}"  # a page of a proxy or an empty body instead of an answer
    if lost or unclear or (status or 0) >= _SERVER_ERROR or reason in _IN_DOUBT:
        return OutcomeUnknown(reason, name)
    return NotAccepted(reason, name)


def _data_of(error: Exception) -> Mapping[str, Any]:
    """The response body; for a body that is not JSON, the SDK gives status and headers only."""
    response = getattr(error, "response", None) if isinstance(error, SlackApiError) else None
    data = getattr(response, "data", response)
    return data if isinstance(data, Mapping) else {}


def _reason_of(error: Exception) -> str:
    """Slack's error code, else the HTTP status, else the kind of network failure."""
    code, status = _data_of(error).get("error"), _status_of(error)
    if not code:
        return f"http_{status}" if status else type(error).__name__
    # The reason becomes a label of a metric and is logged.
    return str(code) if _CODE.fullmatch(str(code)) else UNREADABLE


def _status_of(error: Exception) -> int | None:
    response = getattr(error, "response", None) if isinstance(error, SlackApiError) else None
    status = getattr(response, "status_code", None) or _data_of(error).get("status")
    return status if isinstance(status, int) else None


def _retry_after_of(error: Exception) -> float:
    """Slack's Retry-After in seconds, at most a day; 1 if there is none."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    written = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    seconds = _seconds_in(str(written))
    return min(max(seconds, _MIN_RETRY_S), _MAX_RETRY_S) if math.isfinite(seconds) else 1.0


def _seconds_in(written: str) -> float:
    """The seconds of a Retry-After: a number, or a date (RFC 9110, 10.2.3); NaN for others."""
    try:
        return float(written)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(written).timestamp() - time.time()
    except ValueError:
        return math.nan
