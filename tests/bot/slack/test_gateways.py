"""A gateway in chat.

Our own probe at once, the gateway's word when it comes, and a useful card whatever ARM does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.azure.settings import ArmTiming
from bot.domain.gateway_ref import GatewayRef
from playground.arm import ArmStandIn, Fault, FaultKind, GatewaySpec, PoolSpec, SettingSpec
from playground.slack import Channel, Message
from playground.slack.standin import CHANNEL
from tests.support.arm import MovableClock
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.waiting import LIMIT_S, within_limit
from tests.support.wholebot import World, read, whole_bot

pytestmark = pytest.mark.may_block
ESTATE = Estate()
HEALTH = frozenset({"health"})
QUICK = ArmTiming(
    poll_interval=0.05, health_budget=1.0, read_budget=10.0, retries=0, retry_after_limit=0.1
)
PATIENT = replace(QUICK, health_budget=LIMIT_S, read_budget=LIMIT_S)


def timing_for(kind: FaultKind) -> ArmTiming:
    """Patience that ends soon where no answer comes, and late where one comes."""
    return QUICK if kind in {FaultKind.SLOW, FaultKind.ENDLESS} else PATIENT


AWAITED = "which takes ten seconds or more"
ROLE = "az role definition create --role-definition @appgw-check-role.json"
RIGHT = '"Microsoft.Network/applicationGateways/backendhealth/action"'
OPS = "C0OPS"
UNREADABLE = (
    *(
        one
        for one in FaultKind
        if one not in {FaultKind.ENDLESS, FaultKind.ELSEWHERE, FaultKind.SLOW}
    ),
    FaultKind.SLOW,  # the last, because its request goes on
)


async def resolver(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def spec(port: int, name: str = "prod-gw") -> GatewaySpec:
    """A gateway whose one server sends a good chain, judged by a root that it was not given."""
    setting = SettingSpec(name="https-be", port=port, host_name=NAME, roots=("corp",))
    return GatewaySpec(
        name=name,
        pools=(PoolSpec(name="web", fqdns=(NAME,)),),
        settings=(setting,),
        roots={"corp": ESTATE.root.certificate},
    )


@asynccontextmanager
async def bot_beside(
    arm: ArmStandIn,
    ca_file: str,
    folder: Path,
    timing: ArmTiming = PATIENT,
    followed: tuple[GatewayRef, ...] = (),
    clock: MovableClock | None = None,
) -> AsyncIterator[tuple[RunningBot, int]]:
    """The whole bot with one good backend; its port."""
    async with ESTATE.backend() as backend:
        arm.add(spec(backend.port))
        world = World(
            loopback=True,
            resolver=resolver,
            arm_url=arm.url,
            ca_file=ca_file,
            timing=timing,
            followed=followed,
            clock=clock or MovableClock(),
        )
        async with whole_bot(world, folder) as bot:
            yield bot, backend.port


def new_channel(bot: RunningBot, name: str) -> str:
    """A further channel, so that one bot can answer many commands."""
    bot.slack.workspace.channels[name] = Channel(id=name, name=name.lower())
    return name


def card(bot: RunningBot, channel: str = CHANNEL) -> Message | None:
    """The last card in a channel."""
    cards = [message for message in bot.slack.messages(channel) if message.by_bot]
    return cards[-1] if cards else None


def shown(bot: RunningBot, channel: str = CHANNEL) -> str:
    """All that the card shows."""
    message = card(bot, channel)
    return read(message) if message else ""


def in_thread(bot: RunningBot, channel: str = CHANNEL) -> str:
    """All that stands in the card's thread."""
    message = card(bot, channel)
    return (
        " ".join(f"{one.text} {read(one)}" for one in bot.slack.thread(message)) if message else ""
    )


