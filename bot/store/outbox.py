"""Outbox messages, when each channel may be posted to next, and which replicas are alive."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import DeliveryState, OutboxMessage
from bot.store import tables
from bot.store.write import insert_new, upsert
from chainlib.frozen import dataclass

_DELIVERY, _CHANNEL, _REPLICA = tables.delivery, tables.delivery_channel, tables.replica


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One process of the bot.

    `epoch` counts its starts, `beat` its heartbeats since the last start.
    """

    id: str
    epoch: int
    beat: int
    dead: bool


async def plan_message(
    connection: AsyncConnection, delivery_id: str, channel: str, at: datetime
) -> None:
    """Plan a message; planning it a second time changes nothing."""
    row = {"id": delivery_id, "channel": channel, "state": DeliveryState.PLANNED, "planned_at": at}
    blank = {"attempts": 0, "owner": "", "epoch": 0, "doubtful": False}
    await insert_new(connection, _DELIVERY, [row | blank])


async def lock_message(connection: AsyncConnection, delivery_id: str) -> OutboxMessage:
    """Read and lock an outbox message until the transaction ends."""
    row = (
        await connection.execute(
            select(_DELIVERY).where(_DELIVERY.c.id == delivery_id).with_for_update()
        )
    ).one()
    return OutboxMessage(
        id=row.id,
        channel=row.channel,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        first_attempt_at=row.first_attempt_at,
        attempt_at=row.attempt_at,
        owner=row.owner,
        epoch=row.epoch,
        doubtful=row.doubtful,
        ts=row.ts,
        error=row.error,
    )


async def save_message(connection: AsyncConnection, value: OutboxMessage) -> None:
    """Store a changed outbox message."""
    changed = {
        "state": value.state,
        "attempts": value.attempts,
        "first_attempt_at": value.first_attempt_at,
        "attempt_at": value.attempt_at,
        "owner": value.owner,
        "epoch": value.epoch,
        "doubtful": value.doubtful,
        "ts": value.ts,
        "error": value.error,
    }
    await connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == value.id).values(changed))


async def lock_pace(connection: AsyncConnection, channel: str) -> datetime | None:
    """Read and lock the instant before which nothing may be posted to a channel.

    Locked until the transaction ends. `None` when a message may be posted at once.
    """
    held = select(_CHANNEL).where(_CHANNEL.c.channel == channel).with_for_update()
    row = (await connection.execute(held)).one_or_none()
    if row is None:
        await insert_new(
            connection,
            _CHANNEL,
            [{"channel": channel, "next_allowed_at": None, "blocked_until": None}],
        )
        row = (await connection.execute(held)).one()
    return max(
        (instant for instant in (row.next_allowed_at, row.blocked_until) if instant), default=None
    )


async def set_pace(connection: AsyncConnection, channel: str, next_allowed_at: datetime) -> None:
    """Store the instant before which nothing may be posted to the channel."""
    await upsert(connection, _CHANNEL, [{"channel": channel, "next_allowed_at": next_allowed_at}])


async def set_rate_limit_end(connection: AsyncConnection, channel: str, until: datetime) -> None:
    """Store the instant until which Slack's rate limit forbids posts to the channel."""
    await upsert(connection, _CHANNEL, [{"channel": channel, "blocked_until": until}])


async def register_replica(connection: AsyncConnection, replica_id: str) -> int:
    """Register a start of a replica and return its epoch.

    Work of its earlier epochs may then be taken over.
    """
    await insert_new(
        connection, _REPLICA, [{"id": replica_id, "epoch": 0, "beat": 0, "dead": True}]
    )
    reborn = (
        update(_REPLICA)
        .where(_REPLICA.c.id == replica_id)
        .values(epoch=_REPLICA.c.epoch + 1, beat=0, dead=False)
    )
    return int((await connection.execute(reborn.returning(_REPLICA.c.epoch))).scalar_one())


async def send_heartbeat(connection: AsyncConnection, replica_id: str, epoch: int) -> bool:
    """Store a heartbeat.

    `False` when the replica was declared dead or another process registered under its ID.
    """
    own = (_REPLICA.c.id == replica_id) & (_REPLICA.c.epoch == epoch)
    return (
        await connection.execute(update(_REPLICA).where(own).values(beat=_REPLICA.c.beat + 1))
    ).rowcount == 1


async def replicas(connection: AsyncConnection) -> tuple[Replica, ...]:
    """Every known replica."""
    rows = await connection.execute(select(_REPLICA).order_by(_REPLICA.c.id))
    return tuple(Replica(id=row.id, epoch=row.epoch, beat=row.beat, dead=row.dead) for row in rows)


async def declare_dead(connection: AsyncConnection, seen: Replica) -> bool:
    """Declare a replica dead unless it has sent a heartbeat since it was read."""
    unchanged = (
        (_REPLICA.c.id == seen.id)
        & (_REPLICA.c.epoch == seen.epoch)
        & (_REPLICA.c.beat == seen.beat)
    )
    ended = update(_REPLICA).where(unchanged).values(epoch=_REPLICA.c.epoch + 1, dead=True)
    return (await connection.execute(ended)).rowcount == 1


async def is_current_epoch(connection: AsyncConnection, replica_id: str, epoch: int) -> bool:
    """Whether this epoch of a replica is still current."""
    own = (_REPLICA.c.id == replica_id) & (_REPLICA.c.epoch == epoch) & _REPLICA.c.dead.is_(False)
    return (await connection.execute(select(_REPLICA.c.id).where(own))).one_or_none() is not None
