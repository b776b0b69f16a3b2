"""A request that one replica took is known to the others."""

from __future__ import annotations

import asyncio

from bot.store import Store, open_store
from bot.subscriptions import SeenRequests
from tests.support.following import NOW


async def test_request_handled_by_one_replica_reaches_the_other(
    store: Store, ready_url: str
) -> None:
    other = store if store.embedded else await asyncio.to_thread(open_store, ready_url)
    first, second = (SeenRequests(store=one, clock=lambda: NOW) for one in (store, other))
    try:
        known = [
            await replica.is_known(signature)
            for replica, signature in (
                (first, "v0=a"),
                (second, "v0=a"),
                (second, "v0=b"),
                (first, "v0=b"),
            )
        ]
    finally:
        if other is not store:
            await other.close()
    assert known == [False, True, False, True]


async def test_request_is_taken_while_the_database_is_away(store: Store) -> None:
    seen = SeenRequests(store=store, clock=lambda: NOW, patience=0.0)
    assert [await seen.is_known("v0=c") for _ in range(2)] == [False, False]
