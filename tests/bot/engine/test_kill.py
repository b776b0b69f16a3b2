"""Processes die, freeze and race; digests are neither lost nor doubled."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select, text

from bot.engine.dbos_engine import open_engine
from bot.store import open_store, tables
from tests.bot.engine.conftest import StartReplica
from tests.support.databases import DATABASES
from tests.support.poster import Channels
from tests.support.replicas import Replica, follow_overdue
from tests.support.sampling import every, of_all
from tests.support.waiting import LIMIT_S, until, within_limit

Figure = Callable[[str], None]
pytestmark = [pytest.mark.may_block, pytest.mark.timeout(240)]
DUE = of_all(60, 24)
"""Due digests; `make test-every-case` runs the same with 60."""
LEASE_S = 3600
"""No machine is so busy that a living replica says nothing for as long."""


@pytest.fixture
async def channels() -> AsyncIterator[Channels]:
    """Where digests go: a post is accepted 30 ms before it is answered."""
    async with Channels(before=0.02, after=0.03) as service:
        yield service


async def end(process: Replica) -> int:
    """SIGTERM, and the exit status."""
    process.terminate()
    return await within_limit(process.wait())


def read(url: str, query: str) -> list[int]:
    """What stands in the database, without the lock that an open store takes."""
    engine = open_engine(url, lambda: LIMIT_S)
    with engine.connect() as connection:
        found = connection.execute(text(query)).scalars().all()
    engine.dispose()
    return list(found)


async def every_run_ends(url: str) -> None:
    """Wait until no digest is left that could be sent once more: a start and all of its posts."""
    query = "SELECT count(*) FROM digest_run WHERE outcome IS NOT NULL"
    await until(lambda: read(url, query) == [DUE], limit_s=3 * LIMIT_S)


DEAD = "SELECT epoch FROM replica WHERE dead"


async def declared_dead(url: str, heir: Replica, name: str) -> None:
    """For the heir time passes until it declares the other one dead."""
    query = f"SELECT epoch FROM replica WHERE dead AND id = '{name}'"  # noqa: S608 -- a constant

    def dead() -> list[int]:
        heir.expire_leases()
        return read(url, query)

    await until(dead)


def counts(channels: Channels) -> str:
    """What became of the due digests."""
    return (
        f"{DUE} due, {DUE - len(channels.arrived)} lost, "
        f"{len(channels.accepted) - len(channels.arrived)} doubled"
    )


async def killed_three_times(
    url: str, channels: Channels, replica: StartReplica, *, history: bool
) -> None:
    """Digests are due, and the process is killed at a quarter, at half and at three quarters.

    Each time the last posts have been accepted and not been answered.
    """
    await follow_overdue(url, DUE)
    options = {"url": url, "poster": channels.url, "history": history}
    for killed_at in (DUE // 4, DUE // 2, DUE * 3 // 4):
        channels.silent_from = killed_at
        process = await replica(**options)
        await until(lambda at=killed_at: len(channels.arrived) >= at)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        await process.wait()
    channels.silent_from = sys.maxsize
    process = await replica(**options)
    await every_run_ends(url)
    assert await end(process) == 0


async def test_killed_process_loses_and_doubles_nothing(
    url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    await killed_three_times(url, channels, replica, history=True)
    figure(f"three kill -9: {counts(channels)}")
    assert (len(channels.arrived), channels.doubled) == (DUE, {})


@pytest.mark.parametrize("url", every(DATABASES, 2), indirect=True)
async def test_without_reconciliation_the_same_run_doubles(
    url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    """The test above bites: it is the reconciliation that keeps it at zero.

    What it counts comes to pass in the channels, so one database is enough.
    """
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
    await declared_dead(postgres_url, heir, "a")
    await every_run_ends(postgres_url)
    figure(f"one of two replicas killed: {counts(channels)}")
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
    await declared_dead(postgres_url, heir, "a")
    await every_run_ends(postgres_url)
    sleeper.send_signal(signal.SIGCONT)
    sleeper.expire_leases()
    await until(lambda: not read(postgres_url, DEAD))
    ended = [await end(process) for process in (sleeper, heir)]
    figure(
        f"one of two replicas frozen and woken, {parallel} requests in flight at most: "
        f"{counts(channels)}"
    )
    assert len(channels.arrived) == DUE
    assert len(channels.accepted) - DUE <= parallel
    assert ended == [0, 0]


@pytest.mark.postgres
async def test_replicas_of_one_minute_make_one_run_each(
    postgres_url: str, channels: Channels, replica: StartReplica, figure: Figure
) -> None:
    await follow_overdue(postgres_url, DUE)
    options = {"url": postgres_url, "poster": channels.url}
    both = await asyncio.gather(replica(**options, replica="a"), replica(**options, replica="b"))
    await every_run_ends(postgres_url)
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
