"""The present content of a digest, for the engine, previews, recoveries and App Home."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.digest.compose import compose
from bot.domain.digest import BackendState, DigestContent, Subscription
from bot.store.observations import target_states
from bot.store.subscriptions import channel_mutes

_MUTES_BACK = timedelta(days=35)
"""Long enough that a monthly digest knows what ended during a mute."""


async def current_digest(
    connection: AsyncConnection,
    subscription: Subscription,
    now: datetime,
    last: DigestContent | None,
    states: Sequence[BackendState] | None = None,
) -> DigestContent:
    """The content of a subscription's digest at an instant.

    Args:
        connection: of the caller's transaction.
        subscription: gives the target, the filters and the channel.
        now: time zone aware.
        last: the digest to compare with; `None` for none.
        states: of the target's backends; `None` for the stored ones.
    """
    if states is None:
        states = await target_states(connection, subscription.target.key)
    mutes = await channel_mutes(
        connection, subscription.team, subscription.channel, now - _MUTES_BACK
    )
    return compose(subscription, states, mutes, last, now)
