"""The client against the stand-in.

What is asked, how often, what is shared and how old it may be.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.azure import connection
from bot.azure.client import ArmClient
from bot.azure.credentials import StaticCredential
from bot.domain.azure import Gateway, GatewayHealth, Health, Inventory
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from chainlib import TrustAnchors, TrustMode
from playground.arm import (
    ArmStandIn,
    Fault,
    FaultKind,
    GatewaySpec,
    PoolSpec,
    RuleSpec,
    SettingSpec,
)
from playground.lab import pki
from tests.support.arm import FAST, TOKEN, MovableClock
from tests.support.gateways import member_checks
from tests.support.waiting import until

PROD = GatewaySpec(
    name="prod-gw",
    pools=(PoolSpec(name="web", fqdns=("backend.contoso.com",), ips=("10.0.0.5",)),),
    settings=(SettingSpec(name="https-be", host_name="backend.contoso.com"),),
)
OTHER_SUBSCRIPTION = "00000000-0000-0000-0000-000000000002"


async def found(client: ArmClient, name: str, group: str | None = None) -> Gateway:
    gateway = await client.find(GatewayRef(name=name, group=group))
    assert isinstance(gateway, Gateway)
    return gateway


async def test_find_by_name_ignores_case(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    assert (await found(client, "PROD-GW", "RG-Prod")).id.name == "prod-gw"


async def test_gateways_of_every_visible_subscription_and_page(
    arm: ArmStandIn, client: ArmClient
) -> None:
    arm.page_size = 2
    for number in range(5):
        arm.add(GatewaySpec(name=f"gw{number}"))
    arm.add(GatewaySpec(name="gw5", subscription=OTHER_SUBSCRIPTION))
    gateways = await client.gateways()
    assert not isinstance(gateways, Refusal)
    assert sorted(gateway.id.name for gateway in gateways) == [f"gw{number}" for number in range(6)]
    assert arm.calls == {"subscriptions": 1, "list": 4}


async def test_clients_of_typed_subscriptions_are_bounded(
    arm: ArmStandIn, client: ArmClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_CLIENTS", 3)
    arm.add(PROD)
    for number in range(6):
        typed = GatewayRef(name="x", group="rg", subscription=f"0000000{number}-0-0-0-0")
        assert isinstance(await client.find(typed), Refusal)
    assert (await found(client, "prod-gw")).id.name == "prod-gw"
    line = client._requests._connection
    assert line is not None
    assert len(line._clients) == 3


async def test_disabled_subscription_is_not_asked(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    arm.add(GatewaySpec(name="gw5", subscription=OTHER_SUBSCRIPTION))
    arm.disabled = {OTHER_SUBSCRIPTION}
    await client.gateways()
    assert arm.calls == {"subscriptions": 1, "list": 1}


async def test_configured_subscriptions_are_not_discovered(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(PROD)
    arm.add(GatewaySpec(name="gw5", subscription=OTHER_SUBSCRIPTION))
    gateways = await new_client(arm.url, subscriptions=(OTHER_SUBSCRIPTION,)).gateways()
    assert not isinstance(gateways, Refusal)
    assert [gateway.id.name for gateway in gateways] == ["gw5"]
    assert arm.calls == {"list": 1}


async def test_inventory_is_cached_until_its_age_is_over(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    arm.add(PROD)
    await asyncio.gather(*(client.gateways() for _ in range(10)))
    clock.pass_(FAST.inventory_age - 1)
    await client.gateways()
    assert arm.calls["list"] == 1
    clock.pass_(2)
    await client.gateways()
    assert arm.calls["list"] == 2


async def test_unknown_name_reads_the_list_anew_once(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    await client.gateways()
    arm.add(PROD)
    arm.subscriptions = [PROD.subscription]
    clock.pass_(60)
    assert (await found(client, "prod-gw")).id.name == "prod-gw"


async def test_unknown_name_gets_a_suggestion(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    answer = await client.find(GatewayRef(name="prod-wg"))
    assert isinstance(answer, Refusal)
    assert answer.kind is RefusalKind.NOT_FOUND
    assert answer.example == "gw:rg-prod/prod-gw"
    assert "Did you mean gw:rg-prod/prod-gw?" in answer.sentence


async def test_same_name_in_two_groups_is_ambiguous(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    arm.add(GatewaySpec(name="prod-gw", group="rg-dr"))
    answer = await client.find(GatewayRef(name="prod-gw"))
    assert isinstance(answer, Refusal)
    assert answer.kind is RefusalKind.AMBIGUOUS
    assert answer.example == "gw:rg-dr/prod-gw"
    assert "gw:rg-dr/prod-gw, gw:rg-prod/prod-gw" in answer.sentence
    assert (await found(client, "prod-gw", "rg-dr")).id.group == "rg-dr"


async def test_same_gateway_in_two_subscriptions_names_the_ids(
    arm: ArmStandIn, client: ArmClient
) -> None:
    arm.add(PROD)
    arm.add(GatewaySpec(name="prod-gw", subscription=OTHER_SUBSCRIPTION))
    answer = await client.find(GatewayRef(name="prod-gw", group="rg-prod"))
    assert isinstance(answer, Refusal)
    assert answer.sentence.count("/subscriptions/") == 2
    assert answer.example.startswith("/subscriptions/")
    exact = await client.find(
        GatewayRef(name="prod-gw", group="rg-prod", subscription=OTHER_SUBSCRIPTION)
    )
    assert isinstance(exact, Gateway)


async def test_health_joins_words_and_messages(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    missing = (
        "The Intermediate certificate is missing from the certificate chain presented by the "
        "backend server."
    )
    arm.add(PROD, {("web", "https-be", "10.0.0.5"): ("Unhealthy", missing)})
    health = await client.health((await found(client, "prod-gw")).id)
    assert isinstance(health, GatewayHealth)
    assert [(s.address, s.health) for s in health.servers] == [
        ("backend.contoso.com", Health.HEALTHY),
        ("10.0.0.5", Health.UNHEALTHY),
    ]
    assert health.servers[1].message is not None
    assert health.servers[1].message.text == missing
    assert health.read_at == clock.now


async def test_health_carries_its_own_request_ids_alone(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    arm.add(PROD)
    gateway = await found(client, "prod-gw")
    first = await client.health(gateway.id)
    clock.pass_(3600)
    second = await client.health(gateway.id)
    assert isinstance(first, GatewayHealth)
    assert isinstance(second, GatewayHealth)
    assert len(first.request_ids) >= 2, "the POST and what was polled"
    assert all(re.fullmatch(r"[0-9a-f-]{36}", one) for one in first.request_ids)
    assert not set(first.request_ids) & set(second.request_ids)


async def test_health_is_one_post_for_all_who_ask(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    identity = (await found(client, "prod-gw")).id
    answers = await asyncio.gather(*(client.health(identity) for _ in range(20)))
    assert len(set(map(id, answers))) == 1
    assert arm.calls["health"] == 1


async def test_health_is_kept_for_its_age(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    arm.add(PROD)
    identity = (await found(client, "prod-gw")).id
    first = await client.health(identity)
    clock.pass_(9)
    assert await client.health(identity) is first
    assert await client.health(identity, max_age=5) is not first
    assert arm.calls["health"] == 2


async def test_cancelled_waiter_does_not_stop_the_others(
    arm: ArmStandIn, client: ArmClient
) -> None:
    arm.polls = 3
    arm.add(PROD)
    identity = (await found(client, "prod-gw")).id
    within_silence_limit = asyncio.create_task(client.health(identity))
    patient = asyncio.create_task(client.health(identity))
    await asyncio.sleep(0)
    within_silence_limit.cancel()
    assert isinstance(await patient, GatewayHealth)
    assert arm.calls["health"] == 1


async def test_large_gateway_is_read_in_few_calls(arm: ArmStandIn, client: ArmClient) -> None:
    """20 settings and 200 members: the calls do not grow with the gateway (no N+1)."""
    settings = tuple(
        SettingSpec(name=f"s{number}", host_name="backend.contoso.com") for number in range(20)
    )
    pools = tuple(
        PoolSpec(name=f"p{number}", ips=tuple(f"10.0.{number}.{host}" for host in range(1, 11)))
        for number in range(20)
    )
    rules = tuple(RuleSpec(pool=f"p{number}", setting=f"s{number}") for number in range(20))
    arm.add(GatewaySpec(name="large", pools=pools, settings=settings, rules=rules))
    gateway = await found(client, "large")
    health = await client.health(gateway.id)
    assert isinstance(health, GatewayHealth)
    assert len(health.servers) == 200
    nobody = TrustAnchors(mode=TrustMode.WELL_KNOWN, certificates=())
    assert len(member_checks(gateway, well_known=nobody)) == 200
    assert arm.calls == {"subscriptions": 1, "list": 1, "health": 1, "poll": 2}


async def test_only_get_and_the_health_post_leave(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    identity = (await found(client, "prod-gw")).id
    await client.get(identity)
    await client.health(identity)
    posts = [path.rpartition("/")[2] for method, path in arm.requests if method != "GET"]
    assert {method for method, _ in arm.requests} == {"GET", "POST"}
    assert posts == ["backendhealth"]


async def test_log_holds_no_token_and_no_subscription(
    arm: ArmStandIn, client: ArmClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("azure").setLevel(logging.INFO)
    arm.add(PROD, fault=Fault(kind=FaultKind.FORBIDDEN, on=frozenset({"health"})))
    identity = (await found(client, "prod-gw")).id
    await client.health(identity)
    assert not logging.getLogger("azure.core.pipeline").isEnabledFor(logging.INFO)
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert "ARM refused: forbidden" in written
    assert TOKEN not in written
    assert PROD.subscription not in written


async def test_one_forbidden_subscription_hides_no_other(
    arm: ArmStandIn, client: ArmClient
) -> None:
    arm.add(PROD)
    arm.subscriptions = [PROD.subscription, OTHER_SUBSCRIPTION]
    arm.fault = Fault(kind=FaultKind.FORBIDDEN, on=frozenset({"list"}), times=1)
    inventory = await client.inventory()
    assert isinstance(inventory, Inventory)
    assert [refusal.kind for refusal in inventory.refusals] == [RefusalKind.FORBIDDEN]


async def test_older_list_stands_in_while_arm_is_down(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    arm.add(PROD)
    first = await client.inventory()
    assert isinstance(first, Inventory)
    arm.fault = Fault(kind=FaultKind.SERVER_ERROR)
    clock.pass_(FAST.inventory_age + 1)
    older = await client.inventory()
    assert isinstance(older, Inventory)
    assert older.read_at == first.read_at
    assert [refusal.kind for refusal in older.refusals] == [RefusalKind.UNAVAILABLE]
    clock.pass_(FAST.stale_age)
    assert isinstance(await client.inventory(), Refusal)


async def test_closed_client_refuses(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    identity = (await found(client, "prod-gw")).id
    await client.close()
    answer = await client.health(identity)
    assert isinstance(answer, Refusal)
    assert answer.kind is RefusalKind.UNAVAILABLE


async def test_roots_arrive_as_certificates(arm: ArmStandIn, client: ArmClient) -> None:
    root = pki.root()
    arm.add(
        GatewaySpec(
            name="prod-gw", roots={"corp": root.certificate, "broken": "bm90IGEgY2VydGlmaWNhdGU="}
        )
    )
    gateway = await found(client, "prod-gw")
    assert [(one.name, one.certificate) for one in gateway.roots] == [("corp", root.certificate)]
    assert [one.name for one in gateway.undecodable] == ["broken"]


async def test_list_is_read_again_in_time(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    """So that the first question after a quiet night finds one."""
    arm.add(GatewaySpec(name="prod-gw"))
    client = new_client(arm.url, timing=replace(FAST, inventory_age=0.1))
    refreshing = asyncio.create_task(client.keep_fresh())
    await until(lambda: arm.calls["list"] >= 3 and client.remembered())
    refreshing.cancel()
    assert [gateway.id.name for gateway in client.remembered() or ()] == ["prod-gw"]


async def test_list_that_is_too_old_is_not_remembered(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    arm.add(GatewaySpec(name="prod-gw"))
    assert client.remembered() is None
    await client.inventory()
    clock.pass_(FAST.stale_age)
    assert client.remembered()
    clock.pass_(1)
    assert client.remembered() is None
    assert arm.calls["list"] == 1


async def test_line_and_credential_are_closed_at_the_end(
    arm: ArmStandIn, client: ArmClient
) -> None:
    """One credential for the process; it holds connections of its own."""
    arm.add(GatewaySpec(name="prod-gw"))
    await client.inventory()
    line = client._requests._connection
    assert line is not None
    closed: list[str] = []

    class Credential(StaticCredential):
        async def close(self) -> None:
            closed.append("credential")

    line.credential = Credential("t")
    await client.close()
    assert (closed, line.session.closed) == (["credential"], True)
