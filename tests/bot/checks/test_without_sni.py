"""A sweep shakes hands without a server name once a day with each backend."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.azure.gateway_document import translate_gateway
from bot.azure.member_uses import checks_of, member_uses
from bot.checks.gateway import check_gateway
from bot.checks.probe import CheckContext
from bot.checks.without_sni import ChainsWithoutSni, DailyHandshakes
from chainlib import Certificate, Code, Target
from chainlib.aio import load_well_known
from playground.arm import GatewaySpec, PoolSpec, RuleSpec, SettingSpec, gateway_document
from playground.lab import pki
from playground.lab.servers import Identity, TlsBackend
from tests.support.following import NOW

ONE = Target(host="backend.contoso.com", server_name="backend.contoso.com")
OTHER = Target(host="backend.contoso.com", server_name="other.contoso.com")
HOUR = timedelta(hours=1)


def test_probe_is_due_once_a_day() -> None:
    daily = DailyHandshakes()
    answers = [daily.due(ONE, NOW + hours * HOUR) for hours in (0, 1, 23, 24, 25, 48)]
    assert answers == [True, False, False, True, False, True]


def test_probe_is_due_for_each_name() -> None:
    daily = DailyHandshakes()
    assert [daily.due(one, NOW) for one in (ONE, OTHER, ONE)] == [True, True, False]


def test_probe_is_due_when_the_clock_went_back() -> None:
    daily = DailyHandshakes()
    assert daily.due(ONE, NOW + 48 * HOUR)
    assert daily.due(ONE, NOW)


def test_oldest_probe_is_forgotten_first() -> None:
    daily = DailyHandshakes(max_targets=1)
    assert [daily.due(one, NOW) for one in (ONE, OTHER, OTHER, ONE)] == [True, True, False, True]


async def test_server_of_several_settings_is_asked_once() -> None:
    root = pki.root()
    named, default = pki.leaf(root, ONE.host), pki.leaf(root, "default.contoso.com")
    identity = Identity(chain=(named.certificate,), key=named.key)
    server = TlsBackend(
        chain=(default.certificate,), key=default.key, alternatives={ONE.host: identity}
    )
    async with server:
        each = tuple(
            SettingSpec(name=f"s{n}", port=server.port, host_name=ONE.host, roots=("corp",))
            for n in range(3)
        )
        spec = GatewaySpec(
            name="prod-gw",
            pools=(PoolSpec(name="web", ips=("127.0.0.1",)),),
            settings=each,
            roots={"corp": root.certificate},
            rules=tuple(RuleSpec(pool="web", setting=one.name) for one in each),
        )
        gateway = translate_gateway(gateway_document(spec))
        assert gateway is not None
        checks = checks_of(member_uses(gateway), well_known=load_well_known())
        report = await check_gateway(
            gateway, checks, CheckContext(clock=lambda: pki.NOW), slots=asyncio.Semaphore(1)
        )
    found = [[finding.code for finding in member.findings] for member in report.members]
    assert found == [[Code.DEFAULT_CERTIFICATE_DIFFERS]] * 3
    assert sorted(server.server_names, key=str) == [None, *[ONE.host] * 3]


async def test_leaving_cancels_what_is_still_asked() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def ask() -> tuple[Certificate, ...]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ()

    async with ChainsWithoutSni() as shared:
        waiting = asyncio.create_task(shared.of("server", ask))
        await begun.wait()
    assert cancelled.is_set()
    await asyncio.gather(waiting, return_exceptions=True)
