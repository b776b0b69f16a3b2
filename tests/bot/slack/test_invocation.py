"""Payloads become questions.

Buttons, forms and metadata that cannot be read are empty, never an error.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.cards.check_card import CardContext, check_card
from bot.commands.command_text import command_text
from bot.commands.parse import parse
from bot.domain.request import Request
from bot.slack.invocation import (
    Source,
    answer,
    command_in,
    command_of_card,
    from_command,
    from_interaction,
    from_mention,
    headline_of_card,
    metadata,
)
from tests.support.reports import CASES


def test_a_command_knows_no_thread() -> None:
    invocation = from_command(
        {
            "text": "x",
            "user_id": "U1",
            "team_id": "T1",
            "channel_id": "C1",
            "response_url": "r",
            "trigger_id": "t",
        }
    )
    assert (
        invocation.text,
        invocation.user,
        invocation.team,
        invocation.channel,
        invocation.thread,
        invocation.dedupe_key,
    ) == (
        "x",
        "U1",
        "T1",
        "C1",
        None,
        "t",
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UBOT> backend.contoso.com", "backend.contoso.com"),
        ("hey <@UBOT> check a.b please", "check a.b please"),
        ("a.b", "a.b"),
        ("<@UBOT>", ""),
    ],
)
def test_a_mention_is_what_stands_after_the_name(text: str, read: str) -> None:
    assert (
        from_mention(
            {"event": {"text": text, "user": "U1", "channel": "C1"}, "event_id": "E1"}, "UBOT"
        ).text
        == read
    )


def test_mention_from_another_workspace_carries_its_team() -> None:
    event = {"text": "x", "user": "U1", "channel": "C1", "user_team": "TGUEST", "team": "THOME"}
    assert from_mention({"event": event, "team_id": "THOME"}, "UBOT").team == "TGUEST"


def test_a_click_knows_its_card_and_its_thread() -> None:
    body = {
        "user": {"id": "U1", "team_id": "T1"},
        "channel": {"id": "C1"},
        "container": {"type": "message", "message_ts": "2.0", "is_ephemeral": False},
        "message": {"ts": "2.0", "thread_ts": "1.0"},
        "trigger_id": "t",
    }
    invocation = from_interaction(body, Source.ACTION, "q")
    assert (invocation.card, invocation.thread, invocation.channel, invocation.ephemeral) == (
        "2.0",
        "1.0",
        "C1",
        False,
    )


def test_a_message_shortcut_answers_under_the_message() -> None:
    invocation = from_interaction(
        {"user": {"id": "U1"}, "channel": {"id": "C1"}, "message": {"ts": "3.0"}}, Source.SHORTCUT
    )
    assert (invocation.thread, invocation.card) == ("3.0", None)


@pytest.mark.parametrize(
    "body",
    [{}, {"user": None, "channel": None, "container": None, "message": None}],
    ids=["empty", "nulls"],
)
def test_a_payload_without_anything_is_still_a_question(body: dict[str, Any]) -> None:
    assert from_interaction(body, Source.ACTION).user == ""
    assert from_command(body).text == ""
    assert from_mention(body, "U").text == ""


@pytest.mark.parametrize("value", [None, "", "{", "[]", "1", "null"])
def test_unreadable_button_value_is_empty(value: str | None) -> None:
    assert command_in({"value": value}) == ""
    assert metadata({"private_metadata": value}) == {}


def test_question_of_a_card_is_in_its_button() -> None:
    context = CardContext(
        command="backend.contoso.com sni=a.b", understood="u", run_id="r", probe_origin="v"
    )
    card = check_card(CASES["leaf-only"](), context)
    assert command_of_card({"blocks": list(card.blocks)}) == "backend.contoso.com sni=a.b"
    assert command_of_card({}) == ""


def test_empty_field_is_empty_text() -> None:
    assert (
        answer(
            {
                "state": {
                    "values": {"target": {"target": {"type": "plain_text_input", "value": None}}}
                }
            },
            "target",
        )
        == ""
    )
    assert answer({}, "target") == ""


@pytest.mark.parametrize(
    "text",
    [
        "backend.contoso.com",
        "backend.contoso.com:8443 sni=api.contoso.com path=/health",
        "[2001:db8::1]:8443",
        "10.0.0.5 host=backend.contoso.com",
        "gw:rg-prod/prod-gw/shop/https-be",
        "gw:prod-gw pool=shop",
    ],
)
def test_a_question_in_words_asks_the_same_again(text: str) -> None:
    request = parse(text)
    assert isinstance(request, Request)
    assert parse(command_text(request)) == request


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("INTERMEDIATE_MISSING - b.contoso.com", "INTERMEDIATE_MISSING"),
        ("NAME_MISMATCH, ROOT_MISMATCH - gw:prod-gw", "NAME_MISMATCH"),
        ("made-up - b.contoso.com", "unknown"),
    ],
    ids=["one code", "several codes", "no code"],
)
def test_headline_is_read_from_a_card(text: str, headline: str) -> None:
    """The label of the metric is a code of the contract or `unknown`."""
    block = {"type": "context", "elements": [{"type": "plain_text", "text": text}]}
    assert headline_of_card({"blocks": [block]}) == headline
