"""Runs of digests: claimed when due, released in order, and finished."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.digest.due import run_after
from bot.domain.delivery import DigestRun, Message, RunOutcome, RunState
from bot.domain.digest import DigestContent, Schedule
from bot.domain.refusal import Refusal
from bot.store import tables
from bot.store.codec import dump, load
from bot.store.write import insert_new

_RUN, _SUBSCRIPTION, _FOLLOWED = tables.digest_run, tables.subscription, tables.followed
# any number that no other code uses as an advisory lock; the bytes spell "tick"
_TICK_LOCK = 0x7469636B
_MAX_DUE, _MAX_OBSERVATIONS, _BREATH = 10_000, 2_000, 200


async def tick_lock(connection: AsyncConnection) -> bool:
    """Take the lock for a tick; `False` while another replica has it.

    On SQLite the write lock is enough.
    """
    if connection.dialect.name == "sqlite":
        return True
    locked = await connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _TICK_LOCK}
    )
    return bool(locked.scalar_one())


async def claim_due(connection: AsyncConnection, now: datetime) -> tuple[DigestRun, ...]:
    """Create a run for every due subscription and set its next time, in the caller's transaction.

    However many runs were missed, one is created.
    """
    due = select(_SUBSCRIPTION).where(
        _SUBSCRIPTION.c.next_run_at <= now, _SUBSCRIPTION.c.paused.is_(None)
    )
    rows = (
        await connection.execute(due.order_by(_SUBSCRIPTION.c.id).limit(_MAX_DUE).with_for_update())
    ).all()
    runs, moves = [], []
    for number, row in enumerate(rows):
        runs.append(_run(row))
        moves.append(_move(row, now))
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    await insert_new(connection, _RUN, [_row(run, now) for run in runs])
    if moves:
        moved = (
            update(_SUBSCRIPTION)
            .where(_SUBSCRIPTION.c.id == bindparam("own"))
            .values(next_run_at=bindparam("next"), paused=bindparam("why"))
        )
        await connection.execute(moved, moves)
    return tuple(runs)


async def realign(connection: AsyncConnection, now: datetime, every: timedelta) -> int:
    """Correct next runs that are too late because a clock was ahead.

    No run may be later than the next regular one after `now`. Returns the number of corrected runs.
    """
    rows = (
        await connection.execute(
            select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.next_run_at > now).with_for_update()
        )
    ).all()
    moves = []
    for number, row in enumerate(rows):
        latest = _move(row, now)
        if latest["why"] is None and row.next_run_at > latest["next"]:
            moves.append({"own": row.id, "next": latest["next"]})
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    if moves:
        earlier = (
            update(_SUBSCRIPTION)
            .where(_SUBSCRIPTION.c.id == bindparam("own"))
            .values(next_run_at=bindparam("next"))
        )
        await connection.execute(earlier, moves)
    await connection.execute(
        update(_FOLLOWED).where(_FOLLOWED.c.next_look_at > now + every).values(next_look_at=now)
    )
    return len(moves)


async def claim_observations(
    connection: AsyncConnection, due_keys: Sequence[str], now: datetime, every: timedelta
) -> tuple[str, ...]:
    """The targets to observe in this tick.

    These are the targets of due digests and those whose regular observation is due.
    """
    regular = (
        select(_FOLLOWED.c.key)
        .where(_FOLLOWED.c.next_look_at <= now)
        .order_by(_FOLLOWED.c.key)
        .limit(_MAX_OBSERVATIONS)
    )
    keys = sorted({*due_keys, *(await connection.execute(regular)).scalars()})
    if keys:
        later = (
            update(_FOLLOWED)
            .where(_FOLLOWED.c.key == bindparam("own"))
            .values(next_look_at=bindparam("next"))
        )
        await connection.execute(later, [{"own": key, "next": now + every} for key in keys])
    return tuple(keys)


async def wait_for_check(
    connection: AsyncConnection, runs: Sequence[DigestRun], check: str
) -> None:
    """Store which check the runs wait for."""
    if runs:
        noted = update(_RUN).where(_RUN.c.id == bindparam("own")).values(check=check)
        await connection.execute(noted, [{"own": run.id} for run in runs])


async def mark_ready(connection: AsyncConnection, check: str) -> None:
    """Mark the runs that waited for a check as ready.

    Commit this before `release` reads: of two checks that end at the same time, at least the later
    one then sees the other.
    """
    waiting = (_RUN.c.check == check) & (_RUN.c.state == RunState.CHECKING)
    await connection.execute(select(_RUN.c.id).where(waiting).order_by(_RUN.c.id).with_for_update())
    await connection.execute(update(_RUN).where(waiting).values(state=RunState.READY))


async def release(connection: AsyncConnection, check: str) -> tuple[DigestRun, ...]:
    """Queue the ready runs of a check's channels that have no earlier run before them.

    A channel gets its digests in order. Rows are locked in sorted order, because replicas with
    different orders would deadlock. There is no lock for all channels, because a replica may be
    paused while it holds it.
    """
    there = _RUN.c.channel.in_(select(_RUN.c.channel).where(_RUN.c.check == check))
    blocked = select(_RUN.c.channel, func.min(_RUN.c.id).label("first")).where(
        there, _RUN.c.state == RunState.CHECKING
    )
    held = {
        row.channel: row.first for row in await connection.execute(blocked.group_by(_RUN.c.channel))
    }
    ready = (
        select(_RUN)
        .where(there, _RUN.c.state == RunState.READY)
        .order_by(_RUN.c.id)
        .with_for_update()
    )
    rows = (
        await connection.execute(ready)
    ).all()  # read last: a run that becomes ready in between is queued by its own check, not lost
    return await _queue(
        connection, [row for row in rows if row.channel not in held or row.id < held[row.channel]]
    )


async def release_overdue(connection: AsyncConnection, before: datetime) -> tuple[DigestRun, ...]:
    """Queue the runs that have waited for earlier runs of their channel since before `before`.

    A longer delay would be worse than digests out of order.
    """
    late = (_RUN.c.state == RunState.READY) & (_RUN.c.claimed_at < before)
    found = select(_RUN).where(late).order_by(_RUN.c.id)
    return await _queue(
        connection, (await connection.execute(found.with_for_update(skip_locked=True))).all()
    )


async def _queue(connection: AsyncConnection, rows: Sequence[Any]) -> tuple[DigestRun, ...]:
    if rows:
        queued = update(_RUN).where(_RUN.c.id == bindparam("own")).values(state=RunState.QUEUED)
        await connection.execute(queued, [{"own": row.id} for row in rows])
    return tuple(_read(row) for row in rows)


async def stale_runs(
    connection: AsyncConnection, before: datetime, now: datetime
) -> tuple[DigestRun, ...]:
    """Overdue runs, to be queued again in case the engine lost one."""
    lost = (_RUN.c.state != RunState.DONE) & (_RUN.c.claimed_at < before)
    rows = (
        await connection.execute(
            select(_RUN).where(lost).order_by(_RUN.c.id).limit(_MAX_DUE).with_for_update()
        )
    ).all()
    if rows:
        own = [{"own": row.id} for row in rows]
        await connection.execute(
            update(_RUN)
            .where(_RUN.c.id == bindparam("own"))
            .values(state=RunState.QUEUED, claimed_at=now),
            own,
        )
    return tuple(_read(row) for row in rows)


async def get_run(connection: AsyncConnection, run_id: str) -> DigestRun | None:
    """Read a run; `None` if it is not stored, or no longer."""
    row = (await connection.execute(select(_RUN).where(_RUN.c.id == run_id))).one_or_none()
    return _read(row) if row else None


async def freeze(
    connection: AsyncConnection, run_id: str, content: DigestContent, message: Message
) -> None:
    """Store the content of a run, so that a repeated attempt sends the same."""
    await connection.execute(
        update(_RUN).where(_RUN.c.id == run_id).values(content=dump(content), message=dict(message))
    )


async def finish(
    connection: AsyncConnection, run_id: str, outcome: RunOutcome, at: datetime
) -> None:
    """Store how a run ended."""
    done = (
        update(_RUN)
        .where(_RUN.c.id == run_id)
        .values(state=RunState.DONE, outcome=outcome, finished_at=at)
    )
    await connection.execute(done)


async def last_sent(
    connection: AsyncConnection, subscription: int, before: datetime
) -> DigestContent | None:
    """The content of the last digest that was sent, or that may have been sent."""
    said = _RUN.c.outcome.in_([RunOutcome.SENT, RunOutcome.UNKNOWN])
    own = (_RUN.c.subscription == subscription) & (_RUN.c.due_at < before) & said
    found = await connection.execute(
        select(_RUN.c.content).where(own).order_by(_RUN.c.due_at.desc()).limit(1)
    )
    content = found.scalar_one_or_none()
    return load(DigestContent, content) if content else None


async def last_card(
    connection: AsyncConnection, subscription: int
) -> tuple[str, DigestContent, str] | None:
    """The last digest posted in its channel: its run, its content and the `ts` of its card."""
    posted = tables.delivery
    own = (
        (_RUN.c.subscription == subscription)
        & (_RUN.c.outcome == RunOutcome.SENT)
        & posted.c.ts.is_not(None)
    )
    found = (
        select(_RUN.c.id, _RUN.c.content, posted.c.ts)
        .join(posted, posted.c.id == _RUN.c.id)
        .where(own)
    )
    row = (await connection.execute(found.order_by(_RUN.c.due_at.desc()).limit(1))).one_or_none()
    return (row.id, load(DigestContent, row.content), row.ts) if row else None


def _move(row: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 -- a row of SQLAlchemy's
    next_run = run_after(load(Schedule, row.body["schedule"]), now)
    if isinstance(next_run, Refusal):
        return {"own": row.id, "next": now, "why": next_run.sentence}
    return {"own": row.id, "next": next_run, "why": None}


def _run(row: Any) -> DigestRun:  # noqa: ANN401 -- a row of SQLAlchemy's
    return DigestRun(
        id=f"{row.next_run_at:%Y%m%dT%H%MZ}:{row.id:08d}",
        subscription=row.id,
        team=row.team,
        channel=row.channel,
        target_key=row.target_key,
        due_at=row.next_run_at,
        state=RunState.CHECKING,
    )


def _row(run: DigestRun, now: datetime) -> dict[str, Any]:
    return {
        "id": run.id,
        "subscription": run.subscription,
        "team": run.team,
        "channel": run.channel,
        "target_key": run.target_key,
        "due_at": run.due_at,
        "state": run.state,
        "check": run.check,
        "claimed_at": now,
    }


def _read(row: Any) -> DigestRun:  # noqa: ANN401 -- a row of SQLAlchemy's
    return DigestRun(
        id=row.id,
        subscription=row.subscription,
        team=row.team,
        channel=row.channel,
        target_key=row.target_key,
        due_at=row.due_at,
        state=RunState(row.state),
        check=row.check,
        outcome=RunOutcome(row.outcome) if row.outcome else None,
        message=row.message,
    )
