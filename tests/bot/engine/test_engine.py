"""The engine put together, in this process.

What is due is looked at once, said once, in order, and at the pace that the channel bears.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import aiohttp
import pytest
from sqlalchemy import select

from bot.digest.schedule import schedule
from bot.domain.delivery import Message
from bot.domain.digest import DigestContent, FollowedTarget, Subscription, TargetObservation
from bot.engine import Engine, EngineSettings, Ports
from bot.engine.tick import HOSTS_PER_CHECK, batches
from bot.store import Store, tables
from bot.store.subscriptions import add_subscription, get_subscription, remove_subscription
from tests.support.databases import DATABASES
from tests.support.following import (
    GATEWAY,
    NOW,
    FixedObserver,
    answered,
    gateway,
    render,
    subscription,
)
from tests.support.poster import ChannelPoster, Channels
from tests.support.sampling import every, of_all
from tests.support.waiting import LIMIT_S, for_ever, until, within_limit

pytestmark = pytest.mark.may_block  # DBOS is launched inside the loop on purpose
# Their rule is none of the queries' own. What claims, orders, ends and removes runs on both.
no_matter_which_database = pytest.mark.parametrize("url", every(DATABASES, 2), indirect=True)
SETTINGS = EngineSettings(
    confirm_gap=timedelta(seconds=0.01),
    settle=timedelta(seconds=0.1),
    spacing=timedelta(0),
    tick_pause=timedelta(seconds=0.1),
    poll=timedelta(seconds=0.1),
)


class World:
    """What the engine is given, and what became of it."""

    def __init__(self, url: str, store: Store, channels: Channels) -> None:
        self.url, self.store, self.channels = url, store, channels
        self.now = NOW
        self.observer = FixedObserver()
        self.paused: list[tuple[str, str]] = []
        # Only PostgreSQL needs polls: on SQLite whoever queues work says so.
        self.settings = replace(SETTINGS, poll=timedelta(seconds=2)) if store.embedded else SETTINGS
        self.render: Callable[[Subscription, DigestContent], Message] = render

    async def follow(self, **fields: object) -> Subscription:
        """A subscription."""
        async with self.store.writing() as connection:
            return await add_subscription(connection, subscription(**fields))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        """The engine at work."""
        async with aiohttp.ClientSession() as session:
            poster = ChannelPoster(self.channels.url, session)
            ports = Ports(
                clock=lambda: self.now,
                observer=self.observer,
                renderer=self.render,
                poster=poster,
                on_paused=self._described,
            )
            engine = Engine(self.url, self.store, ports, self.settings)
            await engine.start()
            try:
                yield engine
            finally:
                await engine.stop()

    def seconds(self) -> float:
        """The engine's clock in seconds."""
        return self.now.timestamp()

    @asynccontextmanager
    async def clock_going_on(self) -> AsyncIterator[None]:
        """The clock goes as clocks do; how fast does not matter."""

        async def tick() -> None:
            while True:
                await asyncio.sleep(0.05)  # time: how fast the clock goes does not matter
                self.now += timedelta(seconds=0.05)

        ticking = asyncio.create_task(tick())
        yield
        ticking.cancel()

    async def _described(self, channel: str, reason: str) -> None:
        self.paused.append((channel, reason))

    async def until_done(self, runs: int) -> list[str]:
        """Wait until so many runs have ended; their outcomes."""
        return await _until(self._outcomes, lambda found: len(found) >= runs)

    async def observed(self) -> list[str]:
        """What was looked at."""
        return self.observer.observed

    async def states(self) -> list[str]:
        """Where the runs stand."""
        async with self.store.reading() as connection:
            return list((await connection.execute(select(tables.digest_run.c.state))).scalars())

    async def _outcomes(self) -> list[str]:
        table = tables.digest_run
        async with self.store.reading() as connection:
            found = await connection.execute(
                select(table.c.outcome).where(table.c.outcome.is_not(None)).order_by(table.c.id)
            )
            return list(found.scalars())


async def _until(
    read: Callable[[], Awaitable[list[str]]], enough: Callable[[list[str]], bool]
) -> list[str]:
    async def found() -> list[str] | None:
        answer = await read()
        return answer if enough(answer) else None

    answer = await until(found)
    assert answer is not None
    return answer


@pytest.fixture
async def world(url: str, store: Store) -> AsyncIterator[World]:
    """Everything around the engine."""
    async with Channels() as channels:
        yield World(url, store, channels)


