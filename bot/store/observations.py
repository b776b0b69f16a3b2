"""The damped state of each observed backend, and its history of events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.digest.damping import damp, undecided
from bot.domain.digest import BackendEvent, BackendState, Change, TargetObservation
from bot.store import tables
from bot.store.codec import dump, load
from bot.store.write import upsert

_STATE, _EVENT, _SAMPLE = tables.backend_state, tables.backend_event, tables.expiry_sample
_BATCH = 500


async def record_observations(
    connection: AsyncConnection, observations: Iterable[TargetObservation], at: datetime
) -> tuple[bool, tuple[BackendEvent, ...]]:
    """Merge observations into the stored states.

    Returns:
        Whether one more observation soon would decide a pending change, and the events.
    """
    wavering = False
    happened: list[BackendEvent] = []
    for observed in observations:
        before = {
            state.seen.key: state for state in await target_states(connection, observed.target_key)
        }
        states, gone, events = damp(before, observed, at)
        await _save(connection, states, at)
        if gone:
            await connection.execute(delete(_STATE).where(_STATE.c.key.in_(gone)))
        await _add_events(connection, events)
        wavering = wavering or undecided(states)
        happened.extend(events)
    return wavering, tuple(happened)


async def target_states(connection: AsyncConnection, target_key: str) -> tuple[BackendState, ...]:
    """The states of a target's backends."""
    found = await connection.execute(
        select(_STATE.c.body).where(_STATE.c.target_key == target_key).order_by(_STATE.c.key)
    )
    return tuple(load(BackendState, body) for body in found.scalars())


async def backend_history(
    connection: AsyncConnection, key_prefix: str, since: datetime, limit: int = 50
) -> tuple[BackendEvent, ...]:
    """The events of backends whose key begins with `key_prefix`, newest first."""
    own = _EVENT.c.key.startswith(key_prefix, autoescape=True) & (_EVENT.c.at >= since)
    found = await connection.execute(
        select(_EVENT).where(own).order_by(_EVENT.c.at.desc(), _EVENT.c.id.desc()).limit(limit)
    )
    return tuple(
        BackendEvent(
            key=r.key, target_key=r.target_key, at=r.at, change=Change(r.change), detail=r.detail
        )
        for r in found
    )


async def _save(connection: AsyncConnection, states: Sequence[BackendState], at: datetime) -> None:
    for start in range(0, len(states), _BATCH):
        part = states[start : start + _BATCH]
        await upsert(connection, _STATE, [_row(state) for state in part])
        day = f"{at:%Y-%m-%d}"
        samples = [
            {"key": s.seen.key, "day": day, "not_after": s.seen.not_after}
            for s in part
            if s.seen.not_after
        ]
        await upsert(connection, _SAMPLE, samples)


def _row(state: BackendState) -> dict[str, object]:
    return {
        "key": state.seen.key,
        "target_key": state.seen.target_key,
        "last_seen": state.last_seen,
        "not_after": state.seen.not_after,
        "body": dump(state),
    }


async def _add_events(connection: AsyncConnection, events: Sequence[BackendEvent]) -> None:
    if events:
        rows = [
            {
                "key": e.key,
                "target_key": e.target_key,
                "at": e.at,
                "change": e.change.value,
                "detail": e.detail,
            }
            for e in events
        ]
        await connection.execute(insert(_EVENT), rows)
