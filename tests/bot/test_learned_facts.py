"""What checks learn survives the process, and other replicas read it soon after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.checks import CheckContext, check
from bot.checks.last_healthy import changed_since_healthy, facts_from
from bot.checks.learned_facts import LearnedFacts, LearnedFactsWriter
from bot.domain.report import CheckRequest
from bot.store import Store, open_store
from bot.store.last_known import remember_healthy, stored_intermediates
from chainlib import Target
from chainlib.aio import load_well_known
from playground.lab import pki
from playground.lab.pki import NOW
from playground.lab.servers import TlsBackend
from tests.support.reports import HOST, ISSUING, LEAF, ROOT, policy, report
from tests.support.waiting import LIMIT_S, until

WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop
CROSS = pki.intermediate(pki.root("Contoso Root G1"), "Contoso Issuing CA 3", key=ISSUING.key)
RENEWED = pki.leaf(CROSS, HOST)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await asyncio.to_thread(open_store, f"sqlite:///{tmp_path}/bot.db")
    yield opened
    await opened.close()


@asynccontextmanager
async def kept(store: Store, *, every: float = 60.0) -> AsyncIterator[LearnedFacts]:
    """Facts that a writer keeps for as long as this lasts."""
    facts = LearnedFacts()
    async with LearnedFactsWriter(
        facts=facts, store=store, clock=lambda: NOW, every=every
    ).running():
        yield facts


async def test_a_restart_loads_the_last_healthy_facts(store: Store) -> None:
    async with kept(store) as first:
        first.see(report(LEAF, ISSUING))
    async with kept(store) as second:
        assert changed_since_healthy(report(RENEWED), second.last_healthy).endswith(
            "leaf renewed, intermediate no longer sent."
        )


async def test_what_a_digest_saw_counts_as_well() -> None:
    known = LearnedFacts()
    async with TlsBackend(chain=[LEAF.certificate, ISSUING.certificate], key=LEAF.key) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name=HOST)
        context = CheckContext(clock=lambda: NOW, timeout=LIMIT_S, seen=known.see)
        request = CheckRequest(target=target, policy=replace(policy(ROOT), http=None))
        await check(request, context)
        await server.install([LEAF.certificate])
        assert changed_since_healthy(await check(request, context), known.last_healthy).endswith(
            "intermediate no longer sent."
        )


async def test_a_restart_knows_the_intermediates_of_other_backends(store: Store) -> None:
    async with kept(store) as first:
        first.intermediates.learn((ISSUING.certificate, CROSS.certificate))
    async with kept(store) as second:
        assert set(second.intermediates.issuers_of(LEAF.certificate)) == {
            ISSUING.certificate,
            CROSS.certificate,
        }
    async with store.reading() as connection:
        assert len(await stored_intermediates(connection)) == 2


async def test_newer_facts_of_another_replica_stay(store: Store) -> None:
    good = report(LEAF, ISSUING)
    async with kept(store, every=0.02) as one, kept(store, every=0.02) as other:
        one.see(good)
        await until(lambda: changed_since_healthy(report(LEAF), other.last_healthy))
        newer = replace(good, verdict=replace(good.verdict, at=NOW + timedelta(hours=1)))
        other.see(newer)
        await until(lambda: not other.unsaved)
        found = other.last_healthy.get(f"{HOST}:443 {HOST}")
        assert found is not None
        assert found.at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "chain", [None, [], {"leaf": "x"}, {"above": 1, "leaf": "", "issuer": "", "key": None}, "text"]
)
async def test_what_another_version_wrote_is_passed_over(store: Store, chain: object) -> None:
    async with store.writing() as connection:
        await remember_healthy(connection, f"{HOST}:443 {HOST}", chain, {}, NOW)
    async with kept(store) as known:
        assert known.last_healthy.get(f"{HOST}:443 {HOST}") is None
    assert facts_from(NOW, chain, {}) is None


async def test_known_roots_and_facts_are_not_written_again(store: Store) -> None:
    async with kept(store) as known:
        known.intermediates.recall(ROOT.certificate)
    async with store.reading() as connection:
        assert await stored_intermediates(connection) == ()
