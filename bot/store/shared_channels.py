"""Channels shared with another organisation, and who consented to cards in them.

A channel without a row is not shared, as far as Slack has said.
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
    """Who consented in a shared channel, empty where nobody did; `None` if it is not shared."""
    own = (_SHARED.c.team == team) & (_SHARED.c.channel == channel)
    row = (await connection.execute(select(_SHARED.c.consent_by).where(own))).one_or_none()
    return None if row is None else row.consent_by or ""


async def note_shared(connection: AsyncConnection, team: str, channel: str, at: datetime) -> None:
    """Store that a channel is shared; an existing consent is kept."""
    row = {"team": team, "channel": channel, "consent_by": None, "at": at}
    await insert_new(connection, _SHARED, [row])


async def set_consent(
    connection: AsyncConnection, team: str, channel: str, user: str | None, at: datetime
) -> None:
    """Store a consent, or withdraw it with `None`."""
    row = {"team": team, "channel": channel, "consent_by": user, "at": at}
    await upsert(connection, _SHARED, [row])
