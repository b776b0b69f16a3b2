"""The first card of a check, which is updated at each stage, and the cards of unfinished checks."""

from __future__ import annotations

from bot.cards.check_card import SLASH_COMMAND, again_button
from bot.cards.escaping import clean, shorten_middle
from bot.cards.parts import Buttons, ContextBlock, Heading, Message, Paragraph, bold, compose, say

STAGES = ("resolve", "connect", "handshake", "http", "judge")
_WORDS = {
    "resolve": "DNS",
    "connect": "TCP",
    "handshake": "TLS",
    "http": "HTTP",
    "judge": "verdict",
}
_NAME_LIMIT = 44


def checking_card(name: str, *, understood: str, run_id: str, stage: str | None = None) -> Message:
    """The card while `name` is being checked.

    `stage` is the one that has just begun; `None` before the first.
    """
    shown = shorten_middle(clean(name), _NAME_LIMIT)
    parts = (
        Heading(text=f"… Checking {shown}"),
        _progress(stage),
        ContextBlock(text=f"{clean(understood, 300)} · run {run_id}"),
    )
    return compose(f"Checking {shown} …", parts)


def _progress(stage: str | None) -> Paragraph:
    if stage not in STAGES:
        return say("starting …")
    place = STAGES.index(stage)
    done = [f"{_WORDS[name]} ok" for name in STAGES[:place]]
    return say(" · ".join([*done, f"{_WORDS[stage]} …"]))


def cut_short(name: str, *, run_id: str, command: str) -> Message:
    """The card of a check that could not finish because the bot was stopped."""
    shown = shorten_middle(clean(name), _NAME_LIMIT)
    parts = (
        Heading(text=f"■ Stopped: {shown}"),
        say(
            bold("The bot was restarted before this check ended. "),
            "There is no result; check again.",
        ),
        _again(command),
        ContextBlock(text=f"run {run_id}"),
    )
    return compose(f"STOPPED {shown}: the bot restarted. Check again.", parts)


def failed(name: str, *, run_id: str, command: str) -> Message:
    """The card of a check that failed with an internal error."""
    shown = shorten_middle(clean(name), _NAME_LIMIT)
    parts = (
        Heading(text=f"■ No answer: {shown}"),
        say(bold("The bot itself failed; this says nothing about the backend. "), "Check again."),
        _again(command),
        ContextBlock(text=f"run {run_id} · the reason is in the log under this run"),
    )
    return compose(f"NO ANSWER {shown}: the bot itself failed. Check again.", parts)


def _again(command: str) -> Buttons:
    """The button `Check again`; it also works on an old card and after a restart."""
    return Buttons(
        elements=(again_button(command),),
        instead=f"Check again: {SLASH_COMMAND} {clean(command, 600)}",
    )
