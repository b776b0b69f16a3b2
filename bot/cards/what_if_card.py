"""The common layout of the what-if cards: `forecast` and `rehearse gw:... without=...`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.cards.button_values import repeat_command
from bot.cards.check_card import CHECK_AGAIN, SLASH_COMMAND, CardContext
from bot.cards.escaping import clean
from bot.cards.lock_screen import SHAPES
from bot.cards.parts import (
    Button,
    Buttons,
    ContextBlock,
    Heading,
    Message,
    Part,
    bold,
    compose,
    say,
)
from chainlib import few
from chainlib.frozen import dataclass

_NAMES_SHOWN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfText:
    """The texts of a what-if card.

    Attributes:
        notification: the notification text.
        grade: FAIL, WARN or OK.
        heading: shown after the grade.
        summary: the answer in one sentence.
        remarks: the lines below it.
        basis: what the answer is based on, for the context block: the texts before and after the
            run ID.
        at: when the chains were captured, time zone aware.
    """

    notification: str
    grade: str
    heading: str
    summary: str
    remarks: Iterable[str]
    basis: tuple[str, ...]
    at: datetime


def what_if_card(text: WhatIfText, context: CardContext) -> Message:
    """The card in the channel."""
    parts: list[Part] = [
        Heading(text=f"{SHAPES[text.grade]} {text.grade} {text.heading}"),
        say(bold(text.summary)),
        *(say(line) for line in text.remarks),
        _buttons(context),
        _context_block(text, context),
    ]
    return compose(text.notification, parts)


def _buttons(context: CardContext) -> Buttons:
    again = Button(
        label="Check again", action=CHECK_AGAIN, value=repeat_command(context.command), primary=True
    )
    return Buttons(elements=(again,), instead=f"Check again: {SLASH_COMMAND} {context.command}")


def _context_block(text: WhatIfText, context: CardContext) -> ContextBlock:
    origin = f"from {clean(context.probe_origin, 60)}"
    said = (*text.basis, f"run {context.run_id}", origin)
    return ContextBlock(text=" · ".join(said), user=context.user, at=text.at)


def few_names(names: Iterable[str]) -> str:
    """The first names, escaped, and how many more there are."""
    return few([clean(name, 40) for name in dict.fromkeys(names)], shown=_NAMES_SHOWN)
