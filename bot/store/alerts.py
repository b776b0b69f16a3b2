"""Channels in which the bot answers alerts, and the answers that it has given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import (
    LIMIT_PERIOD,
    PER_CHANNEL,
    PER_TEAM,
    AlertAnswer,
    AlertClaim,
    AlertSwitch,
)
from bot.store import tables
from bot.store.codec import dump, load
from bot.store.write import insert_new, upsert

_SWITCH, _ANSWER, _PROCESSED = tables.alert_channel, tables.alert_answer, tables.processed


async def alert_switch(connection: AsyncConnection, team: str, channel: str) -> AlertSwitch | None:
    """Who switched alert answers on in a channel; `None` where they are off."""
    own = (_SWITCH.c.team == team) & (_SWITCH.c.channel == channel)
    row = (await connection.execute(select(_SWITCH).where(own))).one_or_none()
    return AlertSwitch(team=team, channel=channel, by=row.user, at=row.at) if row else None


async def switch_alerts_on(connection: AsyncConnection, value: AlertSwitch) -> bool:
    """Switch alert answers on in a channel; `False` if they were on already."""
    row = {"team": value.team, "channel": value.channel, "user": value.by, "at": value.at}
    return await insert_new(connection, _SWITCH, [row]) == 1


async def switch_alerts_off(connection: AsyncConnection, team: str, channel: str) -> bool:
    """Switch alert answers off and delete the channel's answers.

    `False` if they were off already.
    """
    for table in (_ANSWER, _SWITCH):
        own = (table.c.team == team) & (table.c.channel == channel)
        removed = (await connection.execute(delete(table).where(own))).rowcount
    return removed == 1


async def claim_alert(
    connection: AsyncConnection, team: str, channel: str, alert: str, at: datetime
) -> AlertClaim:
    """Claim an alert's message, once and within the limits.

    A message over a limit is not counted.

    Args:
        connection: of the caller's transaction. Other replicas wait for its end, so that the limits
            hold for all replicas together.
        team: Slack ID of the workspace.
        channel: Slack ID of the channel.
        alert: timestamp of the message (`ts`).
        at: when the message was received.
    """
    await upsert(connection, _PROCESSED, [{"id": f"alerts of {team}", "at": at}])
    every = f"alert:{team}:"
    row = {"id": f"{every}{channel}:{alert}", "at": at}
    if not await insert_new(connection, _PROCESSED, [row]):
        return AlertClaim.KNOWN
    limits = ((f"{every}{channel}:", PER_CHANNEL, AlertClaim.CHANNEL_LIMIT),)
    for prefix, limit, over in (*limits, (every, PER_TEAM, AlertClaim.TEAM_LIMIT)):
        if await _count(connection, prefix, at - LIMIT_PERIOD) > limit:
            await connection.execute(delete(_PROCESSED).where(_PROCESSED.c.id == row["id"]))
            return over
    return AlertClaim.NEW


async def _count(connection: AsyncConnection, prefix: str, after: datetime) -> int:
    recent = (_PROCESSED.c.at > after) & _PROCESSED.c.id.startswith(prefix, autoescape=True)
    counted = select(func.count()).select_from(_PROCESSED).where(recent)
    return (await connection.execute(counted)).scalar_one()


async def claim_answer(
    connection: AsyncConnection, value: AlertAnswer, check_at: datetime
) -> AlertAnswer | None:
    """Claim the answer to a problem, unless the problem was answered recently.

    Args:
        connection: of the caller's transaction.
        value: the answer that would be given now.
        check_at: when the problem is checked again.

    Returns:
        `None` when the caller has to answer; otherwise the existing answer, with this alert added
        to it.
    """
    row = _row(value, check_at)
    if await insert_new(connection, _ANSWER, [row]):
        return None
    found = await get_answer(connection, value.id)
    if found is None or found.is_over(value.begun):
        await upsert(connection, _ANSWER, [row])
        return None
    joined = found.with_alert(value)
    await _save(connection, joined)
    return joined


async def save_answer_card(connection: AsyncConnection, value: AlertAnswer) -> None:
    """Store the card and the command of an answer.

    Its state, and alerts that were added to it meanwhile, are not changed. A deleted answer is not
    stored again.
    """
    if found := await get_answer(connection, value.id):
        await _save(connection, replace(found, card=value.card, command=value.command))


async def set_answer_health(
    connection: AsyncConnection, answer_id: str, *, healthy: bool
) -> AlertAnswer | None:
    """Change an answer to healthy or back; only the first caller succeeds.

    Returns:
        The stored answer if this call changed it; `None` if another call has, or if it was deleted.
    """
    found = await get_answer(connection, answer_id)
    if found is None or found.healthy == healthy:
        return None
    changed = replace(found, healthy=healthy)
    await _save(connection, changed)
    return changed


async def _save(connection: AsyncConnection, value: AlertAnswer) -> None:
    row = {"until": value.until, "green": value.healthy, "body": dump(value)}
    await connection.execute(update(_ANSWER).where(_ANSWER.c.id == value.id).values(row))


async def rename_answer(
    connection: AsyncConnection, old_id: str, value: AlertAnswer, now: datetime, check_at: datetime
) -> AlertAnswer | None:
    """Store an answer under another problem, after its problem has changed.

    Args:
        connection: of the caller's transaction.
        old_id: the ID under which it was stored.
        value: the same answer, with the new problem.
        now: the present instant.
        check_at: when the problem is checked again.

    Returns:
        The answer for the new problem: this one, or an existing one to which the alerts of this one
        are added. `None` if the answer was deleted meanwhile; then nothing is stored.
    """
    found = await _lock(connection, old_id, value.id)
    old, standing = found.get(old_id), found.get(value.id)
    if old is None:
        return None
    await drop_answer(connection, old_id)
    renamed = replace(old, problem=value.problem)
    if standing and not standing.healthy and not standing.is_over(now):
        joined = standing.with_alert(old)
        await _save(connection, joined)
        return joined
    await upsert(connection, _ANSWER, [_row(renamed, check_at)])
    return renamed


async def _lock(connection: AsyncConnection, *ids: str) -> Mapping[str, AlertAnswer]:
    """Read several answers by ID and lock them, always in the same order to avoid deadlocks."""
    same = select(_ANSWER.c.id, _ANSWER.c.body).where(_ANSWER.c.id.in_(ids))
    rows = await connection.execute(same.order_by(_ANSWER.c.id).with_for_update())
    return {row.id: load(AlertAnswer, row.body) for row in rows}


async def drop_answer(connection: AsyncConnection, answer_id: str) -> None:
    """Delete an answer."""
    await connection.execute(delete(_ANSWER).where(_ANSWER.c.id == answer_id))


async def open_answers(
    connection: AsyncConnection, team: str, now: datetime
) -> tuple[AlertAnswer, ...]:
    """The answers that are not healthy and have not expired."""
    still = (_ANSWER.c.team == team) & ~_ANSWER.c.green & (_ANSWER.c.until > now)
    found = await connection.execute(select(_ANSWER.c.body).where(still).order_by(_ANSWER.c.id))
    return tuple(load(AlertAnswer, body) for body in found.scalars())


async def claim_check(
    connection: AsyncConnection, answer_id: str, now: datetime, next_check: datetime
) -> AlertAnswer | None:
    """Claim the next check of an answer; `None` if another caller has claimed it.

    Returns the stored answer.
    """
    due = (_ANSWER.c.id == answer_id) & (_ANSWER.c.look_at <= now) & ~_ANSWER.c.green
    result = await connection.execute(update(_ANSWER).where(due).values(look_at=next_check))
    return await get_answer(connection, answer_id) if result.rowcount == 1 else None


async def get_answer(connection: AsyncConnection, answer_id: str) -> AlertAnswer | None:
    """Read and lock one answer; `None` if it was deleted.

    Other writers wait for the end of this transaction.
    """
    same = select(_ANSWER.c.body).where(_ANSWER.c.id == answer_id).with_for_update()
    body = (await connection.execute(same)).scalar_one_or_none()
    return load(AlertAnswer, body) if body is not None else None


def _row(value: AlertAnswer, check_at: datetime) -> dict[str, Any]:
    return {
        "id": value.id,
        "team": value.team,
        "channel": value.channel,
        "until": value.until,
        "look_at": check_at,
        "green": value.healthy,
        "body": dump(value),
    }