@pytest.mark.smoke
async def test_due_digest_is_observed_and_sent(world: World) -> None:
    followed = await world.follow()
    async with world.running():
        assert await world.until_done(1) == ["sent"]
    assert [(channel, name) for _, channel, name in world.channels.accepted] == [
        ("C1", f"20261123T0900Z:{followed.id:08d}")
    ]
    assert world.observer.observed == [GATEWAY] * 3


@no_matter_which_database
async def test_gateway_is_read_once_for_all_channels(world: World) -> None:
    world.observer = FixedObserver(broken=0)
    for n in range(12):
        await world.follow(channel=f"C{n}", heartbeat=True)
    async with world.running():
        assert await world.until_done(12) == ["sent"] * 12
    assert world.observer.observed == [GATEWAY]
    assert world.channels.doubled == {}


@no_matter_which_database
async def test_digest_without_news_is_silent(world: World) -> None:
    world.observer = FixedObserver(broken=0)
    await world.follow()
    async with world.running():
        assert await world.until_done(1) == ["silent"]
    assert world.channels.accepted == []


@no_matter_which_database
async def test_week_of_digests_speaks_when_something_changed(world: World) -> None:
    """Only-changes: the first run, the break, the repair; nothing on the other days."""
    world.observer = FixedObserver(broken=0)
    await world.follow(schedule=answered(schedule("daily", zone="UTC")), only_changes=True)
    async with world.running():
        for day in range(7):
            world.observer.broken = 1 if 2 <= day < 5 else 0
            world.now = NOW + timedelta(days=day)
            outcomes = await world.until_done(day + 1)
    assert outcomes == ["sent", "silent", "sent", "silent", "silent", "sent", "silent"]


@no_matter_which_database
async def test_missed_nights_are_caught_up_once(
    world: World, figure: Callable[[str], None]
) -> None:
    followed = await world.follow(schedule=answered(schedule("daily", zone="UTC")))
    world.now = NOW + timedelta(days=4, hours=-1)
    async with world.running():
        assert await world.until_done(1) == ["sent"]
        await world.follow(channel="C2", target=gateway("later"))
        world.now += timedelta(minutes=1)  # the next tick claims whatever is due
        assert await world.until_done(2) == ["sent"] * 2
    sent = [channel for _, channel, _ in world.channels.accepted]
    figure(f"four missed mornings: {sent.count('C1')} digest")
    assert sent == ["C1", "C2"]
    assert len(await world.states()) == 2
    async with world.store.reading() as connection:
        after = await get_subscription(connection, followed.id)
    assert after is not None
    assert after.next_run_at == NOW + timedelta(days=5)


async def test_five_digests_of_one_channel_keep_order(
    world: World, figure: Callable[[str], None]
) -> None:
    """The channel takes one message in so many seconds and answers 429 otherwise.

    It counts them on the clock of the engine, so that it is the engine's pace that is held.
    """
    world.channels.limit, world.channels.clock = 0.5, world.seconds
    world.settings = replace(world.settings, spacing=timedelta(seconds=0.55))
    made = [await world.follow(target=gateway(pool="shop" if n else None)) for n in range(5)]
    async with world.running(), world.clock_going_on():
        assert await world.until_done(5) == ["sent"] * 5
    instants = [at for at, _, _ in world.channels.accepted]
    assert [name for _, _, name in world.channels.accepted] == [
        f"20261123T0900Z:{one.id:08d}" for one in made
    ]
    shortest = min(later - earlier for earlier, later in pairwise(instants))
    figure(
        f"five digests due at once: in order, at least {shortest:.2f} s apart, "
        f"{world.channels.limited} refused with 429"
    )
    assert shortest >= 0.5
    assert world.channels.limited == 0


@no_matter_which_database
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_fast_clock_costs_one_digest_and_no_year(
    world: World,
    restarted: bool,  # noqa: FBT001 -- the table's column
) -> None:
    """A clock a year ahead runs one digest.

    When it is right again, the next morning's comes as ever.
    """
    world.observer = FixedObserver(broken=0)
    followed = await world.follow(schedule=answered(schedule("daily", zone="UTC")), heartbeat=True)
    world.settings = replace(world.settings, spacing=timedelta(seconds=1))
    world.now = NOW + timedelta(days=365, minutes=5)
    async with world.running():
        assert await world.until_done(1) == ["sent"]
        world.now = NOW + timedelta(minutes=10)
        if not restarted:
            await _next_morning_comes(world, followed)
    if restarted:
        async with world.running():
            await _next_morning_comes(world, followed)


