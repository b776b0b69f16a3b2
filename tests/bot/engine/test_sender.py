"""Send once: what is committed before a request, and what follows an unknown outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.delivery import (
    DeliveryError,
    DeliveryState,
    Message,
    MessageRefused,
    NotAccepted,
    OutboxMessage,
    OutcomeUnknown,
    RateLimited,
    WithoutHistory,
)
from bot.engine.lease import Lease
from bot.engine.ports import EngineSettings, Ports
from bot.engine.sender import DigestSender
from bot.store import Store
from bot.store.outbox import lock_message, plan_message, register_replica, save_message
from tests.support.following import NOW, FixedObserver, render
from tests.support.waiting import LIMIT_S, advance, for_ever

SETTINGS = EngineSettings(
    settle=timedelta(seconds=3),
    spacing=timedelta(seconds=1),
    post_timeout=timedelta(seconds=LIMIT_S),
)
PLANNED, SENDING, SENT = DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.SENT


class Channel:
    """A channel whose answers are written down beforehand: an error, or `accept` then an error."""

    def __init__(self, *answers: DeliveryError | str) -> None:
        self.answers: Iterator[DeliveryError | str] = iter(answers)
        self.accepted: list[str] = []
        self.history: list[DeliveryError] = []
        self.observed: list[tuple[datetime, datetime]] = []

    async def post(self, channel: str, message: Message, delivery_id: str) -> str:
        """Answer as written."""
        del channel, message
        answer = next(self.answers, "")
        if isinstance(answer, DeliveryError) and not isinstance(answer, OutcomeUnknown):
            raise answer
        self.accepted.append(delivery_id)
        if answer == "hang":
            advance(LIMIT_S)
            await for_ever()
        if isinstance(answer, DeliveryError):
            raise answer
        if answer:
            raise RuntimeError(answer)
        return f"{len(self.accepted)}.0"

    async def find(
        self, channel: str, delivery_id: str, since: datetime, until: datetime
    ) -> str | None:
        """What was accepted stands in the history, when it may be read."""
        del channel
        self.observed.append((since, until))
        if self.history:
            raise self.history.pop(0)
        return "found" if delivery_id in self.accepted else None


class Clock:
    """An instant that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The instant."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)


class CheckService:
    """A courier with its channel, clock and lease."""

    def __init__(self, store: Store, channel: Channel, **settings: object) -> None:
        self.store, self.channel, self.clock = store, channel, Clock()
        changed = replace(SETTINGS, **settings)  # type: ignore[arg-type]
        self.lease = Lease(store, "a", timedelta(seconds=30), lambda: 0.0)
        ports = Ports(clock=self.clock, observer=FixedObserver(), renderer=render, poster=channel)
        self.final: list[str] = []
        self.digest_sender = DigestSender(store, ports, self.lease, changed)

    async def plan(self, delivery_id: str = "d", channel: str = "C1") -> None:
        """Plan a message and be alive."""
        if not self.lease.epoch:
            await self.lease.begin()
        async with self.store.writing() as connection:
            await plan_message(connection, delivery_id, channel, self.clock())

    async def attempt(self, delivery_id: str = "d") -> tuple[OutboxMessage | None, float]:
        """One attempt."""
        return await self.digest_sender.attempt(delivery_id, {"text": "x"}, self._ended)

    async def _ended(self, connection: AsyncConnection, final: OutboxMessage) -> None:
        assert (await lock_message(connection, final.id)).state is final.state
        self.final.append(final.id)

    async def end(
        self, delivery_id: str = "d", attempts: int = 20
    ) -> tuple[OutboxMessage, list[float]]:
        """Attempt until the delivery is final; also the waits on the way."""
        waits = []
        for _ in range(attempts):
            final, wait = await self.attempt(delivery_id)
            if final is not None:
                return final, waits
            waits.append(wait)
            self.clock.wait(wait)
        raise AssertionError(waits)

    async def left_behind(self, owner: str, epoch: int) -> None:
        """Another one began to send it and was never heard of again."""
        async with self.store.writing() as connection:
            found = await lock_message(connection, "d")
            begun = replace(
                found,
                state=SENDING,
                attempts=1,
                first_attempt_at=NOW,
                attempt_at=NOW,
                owner=owner,
                epoch=epoch,
            )
            await save_message(connection, begun)


