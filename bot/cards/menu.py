"""The values of the entries in a card's overflow menu.

In a channel the value is one word: Slack sends the card with the action, and the card's `Check
again` button contains the command. For an ephemeral message Slack sends only the entry, so there
each entry contains the command as a versioned object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bot.cards.button_values import read_repeat_command
from bot.cards.check_card import CHECK_AGAIN, MORE
from bot.cards.parts import Block, Message
from chainlib.frozen import dataclass

VALUE_LIMIT = 150
FILE_IN_THREAD = "fullchain.pem from the thread"
FILE_IN_MENU = "fullchain.pem (Chain file in the menu)"
_WITHOUT_QUESTION = frozenset({"rehearse", "wrong"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """One entry.

    Attributes:
        v: version of the format.
        do: the action, for example `watch`.
        q: the card's command; empty when the action comes with the card.
    """

    v: Literal[1]
    do: str
    q: str = ""


_ENTRY = TypeAdapter(MenuEntry)


def read_entry(value: str) -> MenuEntry:
    """Read the value of an entry; a plain word comes from a card in a channel."""
    try:
        return _ENTRY.validate_json(value[: VALUE_LIMIT + 1])
    except ValidationError:
        return MenuEntry(v=1, do=value[:VALUE_LIMIT])


def for_one_person(message: Message) -> Message:
    """The message as an ephemeral one, which has no thread.

    Each entry of its menu contains the command; an entry that exceeds Slack's limit is omitted.
    Texts that mention the thread mention the menu instead.
    """
    blocks = tuple(_without_thread(_with_question(block)) for block in message.blocks)
    plain = message.plain.replace(FILE_IN_THREAD, FILE_IN_MENU)
    return replace(message, blocks=blocks, plain=plain)


def _without_thread(node: Any) -> Any:  # noqa: ANN401 -- any part of a block
    """The same block, with its texts changed."""
    if isinstance(node, dict):
        return {key: _without_thread(item) for key, item in node.items()}
    if isinstance(node, list):
        return [_without_thread(item) for item in node]
    return node.replace(FILE_IN_THREAD, FILE_IN_MENU) if isinstance(node, str) else node


def _with_question(block: Block) -> Block:
    if block.get("type") != "actions":
        return block
    question = _question(block)
    menus = (_menu(one, question) for one in block["elements"])
    return {**block, "elements": [one for one in menus if one]}


def _question(actions: Mapping[str, Any]) -> str:
    again = next((one for one in actions["elements"] if one["action_id"] == CHECK_AGAIN), None)
    asked = read_repeat_command(again["value"]) if again else None
    return asked.q if asked else ""


def _menu(element: Block, question: str) -> Block | None:
    if element["action_id"] != MORE:
        return element
    options = [
        {**option, "value": value}
        for option in element["options"]
        if len(value := _value(read_entry(option["value"]).do, question)) <= VALUE_LIMIT
    ]
    return {**element, "options": options} if options else None


def _value(do: str, question: str) -> str:
    carried = {} if do in _WITHOUT_QUESTION else {"q": question}
    return json.dumps({"v": 1, "do": do, **carried}, ensure_ascii=False)
