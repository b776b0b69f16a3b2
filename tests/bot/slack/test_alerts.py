"""`alerts on`: certain alerts of named apps are answered in their thread, once per problem."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.access import Access
from bot.azure.settings import ArmTiming
from bot.slack.inbound.alerts import is_alert
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, SettingSpec
from playground.slack import Message, SlackStandIn
from playground.slack.standin import CHANNEL, MONITORING
from playground.slack.state import BOT_ID, BOT_USER, ForeignApp
from tests.bot.store.conftest import ready_url
from tests.support.arm import MovableClock
from tests.support.followbot import without_scopes
from tests.support.slackbot import RunningBot
from tests.support.tls_server import NAME, Estate
from tests.support.wholebot import World, read, whole_bot

__all__ = ["ready_url"]
pytestmark = pytest.mark.may_block
ESTATE, ELSEWHERE = Estate(), Estate()
OTHER = "api.contoso.com"
CAUSE = "NO_UPLOADED_ROOT_SIGNS_CHAIN"
ON = "Alerts in this channel are answered"
OFF = "Alerts in this channel are not answered"
STRANGER = ForeignApp(bot_id="B0OTHER", app_id="A0OTHER", name="Other")


async def resolver(_host: str, _port: int) -> Sequence[str]:
    return ("127.0.0.1",)


def spec(
    port: int, name: str = "prod-gw", *, trusted: bool = False, host_name: str = NAME
) -> GatewaySpec:
    """A gateway whose setting trusts the backends' root, or another one."""
    estate = ESTATE if trusted else ELSEWHERE
    setting = SettingSpec(name="https-be", port=port, host_name=host_name, roots=("corp",))
    members = (NAME, OTHER) if name == "prod-gw" else ("else.contoso.com",)
    return GatewaySpec(
        name=name,
        pools=(PoolSpec(name="web", fqdns=members),),
        settings=(setting,),
        roots={"corp": estate.root.certificate},
    )


@dataclass(slots=True, kw_only=True)
class Scene:
    """The bot in a channel that wants alerts, one broken gateway, and the clock of both."""

    bot: RunningBot
    clock: MovableClock
    arm: ArmStandIn
    port: int
    world: World

    async def alert(self, text: str, **more: Any) -> Message:  # noqa: ANN401 -- passed through
        """A monitoring tool writes."""
        said, ack = await self.bot.slack.app_says(text, **more)
        assert ack.ok
        return said

    def cards(self) -> list[Message]:
        """Every card in a thread."""
        return [
            one for one in self.bot.slack.posted if one.thread_ts and "[Check again]" in read(one)
        ]

    async def card_under(self, alert: Message) -> Message:
        """The card in an alert's thread, complete."""
        await self.bot.slack.until(lambda: self._under(alert))
        return self._under(alert)[0]

    def _under(self, alert: Message) -> list[Message]:
        stands = [one for one in self.cards() if one.thread_ts == alert.ts]
        return [one for one in stands if "ten seconds or more" not in read(one)]

    async def until_updated(self, card: Message) -> Message:
        """Wait until another run stands on a card."""
        slack, before = self.bot.slack, run_of(card)
        await slack.until(lambda: run_of(slack.current(card)) != before)
        return slack.current(card)

    async def until(self, found: Callable[[], object]) -> None:
        """Wait while time goes on, so that what is due comes."""
        self.clock.pass_(ArmTiming().inventory_age)  # the gateways are read again at once

        def due() -> object:
            self.clock.pass_(5)
            return found()

        await self.bot.slack.until(due)

    def lines(self, alert: Message) -> str:
        """All that stands in an alert's thread."""
        return " ".join(read(one) for one in self.bot.slack.thread(alert))


def run_of(card: Message) -> str:
    """The run whose answer stands on a card."""
    found = re.search(r"run (\w+)", read(card))
    return found[1] if found else ""