@pytest.mark.parametrize("kind", [FaultKind.SLOW, FaultKind.ENDLESS], ids=str)
async def test_card_is_complete_long_before_arm_answers(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, kind: FaultKind
) -> None:
    """The verbs have a channel each, because one bot answers all."""
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        arm.add(spec(port), fault=Fault(kind=kind, on=HEALTH, seconds=30))
        for channel, command, verdict in (
            (CHANNEL, "gw:prod-gw", "The only server is healthy"),
            (OPS, f"{NAME}:{port}", "The gateway would accept this backend"),
            (new_channel(bot, "C0EVERY"), "health", "0 of 1 fail"),
        ):
            await bot.slack.command(command, channel=channel)
            await bot.slack.until(lambda c=channel, v=verdict: v in shown(bot, c))
            assert command == "health" or AWAITED in shown(bot, channel)


async def test_backend_health_joins_the_same_card(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, _):
        await bot.slack.command("gw:prod-gw")
        await bot.slack.until(lambda: "Gateway says: 1 healthy" in shown(bot))
        assert len([message for message in bot.slack.messages() if message.by_bot]) == 1
        assert arm.calls["health"] == 1
        # Where the bot cannot post, its one answer promises nothing that would have to follow.
        await bot.slack.command("gw:prod-gw", channel="C0QUIET")
        answer = await bot.slack.until(lambda: bot.slack.ephemerals()[0])
        assert "The only server is healthy" in read(answer)
        assert "takes ten seconds or more" not in read(answer)


