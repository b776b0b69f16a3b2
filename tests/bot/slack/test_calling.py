"""One way to Slack: what is sent again, and nothing before its `Retry-After` is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.cards.parts import Message
from bot.domain.delivery import (
    DeliveryError,
    MessageGone,
    NotAccepted,
    OutcomeUnknown,
    PlaceRefused,
    RateLimited,
)
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.outbound.calling import LONG_S, Caller
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_poster import SlackPoster
from bot.slack.outbound.pacing import Pacer
from bot.slack.outbound.places import Place, Posted
from bot.slack.outbound.runs import Runs
from bot.slack.transport.app import make_client, make_session
from playground.slack import Fault, SlackStandIn
from playground.slack.standin import CHANNEL
from tests.support.waiting import until

HERE = Place(channel=CHANNEL)
POST, UPDATE = "chat.postMessage", "chat.update"


def said(text: str) -> Message:
    return Message(text=text, blocks=(), plain=text)


@dataclass(slots=True)
class Clock:
    """Time that stands still until the test moves it."""

    now: float = 1000.0
    waiting: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def __call__(self) -> float:
        """The present second."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved the clock so far."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.append((self.now + seconds, waiter))
        await waiter

    async def move(self, seconds: float) -> None:
        """Let time pass, and everybody act who has waited for it."""
        self.now += seconds
        due = [one for one in self.waiting if one[0] <= self.now]
        self.waiting = [one for one in self.waiting if one[0] > self.now]
        for _, waiter in due:
            waiter.set_result(None)
            await asyncio.sleep(0)

    async def sleepers(self, number: int) -> None:
        """Until so many wait."""
        await until(lambda: len(self.waiting) == number)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(slack: SlackStandIn, clock: Clock) -> AsyncIterator[SlackClient]:
    context = outgoing_trust(None)
    async with make_session(context) as session:
        web = make_client(load_settings(slack.environment(socket_mode=True)), session, context)
        caller = Caller(pacer=Pacer(now=clock, sleep=clock.sleep))
        yield SlackClient(client=web, session=session, caller=caller)


MOMENTARY = [
    *(Fault(method=UPDATE, error=error, times=2) for error in (
        "internal_error", "fatal_error", "service_unavailable", "request_timeout",
        "rate_limited", "ratelimited", "update_failed",
    )),
    Fault(method=UPDATE, status=200, times=2),
    Fault(method=UPDATE, status=503, times=2),
    Fault(method=UPDATE, status=429, times=2),
    Fault(method=UPDATE, cut=True, times=2),
]  # fmt: skip


@pytest.mark.parametrize("fault", MOMENTARY, ids=lambda one: one.error or one.status or "cut")
async def test_update_refused_for_a_moment_is_repeated(
    slack: SlackStandIn, client: SlackClient, clock: Clock, fault: Fault
) -> None:
    posted = await client.post(HERE, said("Checking"))
    slack.faults.add(fault)
    updating = asyncio.create_task(client.update(posted, said("FAIL")))
    for _ in range(2):
        await clock.sleepers(1)
        await clock.move(10)
    await updating
    assert [message.text for message in slack.posted] == ["FAIL"]
    assert slack.api.calls[UPDATE] == 3


async def test_update_refused_for_ever_ends_and_is_logged(
    slack: SlackStandIn, client: SlackClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    posted = await client.post(HERE, said("Checking"))
    slack.faults.add(Fault(method=UPDATE, status=503))
    begun = clock.now
    updating = asyncio.create_task(client.update(posted, said("FAIL")))
    while not updating.done():
        await until(lambda: updating.done() or clock.waiting)
        await clock.move(1.0)
    with pytest.raises(OutcomeUnknown):
        await updating
    assert clock.now - begun <= LONG_S + 1
    assert slack.api.calls[UPDATE] <= 26  # 0.25 s, doubled up to 15 s
    assert caplog.messages[-1] == "Slack call is given up"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30.0),
        ("-5", 0.1),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.1),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("1e300", 86_400.0),
    ],
)
async def test_retry_after_is_a_bounded_number(
    slack: SlackStandIn, client: SlackClient, written: str, seconds: float
) -> None:
    slack.faults.add(Fault(method=POST, status=429, retry_after=written))
    with pytest.raises(RateLimited) as refused:
        await client.post(HERE, said("FAIL"), patience=0)
    assert refused.value.retry_after == seconds


