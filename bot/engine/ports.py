"""What the engine is given: settings, the clock, and how to observe, render and post."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.delivery import Message, Poster, WithoutHistory
from bot.domain.digest import DigestContent, FollowedTarget, Subscription, TargetObservation

Clock = Callable[[], datetime]
PausedHook = Callable[[str, str], Awaitable[None]]
ClosedHook = Callable[[str], Awaitable[None]]


class Observer(Protocol):
    """Observes a target.

    A gateway by one ARM read and a probe of each member, a host by one probe.
    """

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """The state now.

        Failures of the target are data; an exception counts as not observed.
        """


class Renderer(Protocol):
    """Renders the content of a digest."""

    def __call__(self, subscription: Subscription, content: DigestContent) -> Message:
        """The message; pure, so that a repeated attempt sends the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the engine behaves.

    Attributes:
        replica: stable name of this process; the same name after a restart takes its own work back
            at once.
        history: the channel's history may be read, so a doubtful message is looked for before it is
            sent again.
        without_history: what to do with a doubtful message where it may not.
        lease: how long a replica may be silent before its work is taken over; longer than
            `post_timeout`.
        observe_every: how often a followed target is looked at, besides its digests.
        confirm_gap: how long to wait before looking again when a look alone cannot decide.
        settle: how long history may lag behind an accepted message.
        spacing: least time between two posts to one channel.
        give_up_after: how long a message that nobody accepts is tried.
        tick_pause: how often the clock is read.
        poll: how often each of the two queues is looked into: a digest begins at most twice this
            after its time, and every look costs a transaction although nothing is due.
        drain: how long running work may take to finish at the end.
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
    tick_pause: timedelta = timedelta(seconds=1)
    poll: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=5)
    parallel: int = 50


async def _no_hook(channel: str, reason: str) -> None:
    """The default: a paused channel is not announced."""


async def _ignore_recovery(target_key: str) -> None:
    """The default: only the next digest reports a recovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything outside.

    Attributes:
        clock: the present instant, aware; it alone decides what is due.
        on_paused: called when a lost channel's subscriptions were paused: channel, Slack's reason.
        on_closed: called with the key of a target of which a problem has just ended.
    """

    clock: Clock
    observer: Observer
    renderer: Renderer
    poster: Poster
    on_paused: PausedHook = _no_hook
    on_closed: ClosedHook = _ignore_recovery
