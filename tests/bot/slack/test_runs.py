"""What runs: nothing twice, and a drain that ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.observability.metrics import RUNNING
from bot.slack.invocation import Invocation, Source
from bot.slack.outbound import turns as turns_module
from bot.slack.outbound.card import Card
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import MAX_REMEMBERED, REMEMBERED_S, SAME_TARGET_S, Runs
from bot.slack.outbound.turns import AT_ONCE, CROWD, Turns
from tests.support.waiting import LIMIT_S, advance, for_ever, stop_time, until

CARD = Card(
    SlackClient(client=AsyncWebClient(), session=None),  # type: ignore[arg-type]
    Invocation(source=Source.COMMAND, text="", user="U1", team="T1", channel="C1"),
    bot_name="appgw-check",
    private=True,
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The present second."""
        return self.now


def test_delivery_is_new_once_until_forgotten() -> None:
    clock = Clock()
    runs = Runs(now=clock)
    assert [runs.is_new("a"), runs.is_new("a"), runs.is_new("b"), runs.is_new("")] == [
        True,
        False,
        True,
        True,
    ]
    clock.now += REMEMBERED_S + 1
    assert runs.is_new("a")


def test_memory_is_bounded() -> None:
    runs = Runs()
    assert all(runs.is_new(str(number)) for number in range(MAX_REMEMBERED + 10))
    assert len(runs._delivered) <= MAX_REMEMBERED + 1


def test_same_target_is_one_run_for_ten_seconds() -> None:
    clock = Clock()
    runs = Runs(now=clock)
    run = runs.begin("a")
    assert runs.running("a", ended_too=False) is run
    run.card = CARD
    runs.end(run)
    assert runs.running("a", ended_too=False) is None
    assert runs.running("a", ended_too=True) is run
    clock.now += SAME_TARGET_S + 0.1
    assert runs.running("a", ended_too=True) is None


def test_run_without_messages_is_not_pointed_to() -> None:
    runs = Runs()
    run = runs.begin("a")
    runs.end(run)
    assert runs.running("a", ended_too=True) is None


def test_last_run_to_claim_a_card_writes_it() -> None:
    runs = Runs()
    first, second = runs.begin("a"), runs.begin("b")
    assert runs.writes("card", first)
    runs.claim("card", first)
    assert runs.writes("card", first)
    runs.claim("card", second)
    assert (runs.writes("card", first), runs.writes("card", second)) == (False, True)


def test_a_run_that_ends_twice_is_counted_once() -> None:
    runs, before = Runs(), RUNNING._value.get()
    run = runs.begin("a")
    runs.end(run)
    runs.end(run)
    assert RUNNING._value.get() == before


def test_claims_are_bounded() -> None:
    runs = Runs()
    run = runs.begin("a")
    for number in range(MAX_REMEMBERED + 10):
        runs.claim(number, run)
    assert len(runs._writers) == MAX_REMEMBERED


async def test_drain_waits_for_work_then_cuts_it_short() -> None:
    runs, ends = Runs(), list[str]()

    async def work(name: str, done: Awaitable[object]) -> None:
        try:
            await done
            ends.append(f"{name} finished")
        except asyncio.CancelledError:
            ends.append(f"{name} cut")
            raise

    go_on = asyncio.Event()
    runs.spawn(work("short", go_on.wait()))
    runs.spawn(work("long", for_ever()))
    draining = asyncio.create_task(runs.drain(LIMIT_S))
    await until(lambda: runs.draining)
    go_on.set()
    await until(lambda: ends)
    assert not draining.done()
    advance(LIMIT_S)
    await draining
    assert ends == ["short finished", "long cut"]
    assert runs.draining


async def test_error_in_the_work_is_logged_and_harmless(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> None:
        raise ValueError("ours")

    runs = Runs()
    with caplog.at_level(logging.ERROR):
        runs.spawn(fails())
        await runs.drain(1)
    assert "unexpected error" in caplog.text


async def test_cards_come_before_probes_when_many_ask() -> None:
    stop_time()
    turns, order = Turns(), list[str]()

    async def check(number: int) -> None:
        turns.opening(str(number))
        probe = asyncio.create_task(run(number))
        for _ in range(AT_ONCE + CROWD):
            await asyncio.sleep(0)
        order.append("card")
        turns.opened(str(number))
        await probe

    async def run(_number: int) -> None:
        async with turns.probing(must_wait=lambda: None):
            order.append("probe")

    await asyncio.gather(*(check(number) for number in range(AT_ONCE + CROWD)))
    assert order.count("probe") == AT_ONCE + CROWD
    assert "probe" not in order[: AT_ONCE + CROWD]


async def test_probes_wait_no_longer_without_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "PROGRESS_S", 0.01)
    turns, order = Turns(), list[str]()
    for number in range(CROWD + 1):
        turns.opening(str(number))
    async with turns.probing(must_wait=lambda: order.append("must wait")):
        order.append("probe")
    assert order == ["must wait", "probe"]
