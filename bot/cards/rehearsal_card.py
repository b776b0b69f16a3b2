"""What the cards of `forecast` and of `rehearse gw:... without=...` have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.cards.button_values import ask_again
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

_NAMES_SHOWN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalText:
    """What one of the cards says.

    Attributes:
        notification: the text of the notification.
        grade: FAIL, WARN or OK.
        heading: after the grade.
        summary: the answer in one sentence.
        remarks: the lines under it.
        basis: what it rests on, for the context block: before the run's id, and after.
        at: when the chains were captured, aware.
    """

    notification: str
    grade: str
    heading: str
    summary: str
    remarks: Iterable[str]
    basis: tuple[str, ...]
    at: datetime


def rehearsal_card(text: RehearsalText, context: CardContext) -> Message:
    """What the channel sees."""
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
        label="Check again", action=CHECK_AGAIN, value=ask_again(context.command), primary=True
    )
    return Buttons(elements=(again,), instead=f"Check again: {SLASH_COMMAND} {context.command}")


def _context_block(text: RehearsalText, context: CardContext) -> ContextBlock:
    origin = f"from {clean(context.probe_origin, 60)}"
    said = (*text.basis, f"run {context.run_id}", origin)
    return ContextBlock(text=" · ".join(said), user=context.user, at=text.at)


def few(names: Iterable[str]) -> str:
    """The first names, escaped, and how many more there are."""
    cleaned = [clean(name, 40) for name in dict.fromkeys(names)]
    more = f" +{len(cleaned) - _NAMES_SHOWN}" if len(cleaned) > _NAMES_SHOWN else ""
    return ", ".join(cleaned[:_NAMES_SHOWN]) + more
