"""Every request once: what counts as the same, where its second asker is pointed to, its card."""

from __future__ import annotations

from collections.abc import Hashable

from bot.cards.usage import running
from bot.commands.wording import command_of, target_of
from bot.domain.request import ProbeRequest, Request
from bot.observability.logs import run_scope
from bot.slack.invocation import AdmittedInvocation, Source
from bot.slack.outbound.card_life import CardLife, CardOrder, CardTools, Work
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Run, Runs
from bot.slack.outbound.watching import WatchOrder


async def answer_once(tools: CardTools, admitted: AdmittedInvocation[Request], work: Work) -> None:
    """Do the work on a card of its own, or point to the card that has the same answer."""
    if found := earlier(tools.runs, admitted):
        await point_to(tools.slack, found, admitted)
        return
    run = tools.runs.begin(key_of(admitted))
    try:
        with run_scope(admitted.run_id):
            await CardLife(tools, order_of(admitted), work, run).perform()
    finally:
        tools.runs.end(run)


async def watch_on(
    tools: CardTools, admitted: AdmittedInvocation[Request], work: Work, order: WatchOrder
) -> None:
    """Go on watching a card after a restart."""
    run = Run(begun=admitted.begun)
    await CardLife(tools, order_of(admitted), work, run).go_on_watching(order)


def order_of(admitted: AdmittedInvocation[Request]) -> CardOrder:
    """Whose card it is."""
    return CardOrder(
        invocation=admitted.invocation,
        run_id=admitted.run_id,
        begun=admitted.begun,
        private=_card_options(admitted.request).private,
    )


def key_of(admitted: AdmittedInvocation[Request]) -> Hashable:
    """Two requests with one key are the same.

    A press of a button is about its card, anything else about its target in its place.
    """
    invocation, options = admitted.invocation, _card_options(admitted.request)
    what = (
        invocation.card
        if invocation.source is Source.CLICK
        else (admitted.request.verb, command_of(admitted.request))
    )
    return (
        invocation.channel,
        invocation.thread,
        (options.private or invocation.alone) and invocation.user,
        options.watch is not None,
        what,
    )


def _card_options(request: Request) -> ProbeRequest:
    """Whether the card is private or watched; only a request that probes can ask for that."""
    return request if isinstance(request, ProbeRequest) else ProbeRequest()


def earlier(runs: Runs, admitted: AdmittedInvocation[Request]) -> Run | None:
    """The run that answers this already.

    For a pressed button only one that has no verdict yet, since a finished card is probed anew.
    """
    return runs.running(key_of(admitted), ended_too=admitted.invocation.source is not Source.CLICK)


async def point_to(slack: SlackClient, found: Run, admitted: AdmittedInvocation[Request]) -> None:
    """Show the asker alone where the card is.

    A second press of a button needs no answer: its card is the message whose button was pressed.
    """
    if admitted.invocation.source is Source.CLICK:
        return
    link = await slack.permalink(found.card.posted) if found.card and found.card.posted else None
    await slack.send_ephemeral(
        admitted.invocation,
        running(target_of(admitted.request) or admitted.request.verb.value, link=link),
    )
