"""The card of a gateway that could not be read, with what an operator must do. Pure."""

from __future__ import annotations

from bot.cards.check_card import (
    SLASH_COMMAND,
    CardContext,
    again_button,
)
from bot.cards.escaping import clean, shorten_middle
from bot.cards.gateway_summary import UNKNOWN, shape_of
from bot.cards.parts import (
    Buttons,
    ContextBlock,
    Drawing,
    Heading,
    Message,
    Part,
    bold,
    compose,
    say,
)
from bot.domain.refusal import Refusal


def unanswered_card(name: str, refusal: Refusal, context: CardContext) -> Message:
    """The card when ARM could not give the gateway's configuration."""
    shown = shorten_middle(clean(name, 120), 36)
    parts: list[Part] = [
        Heading(text=f"{shape_of(UNKNOWN)} {UNKNOWN} gateway {shown}"),
        say(bold("Azure did not answer. "), clean(refusal.sentence, 300)),
        *(
            [say(bold("Fix for admins: "), "the commands are in the thread.")]
            if refusal.remedy
            else []
        ),
        Buttons(
            elements=(again_button(context.command),),
            instead=f"Check again: {SLASH_COMMAND} {context.command}",
        ),
        ContextBlock(
            text=(
                f"{refusal.kind.value} · {clean(context.understood, 200)} · run {context.run_id}"
            ),
            user=context.user,
        ),
    ]
    return compose(f"{UNKNOWN} {shown}: {clean(refusal.sentence, 60)}", parts)


def remedy_message(refusal: Refusal) -> Message:
    """What an operator must do, for the thread; commands are in a fixed-width font."""
    return compose(
        "What an operator must do",
        [
            say(bold("What an operator must do")),
            Drawing(lines=tuple(clean(x, 1200) for x in refusal.remedy)),
        ],
    )
