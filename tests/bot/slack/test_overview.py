"""The overview of many gateways: each answer is told as it comes, and every gateway is named."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cards.overview_card import overflows, overview_card, overview_details
from bot.cards.parts import Message
from bot.domain.azure import Gateway, GatewayHealth
from bot.domain.gateway_ref import GatewayId
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport
from bot.slack.handlers import health
from bot.slack.handlers.health import Answer, HealthReading
from chainlib import Sku
from playground.lab.pki import NOW
from tests.bot.cards.test_gateway_card import AROUND
from tests.support.waiting import within_limit

SLOW = Refusal(
    kind=RefusalKind.TIMED_OUT,
    sentence="Azure did not return the backend health of gw-1 within 60 seconds.",
)


def report(number: int) -> GatewayReport:
    """A gateway without servers, before backend health was read."""
    gateway = Gateway(
        id=GatewayId(subscription="s", group="rg-prod", name=f"gw-{number}"),
        location="westeurope",
        tier="Standard_v2",
        sku=Sku.V2,
        state="Running",
        provisioning="Succeeded",
        pools=(),
        settings=(),
        roots=(),
        undecodable=(),
        auth_certificates=(),
        uses=(),
    )
    return GatewayReport(gateway=gateway, members=(), at=NOW)


def read(one: GatewayReport) -> GatewayReport:
    """The same with an answer of the gateway."""
    return replace(one, health=GatewayHealth(gateway=one.gateway.id, servers=(), read_at=NOW))


def test_every_gateway_is_named_beside_the_card() -> None:
    reports = [read(report(number)) for number in range(33)]
    card = overview_card(reports, (), AROUND)
    assert "… and 25 more, listed in the thread" in card.plain
    lines = overview_details(reports, (SLOW,)).splitlines()
    assert len(lines) == 34
    assert all(any(f"rg-prod/gw-{n}:" in line for line in lines) for n in range(33))
    assert lines[-1] == f"? {SLOW.sentence}"


@pytest.mark.parametrize(("count", "expected"), [(8, False), (9, True)], ids=["fits", "does not"])
def test_file_is_made_where_the_card_is_full(*, count: int, expected: bool) -> None:
    assert overflows([report(number) for number in range(count)], ()) is expected


async def test_fast_gateway_does_not_wait_for_the_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "BETWEEN_CARDS_S", 0.0)
    slow = asyncio.Event()

    async def answer(one: Answer) -> Answer:
        assert isinstance(one, GatewayReport)
        if one.gateway.id.name == "gw-1":
            await slow.wait()
            return replace(one, refusal=SLOW)
        return read(one)

    def card(now: object) -> Message:
        return overview_card([one for one in now if isinstance(one, GatewayReport)], (), AROUND)  # type: ignore[attr-defined]

    reading = HealthReading([report(0), report(1)], answer, card)
    seen = []
    async for message in reading.cards():
        seen.append(message.plain)
        slow.set()
    assert "gw-0 0 of 0 fail\n" in seen[0] + "\n"
    assert "gw-1 0 of 0 fail; waiting for backend health" in seen[0]
    final = card(await reading.all())
    assert f"gw-1 0 of 0 fail; {SLOW.sentence}" in final.plain


async def test_readings_end_when_the_run_is_cancelled() -> None:
    running = asyncio.Event()
    ended = asyncio.Event()

    async def answer(one: Answer) -> Answer:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return one

    async def follow() -> None:
        async for _ in HealthReading(
            [report(0)], answer, lambda _now: overview_card([], (), AROUND)
        ).cards():
            pass

    task = asyncio.create_task(follow())
    await running.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await within_limit(ended.wait())
    assert task.cancelled()
