"""Stores subscriptions, mutes, sent digests and watches; each method is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from bot.domain.backend_key import BackendKey
from bot.domain.digest import (
    BackendEvent,
    BackendState,
    DigestContent,
    FollowedTarget,
    Mute,
    Subscription,
)
from bot.domain.refusal import Refusal, RefusalKind
from bot.store import Store
from bot.store.last_known import (
    add_audit_entry,
    drop_watch,
    first_time,
    open_watches,
    recent_hosts,
    remember_hosts,
    save_watch,
)
from bot.store.observations import backend_history, target_states
from bot.store.runs import last_card, last_sent
from bot.store.subscriptions import (
    add_mute,
    add_subscription,
    channel_mutes,
    channel_subscriptions,
    count_subscriptions,
    end_mutes,
    get_subscription,
    remove_subscription,
    save_subscription,
    set_zone,
    target_subscriptions,
    team_subscriptions,
    zone_of,
)
from bot.subscriptions.current import current_digest
from chainlib.frozen import dataclass

MAX_PER_CHANNEL, MAX_IN_TOTAL = 50, 500
_JUST_SENT = timedelta(seconds=10)

Author: TypeAlias = tuple[str, str, str]
"""Workspace, channel and user of a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecords:
    """Subscriptions and mutes of one workspace. Every method raises `DatabaseUnavailable`.

    Attributes:
        store: the database.
        team: the bot's own workspace, to which its channels belong, whoever asks.
    """

    store: Store
    team: str

    async def of_channel(self, channel: str) -> tuple[Subscription, ...]:
        """The subscriptions of a channel, in the order of their numbers."""
        async with self.store.reading() as connection:
            return await channel_subscriptions(connection, self.team, channel)

    async def of_team(self) -> tuple[Subscription, ...]:
        """The subscriptions of every channel."""
        async with self.store.reading() as connection:
            return await team_subscriptions(connection, self.team)

    async def to_target(self, target_key: str) -> tuple[Subscription, ...]:
        """The subscriptions to a target."""
        async with self.store.reading() as connection:
            return await target_subscriptions(connection, target_key)

    async def zone(self, channel: str) -> str | None:
        """The channel's time zone; `None` before one was chosen."""
        async with self.store.reading() as connection:
            return await zone_of(connection, self.team, channel)

    async def set_zone(self, channel: str, zone: str) -> None:
        """Store a channel's time zone."""
        async with self.store.writing() as connection:
            await set_zone(connection, self.team, channel, zone)

    async def keep(
        self,
        value: Subscription,
        before: Subscription | None,
        author: Author,
        at: datetime,
        detail: str,
    ) -> Subscription | Refusal:
        """Store a new subscription, or change the one to the same target.

        A refusal if the channel or the bot already has the greatest allowed number.
        """
        async with self.store.writing() as connection:
            if before is None:
                of_channel, in_all = await count_subscriptions(connection, self.team, value.channel)
                if no := _refuse_more(of_channel, in_all):
                    return no
            await add_audit_entry(connection, at, author, "subscribe", detail)
            if before is None:
                return await add_subscription(connection, value)
            kept = replace(
                value,
                id=before.id,
                rev=before.rev,
                created_by=before.created_by,
                created_at=before.created_at,
            )
            return await save_subscription(connection, kept)

    async def take_back(self, stored: Subscription, before: Subscription | None) -> None:
        """Undo `keep`, if the confirmation could not be posted."""
        async with self.store.writing() as connection:
            if before is None:
                await remove_subscription(connection, stored.id)
            elif await get_subscription(connection, stored.id):
                await save_subscription(connection, replace(before, rev=stored.rev))

    async def remove(self, chosen: Mapping[int, str], author: Author, at: datetime) -> None:
        """Remove subscriptions; `chosen` is ID -> detail for the audit log."""
        async with self.store.writing() as connection:
            for subscription_id, detail in chosen.items():
                if await remove_subscription(connection, subscription_id):
                    await add_audit_entry(connection, at, author, "unsubscribe", detail)

    async def mute(self, value: Mute, author: Author) -> None:
        """Store a mute."""
        detail = f"{value.target.text} until {value.ends:%Y-%m-%dT%H:%MZ} {value.reason}"
        async with self.store.writing() as connection:
            await add_mute(connection, value)
            await add_audit_entry(connection, value.begins, author, "mute", detail)

    async def unmute(
        self, ended: Sequence[Mute], author: Author, at: datetime, detail: str
    ) -> None:
        """End mutes now."""
        async with self.store.writing() as connection:
            await end_mutes(connection, ended, at)
            await add_audit_entry(connection, at, author, "unmute", detail)

    async def mutes_of(self, channel: str, target: FollowedTarget, now: datetime) -> list[Mute]:
        """The active and future mutes of exactly this target."""
        async with self.store.reading() as connection:
            holding = await channel_mutes(connection, self.team, channel, now)
        part = (target.key, target.pool, target.setting)
        return [
            one for one in holding if (one.target.key, one.target.pool, one.target.setting) == part
        ]

    async def events(
        self, target: FollowedTarget, gateways: Iterable[str], host: str | None, since: datetime
    ) -> list[BackendEvent]:
        """The events of a target, and of a host as a member of these gateways."""
        async with self.store.reading() as connection:
            own = [*await backend_history(connection, BackendKey.beginning(target.key), since)]
            for key in sorted(gateways) if host else ():
                own += [
                    event
                    for event in await backend_history(connection, BackendKey.beginning(key), since)
                    if BackendKey.read(event.key).server == host
                ]
        return own

    async def states(self, target_key: str) -> tuple[BackendState, ...]:
        """The stored states of a target's backends."""
        async with self.store.reading() as connection:
            return await target_states(connection, target_key)

    async def preview(
        self, value: Subscription, states: Sequence[BackendState], now: datetime
    ) -> DigestContent:
        """The content of the digest now, compared with the last one that was sent."""
        async with self.store.reading() as connection:
            last = await last_sent(connection, value.id, now + _JUST_SENT) if value.id else None
            return await current_digest(connection, value, now, last, states)

    async def since(
        self, value: Subscription, last: DigestContent | None, now: datetime
    ) -> tuple[DigestContent, tuple[BackendState, ...]]:
        """The content of the digest now compared with `last`, and the states used for it."""
        async with self.store.reading() as connection:
            states = await target_states(connection, value.target.key)
            return await current_digest(connection, value, now, last, states), states

    async def last_card(self, subscription_id: int) -> tuple[str, DigestContent, str] | None:
        """The last digest posted in its channel: its run, content and message."""
        async with self.store.reading() as connection:
            return await last_card(connection, subscription_id)

    async def first_time(self, event_id: str, at: datetime) -> bool:
        """Whether no process has handled this event before; records it."""
        async with self.store.writing() as connection:
            return await first_time(connection, event_id, at)

    async def remember_hosts(self, hosts: Mapping[tuple[str, str], datetime]) -> None:
        """Store checks in one transaction: user and command -> when."""
        async with self.store.writing() as connection:
            await remember_hosts(connection, self.team, hosts)

    async def recent_hosts(self, person: str) -> tuple[str, ...]:
        """A user's last checks, newest first."""
        async with self.store.reading() as connection:
            return await recent_hosts(connection, self.team, person)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRecords:
    """The stored watches of one workspace.

    Attributes:
        store: the database.
        team: the bot's own workspace.
    """

    store: Store
    team: str

    async def save(
        self, watch_id: str, channel: str, until: datetime, body: Mapping[str, Any]
    ) -> None:
        """Store a watch; raises `DatabaseUnavailable`."""
        async with self.store.writing() as connection:
            await save_watch(connection, watch_id, self.team, channel, until, body)

    async def drop(self, watch_id: str) -> None:
        """Delete a watch; raises `DatabaseUnavailable`."""
        async with self.store.writing() as connection:
            await drop_watch(connection, watch_id)

    async def open(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """The watches whose time has not ended; raises `DatabaseUnavailable`."""
        async with self.store.reading() as connection:
            return tuple((await open_watches(connection, now)).values())


def _refuse_more(of_channel: int, in_all: int) -> Refusal | None:
    sentence = ""
    if of_channel >= MAX_PER_CHANNEL:
        sentence = (
            f"This channel follows {MAX_PER_CHANNEL} targets already, the maximum; "
            "unsubscribe one, or follow a whole gateway instead of its members."
        )
    elif in_all >= MAX_IN_TOTAL:
        sentence = (
            f"The bot has {MAX_IN_TOTAL} subscriptions already, the maximum; unsubscribe one that "
            "nobody reads, in this channel or another."
        )
    return Refusal(kind=RefusalKind.LIMIT, sentence=sentence) if sentence else None