async def _next_morning_comes(world: World, followed: Subscription) -> None:
    async def due() -> list[str]:
        async with world.store.reading() as connection:
            return [
                f"{found.next_run_at:%Y-%m-%d}"
                for found in [await get_subscription(connection, followed.id)]
                if found
            ]

    await _until(due, lambda found: found == ["2026-11-24"])
    world.now += timedelta(days=1)
    assert await world.until_done(2) == ["sent"] * 2
    await _until(due, lambda found: found == ["2026-11-25"])


class SlowObserver(FixedObserver):
    """Sees the first gateway only once another channel has its digest."""

    def __init__(self, channels: Channels) -> None:
        super().__init__(broken=0)
        self._channels = channels

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """Wait, then see."""
        if target.text.endswith("0"):
            await until(lambda: self._channels.accepted)
        return await super().observe(target)


async def test_digests_of_one_channel_keep_their_order(
    world: World,
) -> None:
    world.observer = SlowObserver(world.channels)
    made = [await world.follow(target=gateway(f"gw{n}"), heartbeat=True) for n in range(5)]
    other = await world.follow(target=gateway("gw4"), channel="C2", heartbeat=True)
    async with world.running():
        assert await world.until_done(6) == ["sent"] * 6
    own = [f"20261123T0900Z:{one.id:08d}" for one in made]
    assert [name for _, channel, name in world.channels.accepted if channel == "C1"] == own
    assert world.channels.accepted[0][2] == f"20261123T0900Z:{other.id:08d}"


