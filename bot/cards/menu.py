"""What an entry of a card's overflow menu carries.

In a channel an entry is one word: Slack sends the card with the action, and its `Check again`
button holds the command. Of an ephemeral message Slack sends back the entry alone, so there each
entry carries the command as a versioned object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bot.cards.button_values import read_ask_again
from bot.cards.check_card import CHECK_AGAIN, MORE
from bot.cards.parts import Block, Message

VALUE_LIMIT = 150
FILE_IN_THREAD = "fullchain.pem from the thread"
FILE_IN_MENU = "fullchain.pem (Chain file in the menu)"
_WITHOUT_QUESTION = frozenset({"rehearse", "wrong"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """One entry.

    Attributes:
        v: version of this form.
        do: what it does, for example `watch`.
        q: the card's command, empty where the card itself comes with the action.
    """

    v: Literal[1]
    do: str
    q: str = ""


_ENTRY = TypeAdapter(MenuEntry)


def read_entry(value: str) -> MenuEntry:
    """An entry's value; a plain word is one of a card in a channel."""
    try:
        return _ENTRY.validate_json(value[: VALUE_LIMIT + 1])
    except ValidationError:
        return MenuEntry(v=1, do=value[:VALUE_LIMIT])


def for_one_person(message: Message) -> Message:
    """The message for an ephemeral answer, which has no thread.

    Each entry of its menu carries the command; an entry that exceeds Slack's limit is left out.
    What is elsewhere in the thread comes from the menu.
    """
    blocks = tuple(_without_thread(_with_question(block)) for block in message.blocks)
    plain = message.plain.replace(FILE_IN_THREAD, FILE_IN_MENU)
    return replace(message, blocks=blocks, plain=plain)


def _without_thread(node: Any) -> Any:  # noqa: ANN401 -- any part of a block
    """The same part of a block; only its texts change."""
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
    asked = read_ask_again(again["value"]) if again else None
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
