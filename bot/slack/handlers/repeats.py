"""The same question asked again: what counts as the same, and where the asker is pointed to.

Nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Hashable

from bot.cards.usage import running
from bot.slack.handlers.wording import command_of, target_of
from bot.slack.invocation import AdmittedInvocation, Source
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Run, Runs


def key_of(admitted: AdmittedInvocation) -> Hashable:
    """Two questions with one key are the same.

    A click is about its card, anything else about its target in its place.
    """
    invocation, options = admitted.invocation, admitted.request.options
    what = (
        invocation.card
        if invocation.source is Source.CLICK
        else (admitted.request.verb, command_of(admitted.request))
    )
    return (
        invocation.channel,
        invocation.thread,
        "private" in options and invocation.user,
        "watch" in options,
        what,
    )


def earlier(runs: Runs, admitted: AdmittedInvocation) -> Run | None:
    """The run that answers this already.

    For a click only one that has no verdict yet, since a finished card is probed anew.
    """
    return runs.running(key_of(admitted), ended_too=admitted.invocation.source is not Source.CLICK)


async def point_to(slack: SlackClient, found: Run, admitted: AdmittedInvocation) -> None:
    """Tell the asker alone where the card is.

    A second click needs no answer, its card is before the presser's eyes.
    """
    if admitted.invocation.source is Source.CLICK:
        return
    link = await slack.permalink(found.card.posted) if found.card and found.card.posted else None
    await slack.send_ephemeral(
        admitted.invocation,
        running(target_of(admitted.request) or admitted.request.verb.value, link=link),
    )
