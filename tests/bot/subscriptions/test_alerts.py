"""What is kept about alerts, the same on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts import (
    LIMIT_PERIOD,
    MAX_ALERTS,
    PER_CHANNEL,
    PER_TEAM,
    POST_WITHIN,
    SAME_PROBLEM_FOR,
    AlertAnswer,
    AlertClaim,
    AlertProblem,
    AlertSwitch,
)
from bot.domain.delivery import DeliveryError, PlaceRefused
from bot.store import Store, open_store
from bot.subscriptions.alerts import AlertRecords, answer_alerts
from tests.bot.store.conftest import ready_url
from tests.support.following import NOW

__all__ = ["ready_url"]
SECOND = timedelta(seconds=1)


@pytest.fixture
async def records(ready_url: str) -> AsyncIterator[AlertRecords]:
    store: Store = await asyncio.to_thread(open_store, ready_url)
    yield AlertRecords(store=store, team="T1")
    await store.close()


def answer(alert: str = "1.1", cause: str = "EXPIRED", after: timedelta = SECOND) -> AlertAnswer:
    """The answer to an alert that came some time after the first one."""
    return AlertAnswer(
        team="T1",
        channel="C1",
        problem=AlertProblem(gateway="/gw", pool="web", cause=cause),
        command="gw:prod-gw",
        alerts=(alert,),
        thread=alert,
        begun=NOW + after,
        until=NOW + after + SAME_PROBLEM_FOR,
    )


async def test_switch_is_kept_with_its_author(records: AlertRecords) -> None:
    assert await records.switch("C1") is None
    assert await records.switch_on("C1", "U1", NOW) is None
    was = await records.switch_on("C1", "U2", NOW)
    assert was is not None
    assert (was.by, was.at) == ("U1", NOW)
    assert await records.switch("C2") is None
    await records.claim(answer())
    assert await records.switch_off("C1", "U2", NOW)
    assert not await records.switch_off("C1", "U2", NOW)
    assert await records.open(NOW) == ()


async def test_a_channel_without_confirmation_stays_off(records: AlertRecords) -> None:
    told: list[str] = []

    async def refuses(switch: AlertSwitch) -> DeliveryError | None:
        told.append(switch.by)
        return PlaceRefused("not_in_channel")

    done = await answer_alerts(records, "C1", "U1", NOW, refuses)
    assert done.unposted is not None
    assert await records.switch("C1") is None
    await records.switch_on("C1", "U2", NOW)
    assert (await answer_alerts(records, "C1", "U1", NOW, refuses)).already
    assert told == ["U1"]


async def kept(records: AlertRecords, value: AlertAnswer) -> AlertAnswer | None:
    """An answer that is open, as it is kept."""
    return next((one for one in await records.open(NOW) if one.id == value.id), None)


async def test_alert_is_taken_once(records: AlertRecords) -> None:
    found = await asyncio.gather(*(records.claim_alert("C1", "1.1", NOW) for _ in range(4)))
    assert sorted(found) == [*[AlertClaim.KNOWN] * 3, AlertClaim.NEW]


async def test_limits_hold_for_all_together(ready_url: str) -> None:
    stores = [await asyncio.to_thread(open_store, ready_url)]
    if not stores[0].embedded:
        stores.append(await asyncio.to_thread(open_store, ready_url))
    memories = [AlertRecords(store=store, team="T1") for store in stores]

    async def claim(channel: str, count: int, after: timedelta = timedelta()) -> list[AlertClaim]:
        """So many alerts at once, shared out among the replicas."""
        taking = (
            memories[n % len(memories)].claim_alert(channel, f"{n}.{after.seconds}", NOW + after)
            for n in range(count)
        )
        return await asyncio.gather(*taking)

    assert (await claim("C1", PER_CHANNEL + 3)).count(AlertClaim.NEW) == PER_CHANNEL
    assert (await claim("C1", 3, SECOND)).count(AlertClaim.CHANNEL_LIMIT) == 3
    more = [await claim(f"C{n}", PER_CHANNEL) for n in range(2, 6)]
    taken = [one for found in more for one in found]
    assert taken.count(AlertClaim.NEW) == PER_TEAM - PER_CHANNEL
    assert taken.count(AlertClaim.TEAM_LIMIT) == len(taken) - PER_TEAM + PER_CHANNEL
    assert (await claim("C1", 1, LIMIT_PERIOD)) == [AlertClaim.NEW]
    for store in stores:
        await store.close()


async def test_same_problem_is_claimed_once(records: AlertRecords) -> None:
    assert await records.claim(answer("1.1")) is None
    await records.save_card(replace(answer("1.1"), card="1.5"))
    joined = await records.claim(answer("2.1", after=timedelta(minutes=50)))
    assert joined is not None
    assert (joined.alerts, joined.card, joined.thread) == (("1.1", "2.1"), "1.5", "1.1")
    assert await records.claim(answer("3.1", cause="OTHER")) is None
    await records.save_card(replace(joined, alerts=()))
    assert await records.set_healthy(joined, healthy=True) == replace(joined, healthy=True)
    assert [one.alerts for one in await records.open(NOW)] == [("3.1",)]
    late = answer("4.1", after=timedelta(minutes=50) + SAME_PROBLEM_FOR)
    assert await records.claim(late) is None


async def test_answers_claimed_together_are_one(records: AlertRecords) -> None:
    found = await asyncio.gather(*(records.claim(answer(f"{n}.1")) for n in range(MAX_ALERTS + 5)))
    assert found.count(None) == 1
    one = await kept(records, answer())
    assert one is not None
    assert len(one.alerts) == MAX_ALERTS


async def test_answer_without_card_is_claimed_again(records: AlertRecords) -> None:
    assert await records.claim(answer("1.1")) is None
    assert await records.claim(answer("2.1", after=POST_WITHIN / 2)) is not None
    assert await records.claim(answer("3.1", after=POST_WITHIN + SECOND)) is None


async def test_a_check_is_claimed_by_one_replica(records: AlertRecords) -> None:
    value = answer(after=timedelta())
    await records.claim(value)
    later = NOW + timedelta(minutes=1)
    takers = await asyncio.gather(*(records.claim_check(value, later) for _ in range(3)))
    assert [one for one in takers if one] == [value]


async def test_health_of_an_answer_changes_once(records: AlertRecords) -> None:
    value = answer()
    await records.claim(value)
    for healthy in (True, False):
        turned = await asyncio.gather(
            *(records.set_healthy(value, healthy=healthy) for _ in range(4))
        )
        assert [one for one in turned if one] == [replace(value, healthy=healthy)]
    await records.forget(value)
    assert await records.set_healthy(value, healthy=True) is None


def changed(value: AlertAnswer, cause: str = "OTHER") -> AlertAnswer:
    """The same answer, whose problem has become another one."""
    return replace(value, problem=replace(value.problem, cause=cause))


async def test_changed_cause_keeps_card_and_alerts(records: AlertRecords) -> None:
    value = replace(answer("1.1"), card="1.5")
    await records.claim(value)
    await records.claim(answer("2.1"))
    renamed = await records.rename(value, changed(value), NOW)
    assert renamed == replace(changed(value), alerts=("1.1", "2.1"))
    assert await records.open(NOW) == (renamed,)
    await records.forget(renamed)
    assert await records.rename(renamed, value, NOW) is None
    assert await records.open(NOW) == ()


async def test_changed_cause_joins_an_existing_answer(records: AlertRecords) -> None:
    value, other = replace(answer("1.1"), card="1.5"), changed(answer("2.1"))
    await records.claim(value)
    await records.claim(other)
    await records.save_card(replace(other, card="2.5"))
    standing = await records.rename(value, changed(value), NOW)
    assert standing is not None
    assert (standing.card, standing.alerts) == ("2.5", ("2.1", "1.1"))
    assert await records.open(NOW) == (standing,)


async def test_changed_cause_replaces_a_healthy_answer(records: AlertRecords) -> None:
    value, other = replace(answer("1.1"), card="1.5"), changed(answer("2.1"))
    await records.claim(value)
    await records.claim(other)
    await records.set_healthy(other, healthy=True)
    assert await records.rename(value, changed(value), NOW) == changed(value)
    assert await records.open(NOW) == (changed(value),)
