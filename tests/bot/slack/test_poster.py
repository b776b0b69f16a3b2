"""The engine's way to Slack.

One post with its delivery's id, and what each answer means for a second one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.delivery import (
    DeliveryError,
    MessageRefused,
    NotAccepted,
    OutcomeUnknown,
    PlaceRefused,
    RateLimited,
)
from bot.settings import load_settings
from bot.settings.trust import outgoing_trust
from bot.slack.outbound.calling import Caller
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.digest_poster import PAGE, SlackPoster
from bot.slack.outbound.runs import Runs
from bot.slack.transport.app import make_client, make_session
from playground.slack import Fault, SlackStandIn
from playground.slack.standin import CHANNEL
from tests.support.followbot import World, running_bot, without_scopes
from tests.support.reports import HOST

MESSAGE = {
    "text": "FAIL gw:prod-gw: 1 problem",
    "blocks": [{"type": "divider"}],
    "plain": "the same as text",
}
SINCE = datetime.now(UTC) - timedelta(minutes=1)
UNTIL = SINCE + timedelta(hours=2)  # the module is loaded long before its tests run


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as running:
        yield running


@pytest.fixture
async def poster(slack: SlackStandIn) -> AsyncIterator[SlackPoster]:
    context = outgoing_trust(None)
    async with make_session(context) as session:
        client = make_client(load_settings(slack.environment(socket_mode=True)), session, context)
        yield SlackPoster(slack=SlackClient(client=client, session=session), runs=Runs())


async def test_a_post_is_found_by_its_delivery(slack: SlackStandIn, poster: SlackPoster) -> None:
    ts = await poster.post(CHANNEL, MESSAGE, "d-1")
    for number in range(120):
        slack.say(f"chatter {number}")
    assert await poster.find(CHANNEL, "d-1", SINCE, UNTIL) == ts
    assert await poster.find(CHANNEL, "d-2", SINCE, UNTIL) is None


@pytest.mark.parametrize(
    ("fault", "meaning", "posted"),
    [
        (Fault(method="chat.postMessage", error="is_archived"), PlaceRefused, 0),
        (Fault(method="chat.postMessage", error="channel_not_found"), PlaceRefused, 0),
        (Fault(method="chat.postMessage", error="invalid_auth"), NotAccepted, 0),
        (Fault(method="chat.postMessage", error="fatal_error"), OutcomeUnknown, 0),
        (Fault(method="chat.postMessage", status=429, retry_after=7), RateLimited, 0),
        (Fault(method="chat.postMessage", status=503), OutcomeUnknown, 0),
        (Fault(method="chat.postMessage", cut=True), OutcomeUnknown, 1),
    ],
    ids=["archived", "lost", "token", "fatal", "limited", "status", "cut"],
)
async def test_what_an_answer_means(
    slack: SlackStandIn,
    poster: SlackPoster,
    fault: Fault,
    meaning: type[DeliveryError],
    posted: int,
) -> None:
    slack.faults.add(fault)
    with pytest.raises(DeliveryError) as raised:
        await poster.post(CHANNEL, MESSAGE, "d-1")
    assert type(raised.value) is meaning
    assert len(slack.posted) == posted
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == 7


async def test_history_is_read_on_from_where_it_was(
    slack: SlackStandIn, poster: SlackPoster
) -> None:
    ts = await poster.post(CHANNEL, MESSAGE, "d-1")
    for number in range(PAGE + 1):
        slack.say(f"chatter {number}")
    slack.faults.add(Fault(method="conversations.history", status=429, retry_after=60, skip=1))
    with pytest.raises(RateLimited):
        await poster.find(CHANNEL, "d-1", SINCE, UNTIL)
    slack.faults.clear()
    object.__setattr__(poster.slack, "caller", Caller())  # a minute later
    assert await poster.find(CHANNEL, "d-1", SINCE, UNTIL) == ts
    assert slack.api.calls["conversations.history"] == 3


async def test_one_small_page_is_asked_for(slack: SlackStandIn, poster: SlackPoster) -> None:
    await poster.post(CHANNEL, MESSAGE, "d-1")
    await poster.find(CHANNEL, "d-1", SINCE, UNTIL)
    (asked,) = [one for name, one in slack.api.log if name == "conversations.history"]
    assert (asked["limit"], float(asked["latest"]), float(asked["oldest"])) == (
        "15",
        pytest.approx(UNTIL.timestamp()),
        pytest.approx(SINCE.timestamp()),
    )


async def test_refused_blocks_go_out_as_text(slack: SlackStandIn, poster: SlackPoster) -> None:
    slack.faults.add(Fault(method="chat.postMessage", error="invalid_blocks", times=1))
    await poster.post(CHANNEL, MESSAGE, "d-1")
    (posted,) = slack.posted
    assert (posted.text, posted.blocks) == ("the same as text", ())
    assert await poster.find(CHANNEL, "d-1", SINCE, UNTIL) == posted.ts


async def test_history_that_may_not_be_read_is_refused(
    poster: SlackPoster, slack: SlackStandIn
) -> None:
    slack.faults.add(Fault(method="conversations.history", error="missing_scope"))
    with pytest.raises(MessageRefused, match="missing_scope"):
        await poster.find(CHANNEL, "d-1", SINCE, UNTIL)


@pytest.mark.may_block  # DBOS is launched inside the loop on purpose
@pytest.mark.parametrize(
    "scopes", [(), ("channels:history", "groups:history")], ids=["history", "at-most-once"]
)
async def test_digest_with_a_lost_answer_is_posted_once(
    tmp_path: Path, scopes: tuple[str, ...]
) -> None:
    world = World(
        now=datetime.now(UTC) - timedelta(hours=1)
    )  # due now by Slack's clock, by which the history is read
    async with (
        SlackStandIn(tokens=without_scopes(*scopes)) as slack,
        running_bot(slack, world, tmp_path) as bot,
    ):
        await slack.command(f"subscribe {HOST} hourly tz=UTC")
        await slack.until(lambda: slack.posted)
        slack.faults.add(Fault(method="chat.postMessage", cut=True, times=1))
        world.now += timedelta(hours=1)
        await slack.until(lambda: len(slack.posted) == 2)
        world.now += timedelta(minutes=1)
        await bot.ready()
        await slack.until(lambda: bot.slack.api.calls["conversations.history"] or scopes)
        assert len([one for one in slack.messages() if one.by_bot]) == 2
