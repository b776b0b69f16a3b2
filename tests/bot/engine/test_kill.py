"""Processes die, freeze and race; digests are neither lost nor doubled."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select

from bot.store import open_store, tables
from tests.bot.engine.conftest import StartReplica
from tests.support.poster import Channels
from tests.support.replicas import Replica, follow_overdue
from tests.support.sampling import of_all

Figure = Callable[[str], None]
pytestmark = [pytest.mark.may_block, pytest.mark.timeout(120)]
DUE = of_all(60, 24)
"""Due digests; `make test-every-case` runs the same with 60."""
LEASE_S = 2


@pytest.fixture
async def channels() -> AsyncIterator[Channels]:
    """Where digests go: a post is accepted 30 ms before it is answered."""
    async with Channels(before=0.02, after=0.03) as service:
        yield service


async def until(done: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 -- what is waited for happens in other processes
            await asyncio.sleep(0.005)


async def end(process: Replica) -> int:
    """SIGTERM, and the exit status."""
    process.terminate()
    return await asyncio.wait_for(process.wait(), 25)


def counts(channels: Channels) -> str:
    """What became of the due digests."""
    return (
        f"{DUE} due, {DUE - len(channels.arrived)} lost, "
        f"{len(channels.accepted) - len(channels.arrived)} doubled"
    )


async def killed_three_times(
    url: str, channels: Channels, replica: StartReplica, *, history: bool
) -> None:
    """200 due digests.

    The process is killed at a quarter, at half and at three quarters, and started again each time.
    """
    await follow_overdue(url, DUE)
    options = {"url": url, "poster": channels.url, "history": history}
    for killed_at in (DUE // 4, DUE // 2, DUE * 3 // 4):
        process = await replica(**options)
        await until(lambda at=killed_at: len(channels.arrived) >= at)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        await process.wait()
    process = await replica(**options)
    await until(lambda: len(channels.arrived) >= DUE)
    await asyncio.sleep(0.5)
    assert await end(process) == 0


async def test_killed_process_loses_and_doubles_nothing(
    url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    await killed_three_times(url, channels, replica, history=True)
    figure(f"three kill -9: {counts(channels)}")
    assert (len(channels.arrived), channels.doubled) == (DUE, {})


async def test_without_reconciliation_the_same_run_doubles(
    url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    """The test above bites: it is the reconciliation that keeps it at zero."""
    await killed_three_times(url, channels, replica, history=False)
    figure(f"three kill -9 without reconciliation: {counts(channels)}")
    assert len(channels.arrived) == DUE
    assert channels.doubled


@pytest.mark.postgres
async def test_living_replica_takes_over_from_a_killed_one(
    postgres_url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    await follow_overdue(postgres_url, DUE)
    options = {"url": postgres_url, "poster": channels.url, "lease_s": LEASE_S}
    victim, heir = await asyncio.gather(
        replica(**options, replica="a"), replica(**options, replica="b")
    )
    await until(lambda: len(channels.arrived) >= DUE // 4)
    victim.kill()
    killed_at = time.monotonic()
    await until(lambda: len(channels.arrived) >= DUE)
    taken = time.monotonic() - killed_at
    await asyncio.sleep(LEASE_S)
    figure(
        f"one of two replicas killed, lease {LEASE_S} s: {counts(channels)}; all delivered "
        f"{taken:.1f} s after the kill"
    )
    assert (len(channels.arrived), channels.doubled) == (DUE, {})
    assert await end(heir) == 0


@pytest.mark.postgres
async def test_woken_replica_doubles_only_what_was_in_flight(
    postgres_url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    """The one known window: frozen between the last look at its epoch and the request.

    One double for each request in flight at most.
    """
    parallel = 10
    await follow_overdue(postgres_url, DUE)
    options = {
        "url": postgres_url,
        "poster": channels.url,
        "lease_s": LEASE_S,
        "parallel": parallel,
    }
    sleeper, heir = await asyncio.gather(
        replica(**options, replica="a"), replica(**options, replica="b")
    )
    await until(lambda: len(channels.arrived) >= DUE // 4)
    sleeper.send_signal(signal.SIGSTOP)
    await until(lambda: len(channels.arrived) >= DUE, seconds=LEASE_S + 60)
    sleeper.send_signal(signal.SIGCONT)
    await asyncio.sleep(LEASE_S)
    figure(
        f"one of two replicas frozen and woken, {parallel} requests in flight at most: "
        f"{counts(channels)}"
    )
    assert len(channels.arrived) == DUE
    assert len(channels.accepted) - DUE <= parallel
    assert [await end(process) for process in (sleeper, heir)] == [0, 0]


@pytest.mark.postgres
async def test_replicas_of_one_minute_make_one_run_each(
    postgres_url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    await follow_overdue(postgres_url, DUE)
    options = {"url": postgres_url, "poster": channels.url}
    both = await asyncio.gather(replica(**options, replica="a"), replica(**options, replica="b"))
    await until(lambda: len(channels.arrived) >= DUE)
    assert [await end(process) for process in both] == [0, 0]
    assert len(channels.accepted) == DUE
    store = await asyncio.to_thread(open_store, postgres_url)
    async with store.reading() as connection:
        runs = (await connection.execute(select(tables.digest_run.c.subscription))).scalars().all()
    await store.close()
    figure(
        f"two replicas tick the same minute: {len(runs)} runs of {len(set(runs))} "
        f"subscriptions; {counts(channels)}"
    )
    assert len(runs) == len(set(runs)) == DUE