@pytest.mark.parametrize(
    ("method", "fault", "meaning"),
    [
        (POST, Fault(method=POST, error="internal_error"), OutcomeUnknown),
        (POST, Fault(method=POST, status=500), OutcomeUnknown),
        (POST, Fault(method=POST, cut=True), OutcomeUnknown),
        (POST, Fault(method=POST, status=200, body=b'{"ts": "\xff"}'), OutcomeUnknown),
        (POST, Fault(method=POST, error="x" * 10_000), NotAccepted),
        (POST, Fault(method=POST, error="ekm_access_denied"), PlaceRefused),
        (POST, Fault(method=POST, error="restricted_action_thread_only_channel"), PlaceRefused),
        (POST, Fault(method=POST, error="account_inactive"), NotAccepted),
        (POST, Fault(method=POST, error="missing_scope"), NotAccepted),
        (UPDATE, Fault(method=UPDATE, error="message_not_found"), MessageGone),
        (UPDATE, Fault(method=UPDATE, error="edit_window_closed"), MessageGone),
        (UPDATE, Fault(method=UPDATE, error="is_archived"), PlaceRefused),
        (UPDATE, Fault(method=UPDATE, error="token_revoked"), NotAccepted),
    ],
    ids=lambda one: str(one.error or one.status or "cut")[:40] if isinstance(one, Fault) else "",
)
async def test_refusal_has_a_meaning_and_is_final(
    slack: SlackStandIn,
    client: SlackClient,
    method: str,
    fault: Fault,
    meaning: type[DeliveryError],
) -> None:
    slack.faults.add(fault)
    calls = {
        POST: lambda: client.post(HERE, said("x")),
        UPDATE: lambda: client.update(Posted(place=HERE, ts="1.0"), said("x")),
    }
    with pytest.raises(DeliveryError) as raised:
        await calls[method]()
    assert type(raised.value) is meaning
    assert len(raised.value.reason) < 100, "it is a label of a metric"
    assert slack.api.calls[method] == 1


async def test_nothing_is_posted_before_retry_after_is_over(
    slack: SlackStandIn, client: SlackClient, clock: Clock
) -> None:
    slack.faults.add(Fault(method=POST, status=429, retry_after=5, times=1))
    posts = [asyncio.create_task(client.post(HERE, said("one")))]
    await clock.sleepers(1)
    posts += [asyncio.create_task(client.post(HERE, said(text))) for text in ("two", "three")]
    await clock.sleepers(3)
    with pytest.raises(RateLimited):
        await SlackPoster(slack=client, runs=Runs()).post(CHANNEL, {"text": "digest"}, "d")
    await client.post(Place(channel="C0OPS"), said("another channel"))
    await clock.move(4.9)
    assert (slack.api.calls[POST], slack.messages()) == (2, [])
    for sent in (1, 2, 3):
        await clock.move(1.1)
        await slack.until(lambda: len(slack.messages()) == sent)  # noqa: B023 -- awaited within the round
        await clock.sleepers(3 - sent)
    await asyncio.gather(*posts)


async def test_waiting_updates_coalesce_to_the_newest(
    slack: SlackStandIn, client: SlackClient, clock: Clock
) -> None:
    posted = await client.post(HERE, said("Checking"))
    slack.faults.add(Fault(method=UPDATE, status=429, retry_after=5, times=1))
    updates = [asyncio.create_task(client.update(posted, said("TLS")))]
    await clock.sleepers(1)
    updates += [asyncio.create_task(client.update(posted, said(text))) for text in ("HTTP", "FAIL")]
    await asyncio.sleep(0)
    await clock.move(5.1)
    await asyncio.gather(*updates)
    assert slack.current(slack.posted[0]).text == "FAIL"
    assert slack.api.calls[UPDATE] == 2


async def test_no_attempt_while_slack_asks_to_wait(
    slack: SlackStandIn, client: SlackClient
) -> None:
    posted = await client.post(HERE, said("Checking"))
    slack.faults.add(Fault(method=UPDATE, status=429, retry_after=5, times=1))
    for _ in range(2):
        with pytest.raises(RateLimited):
            await client.update(posted, said("TLS"), patience=0)
    assert slack.api.calls[UPDATE] == 1