@asynccontextmanager
async def scene(
    arm: ArmStandIn,
    ca_file: str,
    folder: Path,
    **more: Any,  # noqa: ANN401 -- fields of the world
) -> AsyncIterator[Scene]:
    """The bot, with alerts switched on."""
    clock = MovableClock()
    async with ESTATE.backend() as backend:
        arm.add(spec(backend.port))
        arm.add(spec(backend.port, "other-gw", trusted=True))
        world = World(
            loopback=True,
            resolver=resolver,
            arm_url=arm.url,
            ca_file=ca_file,
            clock=clock,
            alert_apps=(MONITORING.app_id,),
            timing=ArmTiming(poll_interval=0.05, stale_age=86_400.0),
        )
        world = replace(world, **more)
        async with whole_bot(world, folder) as bot:
            await bot.slack.command("alerts on")
            await bot.slack.until(lambda: any(ON in one.text for one in everything(bot)))
            yield Scene(bot=bot, clock=clock, arm=arm, port=backend.port, world=world)


def everything(bot: RunningBot) -> list[Message]:
    """What everybody and what one person sees."""
    return [*bot.slack.posted, *bot.slack.ephemerals()]


MESSAGE = {"type": "message", "ts": "1.1", "channel": "C1", "bot_id": "B1", "app_id": "A1"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"channel_type": "channel"}, True),
        ({"channel_type": "group"}, True),
        ({"channel": "G1", "channel_type": "group", "subtype": "bot_message"}, True),
        ({"channel": "G1", "channel_type": "mpim"}, False),
        ({"channel": "D1", "channel_type": "im"}, False),
        ({"thread_ts": "1.0"}, False),
        ({"subtype": "message_deleted"}, False),
        ({"app_id": "A2", "bot_id": "B2"}, False),
    ],
    ids=["public", "private", "old-id", "group-dm", "dm", "thread", "deleted", "other-app"],
)
def test_alert_is_known_by_its_event(more: dict[str, str], *, expected: bool) -> None:
    body = {"event": {**MESSAGE, **more}}
    assert is_alert(body, apps={"A1"}, own={"B0"}, home="T1") is expected


async def test_one_problem_has_one_card(arm: ArmStandIn, ca_file: str, tmp_path: Path) -> None:
    async with scene(arm, ca_file, tmp_path, alerts_every_s=3600.0) as stage:
        first = await stage.alert(f"502 Bad Gateway on {NAME}")
        card = await stage.card_under(first)
        assert CAUSE in stage.lines(first)
        await stage.alert("", attachments=[{"title": "Firing", "text": f"instance = {NAME}"}])
        card = await stage.until_updated(card)
        await stage.alert(f"Backend {OTHER} is down")
        card = await stage.until_updated(card)
        assert "gw:" in read(card)  # two members of one pool: the card is the pool's now
        assert OTHER in read(card) or "2 of 2" in read(card)
        assert [one.ts for one in stage.cards()] == [card.ts]


