"""Payloads of any shape.

Whatever is not of the kind that Slack documents counts as absent, and nothing raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.fix_steps import fix_steps
from bot.cards.fix_value import read_value, switched
from bot.slack.handlers.app_home import opened
from bot.slack.invocation import (
    Invocation,
    Source,
    answer,
    command_in,
    command_of_card,
    element,
    files,
    from_command,
    from_interaction,
    from_mention,
    from_submission,
    metadata,
)
from bot.slack.payload import text_at
from chainlib import Code, Where
from tests.support.sampling import of_all

KEYS = (
    *(
        "user",
        "id",
        "team",
        "team_id",
        "channel",
        "channel_id",
        "message",
        "container",
        "type",
        "message_ts",
        "ts",
        "thread_ts",
    ),
    *(
        "view",
        "state",
        "values",
        "target",
        "value",
        "private_metadata",
        "response_urls",
        "response_url",
        "trigger_id",
        "blocks",
    ),
    *(
        "elements",
        "action_id",
        "event",
        "text",
        "tab",
        "files",
        "selected_option",
        "selected_conversation",
        "attachments",
    ),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.just("\ud800<!channel>")
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inside, max_size=6)
    ),
    max_leaves=25,
)
PAYLOADS = st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=12)
DEEP = ["[" * 100_000, '{"q":' * 50_000, "[" * 5000 + "]" * 5000]
READERS: dict[str, Callable[[dict[str, Any]], Invocation | None]] = {
    "command": from_command,
    "mention": lambda body: from_mention(body, "UBOT"),
    "action": lambda body: from_interaction(body, Source.ACTION),
    "shortcut": lambda body: from_interaction(body, Source.SHORTCUT),
    "form": lambda body: from_submission(body, "x"),
    "home": opened,
}


@settings(max_examples=of_all(100, 15), deadline=None)
@given(body=PAYLOADS)
def test_payload_of_any_shape_yields_sendable_text(body: dict[str, Any]) -> None:
    for name, reader in READERS.items():
        invocation = reader(body)
        if invocation is not None:
            assert _is_sendable(invocation), name


def _is_sendable(invocation: Invocation) -> bool:
    """No lone surrogate, which Slack's client could not encode."""
    shown = (
        invocation.text,
        invocation.user,
        invocation.team,
        invocation.channel,
        invocation.dedupe_key,
        invocation.thread or "",
        invocation.card or "",
        invocation.response_url or "",
    )
    return all(text == text.encode(errors="replace").decode() for text in shown)


@settings(max_examples=of_all(100, 15), deadline=None)
@given(body=PAYLOADS)
def test_part_of_any_shape_is_read_or_empty(body: dict[str, Any]) -> None:
    assert isinstance(
        answer(body, "target") + command_of_card(body) + text_at(element(body, "target"), "value"),
        str,
    )
    assert all(isinstance(file, dict) for file in files(body))
    assert isinstance(command_in(body), str)
    assert isinstance(metadata(body), dict)


@pytest.mark.parametrize("text", DEEP, ids=["lists", "objects", "closed"])
def test_a_value_that_is_too_deep_is_empty(text: str) -> None:
    assert (command_in({"value": text}), metadata({"private_metadata": text})) == ("", {})
    assert read_value(text).fixes == ()
    assert json.loads(switched(text, channel="C1")) == {"channel": "C1"}


@settings(max_examples=of_all(100, 15), deadline=None)
@given(
    names=st.dictionaries(st.sampled_from("hpngasbirktcf"), ANYTHING, max_size=13).map(
        lambda names: {"h": "a.example"} | names
    ),
    fixes=st.lists(
        st.fixed_dictionaries(
            {"c": st.sampled_from(Code) | ANYTHING, "w": st.sampled_from(Where) | ANYTHING},
            optional={"s": ANYTHING},
        ),
        max_size=4,
    ),
    rest=st.dictionaries(st.sampled_from("qmktc"), ANYTHING, max_size=5),
)
def test_forged_button_still_opens_a_form(
    names: dict[str, Any], fixes: list[Any], rest: dict[str, Any]
) -> None:
    value = json.dumps({"x": names, "f": fixes, **rest})
    context = read_value(value).context
    assert context is None or (type(context.port) is int and 1 <= context.port <= 65535)
    assert fix_steps(switched(value, channel="C1"))["type"] == "modal"


def test_a_forged_port_does_not_reach_a_command() -> None:
    value = json.dumps(
        {
            "x": {"h": "a.example", "p": "443; sudo evil"},
            "f": [{"c": "INTERMEDIATE_MISSING", "w": "server"}],
        }
    )
    assert "evil" not in json.dumps(fix_steps(value)["blocks"])
