"""What checks learn survives the process, and other replicas read it soon after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.checks import CheckContext, check
from bot.checks.last_healthy import changed_since_healthy, facts_from
from bot.digests_running import LearnedFacts
from bot.domain.report import CheckRequest
from bot.store import Store, open_store
from bot.store.last_known import learnt, remember_good
from chainlib import Target
from chainlib.aio import load_well_known
from playground.lab import pki
from playground.lab.pki import NOW
from playground.lab.servers import TlsBackend
from tests.support.reports import HOST, ISSUING, LEAF, ROOT, policy, report

WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop
CROSS = pki.intermediate(pki.root("Contoso Root G1"), "Contoso Issuing CA 3", key=ISSUING.key)
RENEWED = pki.leaf(CROSS, HOST)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path}/bot.db")
    yield opened
    await opened.close()


def knowledge(store: Store, *, every: float = 60.0) -> LearnedFacts:
    return LearnedFacts(store, lambda: NOW, every=every)


async def test_a_restart_knows_what_was_green(store: Store) -> None:
    first = knowledge(store)
    async with first.kept():
        assert changed_since_healthy(report(LEAF, ISSUING), first.last_healthy) == ""
    second = knowledge(store)
    async with second.kept():
        assert changed_since_healthy(report(RENEWED), second.last_healthy).endswith(
            "leaf renewed, intermediate no longer sent."
        )


async def test_what_a_digest_saw_counts_as_well(store: Store) -> None:
    known = knowledge(store)
    async with TlsBackend(chain=[LEAF.certificate, ISSUING.certificate], key=LEAF.key) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name=HOST)
        context = CheckContext(clock=lambda: NOW, timeout=5.0, seen=known.see)
        request = CheckRequest(target=target, policy=replace(policy(ROOT), http=None))
        await check(request, context)
        await server.install([LEAF.certificate])
        assert changed_since_healthy(await check(request, context), known.last_healthy).endswith(
            "intermediate no longer sent."
        )


async def test_a_restart_knows_the_intermediates_of_other_backends(store: Store) -> None:
    first = knowledge(store)
    async with first.kept():
        first.learnt.learn((ISSUING.certificate, CROSS.certificate))
    second = knowledge(store)
    async with second.kept():
        assert set(second.learnt.issuers_of(LEAF.certificate)) == {
            ISSUING.certificate,
            CROSS.certificate,
        }
    async with store.reading() as connection:
        assert len(await learnt(connection)) == 2


async def test_another_replica_knows_soon_and_what_is_newer_stays(store: Store) -> None:
    one, other = knowledge(store, every=0.02), knowledge(store, every=0.02)
    good = report(LEAF, ISSUING)
    async with one.kept(), other.kept():
        changed_since_healthy(good, one.last_healthy)
        async with asyncio.timeout(5):
            while not changed_since_healthy(report(LEAF), other.last_healthy):  # noqa: ASYNC110 -- another replica's turn is no event here
                await asyncio.sleep(0.01)
        newer = replace(good, verdict=replace(good.verdict, at=NOW + timedelta(hours=1)))
        changed_since_healthy(newer, other.last_healthy)
        await asyncio.sleep(0.2)
        found = other.last_healthy.get(f"{HOST}:443 {HOST}")
        assert found is not None
        assert found.at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "chain", [None, [], {"leaf": "x"}, {"above": 1, "leaf": "", "issuer": "", "key": None}, "text"]
)
async def test_what_another_version_wrote_is_passed_over(store: Store, chain: object) -> None:
    async with store.writing() as connection:
        await remember_good(connection, f"{HOST}:443 {HOST}", chain, {}, NOW)
    known = knowledge(store)
    async with known.kept():
        assert known.last_healthy.get(f"{HOST}:443 {HOST}") is None
    assert facts_from(NOW, chain, {}) is None


async def test_roots_and_what_is_known_are_not_written_again(store: Store) -> None:
    known = knowledge(store)
    async with known.kept():
        known.learnt.recall(ROOT.certificate)
    async with store.reading() as connection:
        assert await learnt(connection) == ()
