"""Deletes rows after their retention time, and exports all rows as JSON lines."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select

from bot.domain.delivery import RunOutcome, RunState
from bot.store import tables
from bot.store.database import opened

KEEP: Mapping[str, timedelta] = {
    "backend_event": timedelta(days=90),
    "expiry_sample": timedelta(days=400),
    "digest_run": timedelta(days=90),
    "delivery": timedelta(days=90),
    "mute": timedelta(days=90),
    "watch": timedelta(days=7),
    "alert_answer": timedelta(days=7),
    "learnt_intermediate": timedelta(days=400),
    "recent_host": timedelta(days=90),
    "processed": timedelta(days=40),
    "audit": timedelta(days=400),
}
_AGE = {
    "backend_event": "at",
    "expiry_sample": "day",
    "digest_run": "finished_at",
    "delivery": "planned_at",
    "mute": "ends",
    "watch": "until",
    "alert_answer": "until",
    "learnt_intermediate": "seen_at",
    "recent_host": "at",
    "processed": "at",
    "audit": "at",
}


def purge_old(
    connection: Connection, now: datetime, keep: Mapping[str, timedelta] = KEEP
) -> Mapping[str, int]:
    """Delete rows older than their table's retention time; returns the number per table.

    The last digest of each subscription is kept.
    """
    return {
        name: _purge(connection, tables.metadata.tables[name], now - age)
        for name, age in keep.items()
    }


def purge(url: str, now: datetime) -> Mapping[str, int]:
    """`purge_old` for `appgw db purge`. Blocks.

    Raises:
        UnusableDatabase, StoreLocked, SchemaUnknown: as `open_store`.
    """
    with opened(url) as store, store.sync_engine.begin() as connection:
        return purge_old(connection, now)


def export(url: str) -> Iterator[str]:
    """Every row of every table as one JSON object per line, `{"table": ..., "row": {...}}`. Blocks.

    Raises:
        UnusableDatabase, StoreLocked, SchemaUnknown: as `open_store`.
    """
    with opened(url) as store, store.sync_engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(select(table).order_by(*table.primary_key)).mappings():
                yield json.dumps(
                    {"table": table.name, "row": dict(row)}, default=_plain, sort_keys=True
                )


def _purge(connection: Connection, table: Table, before: datetime) -> int:
    column = table.c[_AGE[table.name]]
    old = column < (f"{before:%Y-%m-%d}" if table.name == "expiry_sample" else before)
    if table.name == "digest_run":
        old = and_(old, table.c.state == RunState.DONE, table.c.id.not_in(_kept_runs()))
    if table.name == "delivery":  # it holds the `ts` of that digest's card
        old = and_(old, table.c.id.not_in(_kept_runs()))
    return connection.execute(delete(table).where(old)).rowcount


@cache
def _kept_runs() -> Any:  # noqa: ANN401 -- a scalar subquery of SQLAlchemy's
    """The last sent run of each subscription.

    The next digest is compared with it, however old it is.
    """
    last, later = tables.digest_run.alias(), tables.digest_run.alias()
    newer = (
        (later.c.subscription == last.c.subscription)
        & (later.c.outcome == RunOutcome.SENT)
        & (later.c.due_at > last.c.due_at)
    )
    followed = last.c.subscription.in_(select(tables.subscription.c.id))
    return select(last.c.id).where(
        last.c.outcome == RunOutcome.SENT, followed, ~select(later.c.id).where(newer).exists()
    )


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)
