"""Every kind of payload that Slack sends is taken: an ack, no error of our own, no wrong answer.

The shapes are those of the public test suites of slackapi/bolt-python (`scenario_tests_async`) and
slackapi/node-slack-sdk, and of docs.slack.dev/reference/events; the values are made here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from playground.slack.sending import Ack, SignedHttp
from playground.slack.standin import CHANNEL, USER
from playground.slack.state import APP_ID, BOT_ID, BOT_USER, TEAM_ID
from tests.support.slackbot import RunningBot, running_bot

Json = dict[str, Any]
HOST = "backend.contoso.com"
_NUMBER = count(1)
MESSAGE = {"type": "message", "channel": CHANNEL, "channel_type": "channel", "ts": "9.1"}
PERSON = {"user": USER, "team": TEAM_ID, "user_team": TEAM_ID}
MENTION = {"type": "app_mention", "channel": CHANNEL, "ts": "9.2", **PERSON}
OLD = {"type": "message", "user": USER, "text": f"502 on {HOST}", "ts": "9.0"}
VIEW = {"callback_id": "gone", "id": "V1", "type": "modal", "state": {"values": {}}}
ACTION = {"name": "a", "type": "button", "value": "1"}
ENTERPRISE = {"enterprise_id": "E0ORG", "is_enterprise_install": True, "team_id": None}
CONNECT = {
    "is_ext_shared_channel": True,
    "context_team_id": TEAM_ID,
    "context_enterprise_id": None,
    "event_context": "4-abc",
}
BLOCKS = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}]

SILENT: dict[str, Json] = {
    "edited": {**MESSAGE, "subtype": "message_changed", "message": OLD, "previous_message": OLD},
    "deleted": {**MESSAGE, "subtype": "message_deleted", "previous_message": OLD, "hidden": True},
    "tombstone": {**MESSAGE, "subtype": "tombstone", "user": "USLACKBOT", "hidden": True},
    "tombstone edit": {
        **MESSAGE,
        "subtype": "message_changed",
        "message": {**OLD, "subtype": "tombstone", "text": "This message was deleted."},
    },
    "link unfurl": {
        **MESSAGE,
        "subtype": "message_changed",
        "message": {**OLD, "attachments": [{"from_url": f"https://{HOST}/", "id": 1}]},
        "previous_message": OLD,
    },
    "huddle": {**MESSAGE, "subtype": "huddle_thread", "room": {"id": "R1", "participants": [USER]}},
    "bot message": {**MESSAGE, "subtype": "bot_message", "bot_id": "B0X", "text": f"502 {HOST}"},
    "bot message without id": {**MESSAGE, "subtype": "bot_message", "text": f"502 {HOST}"},
    "own message": {**MESSAGE, "bot_id": BOT_ID, "user": BOT_USER, "text": f"<@{BOT_USER}> {HOST}"},
    "file share": {**MESSAGE, **PERSON, "subtype": "file_share", "files": [{"id": "F1"}]},
    "file comment": {**MESSAGE, "subtype": "file_comment", "comment": {"user": USER}},
    "thread broadcast": {**MESSAGE, **PERSON, "subtype": "thread_broadcast", "thread_ts": "8.0"},
    "thread reply": {**MESSAGE, **PERSON, "thread_ts": "8.0", "text": f"502 on {HOST}"},
    "me message": {**MESSAGE, **PERSON, "subtype": "me_message", "text": f"sees {HOST}"},
    "channel join": {**MESSAGE, **PERSON, "subtype": "channel_join", "text": "joined"},
    "channel topic": {**MESSAGE, **PERSON, "subtype": "channel_topic", "topic": HOST},
    "channel archive": {**MESSAGE, **PERSON, "subtype": "channel_archive"},
    "pinned": {**MESSAGE, **PERSON, "subtype": "pinned_item", "item": {}},
    "reminder": {**MESSAGE, "subtype": "reminder_add", "user": USER, "text": HOST},
    "ekm denied": {**MESSAGE, "subtype": "ekm_access_denied", "user": "UREVOKED", "text": ""},
    "reply count": {**MESSAGE, "subtype": "message_replied", "message": {**OLD, "reply_count": 1}},
    "assistant": {**MESSAGE, "subtype": "assistant_app_thread", "assistant_app_thread": {}},
    "document": {**MESSAGE, "subtype": "document_mention", "text": HOST},
    "unknown subtype": {**MESSAGE, **PERSON, "subtype": "brand_new_kind", "text": HOST},
    "no text": {**MESSAGE, **PERSON, "text": None, "blocks": BLOCKS},
    "odd kinds": {**MESSAGE, "text": 7, "user": [], "blocks": "x", "attachments": {"a": 1}},
    "no channel": {"type": "message", "ts": "9.1"},
    "group direct": {
        **MESSAGE,
        **PERSON,
        "channel": "G0MPDM",
        "channel_type": "mpim",
        "text": HOST,
    },
    "direct edit": {**MESSAGE, "channel_type": "im", "subtype": "message_changed", "message": OLD},
    "direct by a bot": {**MESSAGE, "channel_type": "im", "bot_id": "B0X", "text": HOST},
    "home of messages": {"type": "app_home_opened", "user": USER, "tab": "messages"},
    "reaction": {"type": "reaction_added", "user": USER, "reaction": "eyes", "item": OLD},
    "joined": {"type": "member_joined_channel", "user": BOT_USER, "channel": CHANNEL},
    "left": {"type": "member_left_channel", "user": BOT_USER, "channel": CHANNEL},
    "channel object": {"type": "channel_created", "channel": {"id": "C0N", "name": "n"}},
    "user object": {"type": "team_join", "user": {"id": "U0N", "team_id": TEAM_ID}},
    "file event": {"type": "file_shared", "file_id": "F1", "user_id": USER},
    "link shared": {"type": "link_shared", "user": USER, "links": [{"url": f"https://{HOST}"}]},
    "metadata": {"type": "message_metadata_posted", "metadata": {"event_type": "x"}},
    "assistant thread": {"type": "assistant_thread_started", "assistant_thread": {"user_id": USER}},
    "function": {"type": "function_executed", "function": {"id": "Fn1"}, "inputs": {}},
    "granted": {"type": "team_access_granted", "team_ids": [TEAM_ID]},
    "context": {"type": "app_context_changed", "context": {}},
    "unknown": {"type": "brand_new_event", "something": 1},
}
ANSWERED: dict[str, Json] = {
    "plain": {**MENTION, "text": f"<@{BOT_USER}> {HOST}"},
    "labelled": {**MENTION, "text": f"<@{BOT_USER}|appgw-check> <http://{HOST}|{HOST}>"},
    "in a thread": {**MENTION, "text": f"<@{BOT_USER}> {HOST}", "thread_ts": "8.0"},
    "edited in": {**MENTION, "text": f"<@{BOT_USER}> {HOST}", "edited": {"ts": "9.3"}},
    "direct": {**MESSAGE, **PERSON, "channel": "D0APP", "channel_type": "im", "text": HOST},
}
ENVELOPES: dict[str, Json] = {
    "org-wide install": ENTERPRISE,
    "shared": CONNECT,
    "older": {"authed_users": [BOT_USER], "authed_teams": [TEAM_ID], "authorizations": None},
}
CALLBACKS: dict[str, Json] = {
    "unknown action": {"type": "block_actions", "actions": [{"action_id": "x", "type": "button"}]},
    "unknown shortcut": {"type": "shortcut", "callback_id": "gone"},
    "unknown message shortcut": {"type": "message_action", "callback_id": "gone", "message": OLD},
    "no message": {"type": "message_action", "callback_id": "diagnose_502"},
    "unknown view": {"type": "view_submission", "view": VIEW},
    "view closed": {"type": "view_closed", "view": {"callback_id": "check_form", "id": "V1"}},
    "suggestion": {"type": "block_suggestion", "action_id": "x", "block_id": "b", "value": "a"},
    "attachment action": {"type": "interactive_message", "callback_id": "x", "actions": [ACTION]},
    "dialog": {"type": "dialog_submission", "callback_id": "x", "submission": {}},
    "dialog cancelled": {"type": "dialog_cancellation", "callback_id": "x"},
    "step edit": {"type": "workflow_step_edit", "callback_id": "x", "workflow_step": {}},
}


def envelope(event: Json, more: Json) -> Json:
    """An event as it is delivered."""
    number = next(_NUMBER)
    return {
        "token": "t",
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "type": "event_callback",
        "event_id": f"Ev{number:04d}",
        "event_time": 1_790_000_000,
        "authorizations": [{"team_id": TEAM_ID, "user_id": BOT_USER, "is_bot": True}],
        "is_ext_shared_channel": False,
        **more,
        "event": {"event_ts": f"9.{number:04d}", **event},
    }


def envelopes(events: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Each event in each kind of envelope."""
    for name, event in events.items():
        yield name, envelope(event, {})
        for kind, more in ENVELOPES.items():
            yield f"{name}, {kind}", envelope(event, more)