async def test_only_new_certain_alerts_of_named_apps(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with scene(arm, ca_file, tmp_path) as stage:
        slack, text = stage.bot.slack, f"502 Bad Gateway on {NAME}"
        await stage.alert("502 Bad Gateway on shop.fabrikam.example")
        await stage.alert(text, app=STRANGER)
        await stage.alert(text, channel="C0OPS")
        parent = slack.say("who looks?")
        await stage.alert(text, thread=parent)
        await stage.alert(f"[RESOLVED] {text}")
        message = {"type": "message", "channel": CHANNEL, "channel_type": "channel"}
        await slack.event({**message, "user": "U0ONCALL", "text": text, "ts": "5.1"})
        own = {"bot_id": BOT_ID, "user": BOT_USER, "app_id": MONITORING.app_id}
        await slack.event({**message, **own, "text": text, "ts": "5.2"})
        edited = {"subtype": "message_changed", "message": {"text": text, "bot_id": "B0MONITOR"}}
        await slack.event({**message, **edited, "ts": "5.3"})
        named = await stage.alert(text)
        card = await stage.card_under(named)
        assert [one.ts for one in stage.cards()] == [card.ts]
        assert not slack.ephemerals()


@pytest.mark.parametrize("lost", [(), ("reactions:write",)], ids=["marked", "no-reactions"])
async def test_alert_gets_a_reaction_when_healthy_again(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, lost: tuple[str, ...]
) -> None:
    async with scene(arm, ca_file, tmp_path, tokens=without_scopes(*lost)) as stage:
        alert = await stage.alert(f"502 Bad Gateway on {NAME}")
        card = await stage.card_under(alert)
        arm.add(spec(stage.port, trusted=True))
        await stage.until(lambda: "Green after" in stage.lines(alert))
        assert "The gateway would accept" in read(stage.bot.slack.current(card))
        if not lost:
            await stage.bot.slack.until(lambda: stage.bot.slack.reactions(alert))
        assert stage.bot.slack.reactions(alert) == ([] if lost else ["white_check_mark"])
        assert [one.ts for one in stage.cards()] == [card.ts]


async def test_problem_that_comes_back_says_so(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with scene(arm, ca_file, tmp_path, alerts_every_s=3600.0) as stage:
        alert = await stage.alert(f"502 Bad Gateway on {NAME}")
        card = await stage.card_under(alert)
        arm.add(spec(stage.port, trusted=True))
        stage.clock.pass_(600)
        await stage.alert("", attachments=[{"title": f"[RESOLVED] 502 on {NAME}"}])
        await stage.bot.slack.until(lambda: "Green after" in stage.lines(alert))
        arm.add(spec(stage.port))
        stage.clock.pass_(600)
        again = await stage.alert(f"502 Bad Gateway on {NAME}")
        await stage.bot.slack.until(lambda: "is back" in stage.lines(again))
        assert [one.ts for one in stage.cards()] == [card.ts]
        stage.clock.pass_(3700)
        later = await stage.alert(f"502 Bad Gateway on {NAME}")
        assert (await stage.card_under(later)).ts != card.ts


async def test_resolved_alerts_at_once_say_it_once(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, ready_url: str
) -> None:
    more = {"alerts_every_s": 3600.0, "database_url": ready_url}
    async with SlackStandIn() as slack, AsyncExitStack() as stack:
        entering = scene(arm, ca_file, tmp_path, slack=slack, **more)
        stage = await stack.enter_async_context(entering)
        replicas = [slack.request_url]
        if ready_url.startswith("postgresql"):
            second = tmp_path / "second"
            second.mkdir()
            await stack.enter_async_context(whole_bot(replace(stage.world, slack=slack), second))
            replicas.append(slack.request_url)
        alert = await stage.alert(f"502 Bad Gateway on {NAME}")
        await stage.card_under(alert)
        arm.add(spec(stage.port, trusted=True))
        stage.clock.pass_(600)
        for n in range(6):
            slack.request_url = replicas[n % len(replicas)]
            await stage.alert(f"[RESOLVED] 502 Bad Gateway on {NAME}")
        await slack.until(lambda: "Green after" in stage.lines(alert))
        await stack.aclose()  # every replica ends what it has begun
        assert stage.lines(alert).count("Green after") == 1
        assert slack.reactions(alert) == ["white_check_mark"]


async def test_problem_that_becomes_another_joins_it(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with scene(arm, ca_file, tmp_path, alerts_every_s=3600.0) as stage:
        first = await stage.alert(f"502 Bad Gateway on {NAME}")
        card = await stage.card_under(first)
        arm.add(spec(stage.port, trusted=True, host_name="other.contoso.com"))
        stage.clock.pass_(600)
        second = await stage.alert(f"502 Bad Gateway on {NAME}")
        other = await stage.card_under(second)
        assert "NAME_MISMATCH" in read(other)
        await stage.alert(f"[RESOLVED] 502 on {NAME}")
        slack = stage.bot.slack
        await slack.until(lambda: "that of an earlier alert" in stage.lines(first))
        assert "NAME_MISMATCH" in read(slack.current(card))
        arm.add(spec(stage.port, trusted=True))
        stage.clock.pass_(600)
        await stage.alert(f"[RESOLVED] 502 on {NAME}")
        await slack.until(lambda: slack.reactions(first) and slack.reactions(second))
        assert "Green after" in stage.lines(second)
        assert "Green after" not in stage.lines(first)
        assert [one.ts for one in stage.cards()] == [card.ts, other.ts]


async def test_open_problem_outlives_a_restart(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    async with SlackStandIn() as slack:
        async with scene(arm, ca_file, tmp_path, slack=slack) as stage:
            alert = await stage.alert(f"502 Bad Gateway on {NAME}")
            card = await stage.card_under(alert)
        arm.add(spec(stage.port, trusted=True))
        async with scene(arm, ca_file, tmp_path, slack=slack) as stage:
            arm.add(spec(stage.port, trusted=True))
            await slack.until(lambda: any(ON in one.text for one in slack.ephemerals()))
            await stage.until(lambda: "Green after" in stage.lines(alert))
            await slack.until(lambda: slack.reactions(alert))
            assert [one.ts for one in stage.cards()] == [card.ts]


async def test_following_ends_with_who_may_not_ask(
    arm: ArmStandIn, ca_file: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Open alerts too are looked at on the word of who switched them on."""
    caplog.set_level("INFO", "bot.audit")
    async with SlackStandIn() as slack:
        async with scene(arm, ca_file, tmp_path, slack=slack) as stage:
            alert = await stage.alert(f"502 Bad Gateway on {NAME}")
            card = await stage.card_under(alert)
        shown, others = read(slack.current(card)), Access(users=frozenset({"U0SECOND"}))
        caplog.clear()
        async with scene(arm, ca_file, tmp_path, slack=slack, access=others) as stage:
            arm.add(spec(stage.port, trusted=True))

            def refused() -> list[str]:
                asked = [one for one in caplog.records if getattr(one, "outcome", "") == "refused"]
                return [text for one in asked if NAME in (text := getattr(one, "what", ""))]

            await stage.until(lambda: len(refused()) >= 2)
        assert "Green after" not in stage.lines(alert)
        assert read(slack.current(card)) == shown


async def test_many_alerts_are_limited(
    arm: ArmStandIn,
    ca_file: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.store.alerts.PER_CHANNEL", 3)
    async with scene(arm, ca_file, tmp_path, alerts_every_s=3600.0) as stage:
        for _ in range(5):
            await stage.alert(f"502 Bad Gateway on {NAME}")

        def refused() -> list[str]:
            records = [one for one in caplog.records if one.message == "an alert is not answered"]
            return [getattr(one, "reason", "") for one in records]

        await stage.bot.slack.until(lambda: len(refused()) == 2)
        assert refused() == ["channel limit"] * 2


async def test_alerts_on_posts_what_happens_next(
    arm: ArmStandIn, ca_file: str, tmp_path: Path
) -> None:
    lost = without_scopes("channels:history", "reactions:write")
    async with scene(arm, ca_file, tmp_path, tokens=lost) as stage:
        slack = stage.bot.slack
        told = next(read(one) for one in slack.posted if ON in one.text)
        assert f"if they come from {MONITORING.app_id}" in told
        assert "the scope channels:history and the event message.channels are missing" in told
        assert "the scope reactions:write is missing" in told
        assert "Switched on · by @U0ONCALL" in told
        for words, sentence in (("alerts", ON), ("alerts on", ON)):
            await slack.command(words, user="U0SECOND")
            await slack.until(lambda: len(slack.ephemerals("U0SECOND")))
            assert sentence in slack.ephemerals("U0SECOND").pop().text
            slack.workspace.ephemerals.clear()
        await slack.command("alerts off", user="U0SECOND")
        await slack.until(lambda: "no longer answered" in slack.posted[-1].text)
        alert = await stage.alert(f"502 Bad Gateway on {NAME}")
        await slack.command("alerts")
        await slack.until(lambda: OFF in slack.ephemerals()[-1].text)
        assert slack.thread(alert) == []


@pytest.mark.parametrize(
    ("channel", "apps", "sentence"),
    [
        ("D0DIRECT", ("A0MONITOR",), "Alerts are answered in channels"),
        ("C0QUIET", ("A0MONITOR",), "I am not in this channel"),
        (CHANNEL, (), "An operator sets APPGW_ALERT_APPS"),
    ],
    ids=["direct", "no-member", "no-apps"],
)
async def test_alerts_stay_off_where_they_cannot_be(
    tmp_path: Path, channel: str, apps: tuple[str, ...], sentence: str
) -> None:
    async with whole_bot(World(alert_apps=apps), tmp_path) as bot:
        await bot.slack.command("alerts on", channel=channel)
        await bot.slack.until(lambda: sentence in read(bot.slack.ephemerals()[-1]))
        await bot.slack.command("alerts", channel=channel)
        await bot.slack.until(lambda: len(bot.slack.ephemerals()) == 2)
        assert ON not in bot.slack.ephemerals()[-1].text
        assert not bot.slack.posted
