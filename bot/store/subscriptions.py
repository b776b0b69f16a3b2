"""Subscriptions, mutes and followed targets. A subscription belongs to its channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.digest import FollowedTarget, Mute, Subscription
from bot.store import tables
from bot.store.codec import dump, load
from bot.store.write import insert_new, upsert

_SUBSCRIPTION, _MUTE, _FOLLOWED = tables.subscription, tables.mute, tables.followed


async def add_subscription(connection: AsyncConnection, value: Subscription) -> Subscription:
    """Store a new subscription and follow its target; returns it with its ID."""
    result = await connection.execute(
        insert(_SUBSCRIPTION).values(_columns(value)).returning(_SUBSCRIPTION.c.id)
    )
    await insert_new(connection, _FOLLOWED, [_followed(value.target, value.created_at)])
    return replace(value, id=result.scalar_one())


async def save_subscription(connection: AsyncConnection, value: Subscription) -> Subscription:
    """Store an edited subscription.

    Its `rev` goes up, so that a digest made for the previous version is dropped.
    """
    newer = replace(value, rev=value.rev + 1)
    await connection.execute(
        update(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id == value.id).values(_columns(newer))
    )
    await insert_new(connection, _FOLLOWED, [_followed(value.target, value.created_at)])
    return newer


async def get_subscription(
    connection: AsyncConnection, subscription_id: int
) -> Subscription | None:
    """The subscription; `None` if it was removed."""
    found = (
        await connection.execute(select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id == subscription_id))
    ).one_or_none()
    return read_subscription(found) if found else None


async def channel_subscriptions(
    connection: AsyncConnection, team: str, channel: str
) -> tuple[Subscription, ...]:
    """The subscriptions of a channel, in the order in which `list` numbers them from 1."""
    own = (_SUBSCRIPTION.c.team == team) & (_SUBSCRIPTION.c.channel == channel)
    found = await connection.execute(select(_SUBSCRIPTION).where(own).order_by(_SUBSCRIPTION.c.id))
    return tuple(read_subscription(row) for row in found)


async def channel_targets(connection: AsyncConnection, channel: str) -> tuple[FollowedTarget, ...]:
    """The targets that a channel follows, each once.

    Channel IDs are unique across workspaces.
    """
    found = await connection.execute(
        select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.channel == channel).order_by(_SUBSCRIPTION.c.id)
    )
    return tuple(dict.fromkeys(read_subscription(row).target for row in found))


async def target_subscriptions(
    connection: AsyncConnection, target_key: str
) -> tuple[Subscription, ...]:
    """The subscriptions to a target in all channels."""
    found = await connection.execute(
        select(_SUBSCRIPTION)
        .where(_SUBSCRIPTION.c.target_key == target_key)
        .order_by(_SUBSCRIPTION.c.id)
    )
    return tuple(read_subscription(row) for row in found)


async def team_subscriptions(connection: AsyncConnection, team: str) -> tuple[Subscription, ...]:
    """Every subscription of a workspace."""
    found = await connection.execute(
        select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.team == team).order_by(_SUBSCRIPTION.c.id)
    )
    return tuple(read_subscription(row) for row in found)


async def count_subscriptions(
    connection: AsyncConnection, team: str, channel: str
) -> tuple[int, int]:
    """The number of subscriptions of a channel, and of all channels."""
    own = (_SUBSCRIPTION.c.team == team) & (_SUBSCRIPTION.c.channel == channel)
    row = (
        await connection.execute(select(func.count().filter(own), func.count(_SUBSCRIPTION.c.id)))
    ).one()
    return row[0], row[1]


async def remove_subscription(connection: AsyncConnection, subscription_id: int) -> bool:
    """Remove a subscription; a target without subscriptions is no longer observed."""
    found = await get_subscription(connection, subscription_id)
    if found is None:
        return False
    await connection.execute(delete(_SUBSCRIPTION).where(_SUBSCRIPTION.c.id == subscription_id))
    others = (
        select(_SUBSCRIPTION.c.id).where(_SUBSCRIPTION.c.target_key == found.target.key).exists()
    )
    await connection.execute(delete(_FOLLOWED).where(_FOLLOWED.c.key == found.target.key, ~others))
    return True


async def pause_channel(connection: AsyncConnection, channel: str, reason: str) -> int:
    """Pause all subscriptions of a channel that Slack no longer accepts; returns their number."""
    running = (_SUBSCRIPTION.c.channel == channel) & _SUBSCRIPTION.c.paused.is_(None)
    result = await connection.execute(update(_SUBSCRIPTION).where(running).values(paused=reason))
    return result.rowcount


async def add_mute(connection: AsyncConnection, value: Mute) -> Mute:
    """Store a mute; returns it with its ID."""
    row = {
        "team": value.team,
        "channel": value.channel,
        "target_key": value.target.key,
        "ends": value.ends,
        "body": dump(value),
    }
    result = await connection.execute(insert(_MUTE).values(row).returning(_MUTE.c.id))
    return replace(value, id=result.scalar_one())


async def end_mutes(connection: AsyncConnection, mutes: Sequence[Mute], at: datetime) -> None:
    """End mutes now.

    They are kept, because later digests need to know which problems ended while muted.
    """
    for value in mutes:
        ended = replace(value, ends=at)
        await connection.execute(
            update(_MUTE).where(_MUTE.c.id == value.id).values(ends=at, body=dump(ended))
        )


async def channel_mutes(
    connection: AsyncConnection, team: str, channel: str, since: datetime
) -> tuple[Mute, ...]:
    """A channel's mutes that had not ended by `since`."""
    own = (_MUTE.c.team == team) & (_MUTE.c.channel == channel) & (_MUTE.c.ends > since)
    found = await connection.execute(select(_MUTE).where(own).order_by(_MUTE.c.id))
    return tuple(replace(load(Mute, row.body), id=row.id) for row in found)


