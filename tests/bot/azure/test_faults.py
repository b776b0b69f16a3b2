"""Everything that can go wrong at ARM is one refusal with a sentence and a way out.

Nothing raises.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.azure import refusals
from bot.azure.client import ArmClient
from bot.azure.gateway_document import translate_gateway
from bot.azure.settings import ArmSettings
from bot.domain.azure import Gateway, GatewayHealth
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from playground.arm import ArmStandIn, Fault, FaultKind, GatewaySpec, PoolSpec, SettingSpec
from playground.arm.documents import gateway_document
from tests.support.arm import FAST, MovableClock

PROD = GatewaySpec(
    name="prod-gw",
    pools=(PoolSpec(name="web", ips=("10.0.0.5",)),),
    settings=(SettingSpec(name="https-be"),),
)
PROD_ID = GatewayId(subscription=PROD.subscription, group=PROD.group, name=PROD.name)
SHORT = replace(FAST, health_budget=0.5, read_budget=0.5)
ROOT = Path(__file__).parents[3]

KINDS = {
    FaultKind.UNAUTHORIZED: RefusalKind.NO_CREDENTIAL,
    FaultKind.FORBIDDEN: RefusalKind.FORBIDDEN,
    FaultKind.NOT_FOUND: RefusalKind.NOT_FOUND,
    FaultKind.THROTTLED: RefusalKind.THROTTLED,
    FaultKind.BUSY: RefusalKind.UPDATING,
    FaultKind.LOCKED: RefusalKind.LOCKED,
    FaultKind.CONFLICT: RefusalKind.CONFLICT,
    FaultKind.SERVER_ERROR: RefusalKind.UNAVAILABLE,
    FaultKind.UNAVAILABLE: RefusalKind.UNAVAILABLE,
    FaultKind.SLOW: RefusalKind.TIMED_OUT,
    FaultKind.BAD_JSON: RefusalKind.MALFORMED,
    FaultKind.BAD_SHAPE: RefusalKind.MALFORMED,
    FaultKind.PROXY_PAGE: RefusalKind.MALFORMED,
}
ASKED: dict[str, Callable[[ArmClient], Awaitable[object]]] = {
    "list": lambda client: client.inventory(),
    "get": lambda client: client.get(PROD_ID),
    "health": lambda client: client.health(PROD_ID),
    "poll": lambda client: client.health(PROD_ID),
}
SENTENCES = {
    FaultKind.UNAUTHORIZED: (
        "The bot could not sign in to Azure (static), so it cannot read the backend health of "
        "prod-gw."
    ),
    FaultKind.NOT_FOUND: (
        "Azure does not find the backend health of prod-gw: it was deleted, renamed or moved, or "
        "the bot's identity may not read it."
    ),
    FaultKind.THROTTLED: (
        "Azure limits the bot's requests and does not return the backend health of prod-gw now; "
        "check again later."
    ),
    FaultKind.BUSY: (
        "prod-gw is being updated, so Azure does not return the backend health of prod-gw now; "
        "check again in a few minutes."
    ),
    FaultKind.LOCKED: (
        "prod-gw has a read-only lock, and Azure does not return the backend health of prod-gw "
        "until the lock is removed; waiting does not help."
    ),
    FaultKind.CONFLICT: (
        "Azure does not return the backend health of prod-gw in the gateway's current state "
        "(GatewayInFailedState)."
    ),
    FaultKind.SERVER_ERROR: (
        "Azure Resource Manager did not return the backend health of prod-gw: it answered 500."
    ),
    FaultKind.SLOW: "Azure did not return the backend health of prod-gw within 0.5 seconds.",
    FaultKind.PROXY_PAGE: (
        "What came in place of the backend health of prod-gw is no answer of Azure's."
    ),
}


def refusal(answer: object) -> Refusal:
    assert isinstance(answer, Refusal)
    return answer


@pytest.mark.parametrize(("kind", "trouble"), KINDS.items(), ids=KINDS)
async def test_fault_becomes_its_refusal(
    arm: ArmStandIn,
    new_client: Callable[..., ArmClient],
    kind: FaultKind,
    trouble: RefusalKind,
) -> None:
    """Of each operation, asked by a client that knows of no failure yet."""
    arm.add(PROD)
    for operation, question in ASKED.items():
        arm.fault = Fault(kind=kind, on=frozenset({operation}))
        client = new_client(
            arm.url,
            timing=SHORT if kind is FaultKind.SLOW else FAST,
            subscriptions=(PROD.subscription,),
        )
        answer = refusal(await question(client))
        subscription_gone = (kind, operation) == (FaultKind.NOT_FOUND, "list")
        expected = RefusalKind.NOT_CONFIGURED if subscription_gone else trouble
        assert (operation, answer.kind) == (operation, expected)
        assert answer.sentence.endswith(".")
        if operation == "health" and kind in SENTENCES:
            assert answer.sentence == SENTENCES[kind]


async def test_missing_subscription_is_no_typing_error(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.fault = Fault(kind=FaultKind.NOT_FOUND, on=frozenset({"list"}))
    answer = refusal(
        await new_client(arm.url, subscriptions=(PROD.subscription,)).find(
            GatewayRef(name="prod-gw")
        )
    )
    assert "APPGW_SUBSCRIPTIONS" in answer.sentence
    assert "az role definition create --role-definition @appgw-check-role.json" in answer.remedy


@pytest.mark.parametrize("kind", [FaultKind.ENDLESS, FaultKind.ELSEWHERE], ids=str)
async def test_operation_that_never_ends_or_points_elsewhere(
    arm: ArmStandIn, new_client: Callable[..., ArmClient], kind: FaultKind
) -> None:
    """A poll URL on another host would carry the token there: it is not followed."""
    arm.add(PROD, fault=Fault(kind=kind))
    timing = SHORT if kind is FaultKind.ENDLESS else FAST
    answer = refusal(await new_client(arm.url, timing=timing).health(PROD_ID))
    assert (
        answer.kind
        is {FaultKind.ENDLESS: RefusalKind.TIMED_OUT, FaultKind.ELSEWHERE: RefusalKind.MALFORMED}[
            kind
        ]
    )


@pytest.mark.parametrize("operation", ["list", "subscriptions"])
@pytest.mark.parametrize("kind", [FaultKind.LOOP, FaultKind.BOMB], ids=str)
async def test_list_without_end_is_refused_at_once(
    arm: ArmStandIn, client: ArmClient, kind: FaultKind, operation: str
) -> None:
    """The next page is the same one again, or a few kilobytes unfold to 40 MiB."""
    arm.add(PROD)
    arm.fault = Fault(kind=kind, on=frozenset({operation}))
    assert refusal(await client.inventory()).kind is RefusalKind.MALFORMED
    assert arm.calls[operation] <= 2


async def test_forbidden_names_the_missing_right(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD, fault=Fault(kind=FaultKind.FORBIDDEN, on=frozenset({"health"})))
    answer = refusal(await client.health(PROD_ID))
    assert "Microsoft.Network/applicationGateways/backendhealth/action" in answer.sentence
    assert "az role definition create --role-definition @appgw-check-role.json" in answer.remedy
    assert any(line.startswith("az role assignment create") for line in answer.remedy)
    assert json.loads("\n".join(answer.remedy[1:-2])) == dict(refusals.ROLE)


def test_role_file_is_the_role_of_the_remedy() -> None:
    assert (ROOT / "deploy" / "role.json").read_text() == refusals.role_json()
    assert len(refusals.ROLE["Actions"]) == 4


async def test_short_throttling_is_waited_out(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(
        PROD,
        fault=Fault(kind=FaultKind.THROTTLED, on=frozenset({"health"}), retry_after=1, times=1),
    )
    assert isinstance(await client.health(PROD_ID), GatewayHealth)
    assert arm.calls["health"] == 2


async def test_long_throttling_is_reported_and_respected(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    """ARM is not asked again before the time that it named is over."""
    arm.add(
        PROD,
        fault=Fault(kind=FaultKind.THROTTLED, on=frozenset({"health"}), retry_after=60, times=1),
    )
    answer = refusal(await client.health(PROD_ID))
    assert answer.retry_after == 60
    assert "in 60 seconds" in answer.sentence
    clock.pass_(30)
    assert refusal(await client.health(PROD_ID)).retry_after == 30
    assert arm.calls["health"] == 1
    clock.pass_(31)
    assert isinstance(await client.health(PROD_ID), GatewayHealth)


async def test_throttled_health_leaves_the_reads_alone(arm: ArmStandIn, client: ArmClient) -> None:
    """Backend health counts as a write; reads are counted apart."""
    arm.add(
        PROD,
        fault=Fault(kind=FaultKind.THROTTLED, on=frozenset({"health"}), retry_after=60, times=1),
    )
    assert refusal(await client.health(PROD_ID)).kind is RefusalKind.THROTTLED
    assert isinstance(await client.get(PROD_ID), Gateway)
    assert isinstance(await client.find(GatewayRef(name="prod-gw")), Gateway)


async def test_server_error_is_tried_again(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD, fault=Fault(kind=FaultKind.SERVER_ERROR, on=frozenset({"health"}), times=1))
    assert isinstance(await client.health(PROD_ID), GatewayHealth)


async def test_stopped_gateway_is_not_asked(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    arm.set_state(PROD, state="Stopped")
    gateway = await client.find(GatewayRef(name="prod-gw"))
    assert isinstance(gateway, Gateway)
    answer = refusal(await client.health(gateway.id))
    assert answer.kind is RefusalKind.STOPPED
    assert answer.remedy == ("az network application-gateway start -g rg-prod -n prod-gw",)
    assert arm.calls["health"] == 0


async def test_gateway_stopped_since_the_list_was_read(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    await client.find(GatewayRef(name="prod-gw"))
    arm.set_state(PROD, state="Stopped")
    assert refusal(await client.health(PROD_ID)).kind is RefusalKind.STOPPED


async def test_gateway_started_since_the_list_was_read(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD)
    arm.set_state(PROD, state="Stopped")
    await client.find(GatewayRef(name="prod-gw"))
    arm.set_state(PROD)
    assert isinstance(await client.health(PROD_ID), GatewayHealth)


async def test_updating_gateway_names_the_wait(arm: ArmStandIn, client: ArmClient) -> None:
    arm.add(PROD, fault=Fault(kind=FaultKind.BUSY, on=frozenset({"health"}), retry_after=30))
    answer = refusal(await client.health(PROD_ID))
    assert answer.kind is RefusalKind.UPDATING
    assert answer.remedy == ("az network application-gateway wait --updated -g rg-prod -n prod-gw",)


async def test_arm_that_is_not_there(new_client: Callable[..., ArmClient]) -> None:
    answer = refusal(await new_client("https://127.0.0.1:1").inventory())
    assert answer.kind is RefusalKind.UNAVAILABLE
    assert "no connection" in answer.sentence


async def test_arm_with_a_foreign_certificate(arm: ArmStandIn, clock: MovableClock) -> None:
    """Without APPGW_CA_BUNDLE the stand-in's private CA is nobody."""
    settings = ArmSettings(credential="static", static_token="t", arm_url=arm.url)
    async with ArmClient(settings, clock=clock, timing=FAST) as client:
        answer = refusal(await client.inventory())
    assert answer.kind is RefusalKind.UNAVAILABLE
    assert "its certificate is not trusted here" in answer.sentence


