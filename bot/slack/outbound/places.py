"""Where messages go and what can go wrong on the way: values of the outbound room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel, or a thread in it."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message that stands in a channel."""

    place: Place
    ts: str

    @property
    def thread(self) -> Place:
        """The thread under it, or the one that it is in."""
        return Place(channel=self.place.channel, thread=self.place.thread or self.ts)


class DeliveryError(Exception):
    """Slack did not take a call.

    `reason` is Slack's word, or one of ours for what happened on the way.
    """

    def __init__(self, method: str, reason: str) -> None:
        super().__init__(f"{method}: {reason}")
        self.reason = reason


class NotAMember(DeliveryError):
    """The bot may not post in this channel: it has to be invited."""


class MessageGone(DeliveryError):
    """The message to edit is not there any more."""


class AnswerLost(DeliveryError):
    """The connection broke after the call was sent.

    It may have been done, so it is not sent again.
    """
