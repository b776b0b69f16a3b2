"""What an entry of a card's overflow menu carries.

In a channel an entry is one word: Slack sends the card with the action, and the question stands in
its `Check again` button. Of an ephemeral message Slack sends nothing back but the entry, so there
each entry carries the question as well, as a versioned object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from bot.cards.check_card import CHECK_AGAIN, MORE
from bot.cards.parts import Block, Message

VALUE_LIMIT = 150
_WITHOUT_QUESTION = frozenset({"rehearse", "wrong"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """One entry.

    Attributes:
        v: version of this form.
        do: what it does, for example `watch`.
        q: the card's question, empty where the card itself comes with the action.
    """

    v: Literal[1] = 1
    do: str
    q: str = ""


_ENTRY = TypeAdapter(MenuEntry)


def read_entry(value: str) -> MenuEntry:
    """An entry's value; a plain word is one of a card in a channel."""
    try:
        return _ENTRY.validate_json(value)
    except ValidationError:
        return MenuEntry(do=value)


def for_one_person(message: Message) -> Message:
    """The same message with a menu that works where only one person sees it.

    An entry whose question does not fit into Slack's limit is left out.
    """
    blocks = tuple(_with_question(block) for block in message.blocks)
    return message if blocks == message.blocks else replace(message, blocks=blocks)


def _with_question(block: Block) -> Block:
    if block.get("type") != "actions":
        return block
    question = _question(block)
    menus = (_menu(one, question) for one in block["elements"])
    return {**block, "elements": [one for one in menus if one]}


def _question(actions: Mapping[str, Any]) -> str:
    again = next((one for one in actions["elements"] if one["action_id"] == CHECK_AGAIN), None)
    return str(json.loads(again["value"]).get("q") or "") if again else ""


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
