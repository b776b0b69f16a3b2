"""The order of a channel's digests while replicas stand still in the middle of a release."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bot.domain.delivery import DigestRun
from bot.store import Store
from bot.store.runs import claim_due, mark_ready, release, wait_for_check
from bot.store.subscriptions import add_subscription
from bot.store.tables import digest_run
from tests.support.following import NOW, gateway, subscription
from tests.support.waiting import until, within_limit

pytestmark = [pytest.mark.postgres, pytest.mark.may_block, pytest.mark.timeout(120)]


async def due(store: Store, channels: str) -> list[DigestRun]:
    """A run for each letter, in the channel of that name.

    Each waits for a check of its own number.
    """
    async with store.writing() as connection:
        for number, channel in enumerate(channels):
            await add_subscription(
                connection, subscription(channel=channel, target=gateway(f"gw{number}"))
            )
        runs = sorted(
            await claim_due(connection, NOW + timedelta(minutes=1)), key=lambda run: run.id
        )
        for number, run in enumerate(runs):
            await wait_for_check(connection, [run], f"check:{number}")
    return runs


async def released(store: Store, check: str) -> list[str]:
    """What a check's end queues."""
    async with store.writing() as connection:
        await mark_ready(connection, check)
    return await queued(store, check)


async def queued(store: Store, check: str) -> list[str]:
    """What a release queues."""
    async with store.writing() as connection:
        return [run.id for run in await release(connection, check)]


async def until_somebody_waits(store: Store) -> None:
    """Until a connection to this database waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event_type = 'Lock'"
    )

    async def waits() -> int:
        async with store.reading() as connection:
            return int((await connection.execute(waiting)).scalar_one())

    await until(waits)


async def test_frozen_replica_delays_its_own_channel_alone(
    postgres_store: Store,
) -> None:
    runs = await due(postgres_store, "AB")
    async with postgres_store.writing() as frozen:
        await mark_ready(frozen, "check:0")
        await release(frozen, "check:0")
        assert await within_limit(released(postgres_store, "check:1")) == [runs[1].id]


async def test_checks_ending_together_leave_no_digest_waiting(postgres_store: Store) -> None:
    """The second look ends while the first one's release has not yet been committed."""
    runs = await due(postgres_store, "AA")
    async with postgres_store.writing() as slow:
        await mark_ready(slow, "check:0")
        assert await released(postgres_store, "check:1") == []
    assert await released(postgres_store, "check:0") == [run.id for run in runs]


async def test_digest_ready_during_a_later_release_keeps_order(
    postgres_store: Store,
) -> None:
    """The first look ends in the middle of the second one's release, which waits for a row."""
    runs = await due(postgres_store, "AA")
    async with postgres_store.writing() as connection:
        await mark_ready(connection, "check:1")
    async with postgres_store.writing() as holder:
        await holder.execute(
            select(digest_run.c.id).where(digest_run.c.id == runs[1].id).with_for_update()
        )
        later = asyncio.create_task(queued(postgres_store, "check:1"))
        await until_somebody_waits(postgres_store)
        async with postgres_store.writing() as connection:
            await mark_ready(connection, "check:0")
    assert await later == []
    assert await queued(postgres_store, "check:0") == [run.id for run in runs]
