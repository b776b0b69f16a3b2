"""Replicas that live and die, told apart by counts and never by clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.engine.lease import Lease, ReplicaTaken
from bot.store import Store
from bot.store.outbox import Replica, declare_dead

LEASE = timedelta(seconds=30)


class Seconds:
    """Seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now


async def test_replica_silent_for_a_lease_is_dead(store: Store) -> None:
    seconds = Seconds()
    one, other = (Lease(store, name, LEASE, seconds) for name in "ab")
    await one.begin()
    await other.begin()
    assert await one.living() == ("a", "b")
    seconds.now = 29
    assert await one.living() == ("a", "b")
    await other.keep()
    seconds.now = 31
    assert await one.living() == ("a", "b")
    seconds.now = 61
    assert await one.living() == ("a",)
    assert await one.living() == ("a",)


async def test_replica_that_wakes_begins_a_new_life(store: Store) -> None:
    lease = Lease(store, "a", LEASE, Seconds())
    await lease.begin()
    async with store.writing() as connection:
        await declare_dead(connection, Replica(id="a", epoch=lease.epoch, beat=0, dead=False))
    async with store.reading() as connection:
        assert not await lease.owns(connection)
    await lease.keep()
    async with store.reading() as connection:
        assert await lease.owns(connection)


async def test_two_processes_of_one_name_exclude_each_other(store: Store) -> None:
    first, second = (Lease(store, "a", LEASE, Seconds()) for _ in range(2))
    await first.begin()
    await second.begin()
    with pytest.raises(ReplicaTaken, match="its own name"):
        await first.keep()
    await second.keep()