def callback(payload: Json) -> Json:
    """A callback with what each of them carries."""
    common = {"team": {"id": TEAM_ID}, "user": {"id": USER, "team_id": TEAM_ID}, "token": "t"}
    return {**common, "trigger_id": f"1.{next(_NUMBER)}", "is_enterprise_install": False, **payload}


def own_errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error, and every traceback."""
    bad = [one for one in caplog.records if one.levelno >= logging.ERROR or one.exc_info]
    return [f"{one.name}: {one.getMessage()}" for one in bad]


async def refused(http: SignedHttp, rows: Iterator[tuple[str, Json]]) -> dict[str, Ack]:
    """The events that were not taken."""
    taken = {name: await http.event(body, retries=()) for name, body in rows}
    return {name: ack for name, ack in taken.items() if not ack.ok}


def sender(bot: RunningBot) -> SignedHttp:
    """Signed requests as Slack sends them, whatever is in them."""
    http = bot.slack._http()
    assert http is not None
    return http


async def test_silent_events_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    async with running_bot() as bot:
        assert await refused(sender(bot), envelopes(SILENT)) == {}
        await bot.slack.command("version")
        await bot.slack.until(bot.slack.ephemerals)
        assert bot.slack.posted == []
        assert bot.script.admitted == []
    assert own_errors(caplog) == []


async def test_asking_events_are_answered_once(caplog: pytest.LogCaptureFixture) -> None:
    async with running_bot() as bot:
        http = sender(bot)
        for event in ANSWERED.values():
            before = len(bot.script.admitted)
            asked = event["text"].replace(HOST, f"n{before}.{HOST}")
            body = envelope({**event, "text": asked}, {})
            assert (await http.post(json.dumps(body), "application/json")).ok
            again = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
            assert (await http.post(json.dumps(body, indent=1), "application/json", again)).ok
            await bot.slack.until(lambda before=before: len(bot.script.admitted) > before)
        assert len(bot.script.admitted) == len(ANSWERED)
    assert own_errors(caplog) == []


async def test_callbacks_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    async with running_bot() as bot:
        http = sender(bot)
        taken = {name: await http.interactive(callback(one)) for name, one in CALLBACKS.items()}
        assert {name: ack for name, ack in taken.items() if not ack.ok} == {}
        challenge = {"type": "url_verification", "challenge": "c", "token": "t"}
        assert (await http.event(challenge, retries=())).ok
        assert (await http.command({"ssl_check": "1", "token": "t"})).ok
    assert own_errors(caplog) == []
