"""Where messages stand. What can go wrong on the way there is in `bot.domain.delivery`."""

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
