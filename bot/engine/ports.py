"""What the engine needs from outside: settings, clock, observer, renderer and poster."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from dataclasses import field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.delivery import Message, Poster, WithoutHistory
from bot.domain.digest import DigestContent, FollowedTarget, Subscription, TargetObservation
from chainlib.frozen import dataclass

Clock = Callable[[], datetime]
PausedHook = Callable[[str, str], Awaitable[None]]
ClosedHook = Callable[[str], Awaitable[None]]


class Observer(Protocol):
    """Observes a target.

    A gateway takes one ARM read and a probe of each member, a host one probe.
    """

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """Observe the target now.

        Failures of the target are part of the result. An exception means that it was not observed.
        """


class Renderer(Protocol):
    """Renders the content of a digest."""

    def __call__(self, subscription: Subscription, content: DigestContent) -> Message:
        """Return the message; pure, so that a repeated attempt sends the same message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Times, limits and pauses of the engine.

    Attributes:
        replica: stable name of this process; after a restart under the same name it resumes its own
            work at once.
        history: the bot may read the channel's history, so it looks there for a message with an
            unknown outcome before it sends it again.
        without_history: what to do with a message of unknown outcome when it may not.
        lease: how long a replica may send no heartbeat before its work is taken over; longer than
            `post_timeout`.
        observe_every: how often a followed target is observed, besides its digests.
        observe_timeout: the longest time that one observation takes.
        confirm_gap: how long to wait for another observation when one cannot decide.
        post_timeout: the longest time that one post takes.
        settle: how long Slack's history may lag behind an accepted message.
        parallel: how many digests run at a time in one replica.
        spacing: least time between two posts to one channel.
        give_up_after: how long an undeliverable message is tried.
        tick_pause: the longest time between two looks at the clock, which also ends with every
            minute.
        poll: time between two reads of a queue. There are two queues, so on PostgreSQL a digest
            begins at most twice this time late; every read costs a transaction. On SQLite queued
            work begins at once.
        drain: how long running work may take to finish at shutdown.
    """

    replica: str = field(default_factory=socket.gethostname)
    history: bool = True
    without_history: WithoutHistory = WithoutHistory.AT_MOST_ONCE
    lease: timedelta = timedelta(seconds=30)
    observe_every: timedelta = timedelta(minutes=15)
    observe_timeout: timedelta = timedelta(minutes=3)
    confirm_gap: timedelta = timedelta(seconds=40)
    post_timeout: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=3)
    spacing: timedelta = timedelta(seconds=1)
    give_up_after: timedelta = timedelta(hours=12)
    tick_pause: timedelta = timedelta(seconds=5)
    poll: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=5)
    parallel: int = 50


async def _no_hook(channel: str, reason: str) -> None:
    """The default: a paused channel is not announced."""


async def _ignore_recovery(target_key: str) -> None:
    """The default: only the next digest reports a recovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that the engine uses from outside.

    Attributes:
        clock: returns the present instant, time zone aware; it alone decides what is due.
        on_paused: called after a channel's subscriptions were paused, with the channel and Slack's
            reason.
        on_closed: called with the key of a target of which a problem has just ended.
    """

    clock: Clock
    observer: Observer
    renderer: Renderer
    poster: Poster
    on_paused: PausedHook = _no_hook
    on_closed: ClosedHook = _ignore_recovery
