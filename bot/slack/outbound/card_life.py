"""The life of a card, the same for every verb; equal requests share one card.

Its states: opened, progress, verdict, amended by backend health, watched, ended. It is deleted if
the target is refused, says "cut short" if the process stops, and "failed" for an unexpected error,
but never in place of a shown answer. A later run that claims the card is then the only one that
updates it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic

from bot.cards.details import Attachment
from bot.cards.parts import Message
from bot.cards.progress import checking_card, cut_short, failed
from bot.cards.usage import already_running, refusal
from bot.commands.command_text import command_text, target_of
from bot.domain.delivery import DeliveryError
from bot.domain.request import ProbeRequest, Request
from bot.observability.logs import run_scope
from bot.observability.metrics import FIRST_POST_SECONDS
from bot.slack.invocation import AdmittedInvocation, Source
from bot.slack.outbound.calling import LONG_S
from bot.slack.outbound.card import Card
from bot.slack.outbound.card_work import (
    CardOrder,
    CardTools,
    Found,
    Progress,
    Shown,
    TakenBack,
    ThreadItem,
    Work,
)
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Run, Runs
from bot.slack.outbound.watching import WatchOrder

log = logging.getLogger(__name__)

LAST_UPDATE_S = 5.0
RESTARTED = "backend health was not read: the bot restarted. Press Check again."
NOT_READ = "backend health could not be read: an error of the bot itself. Press Check again."

PRIVATE = "backend health is not read for an answer that only you see. Check again reads it."


async def answer_once(tools: CardTools, admitted: AdmittedInvocation[Request], work: Work) -> None:
    """Do the work on a new card, or link to the card that has the same answer."""
    if found := find_run(tools.runs, admitted):
        await link_to(tools.slack, found, admitted)
        return
    run = tools.runs.begin(key_of(admitted))
    try:
        with run_scope(admitted.run_id):
            await CardLife(tools, order_of(admitted), work, run).perform()
    finally:
        tools.runs.end(run)


async def resume_watch(
    tools: CardTools, admitted: AdmittedInvocation[Request], work: Work, order: WatchOrder
) -> None:
    """Continue to watch a card after a restart."""
    run = Run(begun=admitted.begun)
    await CardLife(tools, order_of(admitted), work, run).resume_watch(order)


def order_of(admitted: AdmittedInvocation[Request]) -> CardOrder:
    """The identification of a card."""
    return CardOrder(
        invocation=admitted.invocation,
        run_id=admitted.run_id,
        begun=admitted.begun,
        private=_card_options(admitted.request).private,
    )


def key_of(admitted: AdmittedInvocation[Request]) -> Hashable:
    """The key by which equal requests are recognised.

    For an action it is the card, otherwise the target and the channel.
    """
    invocation, options = admitted.invocation, _card_options(admitted.request)
    what = (
        invocation.card
        if invocation.source is Source.ACTION
        else (admitted.request.verb, command_text(admitted.request))
    )
    return (
        invocation.channel,
        invocation.thread,
        (options.private or invocation.ephemeral_only) and invocation.user,
        options.watch is not None,
        what,
    )


def _card_options(request: Request) -> ProbeRequest:
    """The request's options `private` and `watch`; only probe requests have them."""
    return request if isinstance(request, ProbeRequest) else ProbeRequest()


def find_run(runs: Runs, admitted: AdmittedInvocation[Request]) -> Run | None:
    """The run that already answers this.

    For an action only one without a verdict, because a finished card is checked again.
    """
    return runs.running(key_of(admitted), ended_too=admitted.invocation.source is not Source.ACTION)


async def link_to(slack: SlackClient, found: Run, admitted: AdmittedInvocation[Request]) -> None:
    """Link to the existing card in an ephemeral message.

    A second press of a button needs no answer: its card is the message with the button.
    """
    if admitted.invocation.source is Source.ACTION:
        return
    link = await slack.permalink(found.card.posted) if found.card and found.card.posted else None
    await slack.send_ephemeral(
        admitted.invocation,
        already_running(target_of(admitted.request) or admitted.request.verb.value, link=link),
    )


