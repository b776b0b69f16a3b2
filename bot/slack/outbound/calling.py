"""One Slack Web API call: when it may be sent again, and what its refusal means.

`delivery` says what is called.

A call that was refused with 429 was not done and is sent again after `Retry-After`. A call whose
answer was lost may have been done: only
those that may be done twice (an edit) are sent again, a posted message never is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.observability.metrics import SLACK_CALLS
from bot.slack.outbound.places import AnswerLost, DeliveryError, MessageGone, NotAMember

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
LONGEST_WAIT_S = 60.0
_TOO_MANY, _SERVER_ERROR = 429, 500
_NOT_A_MEMBER = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "restricted_action",
        "posting_to_channel_denied",
    }
)
_GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}
)
REFUSED_BLOCKS = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "invalid_attachments",
        "too_many_attachments",
    }
)
_Sleep = Callable[[float], Awaitable[None]]


async def call(
    method: Callable[..., Awaitable[Any]],
    /,
    *,
    repeatable: bool,
    patient: bool = True,
    sleep: _Sleep = asyncio.sleep,
    **arguments: Any,  # noqa: ANN401 -- passed through to the client's method
) -> Any:  # noqa: ANN401 -- the client's own response
    """Call a method of the client.

    Args:
        method: for example `client.chat_postMessage`.
        repeatable: being done twice does no harm.
        patient: wait and try again; otherwise the first refusal counts (progress is not worth
            waiting for).
        sleep: how waiting is done.
        arguments: of the method.

    Raises:
        DeliveryError: Slack refused it, or its answer was lost.
    """
    name = getattr(method, "__name__", "call")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            response = await method(**arguments)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            wait = (
                _wait_before_retry(error, attempt, repeatable=repeatable)
                if patient and attempt < MAX_ATTEMPTS
                else None
            )
            SLACK_CALLS.labels(method=name, outcome=reason_of(error)).inc()
            if wait is None:
                raise _named(name, error) from error
            log.warning(
                "Slack call is sent again",
                extra={
                    "method": name,
                    "reason": reason_of(error),
                    "wait_s": wait,
                    "attempt": attempt,
                },
            )
            await sleep(wait)
        else:
            SLACK_CALLS.labels(method=name, outcome="ok").inc()
            return response
    raise AssertionError


def _wait_before_retry(error: Exception, attempt: int, *, repeatable: bool) -> float | None:
    """Seconds until the next attempt, `None` when there must be none."""
    status = status_of(error)
    if status == _TOO_MANY or reason_of(error) == "ratelimited":
        return min(retry_after_of(error), LONGEST_WAIT_S)
    not_sent = isinstance(error, aiohttp.ClientConnectorError)
    broken = status is None and not isinstance(error, SlackClientError)
    if not_sent or (repeatable and (broken or (status is not None and status >= _SERVER_ERROR))):
        return float(min(0.25 * 4 ** (attempt - 1), LONGEST_WAIT_S))
    return None


def _named(name: str, error: Exception) -> DeliveryError:
    reason = reason_of(error)
    if reason in _NOT_A_MEMBER:
        return NotAMember(name, reason)
    if reason in _GONE:
        return MessageGone(name, reason)
    if not isinstance(error, SlackClientError | aiohttp.ClientConnectorError):
        return AnswerLost(name, reason)
    return DeliveryError(name, reason)


def reason_of(error: Exception) -> str:
    """Slack's word for the refusal, the status when it gave none, the kind of failure when nothing came."""
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    status = status_of(error)
    return str(word or (f"http_{status}" if status else type(error).__name__))


def status_of(error: Exception) -> int | None:
    """The HTTP status that a refusal came with, `None` when there was no answer."""
    response = getattr(error, "response", None) if isinstance(error, SlackApiError) else None
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    return status if isinstance(status, int) else None


def retry_after_of(error: Exception) -> float:
    """The seconds that Slack asks to wait."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    written = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    try:
        return max(float(written), 0.1)
    except ValueError:
        return 1.0