async def targets(connection: AsyncConnection, keys: Sequence[str]) -> tuple[FollowedTarget, ...]:
    """The followed targets with these keys.

    They come without pool and setting, as the observer needs them.
    """
    found = await connection.execute(
        select(_FOLLOWED.c.body).where(_FOLLOWED.c.key.in_(keys)).order_by(_FOLLOWED.c.key)
    )
    return tuple(load(FollowedTarget, body) for body in found.scalars())


async def set_zone(connection: AsyncConnection, team: str, channel: str, zone: str) -> None:
    """Store the time zone of a channel."""
    await upsert(
        connection, tables.channel_setting, [{"team": team, "channel": channel, "zone": zone}]
    )


async def zone_of(connection: AsyncConnection, team: str, channel: str) -> str | None:
    """The channel's time zone; `None` if none is set."""
    table = tables.channel_setting
    return (
        await connection.execute(
            select(table.c.zone).where(table.c.team == team, table.c.channel == channel)
        )
    ).scalar_one_or_none()


def read_subscription(row: Any) -> Subscription:  # noqa: ANN401 -- a row of SQLAlchemy's
    """The subscription of a row; columns that the tick writes override the JSON body."""
    stored = load(Subscription, row.body)
    return replace(stored, id=row.id, next_run_at=row.next_run_at, rev=row.rev, paused=row.paused)


def _columns(value: Subscription) -> dict[str, Any]:
    return {
        "team": value.team,
        "channel": value.channel,
        "target_key": value.target.key,
        "next_run_at": value.next_run_at,
        "paused": value.paused,
        "rev": value.rev,
        "body": dump(value),
    }


def _followed(target: FollowedTarget, at: datetime) -> dict[str, Any]:
    whole = replace(target, text=target.text, pool=None, setting=None)
    return {"key": target.key, "next_look_at": at, "body": dump(whole)}