@pytest.mark.parametrize("disabled", [False, True], ids=["none", "disabled"])
async def test_identity_that_sees_no_subscription(
    disabled: bool,  # noqa: FBT001 -- a column
    arm: ArmStandIn,
    client: ArmClient,
) -> None:
    arm.subscriptions = [PROD.subscription] if disabled else []
    arm.disabled = {PROD.subscription}
    answer = refusal(await client.find(GatewayRef(name="prod-gw")))
    assert answer.kind is RefusalKind.NOT_CONFIGURED
    assert "that is enabled" in answer.sentence
    assert "az role definition create --role-definition @appgw-check-role.json" in answer.remedy
    assert arm.calls == {"subscriptions": 1}


async def test_no_gateway_at_all_names_the_role(arm: ArmStandIn, client: ArmClient) -> None:
    arm.subscriptions = [PROD.subscription]
    answer = refusal(await client.find(GatewayRef(name="prod-gw")))
    assert answer.kind is RefusalKind.NOT_FOUND
    assert answer.remedy == refusals.role_remedy()


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        pytest.param(
            ArmSettings(credential="static"), "APPGW_AZURE_STATIC_TOKEN", id="static-without-token"
        ),
        pytest.param(
            ArmSettings(credential="workload-identity"),
            "azure.workload.identity/use",
            id="workload-identity-without-pod",
        ),
    ],
)
async def test_credential_that_cannot_be_made(
    settings: ArmSettings, advice: str, clock: MovableClock
) -> None:
    async with ArmClient(settings, clock=clock, timing=FAST) as client:
        answer = refusal(await client.inventory())
    assert answer.kind is RefusalKind.NO_CREDENTIAL
    assert advice in answer.remedy[0]


