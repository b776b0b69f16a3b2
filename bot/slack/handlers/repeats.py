"""The same question asked again: what counts as the same, and where the asker is pointed to.

Nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Hashable

from bot.cards.usage import running
from bot.slack.handlers.wording import command_of, target_of
from bot.slack.invocation import Asked, Source
from bot.slack.outbound.client import Delivery
from bot.slack.outbound.runs import Run, Runs


def key_of(asked: Asked) -> Hashable:
    """Two questions with one key are the same.

    A click is about its card, anything else about its target in its place.
    """
    ask, options = asked.ask, asked.request.options
    what = (
        ask.card if ask.source is Source.CLICK else (asked.request.verb, command_of(asked.request))
    )
    return ask.channel, ask.thread, "private" in options and ask.user, "watch" in options, what


def earlier(runs: Runs, asked: Asked) -> Run | None:
    """The run that answers this already.

    For a click only one that has no verdict yet, since a finished card is probed anew.
    """
    return runs.running(key_of(asked), ended_too=asked.ask.source is not Source.CLICK)


async def point_to(delivery: Delivery, found: Run, asked: Asked) -> None:
    """Tell the asker alone where the card is.

    A second click needs no answer, its card is before the presser's eyes.
    """
    if asked.ask.source is Source.CLICK:
        return
    link = await delivery.permalink(found.card.posted) if found.card and found.card.posted else None
    await delivery.whisper(
        asked.ask, running(target_of(asked.request) or asked.request.verb.value, link=link)
    )