async def test_disagreement_is_named_with_both_words(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        said = (
            "Application Gateway could not connect to the backend. Check that the backend "
            "responds on the port used for the probe."
        )
        arm.add(spec(port), {("web", "https-be", NAME): ("Unhealthy", said)})
        await bot.slack.command("gw:prod-gw watch")
        await bot.slack.until(lambda: "Gateway says" in shown(bot))
        assert "TCP_FAILED" in shown(bot)
        assert "Azure's message: Application Gateway could not connect to the backend." in shown(
            bot
        )
        assert "The bot's own probe: passes. Possible reason: " in shown(bot)
        assert "watched for 15 min" in shown(bot)


SAID = {
    FaultKind.UNAUTHORIZED: "could not sign in to Azure (static)",
    FaultKind.FORBIDDEN: "may not read the backend health of prod-gw",
    FaultKind.NOT_FOUND: "does not find the backend health of prod-gw",
    FaultKind.THROTTLED: "limits the bot's requests",
    FaultKind.BUSY: "prod-gw is being updated",
    FaultKind.LOCKED: "prod-gw has a read-only lock",
    FaultKind.CONFLICT: "(GatewayInFailedState)",
    FaultKind.SERVER_ERROR: "it answered 500",
    FaultKind.UNAVAILABLE: "it answered 503",
    FaultKind.SLOW: "within 1 second.",
    FaultKind.BAD_JSON: "no answer of Azure",
    FaultKind.BAD_SHAPE: "no answer of Azure",
    FaultKind.PROXY_PAGE: "no answer of Azure",
    FaultKind.ENDLESS: "within 1 second.",
    FaultKind.ELSEWHERE: "no answer of Azure",
    FaultKind.BOMB: "no answer of Azure",
}


@pytest.mark.parametrize(
    "kinds",
    [
        (FaultKind.SLOW,),
        (FaultKind.ENDLESS,),
        # only lists have a next page, as LOOP needs
        [
            one
            for one in FaultKind
            if one not in {FaultKind.SLOW, FaultKind.ENDLESS, FaultKind.LOOP}
        ],
    ],
    ids=["slow", "endless", "others"],
)
async def test_arm_fault_leaves_our_verdict_and_a_sentence(
    arm: ArmStandIn,
    ca_file: str,
    tmp_path: Path,
    kinds: Sequence[FaultKind],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each kind in turn, after the one before is forgotten."""
    clock = MovableClock()
    async with bot_beside(arm, ca_file, tmp_path, timing_for(kinds[0]), clock=clock) as (bot, port):
        for kind in kinds:
            clock.pass_(PATIENT.inventory_age + 1)
            asked, said = arm.calls["health"], SAID[kind]
            arm.add(spec(port), fault=Fault(kind=kind, on=HEALTH, seconds=5))
            gateway, host = (new_channel(bot, f"C0{of}{kind.name}") for of in ("GATEWAY", "HOST"))
            await bot.slack.command("gw:prod-gw", channel=gateway)
            await bot.slack.command(f"{NAME}:{port}", channel=host)
            for channel, verdict in (
                (gateway, "The only server is healthy"),
                (host, "The gateway would accept this backend"),
            ):
                await bot.slack.until(lambda c=channel, s=said: s in shown(bot, c))
                assert verdict in shown(bot, channel), kind
                if kind is FaultKind.FORBIDDEN:
                    await bot.slack.until(lambda c=channel: ROLE in in_thread(bot, c))
                    assert RIGHT in in_thread(bot, channel)
            assert arm.calls["health"] > asked, kind
    assert [record.message for record in caplog.records if record.exc_info] == []


async def test_host_card_says_why_its_gateways_are_unknown(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of fault in turn, after the one before is forgotten."""
    clock = MovableClock()
    async with bot_beside(arm, ca_file, tmp_path, QUICK, clock=clock) as (bot, port):
        for kind in UNREADABLE:
            if kind is FaultKind.SLOW:
                monkeypatch.setattr("bot.checks.gateway_lookup.ARM_PATIENCE_S", 0.2)
            clock.pass_(QUICK.failure_age + 1)
            asked = arm.calls["subscriptions"]
            arm.fault = Fault(kind=kind, on=frozenset({"subscriptions"}), seconds=12)
            channel = new_channel(bot, f"C0{kind.name}")
            await bot.slack.command(f"{NAME}:{port}", channel=channel)
            await bot.slack.until(lambda c=channel: "no backend health" in shown(bot, c))
            assert "the gateways that use this host could not be read" in shown(bot, channel), kind
            if kind is FaultKind.FORBIDDEN:
                await bot.slack.until(lambda c=channel: ROLE in in_thread(bot, c))
            assert arm.calls["subscriptions"] > asked, kind


async def test_restart_while_arm_is_awaited_leaves_the_verdict(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        arm.add(spec(port), fault=Fault(kind=FaultKind.ENDLESS, on=HEALTH))
        await bot.slack.command("gw:prod-gw")
        await bot.slack.until(lambda: AWAITED in shown(bot))
        bot.service.stop.set()
        await within_limit(asyncio.shield(bot.task))
        assert "The only server is healthy" in shown(bot)


async def test_health_shows_what_the_channel_follows(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    followed = (GatewayRef(name="prod-gw", group="rg-prod"),)
    async with bot_beside(arm, ca_file, tmp_path, followed=followed) as (bot, port):
        arm.add(spec(port, "other-gw"))
        await bot.slack.command("health")
        await bot.slack.until(lambda: "0 of 1 gateway unhealthy" in shown(bot))
        assert "health of what this channel follows" in shown(bot)


async def test_health_shows_every_gateway_where_none_is_followed(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, port):
        arm.add(spec(port, "other-gw"))
        await bot.slack.command("health")
        await bot.slack.until(lambda: "0 of 2 gateways unhealthy" in shown(bot))
        assert "health of every gateway that the bot can see" in shown(bot)


async def test_mistyped_gateway_stays_between_bot_and_asker(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with bot_beside(arm, ca_file, tmp_path) as (bot, _):
        await bot.slack.command("gw:prod-gv")
        await bot.slack.until(bot.slack.ephemerals)
        assert "Did you mean gw:rg-prod/prod-gw?" in read(bot.slack.ephemerals()[-1])
        await bot.slack.until(lambda: card(bot) is None)
