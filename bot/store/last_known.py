"""What earlier checks learned, and records that are kept for later.

Last healthy chains, intermediates, recent hosts, watches, processed events and the audit log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables
from bot.store.write import insert_new, upsert
from chainlib import Certificate

_GOOD, _LEARNT, _WATCH, _RECENT = (
    tables.last_good,
    tables.learnt_intermediate,
    tables.watch,
    tables.recent_host,
)


async def remember_healthy(
    connection: AsyncConnection,
    key: str,
    chain: Any,  # noqa: ANN401 -- passed through
    setting: Mapping[str, Any],
    at: datetime,
) -> None:
    """Store the chain and the setting with which a backend was healthy."""
    await upsert(
        connection,
        _GOOD,
        [{"key": key.lower(), "at": at, "chain": chain, "setting": dict(setting)}],
    )


async def last_healthy(
    connection: AsyncConnection, key: str
) -> tuple[datetime, Any, Mapping[str, Any]] | None:
    """When a backend was last healthy, with which chain and setting; `None` if never."""
    row = (await connection.execute(select(_GOOD).where(_GOOD.c.key == key.lower()))).one_or_none()
    return (row.at, row.chain, row.setting) if row else None


async def healthy_since(
    connection: AsyncConnection, since: datetime | None, limit: int = 2_000
) -> tuple[tuple[str, datetime, Any, Mapping[str, Any]], ...]:
    """The last healthy states since an instant, oldest first; all of them for `None`."""
    recent = select(_GOOD) if since is None else select(_GOOD).where(_GOOD.c.at >= since)
    found = (await connection.execute(recent.order_by(_GOOD.c.at.desc()).limit(limit))).all()
    return tuple((row.key, row.at, row.chain, row.setting) for row in reversed(found))


async def save_intermediates(
    connection: AsyncConnection, certificates: Mapping[str, Certificate], at: datetime
) -> None:
    """Store intermediates that may complete another server's chain.

    Args:
        connection: of the caller's transaction.
        certificates: the server that presented it -> the certificate.
        at: when they were seen.
    """
    rows = [
        {
            "sha256": c.sha256,
            "subject": c.subject,
            "key_id": (c.subject_key_id or b"").hex(),
            "der": c.der,
            "source": source,
            "seen_at": at,
        }
        for source, c in certificates.items()
    ]
    await upsert(connection, _LEARNT, rows)


async def stored_intermediates(
    connection: AsyncConnection, limit: int = 2_000
) -> tuple[Certificate, ...]:
    """The stored intermediates, newest first."""
    found = await connection.execute(
        select(_LEARNT.c.der).order_by(_LEARNT.c.seen_at.desc()).limit(limit)
    )
    return tuple(Certificate.from_der(der) for der in found.scalars())


async def save_watch(
    connection: AsyncConnection,
    watch_id: str,
    team: str,
    channel: str,
    until: datetime,
    body: Mapping[str, Any],
) -> None:
    """Store a watch, so that a restart continues it."""
    await upsert(
        connection,
        _WATCH,
        [{"id": watch_id, "team": team, "channel": channel, "until": until, "body": dict(body)}],
    )


async def drop_watch(connection: AsyncConnection, watch_id: str) -> bool:
    """End a watch; `False` when it had ended."""
    return (await connection.execute(delete(_WATCH).where(_WATCH.c.id == watch_id))).rowcount == 1


async def open_watches(
    connection: AsyncConnection, now: datetime
) -> Mapping[str, Mapping[str, Any]]:
    """Watches that have not run out, id -> body."""
    found = await connection.execute(
        select(_WATCH).where(_WATCH.c.until > now).order_by(_WATCH.c.id)
    )
    return {row.id: row.body for row in found}


async def remember_hosts(
    connection: AsyncConnection, team: str, hosts: Mapping[tuple[str, str], datetime]
) -> None:
    """Store which targets users checked: user and target -> when.

    They are written in the background, so an earlier check may be written after a later one; the
    later time is kept.
    """
    rows = [
        {"team": team, "user": user, "target": target, "at": at}
        for (user, target), at in hosts.items()
    ]
    await upsert(connection, _RECENT, rows, newest="at")


async def recent_hosts(
    connection: AsyncConnection, team: str, user: str, limit: int = 5
) -> tuple[str, ...]:
    """The targets that a user checked last, newest first."""
    own = (_RECENT.c.team == team) & (_RECENT.c.user == user)
    found = await connection.execute(
        select(_RECENT.c.target).where(own).order_by(_RECENT.c.at.desc()).limit(limit)
    )
    return tuple(found.scalars())


async def first_time(connection: AsyncConnection, event_id: str, at: datetime) -> bool:
    """Whether an event or action is new; Slack delivers some events twice."""
    return await insert_new(connection, tables.processed, [{"id": event_id, "at": at}]) == 1


async def add_audit_entry(
    connection: AsyncConnection,
    at: datetime,
    who: tuple[str, str, str],
    action: str,
    detail: str = "",
) -> None:
    """Write an entry of the audit log.

    Args:
        connection: of the caller's transaction.
        at: when.
        who: team, channel and user.
        action: one word, for example `mute`.
        detail: what exactly was done.
    """
    team, channel, user = who
    row = {
        "at": at,
        "team": team,
        "channel": channel,
        "user": user,
        "action": action,
        "detail": detail,
    }
    await connection.execute(insert(tables.audit).values(row))