async def test_message_is_sent_once(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    final, waits = await check_service.end()
    again, _ = await check_service.end()
    assert (final.state, final.ts, waits, again, check_service.channel.accepted) == (
        SENT,
        "1.0",
        [],
        final,
        ["d"],
    )
    assert check_service.final == ["d", "d"]


@pytest.mark.parametrize(
    ("answer", "waits"),
    [(RateLimited(7), [7.0]), (NotAccepted("connection refused"), [2.0])],
    ids=["429", "connection refused"],
)
async def test_message_that_was_not_accepted_is_sent_again(
    store: Store, answer: DeliveryError, waits: list[float]
) -> None:
    check_service = CheckService(store, Channel(answer))
    await check_service.plan()
    final, waited = await check_service.end()
    assert (final.state, waited, check_service.channel.accepted) == (SENT, waits, ["d"])


@pytest.mark.parametrize(
    "answer",
    [OutcomeUnknown("timed out"), "a bug in the poster", "hang"],
    ids=["unknown", "bug", "time-out"],
)
async def test_doubtful_message_is_found_in_the_history(
    store: Store, answer: DeliveryError | str
) -> None:
    check_service = CheckService(store, Channel(answer))
    await check_service.plan()
    final, waits = await check_service.end()
    assert (final.state, final.ts, check_service.channel.accepted) == (SENT, "found", ["d"])
    assert sum(waits) >= 3


async def test_unreadable_history_is_read_later(store: Store) -> None:
    check_service = CheckService(store, Channel(OutcomeUnknown("x")))
    check_service.channel.history = [RateLimited(9), NotAccepted("x"), OutcomeUnknown("x")]
    await check_service.plan()
    final, waits = await check_service.end()
    assert (final.ts, check_service.channel.accepted, 9.0 in waits) == ("found", ["d"], True)
    assert len(check_service.channel.observed) == 4
    assert all(since < NOW < until for since, until in check_service.channel.observed)


@pytest.mark.parametrize(
    ("policy", "state", "accepted"),
    [
        (WithoutHistory.AT_MOST_ONCE, DeliveryState.UNKNOWN, 1),
        (WithoutHistory.AT_LEAST_ONCE, SENT, 2),
    ],
)
@pytest.mark.parametrize("how", ["switched off", "scope missing"])
async def test_without_history_the_operator_decides(
    store: Store, policy: WithoutHistory, state: DeliveryState, accepted: int, how: str
) -> None:
    check_service = CheckService(
        store, Channel(OutcomeUnknown("x")), without_history=policy, history=how != "switched off"
    )
    check_service.channel.history = [MessageRefused("missing_scope")]
    await check_service.plan()
    final, _ = await check_service.end()
    assert (final.state, len(check_service.channel.accepted)) == (state, accepted)


async def test_refused_message_is_not_tried_again(store: Store) -> None:
    check_service = CheckService(store, Channel(MessageRefused("is_archived")))
    await check_service.plan()
    final, waits = await check_service.end()
    assert (final.state, final.error, waits) == (DeliveryState.REFUSED, "is_archived", [])


async def test_unaccepted_message_is_given_up_eventually(store: Store) -> None:
    check_service = CheckService(
        store, Channel(*[NotAccepted("down")] * 20), give_up_after=timedelta(minutes=5)
    )
    await check_service.plan()
    final, waits = await check_service.end()
    assert (final.state, waits) == (DeliveryState.FAILED, [2, 4, 8, 16, 32, 60, 60, 60, 60])


async def test_channel_gets_one_message_a_second(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan("d")
    await check_service.plan("e")
    await check_service.plan("f", "C2")
    await check_service.end("d")
    assert (await check_service.end("f"))[1] == []
    assert (await check_service.end("e"))[1] == [1.0]


async def test_429_holds_the_whole_channel(store: Store) -> None:
    check_service = CheckService(store, Channel(RateLimited(30)))
    await check_service.plan("d")
    await check_service.plan("e")
    await check_service.attempt()
    assert await check_service.attempt("e") == (None, 30.0)


async def test_message_of_a_living_replica_is_left_alone(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    async with store.writing() as connection:
        epoch = await register_replica(connection, "b")
    await check_service.left_behind("b", epoch)
    final, wait = await check_service.attempt()
    assert (final, wait > 0, check_service.channel.accepted) == (None, True, [])


async def test_message_of_a_dead_replica_is_reconciled_first(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    check_service.channel.accepted = ["d"]
    await check_service.left_behind("b", 1)
    final, _ = await check_service.end()
    assert (final.ts, check_service.channel.accepted) == ("found", ["d"])


async def test_message_of_a_dead_replica_is_sent(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    await check_service.left_behind("b", 1)
    final, _ = await check_service.end()
    assert (final.ts, check_service.channel.accepted) == ("1.0", ["d"])


async def test_replica_whose_life_is_over_does_not_post(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    async with store.writing() as connection:
        await register_replica(connection, "a")
    final, wait = await check_service.attempt()
    assert (final, wait > 0, check_service.channel.accepted) == (None, True, [])


async def test_two_attempts_at_once_send_once(store: Store) -> None:
    check_service = CheckService(store, Channel())
    await check_service.plan()
    await asyncio.gather(*(check_service.attempt() for _ in range(5)))
    assert check_service.channel.accepted == ["d"]
