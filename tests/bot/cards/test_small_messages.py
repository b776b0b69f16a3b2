"""Looking cards, short answers and forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.cards.button_values import RepeatCommand, read_repeat_command
from bot.cards.check_card import CardContext, check_card
from bot.cards.menu import for_one_person
from bot.cards.modals import check_modal, rehearse_modal
from bot.cards.parts import JSON_LIMIT, TEXT_LIMIT, Message, json_size
from bot.cards.place_refusals import invitation_helps, place_refusal, why_not_here, with_reason
from bot.cards.progress import STAGES, checking_card, cut_short, failed
from bot.cards.usage import facts, help_card, notice, refusal, usage, verb_help
from bot.domain.refusal import Refusal, RefusalKind
from tests.support.blockkit import assert_accepted_by_slack, assert_nothing_alive
from tests.support.reports import CASES, HOSTILE
from tests.support.snapshots import check_snapshot

NAME = "backend.contoso.com"
MESSAGES: dict[str, Callable[[str], Message]] = {
    "looking": lambda text: checking_card(text, understood=text, run_id="ab12", stage="handshake"),
    "cut-short": lambda text: cut_short(text, run_id="ab12", command=text),
    "failed": lambda text: failed(text, run_id="ab12", command=text),
    "usage": lambda text: usage(text, typed=text, suggestion=text, examples=(text, text, text)),
    "refusal": lambda text: refusal(Refusal(kind=RefusalKind.REQUEST, sentence=text)),
    "notice": lambda text: notice(text, text),
    "facts": lambda text: facts("Who you are", {"user": text}),
    "place-refusal": lambda text: place_refusal("not_in_channel", bot_name=text, channel=""),
    "place-conversation": lambda text: place_refusal(
        "channel_not_found", bot_name=text, channel="D0X"
    ),
    "private": lambda text: for_one_person(
        with_reason(
            check_card(
                CASES["leaf-only"](),
                CardContext(command=NAME, understood=text, run_id="ab12", probe_origin="here"),
            ),
            "restricted_action",
            bot_name=text,
            channel="",
        )
    ),
    "help": lambda _: help_card(),
}
VIEWS: dict[str, Callable[[str], dict[str, Any]]] = {
    "check": lambda text: check_modal(target=text, options=text, channel="C1"),
    "check-anywhere": lambda _: check_modal(),
    "rehearse": lambda text: rehearse_modal(name=text, channel="C1"),
}


@pytest.mark.parametrize("text", [NAME, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("kind", MESSAGES)
def test_message_is_short_accepted_and_inert(kind: str, text: str) -> None:
    message = MESSAGES[kind](text)
    assert_accepted_by_slack(message)
    assert_nothing_alive(message)
    assert len(message.text) <= TEXT_LIMIT
    assert json_size(message.blocks) < JSON_LIMIT


@pytest.mark.parametrize("kind", MESSAGES)
def test_message_looks_as_reviewed(kind: str) -> None:
    message = MESSAGES[kind](NAME)
    check_snapshot(
        f"cards/{kind}",
        {"text": message.text, "blocks": list(message.blocks), "plain": message.plain.split("\n")},
    )


@pytest.mark.parametrize("stage", [None, *STAGES])
def test_looking_names_what_is_done(stage: str | None) -> None:
    shown = checking_card(NAME, understood="u", run_id="r", stage=stage).plain
    assert shown.count(" ok") == (STAGES.index(stage) if stage else 0)


@pytest.mark.parametrize("text", [NAME, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("kind", VIEWS)
def test_form_keeps_slacks_limits(kind: str, text: str) -> None:
    view = VIEWS[kind](text)
    View(**view).validate_json()
    assert all(len(view[part]["text"]) <= 24 for part in ("title", "close"))


@pytest.mark.parametrize("kind", VIEWS)
def test_form_looks_as_reviewed(kind: str) -> None:
    check_snapshot(f"cards/form-{kind}", VIEWS[kind](NAME))


@pytest.mark.parametrize("kind", ["cut-short", "failed"])
def test_check_without_a_verdict_offers_another(kind: str) -> None:
    message = MESSAGES[kind](NAME)
    (actions,) = [block for block in message.blocks if block["type"] == "actions"]
    assert [(e["text"]["text"], read_repeat_command(e["value"])) for e in actions["elements"]] == [
        ("Check again", RepeatCommand(v=2, n="ask", q=NAME))
    ]
    assert f"/appgw-check {NAME}" in message.plain


def test_what_was_probably_meant_is_asked_once() -> None:
    said = "'subscibe' is not a command; did you mean subscribe?"
    shown = usage(said, typed="subscibe", suggestion="subscribe", examples=()).plain
    assert shown.lower().count("did you mean") == 1
    assert (
        "did you mean subscribe?"
        in usage("'x' is odd.", typed="x", suggestion="subscribe", examples=()).plain.lower()
    )


@pytest.mark.parametrize(
    "message",
    [
        help_card(),
        verb_help("check", "line", "", ("backend.contoso.com:8443 sni=api.contoso.com",)),
    ],
)
def test_help_is_wrapped_between_words_on_a_phone(message: Message) -> None:
    assert "rich_text_preformatted" not in json.dumps(message.blocks)


CODES = [
    "account_inactive",
    "cannot_dm_bot",
    "channel_not_found",
    "ekm_access_denied",
    "is_archived",
    "messages_tab_disabled",
    "missing_scope",
    "msg_too_long",
    "no_text",
    "not_in_channel",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_locked",
    "restricted_action_thread_only_channel",
    "team_access_not_granted",
    "token_revoked",
]


def test_every_refusal_has_a_sentence_of_its_own() -> None:
    sentences = [why_not_here(code, channel="C0X") for code in CODES]
    assert len(set(sentences)) == len(CODES)
    assert all(sentence.endswith(".") and "{" not in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("restricted_action_something_new", "(restricted_action_something_new)"),
        ("something_new", "(something_new)"),
        ("<!channel>", "!channel"),
    ],
)
def test_an_unknown_refusal_names_its_code(code: str, part: str) -> None:
    assert part in place_refusal(code, bot_name="b", channel="C0X").plain


@pytest.mark.parametrize(
    ("code", "channel", "name", "helps"),
    [
        ("not_in_channel", "C0X", "incident", True),
        ("channel_not_found", "C0X", "privategroup", True),
        ("channel_not_found", "D0X", "directmessage", False),
        ("channel_not_found", "G0X", "mpdm-alex--sam--kim-1", False),
        ("channel_not_found", "C0X", "mpdm-alex--sam--kim-1", False),
        ("is_archived", "C0X", "incident", False),
        ("restricted_action", "C0X", "incident", False),
    ],
)
def test_an_invitation_is_suggested_where_it_helps(
    code: str,
    channel: str,
    name: str,
    helps: bool,  # noqa: FBT001 -- a table
) -> None:
    assert invitation_helps(code, channel=channel, channel_name=name) is helps
    shown = place_refusal(code, bot_name="appgw-check", channel=channel, channel_name=name)
    assert ("invite" in shown.plain.lower()) is helps
