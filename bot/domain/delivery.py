"""How a message is delivered: the `Poster` protocol, its errors, and the stored state.

`bot.slack.outbound` implements `Poster` and the engine calls it; neither imports the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from chainlib.frozen import dataclass

Message = Mapping[str, Any]


class DeliveryError(Exception):
    """A message was not sent, or it is unknown whether it was. Base of all delivery errors.

    Args:
        reason: Slack's error code, or our own for a network failure.
        call: the method that was called, for the log; may be empty.
    """

    def __init__(self, reason: str, call: str = "") -> None:
        super().__init__(f"{call}: {reason}" if call else reason)
        self.reason = reason


class NotAccepted(DeliveryError):
    """Slack accepted nothing, for example because the connection was refused.

    A retry may help.
    """


class RateLimited(NotAccepted):
    """Slack accepted nothing; a retry helps after `retry_after` seconds."""

    def __init__(self, retry_after: float, call: str = "") -> None:
        super().__init__("ratelimited", call)
        self.retry_after = retry_after


class MessageRefused(DeliveryError):
    """Slack refused the message, so a retry is useless."""


class PlaceRefused(MessageRefused):
    """The bot may not post in this channel or conversation."""


class MessageGone(MessageRefused):
    """The message can no longer be updated, for example because it was deleted."""


class OutcomeUnknown(DeliveryError):
    """The request was sent and no usable answer came (time-out, broken connection, a 5xx).

    Slack may have accepted it.
    """


class Poster(Protocol):
    """Posts messages.

    `delivery_id` goes into the message's metadata, so that `find` can recognise it.
    """

    async def post(self, channel: str, message: Message, delivery_id: str) -> str:
        """Post a message and return its `ts`.

        Raises:
            RateLimited, Refused, NotAccepted: Slack accepted nothing.
            Unknown: the outcome is unknown; any other exception counts as this.
        """

    async def find(
        self, channel: str, delivery_id: str, since: datetime, until: datetime
    ) -> str | None:
        """Find the message with that ID in a part of the channel's history.

        Returns its `ts`, or `None`. When called again after an error, it continues where it
        stopped.

        Raises:
            RateLimited, Refused, NotAccepted, Unknown: the history could not be read.
        """


class WithoutHistory(StrEnum):
    """What to do with a message of unknown outcome if the history may not be read."""

    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once"


class DeliveryState(StrEnum):
    """The state of a message; the last four are final."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether no further attempt is made."""
        return self not in {DeliveryState.PLANNED, DeliveryState.SENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """An outbox message.

    Attributes:
        id: sent in the message's metadata.
        attempts: how many requests were begun.
        first_attempt_at: where the search in the history begins.
        owner, epoch: the replica that sends it, and its epoch.
        doubtful: the outcome of the last request is unknown.
        ts: Slack's ID of the message, once known.
    """

    id: str
    channel: str
    state: DeliveryState
    attempts: int = 0
    first_attempt_at: datetime | None = None
    attempt_at: datetime | None = None
    owner: str = ""
    epoch: int = 0
    doubtful: bool = False
    ts: str | None = None
    error: str | None = None


class RunOutcome(StrEnum):
    """How a due digest ended."""

    SENT = "sent"
    SILENT = "silent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    FAILED = "failed"
    DROPPED = "dropped"


class RunState(StrEnum):
    """The state of a due digest.

    Observing its target, waiting for earlier digests of its channel, queued, or ended.
    """

    CHECKING = "checking"
    READY = "ready"
    QUEUED = "queued"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRun:
    """One due digest.

    Attributes:
        id: subscription and UTC minute, which makes a run unique.
        due_at: when it was due; after an outage, later than the minute in `id`.
        check: the check that it waits for; empty until there is one.
        message: the stored message; a repeated attempt sends the same.
    """

    id: str
    subscription: int
    team: str
    channel: str
    target_key: str
    due_at: datetime
    state: RunState
    check: str = ""
    outcome: RunOutcome | None = None
    message: Message | None = None
