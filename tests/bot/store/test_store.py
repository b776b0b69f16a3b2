"""What is remembered, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from bot.digest.compose import compose
from bot.digest.schedule import schedule
from bot.domain.delivery import DeliveryState, RunOutcome, RunState
from bot.domain.digest import Change, Mute, TargetObservation
from bot.store import Store, last_known, observations, outbox, runs, subscriptions, tables
from playground.lab.pki import root
from tests.support.following import GATEWAY, NOW, answered, backend, gateway, problem, subscription

DAY = timedelta(days=1)


async def test_subscription_is_read_back_unchanged(store: Store) -> None:
    made = subscription(exclude=("pool:test*",), only_changes=True, target=gateway(pool="shop"))
    async with store.writing() as connection:
        stored = await subscriptions.add_subscription(connection, made)
    async with store.reading() as connection:
        assert await subscriptions.channel_subscriptions(connection, "T1", "C1") == (
            replace(made, id=stored.id),
        )
        assert await subscriptions.team_subscriptions(connection, "T1") == (stored,)
        assert await subscriptions.get_subscription(connection, stored.id + 1) is None


async def test_targets_of_a_channel_are_listed_once(store: Store) -> None:
    async with store.writing() as connection:
        for channel, pool in (("C1", "shop"), ("C2", "other"), ("C1", "shop")):
            await subscriptions.add_subscription(
                connection, subscription(channel=channel, target=gateway(pool=pool))
            )
        assert await subscriptions.channel_targets(connection, "C1") == (gateway(pool="shop"),)
        assert await subscriptions.channel_targets(connection, "C3") == ()


async def test_edit_raises_the_revision(store: Store) -> None:
    async with store.writing() as connection:
        stored = await subscriptions.add_subscription(connection, subscription())
        edited = await subscriptions.save_subscription(connection, replace(stored, heartbeat=True))
        assert (
            await subscriptions.get_subscription(connection, stored.id)
            == edited
            == replace(stored, heartbeat=True, rev=2)
        )


async def test_target_is_followed_while_anybody_follows_it(store: Store) -> None:
    async with store.writing() as connection:
        first = await subscriptions.add_subscription(
            connection, subscription(target=gateway(pool="shop"))
        )
        second = await subscriptions.add_subscription(connection, subscription(channel="C2"))
        assert await subscriptions.targets(connection, [GATEWAY]) == (gateway(),)
        assert await subscriptions.remove_subscription(connection, first.id)
        assert await subscriptions.targets(connection, [GATEWAY]) == (gateway(),)
        assert await subscriptions.remove_subscription(connection, second.id)
        assert await subscriptions.targets(connection, [GATEWAY]) == ()
        assert not await subscriptions.remove_subscription(connection, second.id)


async def test_lost_channel_is_paused_and_resumed(store: Store) -> None:
    async with store.writing() as connection:
        stored = await subscriptions.add_subscription(connection, subscription())
        assert await subscriptions.pause_channel(connection, "C1", "is_archived") == 1
        assert await subscriptions.pause_channel(connection, "C1", "is_archived") == 0
        assert await subscriptions.get_subscription(connection, stored.id) == replace(
            stored, paused="is_archived"
        )
        assert await runs.claim_due(connection, NOW) == ()
        await subscriptions.save_subscription(connection, stored)
        assert len(await runs.claim_due(connection, NOW)) == 1


async def test_mutes_end_and_are_remembered(store: Store) -> None:
    made = Mute(
        team="T1",
        channel="C1",
        target=gateway(),
        begins=NOW,
        ends=NOW + DAY,
        reason="swap",
        by="U1",
    )
    async with store.writing() as connection:
        stored = await subscriptions.add_mute(connection, made)
        await subscriptions.end_mutes(connection, [stored], NOW + timedelta(hours=1))
        ended = replace(stored, ends=NOW + timedelta(hours=1))
        assert await subscriptions.channel_mutes(connection, "T1", "C1", NOW) == (ended,)
        assert await subscriptions.channel_mutes(connection, "T1", "C1", NOW + DAY) == ()


async def test_zone_of_a_channel_is_stored_once(store: Store) -> None:
    async with store.writing() as connection:
        assert await subscriptions.zone_of(connection, "T1", "C1") is None
        await subscriptions.set_zone(connection, "T1", "C1", "UTC")
        await subscriptions.set_zone(connection, "T1", "C1", "Europe/Berlin")
        assert await subscriptions.zone_of(connection, "T1", "C1") == "Europe/Berlin"


async def test_observations_are_stored_and_damped(store: Store) -> None:
    observed = TargetObservation(
        target_key=GATEWAY, seen=(backend(1, (problem(),), not_after=NOW + DAY), backend(2))
    )
    async with store.writing() as connection:
        wavering = [
            (await observations.record_observations(connection, [observed], NOW + n * DAY))[0]
            for n in range(3)
        ]
        assert wavering == [True, True, False]
        states = await observations.target_states(connection, GATEWAY)
        assert [[found.open for found in state.problems] for state in states] == [[True], []]
        history = await observations.backend_history(connection, backend(1).key, NOW)
        assert [event.change for event in history] == [Change.OPENED, Change.APPEARED]
        days = await connection.execute(
            select(tables.expiry_sample.c.day).where(tables.expiry_sample.c.key == backend(1).key)
        )
        assert len(set(days.scalars())) == 3


async def test_backend_that_is_gone_is_forgotten(store: Store) -> None:
    async with store.writing() as connection:
        await observations.record_observations(
            connection, [TargetObservation(target_key=GATEWAY, seen=(backend(1), backend(2)))], NOW
        )
        await observations.record_observations(
            connection, [TargetObservation(target_key=GATEWAY, seen=(backend(2),))], NOW + DAY
        )
        assert [
            state.seen.label for state in await observations.target_states(connection, GATEWAY)
        ] == ["b2.contoso.com"]


async def test_due_subscription_is_claimed_once_however_late(store: Store) -> None:
    late = NOW + 3 * DAY
    async with store.writing() as connection:
        stored = await subscriptions.add_subscription(
            connection, subscription(schedule=answered(schedule("daily", zone="UTC")))
        )
        (run,) = await runs.claim_due(connection, late)
        assert (run.due_at, run.state) == (NOW, RunState.CHECKING)
        assert await runs.claim_due(connection, late) == ()
        moved = await subscriptions.get_subscription(connection, stored.id)
        assert moved is not None
        assert moved.next_run_at == NOW + 4 * DAY


async def test_two_ticking_replicas_claim_each_run_once(store: Store) -> None:
    async with store.writing() as connection:
        for n in range(40):
            await subscriptions.add_subscription(connection, subscription(channel=f"C{n}"))

    async def claim() -> list[str]:
        async with store.writing() as connection:
            return [run.id for run in await runs.claim_due(connection, NOW)]

    claimed = [run for found in await asyncio.gather(*(claim() for _ in range(4))) for run in found]
    assert len(claimed) == len(set(claimed)) == 40


async def test_runs_wait_for_their_check(store: Store) -> None:
    async with store.writing() as connection:
        await subscriptions.add_subscription(connection, subscription())
        due = await runs.claim_due(connection, NOW)
        assert await runs.claim_observations(connection, [GATEWAY], NOW, DAY) == (GATEWAY,)
        assert await runs.claim_observations(connection, [], NOW, DAY) == ()
        await runs.wait_for_check(connection, due, "check:1")
        assert await runs.release(connection, "check:0") == ()
        assert await runs.release(connection, "check:1") == ()
        await runs.mark_ready(connection, "check:1")
        assert [run.id for run in await runs.release(connection, "check:1")] == [due[0].id]
        assert await runs.release(connection, "check:1") == ()
        assert await runs.stale_runs(connection, NOW, NOW) == ()
        assert [run.id for run in await runs.stale_runs(connection, NOW + DAY, NOW + DAY)] == [
            due[0].id
        ]


async def test_next_digest_compares_with_the_last_sent(store: Store) -> None:
    async with store.writing() as connection:
        stored = await subscriptions.add_subscription(
            connection, subscription(schedule=answered(schedule("daily", zone="UTC")))
        )
        for days, outcome in enumerate(
            [RunOutcome.SENT, RunOutcome.UNKNOWN, RunOutcome.SILENT, RunOutcome.REFUSED]
        ):
            at = NOW + days * DAY
            (run,) = await runs.claim_due(connection, at)
            await runs.freeze(connection, run.id, compose(stored, (), (), None, at), {"text": "x"})
            await runs.finish(connection, run.id, outcome, at)
        last = await runs.last_sent(connection, stored.id, NOW + 9 * DAY)
        assert last is not None
        assert last.at == NOW + DAY
        assert await runs.last_sent(connection, stored.id, NOW) is None


async def test_delivery_is_planned_once(store: Store) -> None:
    async with store.writing() as connection:
        await outbox.plan_message(connection, "d", "C1", NOW)
        sent = replace(
            await outbox.lock_message(connection, "d"), state=DeliveryState.SENT, ts="1.0"
        )
        await outbox.save_message(connection, sent)
        await outbox.plan_message(connection, "d", "C1", NOW)
        assert await outbox.lock_message(connection, "d") == sent


async def test_pace_is_the_later_of_spacing_and_block(store: Store) -> None:
    async with store.writing() as connection:
        assert await outbox.lock_pace(connection, "C1") is None
        await outbox.set_pace(connection, "C1", NOW)
        await outbox.set_rate_limit_end(connection, "C1", NOW + DAY)
        await outbox.set_pace(connection, "C1", NOW + DAY / 2)
        assert await outbox.lock_pace(connection, "C1") == NOW + DAY


async def test_replica_declared_dead_finds_its_epoch_over(store: Store) -> None:
    async with store.writing() as connection:
        epoch = await outbox.register_replica(connection, "a")
        assert await outbox.send_heartbeat(connection, "a", epoch)
        (seen,) = await outbox.replicas(connection)
        assert await outbox.send_heartbeat(connection, "a", epoch)
        assert not await outbox.declare_dead(connection, seen)
        (seen,) = await outbox.replicas(connection)
        assert await outbox.declare_dead(connection, seen)
        assert not await outbox.send_heartbeat(connection, "a", epoch)
        assert not await outbox.is_current_epoch(connection, "a", epoch)
        assert await outbox.register_replica(connection, "a") == epoch + 2


async def test_learned_facts_are_read_back(store: Store) -> None:
    certificate = root("Contoso Root").certificate
    async with store.writing() as connection:
        await last_known.remember_healthy(connection, "K", ["aa"], {"port": 443}, NOW)
        assert await last_known.last_healthy(connection, "k") == (NOW, ["aa"], {"port": 443})
        assert await last_known.last_healthy(connection, "other") is None
        await last_known.save_intermediates(connection, {"b.contoso.com": certificate}, NOW)
        await last_known.save_intermediates(connection, {"c.contoso.com": certificate}, NOW)
        assert await last_known.stored_intermediates(connection) == (certificate,)
        await last_known.save_watch(connection, "w", "T1", "C1", NOW + DAY, {"host": "b"})
        assert await last_known.open_watches(connection, NOW) == {"w": {"host": "b"}}
        assert [await last_known.drop_watch(connection, "w") for _ in range(2)] == [True, False]
        for n, host in [(2, "one"), (1, "two"), (0, "one")]:  # an earlier ask written last
            await last_known.remember_hosts(connection, "T1", {("U1", host): NOW + n * DAY})
        assert await last_known.recent_hosts(connection, "T1", "U1") == ("one", "two")
        assert [await last_known.first_time(connection, "e", NOW) for _ in range(2)] == [
            True,
            False,
        ]
        await last_known.add_audit_entry(connection, NOW, ("T1", "C1", "U1"), "mute", "gw:prod-gw")