class CountingObserver(FixedObserver):
    """Ends no look before eight are under way, and counts how many are."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way, self.most = 0, 0

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """See, slowly."""
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await until(lambda: self.most >= 8)
        self.under_way -= 1
        return await super().observe(target)


@no_matter_which_database
async def test_waiting_gateways_delay_no_other(world: World, figure: Callable[[str], None]) -> None:
    """The very incident: one fault behind every gateway.

    Each is looked at once, eight at a time, while those before it wait an hour for their next look.
    """
    gateways, observer = of_all(24, 12), CountingObserver()
    world.observer, world.settings = (
        observer,
        replace(world.settings, confirm_gap=timedelta(hours=1)),
    )
    for n in range(gateways):
        await world.follow(channel=f"C{n}", target=gateway(f"gw{n}"))
    async with world.running():
        await _until(world.observed, lambda found: len(found) >= gateways)
    figure(f"{gateways} gateways break at once: {observer.most} looks under way at most")
    assert len(set(observer.observed)) == len(observer.observed) == gateways
    assert observer.most == 8


class StuckObserver(FixedObserver):
    """One gateway never answers."""

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """See, or wait for good."""
        if target.text == "gw:gw0":
            await for_ever()
        return await super().observe(target)


@no_matter_which_database
async def test_silent_gateway_delays_its_channel_two_minutes(
    world: World,
) -> None:
    world.observer = StuckObserver(broken=0)
    world.settings = replace(world.settings, drain=timedelta(seconds=0.2))
    await world.follow(target=gateway("gw0"), heartbeat=True)
    await world.follow(target=gateway("gw1"), heartbeat=True)
    async with world.running():
        await _until(world.states, lambda found: "ready" in found)
        assert world.channels.accepted == []
        world.now += timedelta(minutes=3)
        assert await world.until_done(1) == ["sent"]


@no_matter_which_database
async def test_429_costs_nothing(world: World, figure: Callable[[str], None]) -> None:
    """Without a pace of its own the engine is told off, waits as asked, and loses nothing.

    Their order is kept. Time goes on only once a message has been refused.
    """
    channels = world.channels
    channels.limit, channels.clock = 1.0, world.seconds
    for n in range(3):
        await world.follow(target=gateway(f"gw{n}"))
    async with world.running():
        await until(lambda: channels.limited)
        async with world.clock_going_on():
            assert await world.until_done(3) == ["sent"] * 3
    figure(
        f"three digests due at once without a pace: {world.channels.limited} refused with "
        f"429, {len(world.channels.accepted)} of 3 sent"
    )
    assert world.channels.limited > 0
    assert [name for _, _, name in world.channels.accepted] == sorted(
        name for _, _, name in world.channels.accepted
    )
    assert (len(world.channels.accepted), world.channels.doubled) == (3, {})


@no_matter_which_database
async def test_stop_lets_a_post_under_way_end(world: World) -> None:
    """The message is sent and recorded, so that the next start has nothing to look for."""
    world.channels.open.clear()
    followed = await world.follow()
    async with world.running():
        await within_limit(world.channels.admitted.wait())
        asyncio.get_running_loop().call_soon(world.channels.open.set)  # once the stop has begun
    assert [name for _, _, name in world.channels.accepted] == [f"20261123T0900Z:{followed.id:08d}"]
    assert await world.until_done(1) == ["sent"]


async def test_stop_skips_a_sleeping_digest_that_resumes_later(
    world: World,
) -> None:
    world.settings = replace(
        world.settings, drain=timedelta(hours=1), confirm_gap=timedelta(seconds=2)
    )
    await world.follow()
    async with asyncio.timeout(LIMIT_S):
        async with world.running():
            await _until(world.observed, lambda found: found[:1] == [GATEWAY])
        async with world.running():
            assert await world.until_done(1) == ["sent"]
    assert world.observer.observed == [GATEWAY] * 3


@no_matter_which_database
async def test_lost_channel_is_paused_and_announced(world: World) -> None:
    world.channels.refusals = {"C1": "is_archived"}
    followed = await world.follow()
    other = await world.follow(target=gateway("other"), next_run_at=NOW + timedelta(days=1))
    async with world.running():
        assert await world.until_done(1) == ["refused"]
    assert world.paused == [("C1", "is_archived")]
    async with world.store.reading() as connection:
        after = [await get_subscription(connection, one.id) for one in (followed, other)]
    assert after == [
        replace(one, paused="is_archived", next_run_at=NOW + timedelta(days=1))
        for one in (followed, other)
    ]


async def test_removed_subscription_sends_nothing(world: World) -> None:
    await world.follow()
    async with world.store.writing() as connection:
        await connection.execute(tables.digest_run.insert().values(_run_of_nobody()))
    async with world.running() as engine:
        await engine.sweep()
        assert sorted(await world.until_done(2)) == ["dropped", "sent"]


def _run_of_nobody() -> dict[str, object]:
    """A run whose subscription is gone, left over from long ago."""
    old = NOW - timedelta(days=1)
    names = {
        "id": "20261122T0900Z:00000099",
        "subscription": 99,
        "team": "T1",
        "channel": "C1",
        "target_key": GATEWAY,
        "check": "",
    }
    return names | {"due_at": old, "state": "checking", "claimed_at": old}


class BrokenObserver(FixedObserver):
    """Raises."""

    async def observe(self, target: FollowedTarget) -> TargetObservation:
        """Raise, as a bug would."""
        raise RuntimeError(target.key)


@no_matter_which_database
async def test_failed_observation_is_reported(world: World) -> None:
    world.observer = BrokenObserver()
    await world.follow()
    async with world.running():
        assert await world.until_done(1) == ["sent"]


@no_matter_which_database
async def test_renderer_that_fails_does_not_cost_the_digest(world: World) -> None:
    def broken(subscription: Subscription, content: DigestContent) -> Message:
        raise RuntimeError(subscription.id, content.at)

    world.render = broken
    await world.follow()
    async with world.running():
        assert await world.until_done(1) == ["sent"]
    async with world.store.reading() as connection:
        (message,) = (await connection.execute(select(tables.digest_run.c.message))).scalars()
    assert message["text"].startswith("gw:prod-gw, Mon 09:00 (UTC): 1 problem, 2 fine")


async def test_finished_work_is_cleaned_up(world: World) -> None:
    followed = await world.follow()
    async with world.running() as engine:
        await world.until_done(1)
        async with world.store.writing() as connection:
            await remove_subscription(connection, followed.id)
        world.now = datetime.now(NOW.tzinfo) + timedelta(days=200)

        async def cleaned() -> bool:
            await engine.clean()
            async with world.store.reading() as connection:
                return not (await connection.execute(select(tables.delivery.c.id))).all()

        await until(cleaned)
        assert engine.alive


def test_only_hosts_share_a_check() -> None:
    hosts = [f"h{n}:443" for n in range(HOSTS_PER_CHECK + 1)]
    sites = ["site:shop.contoso.com", "site:pay.contoso.com"]
    split = batches([*sites, "/a", *hosts, "/b"])
    assert {batch for batch in split if len(batch) == 1} == {
        *((key,) for key in (*sites, "/a", "/b")),
        (hosts[-1],),
    }
    assert [len(batch) for batch in split] == [1, 1, 1, 1, HOSTS_PER_CHECK, 1]