async def test_missing_token_file_is_no_network_fault(
    clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "00000000-0000-0000-0000-000000000000")
    monkeypatch.setenv("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000001")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:9")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    settings = ArmSettings(credential="workload-identity")
    async with ArmClient(settings, clock=clock, timing=FAST) as client:
        answer = refusal(await client.inventory())
    assert answer.kind is RefusalKind.NO_CREDENTIAL
    assert "azure.workload.identity/use" in answer.remedy[0]


async def test_unusable_ca_bundle(clock: MovableClock, tmp_path: Path) -> None:
    settings = ArmSettings(
        credential="static", static_token="t", ca_bundle=str(tmp_path / "missing.pem")
    )
    async with ArmClient(settings, clock=clock, timing=FAST) as client:
        answer = refusal(await client.inventory())
    assert answer.kind is RefusalKind.UNAVAILABLE


async def test_failure_is_not_repeated_at_once(
    arm: ArmStandIn, client: ArmClient, clock: MovableClock
) -> None:
    """While ARM is down every check asks for gateways; only one in fifteen seconds reaches it."""
    arm.fault = Fault(kind=FaultKind.FORBIDDEN)
    await asyncio.gather(*(client.inventory() for _ in range(5)))
    await client.inventory()
    assert arm.calls["subscriptions"] == 1
    clock.pass_(FAST.failure_age + 1)
    await client.inventory()
    assert arm.calls["subscriptions"] == 2