class CardLife:
    """One card from its first message to its end."""

    def __init__(self, tools: CardTools, order: CardOrder, work: Work, run: Run) -> None:
        self._tools, self._order, self._work, self._run = tools, order, work, run
        self._card = run.card = Card(
            tools.slack, order.invocation, bot_name=tools.bot_name, private=order.private
        )
        self._progress = Progress(on_stage=self._on_stage)
        self._open = False
        self._answer: Message | None = None
        self._without_health: Callable[[str], Message] | None = None

    async def perform(self) -> None:
        """Run the work; the card shows the outcome, whatever it is."""
        self._tools.turns.opening(self._order.run_id)
        finding = asyncio.create_task(self._work.find(self._progress))
        try:
            await self._run_to_verdict(finding)
            await self._card.clear_lost()
        except asyncio.CancelledError:
            await self._last_update()
            raise
        except Exception:
            log.exception("a run ended with an unexpected error", extra={"target": self._work.name})
            await self._after_error()
        finally:
            self._tools.turns.opened(self._order.run_id)
            finding.cancel()
            self._card.close()
            if self._card.refused or not self._card.shown:
                self._run.card = None

    async def resume_watch(self, order: WatchOrder) -> None:
        """Continue a watch that a restart interrupted; the next observation updates the card."""
        await self._watch(order)

    def may_write(self) -> bool:
        """Whether no other run works on the card; if so, claim it for this run."""
        free = self._tools.runs.is_free(self._card.key, self._run)
        if free:
            self._claim()
        return free

    async def update(self, message: Message, *, patience: float = LONG_S) -> bool:
        """Update the watched card.

        Returns:
            Whether this run may still update it; false once a later one has claimed it.

        Raises:
            DeliveryError: Slack refused it, or the outcome is unknown.
        """
        if not self._is_writer or self._card.posted is None:
            return False
        await self._tools.slack.update(self._card.posted, message, patience=patience)
        return True

    async def post_in_thread(self, message: Message) -> None:
        """Post into the card's thread; errors are logged."""
        await self._fill_thread(lambda: (message,))

    @property
    def posted(self) -> Posted | None:
        """The place of the card."""
        return self._card.posted

    @property
    def _is_writer(self) -> bool:
        """Whether no later run has claimed the card."""
        return self._tools.runs.writes(self._card.key, self._run)

    async def _run_to_verdict(self, finding: asyncio.Task[Found | TakenBack]) -> None:
        await self._wait_for_grace(finding)
        if not finding.done():
            await self._open_card()
        self._tools.turns.opened(self._order.run_id)
        answer = await finding
        if isinstance(answer, TakenBack):
            self._run.card = None
            await self._card.take_back()
            await self._tools.slack.send_ephemeral(self._order.invocation, answer.message)
            return
        if not self._open:
            self._claim()
        await self._show_verdict(answer)

    async def _wait_for_grace(self, finding: asyncio.Task[Found | TakenBack]) -> None:
        """Wait for an answer or until the target is allowed, but at most the grace time."""
        allowed = asyncio.create_task(self._progress.allowed.wait())
        waited = {finding, allowed}
        await asyncio.wait(waited, timeout=self._work.grace, return_when=asyncio.FIRST_COMPLETED)
        allowed.cancel()

    async def _open_card(self) -> None:
        self._claim()
        await self._card.open(self._progress_card())
        self._claim()
        self._open = True
        FIRST_POST_SECONDS.observe(monotonic() - self._order.begun)

    def _claim(self) -> None:
        """Make this the only run that updates the card.

        Repeated after each post, because the key of a card is its message.
        """
        self._tools.runs.claim(self._card.key, self._run)

    def _on_stage(self) -> None:
        if self._open and self._is_writer:
            self._card.progress(self._progress_card())

    def _progress_card(self) -> Message:
        return checking_card(
            self._work.name,
            understood=self._work.understood,
            run_id=self._order.run_id,
            stage=self._progress.stage,
        )

    async def _show_verdict(self, found: Found) -> None:
        if found.amend and found.health_first and not self._card.changeable:
            self._without_health = found.without_health
            amended = await found.amend()
            self._without_health = None
            await self._show(amended)
            return
        make = found.without_health if found.amend else None
        alone = partial(make, PRIVATE) if make else None
        amend = found.amend if self._card.changeable and not found.watch else None
        if amend:  # from here on the card says that backend health is still read
            self._without_health = found.without_health
        await self._show(found, alone)
        if amend and self._card.changeable:  # Slack may just have refused to post it
            await self._amend(found, amend)
        self._without_health = None

    async def _show(self, shown: Shown, alone: Callable[[], Message] | None = None) -> None:
        """Show an answer, `alone` where it cannot be updated; fill its thread, and watch it."""
        if not self._is_writer:
            return
        self._answer = alone() if alone and not self._card.changeable else shown.message
        await self._card.show(self._answer, alone)
        self._claim()
        if not self._open:
            self._open = True
            FIRST_POST_SECONDS.observe(monotonic() - self._order.begun)
        self._tools.runs.end(self._run)
        shown.on_shown(self._card.posted)
        await self._fill_thread(shown.thread)
        if shown.watch:
            await self._watch(shown.watch)

    async def _amend(self, found: Found, amend: Callable[[], Awaitable[Shown]]) -> None:
        """Add backend health to the card when it arrives; the card is complete without it."""
        if found.interim:
            async for message in found.interim():
                with contextlib.suppress(DeliveryError):  # the next card contains all of it
                    await self.update(message)
        amended = await amend()
        self._without_health = None
        await self._show(amended)

    async def _fill_thread(self, thread: Callable[[], Sequence[ThreadItem]]) -> None:
        """Post into the thread what the card has no room for."""
        posted = self._card.posted
        if posted is None:
            return
        for item in thread():
            try:
                if isinstance(item, Attachment):
                    await self._tools.slack.attach(posted, item)
                else:
                    await self._tools.slack.post(posted.thread, item)
            except DeliveryError as error:
                log.warning("the thread is incomplete", extra={"reason": error.reason})

    async def _watch(self, order: WatchOrder) -> None:
        """Start a watch, which then updates the card; a refusal is on the card already."""
        self._claim()
        if self._card.refused:
            order.target.close()
        elif refused := self._tools.watching.begin(self, order):
            asker = replace(self._order.invocation, response_url=None)
            await self._tools.slack.send_ephemeral(asker, refusal(refused))

    async def _last_update(self) -> None:
        """Show the last state of an interrupted run, in the seconds left to a stopping process."""
        work, run_id = self._work, self._order.run_id
        early = cut_short(work.name, run_id=run_id, command=work.command)
        if message := self._ending(early, RESTARTED):
            try:
                await asyncio.wait_for(self._card.show(message), LAST_UPDATE_S)
            except Exception as error:  # noqa: BLE001 -- an error here must not delay the stop
                log.warning(
                    "a card could not be marked as cut short",
                    extra={"reason": type(error).__name__},
                )

    async def _after_error(self) -> None:
        try:
            self._answer = None
            work, run_id = self._work, self._order.run_id
            early = failed(work.name, run_id=run_id, command=work.command)
            if message := self._ending(early, NOT_READ):
                await self._card.show(message)
        except Exception:
            log.exception("a card could not be marked as failed")

    def _ending(self, without_verdict: Message, reason: str) -> Message | None:
        """The card for an early end; `None` if it shows everything already."""
        if not self._is_writer:
            return None
        if not self._card.shown and not self._answer:
            return without_verdict
        if self._without_health:
            return self._without_health(reason)
        return None if self._card.shown else self._answer
