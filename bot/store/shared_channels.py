"""Channels that Slack says are shared with another organisation, and who consented to cards there.

A channel without a row was never said to be shared.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import tables
from bot.store.write import insert_new, upsert

_SHARED = tables.shared_channel


async def shared_channels(connection: AsyncConnection, team: str) -> dict[str, str | None]:
    """The shared channels of a workspace, each with who consented, empty where nobody did."""
    rows = await connection.execute(
        select(_SHARED.c.channel, _SHARED.c.consent_by).where(_SHARED.c.team == team)
    )
    return {row.channel: row.consent_by or "" for row in rows}


async def shared_channel(connection: AsyncConnection, team: str, channel: str) -> str | None:
    """Who consented in a shared channel, empty where nobody did; `None` where it is not shared."""
    own = (_SHARED.c.team == team) & (_SHARED.c.channel == channel)
    row = (await connection.execute(select(_SHARED.c.consent_by).where(own))).one_or_none()
    return None if row is None else row.consent_by or ""


async def note_shared(connection: AsyncConnection, team: str, channel: str, at: datetime) -> None:
    """Remember that a channel is shared; what was consented to stays."""
    row = {"team": team, "channel": channel, "consent_by": None, "at": at}
    await insert_new(connection, _SHARED, [row])


async def set_consent(
    connection: AsyncConnection, team: str, channel: str, user: str | None, at: datetime
) -> None:
    """Keep a consent, or with `None` take it back."""
    row = {"team": team, "channel": channel, "consent_by": user, "at": at}
    await upsert(connection, _SHARED, [row])
