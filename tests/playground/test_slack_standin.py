"""The stand-in Slack, with Slack's own SDK and Bolt as the peer.

Web API, signed HTTP, Socket Mode, faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from playground.slack import Fault, SlackStandIn
from playground.slack.standin import CHANNEL, USER
from playground.slack.webapi import ALL_SCOPES, Tokens
from tests.support.bolt import BUTTONS, FORM, SECTION, Json, Seen, client_of, over_http, over_socket


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        yield standin


@pytest.fixture
def client(slack: SlackStandIn) -> AsyncWebClient:
    return client_of(slack)


async def refusal(call: Awaitable[AsyncSlackResponse]) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


# Web API


async def test_auth_test_names_the_bot(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == (
        "U0APPGW",
        "B0APPGW",
        "T0CONTOSO",
    )


async def test_post_update_thread_and_delete(slack: SlackStandIn, client: AsyncWebClient) -> None:
    first = await client.chat_postMessage(channel=CHANNEL, text="looking", blocks=[SECTION])
    await client.chat_postMessage(channel=CHANNEL, text="details", thread_ts=first["ts"])
    await client.chat_update(channel=CHANNEL, ts=first["ts"], text="done")
    (message,) = slack.messages()
    assert (message.text, message.edits, [block["type"] for block in message.blocks]) == (
        "done",
        1,
        ["section"],
    )
    assert [one.text for one in slack.thread(message)] == ["details"]
    await client.chat_update(channel=CHANNEL, ts=first["ts"], text="plain", blocks=[])
    assert slack.current(message).blocks == ()
    await client.chat_delete(channel=CHANNEL, ts=first["ts"])
    assert slack.messages() == []


async def test_history_keeps_metadata_and_shows_it_when_asked(client: AsyncWebClient) -> None:
    mark = {"event_type": "digest", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=CHANNEL, text="digest", metadata=mark)
    assert "metadata" not in (await client.conversations_history(channel=CHANNEL))["messages"][0]
    found = await client.conversations_history(channel=CHANNEL, include_all_metadata=True, limit=1)
    assert found["messages"][0]["metadata"] == mark


async def test_history_pages_newest_first(client: AsyncWebClient) -> None:
    for number in range(5):
        await client.chat_postMessage(channel=CHANNEL, text=str(number))
    texts, cursor = [], None
    while cursor != "":
        page = await client.conversations_history(channel=CHANNEL, limit=2, cursor=cursor)
        texts += [one["text"] for one in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
    assert texts == ["4", "3", "2", "1", "0"]


async def test_upload_lands_in_the_thread(slack: SlackStandIn, client: AsyncWebClient) -> None:
    card = await client.chat_postMessage(channel=CHANNEL, text="card")
    await client.files_upload_v2(
        channel=CHANNEL,
        thread_ts=card["ts"],
        filename="fullchain.pem",
        content="PEM",
        initial_comment="fixed",
    )
    (answer,) = slack.thread(slack.messages()[0])
    file = slack.workspace.files[answer.files[0]]
    assert (file.name, file.content, answer.text) == ("fullchain.pem", b"PEM", "fixed")
    url = (await client.files_info(file=file.id))["file"]["url_private_download"]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {slack.tokens.bot}"}) as session,
        session.get(url) as response,
    ):
        assert await response.read() == b"PEM"


async def test_people_channels_and_links() -> None:
    async with SlackStandIn(tokens=Tokens(scopes=ALL_SCOPES)) as slack:
        client = client_of(slack)
        card = await client.chat_postMessage(channel=CHANNEL, text="card")
        assert (await client.users_info(user=USER))["user"]["tz"] == "Europe/Berlin"
        assert (await client.conversations_info(channel="C0OLD"))["channel"]["is_archived"]
        assert {
            one["id"]
            for one in (await client.conversations_list(exclude_archived=True))["channels"]
        } == {CHANNEL, "C0OPS", "C0SHARED"}
        assert (await client.chat_getPermalink(channel=CHANNEL, message_ts=card["ts"]))[
            "permalink"
        ].endswith(card["ts"].replace(".", ""))
        await client.reactions_add(channel=CHANNEL, timestamp=card["ts"], name="eyes")
        assert (await client.team_info())["team"]["name"] == "Contoso"


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0NOWHERE", "channel_not_found"), ("C0QUIET", "not_in_channel"), ("C0OLD", "is_archived")],
)
async def test_post_where_it_cannot_is_refused(
    client: AsyncWebClient, channel: str, error: str
) -> None:
    assert await refusal(client.chat_postMessage(channel=channel, text="x")) == error


async def test_tokens_and_scopes_are_checked() -> None:
    tokens = Tokens(scopes=frozenset({"commands", "chat:write"}))
    async with SlackStandIn(tokens=tokens) as slack:
        assert await refusal(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
        assert (
            await refusal(
                client_of(slack, slack.tokens.app).chat_postMessage(channel=CHANNEL, text="x")
            )
            == "not_allowed_token_type"
        )
        assert (
            await refusal(client_of(slack).conversations_history(channel=CHANNEL))
            == "missing_scope"
        )
        assert await refusal(client_of(slack).api_call("chat.unheardOf")) == "unknown_method"


# Limits on the wire


@pytest.mark.parametrize(
    ("blocks", "error"),
    [
        pytest.param([SECTION] * 51, "invalid_blocks", id="too many blocks"),
        pytest.param(
            [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            "invalid_blocks",
            id="long header",
        ),
        pytest.param(
            [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5,
            "msg_blocks_too_long",
            id="too long",
        ),
        pytest.param(
            [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "colour": "red"}],
            "invalid_blocks",
            id="unknown key",
        ),
    ],
)
async def test_blocks_that_slack_refuses_are_refused(
    slack: SlackStandIn, client: AsyncWebClient, blocks: list[Json], error: str
) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)
    assert refused.value.response["error"] == error
    assert "json-pointer:/blocks" in refused.value.response["response_metadata"]["messages"][0]
    assert slack.posted == []


async def test_missing_notification_text_is_a_complaint(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    await client.api_call("chat.postMessage", json={"channel": CHANNEL, "blocks": [SECTION]})
    assert slack.complaints == [
        "chat.postMessage: text is missing: notifications and screen readers need it"
    ]


# Faults


async def test_rate_limit_answers_429_with_retry_after(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    slack.faults.message_interval = 30.0
    await client.chat_postMessage(channel=CHANNEL, text="one")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=CHANNEL, text="two")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (
        429,
        "1",
    )
    await client.chat_postMessage(channel="C0OPS", text="elsewhere")
    assert [one.text for one in slack.posted] == ["one", "elsewhere"]
    assert slack.faults.limited == 1


async def test_error_fault_does_nothing_and_counts_down(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    slack.faults.add(
        Fault(method="chat.postMessage", channel=CHANNEL, error="fatal_error", times=1)
    )
    assert await refusal(client.chat_postMessage(channel=CHANNEL, text="x")) == "fatal_error"
    assert slack.posted == []
    await client.chat_postMessage(channel=CHANNEL, text="x")
    assert len(slack.posted) == 1


async def test_status_fault_answers_500(slack: SlackStandIn, client: AsyncWebClient) -> None:
    slack.faults.add(Fault(method="*", status=500, times=1))
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 500


async def test_post_is_there_before_a_delayed_answer(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    slack.faults.add(Fault(method="chat.postMessage", after=5.0, times=1))
    call = asyncio.create_task(client.chat_postMessage(channel=CHANNEL, text="x"))
    await slack.until(lambda: slack.posted)
    assert not call.done()
    call.cancel()


async def test_cut_fault_accepts_and_never_answers(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    slack.faults.add(Fault(method="chat.postMessage", cut=True, times=1))
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=CHANNEL, text="x")
    assert [one.text for one in slack.posted] == ["x"]


# A Bolt app behind signed HTTP, and the same over Socket Mode


@pytest.fixture(params=["http", "socket"])
async def seen(slack: SlackStandIn, request: pytest.FixtureRequest) -> AsyncIterator[Seen]:
    noted: Seen = []
    async with over_http(slack, noted) if request.param == "http" else over_socket(slack, noted):
        yield noted


async def test_command_reaches_the_bot_and_is_answered(slack: SlackStandIn, seen: Seen) -> None:
    ack = await slack.command("backend.contoso.com")
    message = await slack.until(lambda: slack.messages()[-1])
    assert ack.ok
    assert (message.text, message.by_bot) == ("backend.contoso.com", True)
    assert message.at > ack.sent_at
    assert seen == []


async def test_text_in_the_acknowledgement_is_private(slack: SlackStandIn, seen: Seen) -> None:
    await slack.command("help")
    assert [one.text for one in slack.ephemerals()] == ["usage: a host"]
    assert slack.posted == seen == []


async def test_response_url_serves_a_channel_without_the_bot(
    slack: SlackStandIn, seen: Seen
) -> None:
    await slack.command("respond", channel="C0QUIET")
    message = await slack.until(lambda: slack.ephemerals()[-1])
    assert (message.channel, message.text) == ("C0QUIET", "only for you")
    assert seen == []


async def test_button_and_menu_by_label(slack: SlackStandIn, seen: Seen) -> None:
    await slack.command("host")
    message = await slack.until(lambda: slack.messages()[-1])
    assert (await slack.click(message, "Watch")).ok
    await slack.until(lambda: ("more", "watch", "host") in seen)
    assert (await slack.click(message, "Check again", user="U0SECOND")).ok
    await slack.until(lambda: slack.current(message).text == "replaced")
    assert seen[-1] == ("again", "v", "U0SECOND")
    with pytest.raises(LookupError, match="Check again"):
        await slack.click(slack.say("x", blocks=[BUTTONS]), "Nothing such")


async def test_form_is_opened_refused_and_sent(slack: SlackStandIn, seen: Seen) -> None:
    await slack.command("form")
    await slack.until(slack.view)
    refused = await slack.submit_view({"Host": "two words"})
    assert refused.body["errors"] == {"host": "not a host name"}
    await slack.submit_view({"Host": "backend"})
    assert seen == [("form", "backend")]
    with pytest.raises(LookupError, match="no form"):
        slack.view()


async def test_shortcut_carries_the_message(slack: SlackStandIn, seen: Seen) -> None:
    alert = slack.say("502 at backend.contoso.com")
    assert (await slack.message_shortcut(alert, "diagnose_502")).ok
    await slack.until(lambda: ("shortcut", "502 at backend.contoso.com") in seen)


async def test_mention_in_a_thread_carries_the_thread(slack: SlackStandIn, seen: Seen) -> None:
    alert = slack.say("502")
    _, ack = await slack.mention("backend", thread=alert)
    assert ack.ok
    found = await slack.until(lambda: seen[0])
    assert found[1:3] == ("<@U0APPGW> backend", alert.ts)


async def test_home_tab_is_published(slack: SlackStandIn, seen: Seen) -> None:
    await slack.open_home()
    home = await slack.until(slack.home)
    assert home.view["blocks"][0]["text"]["text"] == "hello"
    assert seen == []


async def test_wrong_signature_is_refused_by_the_bot(slack: SlackStandIn) -> None:
    async with over_http(slack, []):
        slack.signing_secret = "another"
        ack = await slack.command("host")
    assert (ack.ok, ack.status, ack.error) == (False, 401, "http_401")


# What ends: triggers and response URLs


async def test_trigger_expires_and_works_once() -> None:
    now = [1_800_000_000.0]
    async with SlackStandIn(clock=lambda: now[0]) as slack:
        client, sender = client_of(slack), slack._sender
        trigger = sender.trigger(USER, CHANNEL)
        await client.views_open(trigger_id=trigger, view=FORM)
        assert (
            await refusal(client.views_open(trigger_id=trigger, view=FORM))
            == "exchanged_trigger_id"
        )
        old = sender.trigger(USER, CHANNEL)
        now[0] += 3.5
        assert await refusal(client.views_open(trigger_id=old, view=FORM)) == "expired_trigger_id"
        assert (
            await refusal(client.views_open(trigger_id="never", view=FORM)) == "invalid_trigger_id"
        )


async def test_response_url_ends_by_use_or_time() -> None:
    now = [1_800_000_000.0]
    async with SlackStandIn(clock=lambda: now[0]) as slack, aiohttp.ClientSession() as session:
        url = slack._sender.response(USER, CHANNEL)
        statuses = [(await session.post(url, json={"text": "x"})).status for _ in range(6)]
        assert statuses == [200] * 5 + [404]
        late = slack._sender.response(USER, CHANNEL)
        now[0] += 1801
        assert "expired_url" in await (await session.post(late, json={"text": "x"})).text()
        assert len(slack.ephemerals()) == 5


# The ways a Socket Mode connection dies


async def test_unacknowledged_event_is_delivered_again(slack: SlackStandIn) -> None:
    seen: Seen = []
    async with over_socket(slack, seen, connections=2):
        slack.socket.answer_seconds, slack.socket.redeliveries = 0.2, (0.0, 0.2, 0.2)
        slack.socket.choose = 0
        slack.socket.connections[0].silent = True
        delivery = asyncio.create_task(
            slack.event(
                {"type": "app_mention", "user": USER, "text": "hi", "channel": CHANNEL, "ts": "1.0"}
            )
        )
        await slack.until(lambda: slack.socket.connections[0].delivered)
        slack.socket.choose = 1
        assert (await delivery).ok
        await slack.until(lambda: seen)
    assert len(seen) == 1


async def test_cut_connection_is_opened_again(slack: SlackStandIn) -> None:
    seen: Seen = []
    async with over_socket(slack, seen, ping=0.2):
        slack.socket.cut()
        await slack.until(lambda: not slack.socket.connections)
        assert (await slack.command("lost")).error == "no_connection"
        await slack.until(lambda: slack.socket.connections)
        assert (await slack.command("help")).ok


async def test_refresh_makes_the_bot_come_again(slack: SlackStandIn) -> None:
    async with over_socket(slack, [], ping=0.2):
        await slack.socket.refresh()
        await slack.until(lambda: slack.socket.opened == 2 and len(slack.socket.connections) == 1)
        assert (await slack.command("help")).ok


async def test_silent_connection_is_noticed_by_its_missing_pongs(slack: SlackStandIn) -> None:
    async with over_socket(slack, [], ping=0.3):
        slack.socket.go_silent()
        await slack.until(lambda: slack.socket.opened == 2)
        assert (await slack.command("help")).ok


async def test_payloads_are_spread_over_the_connections(slack: SlackStandIn) -> None:
    async with over_socket(slack, [], connections=2):
        for _ in range(4):
            await slack.command("help")
        assert [one.delivered for one in slack.socket.connections] == [2, 2]
