"""Checks for every rendered message: Slack accepts it, and no text from outside becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block as SdkBlock

from bot.cards.parts import Block, Message

OLD_BLOCKS = {"header", "section", "rich_text", "context", "actions", "divider"}
_OWN_MARKUP = re.compile(r"(by <@[UW][A-Z0-9]+>)?\s*(<!date\^\d+\^[^|<>]*\|[^|<>]*>)?")
_ALIVE = re.compile(
    r"<|>|`(?!``)|:[\w+'-]+:|://|@(?:channel|here|everyone)|[\u200b-\u200f\u202a-\u202e\u2066-\u2069]|(?<!\w)\*|\*(?!\w)"
)


def assert_accepted_by_slack(message: Message) -> None:
    """Only old blocks, accepted by Slack's own models and inside the limits that these know."""
    kinds = {block["type"] for block in message.blocks}
    assert kinds <= OLD_BLOCKS
    parsed = SdkBlock.parse_all(list(message.blocks))
    assert [block.to_dict()["type"] for block in parsed] == [
        block["type"] for block in message.blocks
    ]
    assert len(message.blocks) <= 50
    assert message.text
    assert message.plain


def assert_nothing_alive(message: Message) -> None:
    """No text from outside is where Slack parses markup."""
    fences = message.plain.replace("```", "")
    assert not _ALIVE.search(message.text)
    assert not _ALIVE.search(fences), _ALIVE.search(fences)
    for element in texts(list(message.blocks)):
        if element["type"] == "mrkdwn":
            assert _OWN_MARKUP.fullmatch(element["text"]), element["text"]
        if element["type"] == "plain_text":
            assert element["emoji"] is False
        assert not re.search(
            "[\u0000-\u0009\u000b-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", element["text"]
        )


def texts(node: object) -> Iterator[dict[str, Any]]:
    """Every text object and rich_text text element."""
    if isinstance(node, list):
        for item in node:
            yield from texts(item)
    elif isinstance(node, dict):
        assert node.get("type") not in {
            "link",
            "user",
            "usergroup",
            "channel",
            "broadcast",
            "emoji",
            "image",
        }
        if node.get("type") in {"text", "plain_text", "mrkdwn"}:
            yield node
        for item in node.values():
            yield from texts(item)


def lines_before_buttons(message: Message) -> int:
    """Lines that stand before the action row, counted as one for each line break and text run."""
    before = [block for block in message.blocks if block["type"] not in {"actions", "context"}]
    return sum(_lines(block) for block in before)


def _lines(block: Block) -> int:
    if block["type"] != "rich_text":
        return 1
    return sum(_rich_lines(element) for element in block["elements"])


def _rich_lines(element: Block) -> int:
    inner: list[Block] = element["elements"]
    if element["type"] == "rich_text_list":
        return len(inner)
    return 1 + sum(str(run.get("text", "")).count("\n") for run in inner)