HOSTILE = (
    "rg(Stop-Computer)",
    "rg$(id)",
    "rg;id",
    "rg`id`",
    "o'brien",
    "two words",
    'a"b',
    "r&d|x",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_name_in_a_command_is_one_word(name: str) -> None:
    gateway = GatewayId(subscription="s", group=name, name=name)
    found = replace(translated(PROD), id=gateway, state="Stopped")
    commands = [
        line
        for refused in (
            refusals.stopped(found),
            refusals.updating("it", gateway),
            refusals.locked("it", gateway),
            refusals.conflict("it", "Code", gateway),
        )
        for line in refused.remedy
        if line.startswith("az ")
    ]
    assert [shlex.split(command).count(name) for command in commands] == [2, 2, 1, 2]


@pytest.mark.parametrize("name", ["-x", "@/etc/passwd", "a\nb", "\x1b[31m", ""])
def test_unquotable_name_becomes_a_placeholder(name: str) -> None:
    gateway = GatewayId(subscription="s", group=name, name=name)
    (command,) = refusals.updating("it", gateway).remedy
    assert command == (
        "az network application-gateway wait --updated -g RESOURCE_GROUP -n GATEWAY_NAME"
    )


async def test_subscription_that_is_not_configured_is_never_asked(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    arm.add(PROD)
    client = new_client(arm.url, subscriptions=("00000000-0000-0000-0000-0000000000FF",))
    answers = (
        await client.get(PROD_ID),
        await client.find(
            GatewayRef(name=PROD.name, group=PROD.group, subscription=PROD.subscription)
        ),
        await client.find(GatewayRef(name=PROD.name, subscription=PROD.subscription)),
        await client.health(PROD_ID),
    )
    assert {refusal(answer).kind for answer in answers} == {RefusalKind.OUT_OF_SCOPE}
    assert arm.requests == []


async def test_configured_subscription_is_asked_in_any_case(
    arm: ArmStandIn, new_client: Callable[..., ArmClient]
) -> None:
    spec = replace(PROD, subscription="aaaaaaaa-0000-0000-0000-000000000001")
    arm.add(spec)
    client = new_client(arm.url, subscriptions=(spec.subscription.upper(),))
    assert isinstance(
        await client.find(
            GatewayRef(name=spec.name, group=spec.group, subscription=spec.subscription)
        ),
        Gateway,
    )


def translated(spec: GatewaySpec) -> Gateway:
    gateway = translate_gateway(gateway_document(spec))
    assert gateway is not None
    return gateway
