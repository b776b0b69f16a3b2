"""Places of messages in Slack: channels, threads and posted messages."""

from __future__ import annotations

from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel, or a thread in it."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message that was posted."""

    place: Place
    ts: str

    @property
    def thread(self) -> Place:
        """The thread below it, or the one that it is in."""
        return Place(channel=self.place.channel, thread=self.place.thread or self.ts)
