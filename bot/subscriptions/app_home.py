"""A user's overview of the channels they are in: problems, checks and subscriptions.

It is made of stored data and makes no request to Azure or a backend.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from bot.domain.digest import DigestLine, FollowedTarget, Subscription
from bot.subscriptions.records import SubscriptionRecords
from chainlib.frozen import dataclass

Memberships: TypeAlias = Callable[[Collection[str]], Awaitable[Collection[str]]]
"""Returns those of the channels in which the user is a member."""

_MAX_READ = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHomeContent:
    """One user's overview.

    Attributes:
        problems: open causes, each once, with a target whose digest contains it.
        hosts: the user's last checks, newest first, as typed.
        followed: the subscriptions of their channels.
        muted: how many open causes are muted in their channels.
        hidden: how many channels with their subscriptions are omitted, because their membership is
            not confirmed.
    """

    problems: tuple[tuple[DigestLine, FollowedTarget], ...]
    hosts: tuple[str, ...]
    followed: tuple[Subscription, ...]
    muted: int
    hidden: int


async def app_home_content(
    records: SubscriptionRecords, user: str, memberships: Memberships, now: datetime
) -> AppHomeContent:
    """What a user may see: everything of the channels in which they subscribed and are members.

    Raises:
        DatabaseUnavailable: the database cannot be read now.
    """
    known = await records.of_team()
    hosts = await records.recent_hosts(user)
    made_in = {one.channel for one in known if one.created_by == user}
    channels = set(await memberships(made_in))
    followed = tuple(one for one in known if one.channel in channels)
    problems, muted = await _problems(records, followed[:_MAX_READ], now)
    return AppHomeContent(
        problems=problems,
        hosts=hosts,
        followed=followed,
        muted=muted,
        hidden=len(made_in - channels),
    )


async def _problems(
    records: SubscriptionRecords, followed: Sequence[Subscription], now: datetime
) -> tuple[tuple[tuple[DigestLine, FollowedTarget], ...], int]:
    found: dict[str, tuple[DigestLine, FollowedTarget]] = {}
    muted = 0
    for one in followed:
        content, _ = await records.since(replace(one, only_changes=False), None, now)
        muted += sum(note.lines for note in content.muted)
        for line in content.lines:
            found.setdefault(line.cause, (line, one.target))
    return tuple(found.values()), muted
