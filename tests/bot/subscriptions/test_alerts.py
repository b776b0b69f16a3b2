"""What is kept about alerts, the same on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import MOST_MARKED, PLACING, SAME_PROBLEM, AlertAnswer, Problem
from bot.store import Store, open_store
from bot.subscriptions import AlertMemory
from tests.bot.store.conftest import ready_url
from tests.support.following import NOW

__all__ = ["ready_url"]
SECOND = timedelta(seconds=1)


@pytest.fixture
async def memory(ready_url: str) -> AsyncIterator[AlertMemory]:
    store: Store = await asyncio.to_thread(open_store, ready_url)
    yield AlertMemory(store=store, team="T1")
    await store.close()


def answer(alert: str = "1.1", cause: str = "EXPIRED", after: timedelta = SECOND) -> AlertAnswer:
    """The answer to an alert that came some time after the first one."""
    return AlertAnswer(
        team="T1",
        channel="C1",
        problem=Problem(gateway="/gw", pool="web", cause=cause),
        command="gw:prod-gw",
        alerts=(alert,),
        thread=alert,
        begun=NOW + after,
        until=NOW + after + SAME_PROBLEM,
    )


async def test_switch_is_kept_with_its_author(memory: AlertMemory) -> None:
    assert await memory.switch("C1") is None
    assert await memory.switch_on("C1", "U1", NOW) is None
    was = await memory.switch_on("C1", "U2", NOW)
    assert was is not None
    assert (was.by, was.at) == ("U1", NOW)
    assert await memory.switch("C2") is None
    await memory.claim(answer())
    assert await memory.switch_off("C1", "U2", NOW)
    assert not await memory.switch_off("C1", "U2", NOW)
    assert await memory.open(NOW) == ()


async def test_alert_is_new_once(memory: AlertMemory) -> None:
    assert [await memory.is_new("C1", "1.1", NOW) for _ in range(2)] == [True, False]


async def test_same_problem_is_claimed_once(memory: AlertMemory) -> None:
    assert await memory.claim(answer("1.1")) is None
    await memory.settle(replace(answer("1.1"), card="1.5"))
    joined = await memory.claim(answer("2.1", after=timedelta(minutes=50)))
    assert joined is not None
    assert (joined.alerts, joined.card, joined.thread) == (("1.1", "2.1"), "1.5", "1.1")
    assert await memory.claim(answer("3.1", cause="OTHER")) is None
    await memory.settle(replace(joined, alerts=(), green=True))
    assert [one.alerts for one in await memory.open(NOW)] == [("3.1",)]
    late = answer("4.1", after=timedelta(minutes=50) + SAME_PROBLEM)
    assert await memory.claim(late) is None


async def test_answers_claimed_together_are_one(memory: AlertMemory) -> None:
    found = await asyncio.gather(*(memory.claim(answer(f"{n}.1")) for n in range(MOST_MARKED + 5)))
    assert found.count(None) == 1
    kept = await memory.newest(answer())
    assert kept is not None
    assert len(kept.alerts) == MOST_MARKED


async def test_unplaced_answer_is_given_anew(memory: AlertMemory) -> None:
    assert await memory.claim(answer("1.1")) is None
    assert await memory.claim(answer("2.1", after=PLACING / 2)) is not None
    assert await memory.claim(answer("3.1", after=PLACING + SECOND)) is None


async def test_a_look_is_taken_by_one(memory: AlertMemory) -> None:
    value = answer(after=timedelta())
    await memory.claim(value)
    later = NOW + timedelta(minutes=1)
    takers = await asyncio.gather(*(memory.take_look(value, later) for _ in range(3)))
    assert sorted(takers) == [False, False, True]


async def test_changed_cause_keeps_card_and_alerts(memory: AlertMemory) -> None:
    value = replace(answer(), card="1.5")
    await memory.claim(value)
    changed = replace(value, problem=replace(value.problem, cause="OTHER"))
    await memory.rename(value, changed, NOW)
    assert await memory.newest(value) is None
    assert await memory.newest(changed) == changed
    await memory.forget(changed)
    assert await memory.open(NOW) == ()
