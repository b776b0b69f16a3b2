"""Watch until green, through the real bot.

A backend that heals is seen, and everything that ends a watch ends it quietly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

import pytest
from prometheus_client import generate_latest

from bot.cards.parts import compose
from bot.cards.parts import say as paragraph
from bot.domain.request import BackendRequest, Watch
from bot.observability.metrics import REGISTRY
from bot.slack.invocation import AdmittedInvocation, Invocation, Source
from bot.slack.outbound.places import Place, Posted
from bot.slack.outbound.runs import Runs
from bot.slack.outbound.watching import Watching, WatchOrder, WatchResult, duration
from playground.lab.pki import NOW
from playground.slack import Fault, Message
from playground.slack.standin import CHANNEL
from tests.support.reports import HOST
from tests.support.slackbot import RunningBot, running_bot
from tests.support.waiting import LIMIT_S, advance, until, within_limit

INTERVAL_S = 0.05
ADMITTED = AdmittedInvocation(
    invocation=Invocation(source=Source.COMMAND, text=HOST, user="U1", team="T1", channel=CHANNEL),
    request=BackendRequest(),
    run_id="r",
    begun=0.0,
    arrived=NOW,
)
T = TypeVar("T")


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot(watch_every_s=INTERVAL_S) as running:
        yield running


def first(found: Iterable[T]) -> T:
    return list(found)[0]  # noqa: RUF015 -- an IndexError means not yet


async def watched_card(bot: RunningBot, text: str = f"{HOST} watch") -> Message:
    """A card that is being watched.

    It has its verdict, and a first look of the watch has been made.
    """
    await bot.slack.command(text)
    card = await bot.slack.until(
        lambda: first(m for m in bot.slack.messages() if m.text.startswith("FAIL"))
    )
    await looks(bot, 1)
    return card


async def looks(bot: RunningBot, more: int) -> None:
    """Wait until so many more probes have been made."""
    wanted = len(bot.script.admitted) + more
    await bot.slack.until(lambda: bot.script.admitted[wanted - 1])


async def no_watch(bot: RunningBot) -> bool:
    """Wait until no card is watched any more."""
    await bot.slack.until(lambda: "appgw_watches 0.0" in generate_latest(REGISTRY).decode())
    return True


async def never_watched(bot: RunningBot) -> bool:
    """Whether the host was probed once only, while one asked for later was watched twice."""
    bot.script.case = "leaf-only"
    await bot.slack.command("later.contoso.com watch")

    def probed(host: str) -> int:
        return [target.host for target, _ in bot.script.admitted].count(host)

    await bot.slack.until(lambda: probed("later.contoso.com") >= 3)
    return probed(HOST) == 1


def thread(bot: RunningBot, card: Message) -> list[str]:
    return [message.text for message in bot.slack.thread(card)]


async def test_repaired_backend_is_healthy_within_two_intervals(bot: RunningBot) -> None:
    card = await watched_card(bot)
    bot.script.case, before = "good", len(bot.script.admitted)
    await bot.slack.until(
        lambda: first(text for text in thread(bot, card) if text.startswith("Green after"))
    )
    assert len(bot.script.admitted) - before <= 2
    assert bot.slack.current(card).text.startswith("OK")
    assert [m.text for m in bot.slack.messages() if m.by_bot] == [bot.slack.current(card).text]
    assert await no_watch(bot)
    (line,) = [
        message for message in bot.slack.thread(card) if message.text.startswith("Green after")
    ]
    assert f". OK {HOST}: gateway would accept it." in line.text
    assert HOST not in str(line.blocks)


async def test_the_overflow_watches_the_same_card(bot: RunningBot) -> None:
    await bot.slack.command(HOST)
    card = await bot.slack.until(
        lambda: first(m for m in bot.slack.messages() if m.text.startswith("FAIL"))
    )
    await bot.slack.click(card, "more", option="watch")
    await looks(bot, 2)
    assert "watched for 15 min" in str(bot.slack.current(card).blocks)
    bot.script.case = "good"
    await bot.slack.until(
        lambda: first(text for text in thread(bot, card) if text.startswith("Green after"))
    )
    assert len([m for m in bot.slack.messages() if m.by_bot]) == 1


async def test_only_a_change_edits_the_card(bot: RunningBot) -> None:
    card = await watched_card(bot)
    shown = bot.slack.current(card)
    await looks(bot, 3)
    assert bot.slack.current(card) == shown
    bot.script.case = "other-name"
    await bot.slack.until(
        lambda: "name" in bot.slack.current(card).text and bot.slack.current(card)
    )
    assert not [text for text in thread(bot, card) if text.startswith("Green")]


async def test_a_healthy_backend_is_not_watched(bot: RunningBot) -> None:
    bot.script.case = "good"
    await bot.slack.command(f"{HOST} watch")
    await bot.slack.until(lambda: first(m for m in bot.slack.messages() if m.text.startswith("OK")))
    assert await never_watched(bot)


async def test_bounded_time_says_when_it_ended(bot: RunningBot) -> None:
    card = await watched_card(bot, f"{HOST} watch=1s")
    await bot.slack.until(
        lambda: first(text for text in thread(bot, card) if text.startswith("Not green after 1 s"))
    )
    assert await no_watch(bot)


@pytest.mark.parametrize("error", ["message_not_found", "channel_not_found", "is_archived"])
async def test_a_lost_card_ends_the_watch_silently(bot: RunningBot, error: str) -> None:
    card = await watched_card(bot)
    bot.slack.faults.add(Fault(method="chat.update", error=error))
    bot.script.case = "good"
    assert await no_watch(bot)
    assert not [text for text in thread(bot, card) if text.startswith(("Green", "Not green"))]


async def test_restart_ends_the_watch_silently() -> None:
    async with running_bot(watch_every_s=3600, wait_s=3600) as bot:
        await bot.slack.command(f"{HOST} watch")
        card = await bot.slack.until(
            lambda: first(m for m in bot.slack.messages() if m.text.startswith("FAIL"))
        )
        await bot.slack.until(
            lambda: first(
                [True] if "appgw_watches 1.0" in generate_latest(REGISTRY).decode() else []
            )
        )
        await bot.until_stopped()
        assert not [
            text for text in thread(bot, card) if text.startswith(("Green", "Not green", "STOPPED"))
        ]
        assert bot.slack.current(card).text.startswith("FAIL")


async def test_target_refused_later_is_probed_no_more(bot: RunningBot) -> None:
    await watched_card(bot)
    bot.script.refuse_late = True
    assert await no_watch(bot)


async def test_an_error_of_our_own_ends_it(bot: RunningBot) -> None:
    await watched_card(bot)
    bot.script.error = RuntimeError("boom")
    assert await no_watch(bot)


async def test_private_card_cannot_be_watched(bot: RunningBot) -> None:
    await bot.slack.command(f"{HOST} private watch")
    await bot.slack.until(
        lambda: first(m for m in bot.slack.ephemerals() if "Only a card in a channel" in m.text)
    )
    assert await never_watched(bot)


class Never:
    """A look that never turns green, and says when it is closed."""

    closed = False

    async def probe(self) -> WatchResult | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        return None

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class Standing:
    """A card that stands in the channel; nothing ever changes on it."""

    def __init__(self, ts: str) -> None:
        self.posted = Posted(place=Place(channel=CHANNEL), ts=ts)

    def may_write(self) -> bool:
        """Nobody else is at work on it."""
        return True

    async def update(self, message: Message, *, patience: float) -> bool:
        """It takes everything."""
        del message, patience
        return True

    async def post_in_thread(self, message: Message) -> None:
        """Its thread takes everything."""


class Healthy:
    """A backend that the gateway accepts."""

    async def probe(self) -> WatchResult | None:
        """Green at once."""
        return WatchResult(card=compose("OK", [paragraph("fine")]), change_key="ok", healthy=True)

    def close(self) -> None:
        """Nothing runs."""


class StoppedWhileItEnds(Standing):
    """A card whose process is asked to stop while the last word of its watch is posted."""

    def __init__(self, ts: str, runs: Runs) -> None:
        super().__init__(ts)
        self._runs = runs

    async def post_in_thread(self, message: Message) -> None:
        """The stop comes."""
        del message
        self._runs.draining = True


class Kept:
    """The watches that would go on after a restart."""

    def __init__(self) -> None:
        self.open: list[str] = []

    async def begun(self, posted: Posted, *_: object) -> None:
        """One more."""
        self.open.append(posted.ts)

    async def ended(self, posted: Posted) -> None:
        """One less."""
        self.open.remove(posted.ts)


@pytest.mark.parametrize(
    ("target", "left"), [(Healthy(), []), (Never(), ["1.0"])], ids=["over", "interrupted"]
)
async def test_stop_keeps_only_unfinished_watches(target: Healthy | Never, left: list[str]) -> None:
    runs, kept = Runs(), Kept()
    watching = Watching(runs=runs, interval=0, store=kept)
    order = WatchOrder(target=target, change_key="", seconds=60, admitted=ADMITTED)
    watching.begin(StoppedWhileItEnds("1.0", runs), order)
    await until(lambda: runs.draining or (left and kept.open == left))
    draining = asyncio.create_task(runs.drain(LIMIT_S))
    await asyncio.sleep(0)
    if left:
        advance(LIMIT_S)
    await within_limit(draining)
    assert kept.open == left


async def test_one_watch_per_card_and_a_bounded_number() -> None:
    runs = Runs()
    watching = Watching(runs=runs, at_most=2)
    looks = [Never() for _ in range(4)]
    refusals = [
        watching.begin(
            Standing(ts), WatchOrder(target=target, change_key="", seconds=60, admitted=ADMITTED)
        )
        for ts, target in zip(("1.0", "1.0", "2.0", "3.0"), looks, strict=True)
    ]
    said = [no.sentence if no else "" for no in refusals]
    assert said[:3] == ["", "This card is watched already.", ""]
    assert said[3].startswith("2 cards are watched already")
    assert [target.closed for target in looks] == [False, True, False, True]
    await runs.drain(0.1)
    assert all(target.closed for target in looks)


async def test_a_channel_has_at_most_three_watches() -> None:
    runs = Runs()
    watching = Watching(runs=runs)
    refusals = [
        watching.begin(
            Standing(ts), WatchOrder(target=Never(), change_key="", seconds=60, admitted=ADMITTED)
        )
        for ts in ("1.0", "2.0", "3.0", "4.0")
    ]
    said = [no.sentence if no else "" for no in refusals]
    assert said[:3] == ["", "", ""]
    assert said[3].startswith("3 cards are watched in this channel already, the maximum")
    await runs.drain(0.1)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (12, "12 s"), (60, "1 min"), (372, "6 min 12 s"), (900, "15 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("option", "seconds"),
    [(None, 0), (Watch(), 900), (Watch(seconds=120), 120), (Watch(seconds=86_400), 900)],
    ids=["none", "bare", "short", "too-long"],
)
def test_the_option_is_bounded(option: Watch | None, seconds: float) -> None:
    assert Watching(runs=Runs()).seconds(option) == seconds
