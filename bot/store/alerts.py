"""In which channels alerts are answered, and what was answered there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import AlertAnswer, AlertSwitch
from bot.store import tables
from bot.store.codec import dump, load
from bot.store.write import insert_new, upsert

_SWITCH, _ANSWER = tables.alert_channel, tables.alert_answer


async def alert_switch(connection: AsyncConnection, team: str, channel: str) -> AlertSwitch | None:
    """Who switched alerts on in a channel, `None` where they are off."""
    own = (_SWITCH.c.team == team) & (_SWITCH.c.channel == channel)
    row = (await connection.execute(select(_SWITCH).where(own))).one_or_none()
    return AlertSwitch(team=team, channel=channel, by=row.user, at=row.at) if row else None


async def switch_alerts_on(connection: AsyncConnection, value: AlertSwitch) -> bool:
    """Answer alerts in a channel; `False` where they are answered already."""
    row = {"team": value.team, "channel": value.channel, "user": value.by, "at": value.at}
    return await insert_new(connection, _SWITCH, [row]) == 1


async def switch_alerts_off(connection: AsyncConnection, team: str, channel: str) -> bool:
    """Answer no more, and forget what was answered; `False` where they are off already."""
    for table in (_ANSWER, _SWITCH):
        own = (table.c.team == team) & (table.c.channel == channel)
        removed = (await connection.execute(delete(table).where(own))).rowcount
    return removed == 1


async def claim_answer(
    connection: AsyncConnection, value: AlertAnswer, look_at: datetime
) -> AlertAnswer | None:
    """Take a problem for this alert, unless it has been answered within its time.

    Args:
        connection: of the caller's transaction.
        value: the answer that would be given now.
        look_at: when it is looked at again.

    Returns:
        `None` when the answer is the caller's to give; otherwise the answer that stands, this
        alert added to it.
    """
    row = _row(value, look_at)
    if await insert_new(connection, _ANSWER, [row]):
        return None
    found = await get_answer(connection, value.id)
    if found is None or found.is_over(value.begun):
        await upsert(connection, _ANSWER, [row])
        return None
    joined = found.with_alert(value)
    await _save(connection, joined)
    return joined


async def settle_answer(connection: AsyncConnection, value: AlertAnswer) -> None:
    """Keep card, command and state of an answer; alerts that joined it meanwhile stay.

    An answer that was forgotten stays so.
    """
    if found := await get_answer(connection, value.id):
        settled = replace(found, card=value.card, command=value.command, green=value.green)
        await _save(connection, settled)


async def _save(connection: AsyncConnection, value: AlertAnswer) -> None:
    row = {"until": value.until, "green": value.green, "body": dump(value)}
    await connection.execute(update(_ANSWER).where(_ANSWER.c.id == value.id).values(row))


async def rename_answer(
    connection: AsyncConnection, old_id: str, value: AlertAnswer, look_at: datetime
) -> None:
    """Its cause has changed; an answer about the new one that stands already is left as it is."""
    await drop_answer(connection, old_id)
    await insert_new(connection, _ANSWER, [_row(value, look_at)])


async def drop_answer(connection: AsyncConnection, answer_id: str) -> None:
    """Forget an answer."""
    await connection.execute(delete(_ANSWER).where(_ANSWER.c.id == answer_id))


async def open_answers(
    connection: AsyncConnection, team: str, now: datetime
) -> tuple[AlertAnswer, ...]:
    """The answers that are not green and whose time is not over."""
    still = (_ANSWER.c.team == team) & ~_ANSWER.c.green & (_ANSWER.c.until > now)
    found = await connection.execute(select(_ANSWER.c.body).where(still).order_by(_ANSWER.c.id))
    return tuple(load(AlertAnswer, body) for body in found.scalars())


async def take_look(
    connection: AsyncConnection, answer_id: str, now: datetime, next_look: datetime
) -> bool:
    """Whether this process is the one to look at an answer now."""
    due = (_ANSWER.c.id == answer_id) & (_ANSWER.c.look_at <= now)
    result = await connection.execute(update(_ANSWER).where(due).values(look_at=next_look))
    return result.rowcount == 1


async def get_answer(connection: AsyncConnection, answer_id: str) -> AlertAnswer | None:
    """One answer, `None` when it was forgotten; other writers wait for this transaction."""
    same = select(_ANSWER.c.body).where(_ANSWER.c.id == answer_id).with_for_update()
    body = (await connection.execute(same)).scalar_one_or_none()
    return load(AlertAnswer, body) if body is not None else None


def _row(value: AlertAnswer, look_at: datetime) -> dict[str, Any]:
    return {
        "id": value.id,
        "team": value.team,
        "channel": value.channel,
        "until": value.until,
        "look_at": look_at,
        "green": value.green,
        "body": dump(value),
    }
