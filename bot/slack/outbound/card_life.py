"""The life of a card, once for every verb, and every request once.

A request that is answered already is pointed to its card.

Looking, progress, verdict, amended by backend health, watched, ended. Taken back when the target
is refused, "cut short" when the process stops, "failed" on an error of our own, but never over an
answer that stands. A later run that takes the card over is the only one that writes on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from time import monotonic
from typing import Protocol

from bot.cards.details import Attachment
from bot.cards.parts import Message
from bot.cards.progress import cut_short, failed, looking
from bot.cards.usage import refusal, running
from bot.commands.wording import command_of, target_of
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
        if invocation.source is Source.ACTION
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
    return runs.running(key_of(admitted), ended_too=admitted.invocation.source is not Source.ACTION)


async def point_to(slack: SlackClient, found: Run, admitted: AdmittedInvocation[Request]) -> None:
    """Show the asker alone where the card is.

    A second press of a button needs no answer: its card is the message whose button was pressed.
    """
    if admitted.invocation.source is Source.ACTION:
        return
    link = await slack.permalink(found.card.posted) if found.card and found.card.posted else None
    await slack.send_ephemeral(
        admitted.invocation,
        running(target_of(admitted.request) or admitted.request.verb.value, link=link),
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
        self._unread: Callable[[str], Message] | None = None

    async def perform(self) -> None:
        """Run it; whatever happens, its card says so."""
        self._tools.turns.opening(self)
        finding = asyncio.create_task(self._work.find(self._progress))
        try:
            await self._live(finding)
        except asyncio.CancelledError:
            await self._last_update()
            raise
        except Exception:
            log.exception("a run ended with an error of our own", extra={"target": self._work.name})
            await self._after_error()
        finally:
            self._tools.turns.opened(self)
            finding.cancel()
            self._card.close()
            if self._card.refused or not self._card.shown:
                self._run.card = None

    async def go_on_watching(self, order: WatchOrder) -> None:
        """Take a watch up again that a restart cut off; its next look updates the card."""
        await self._watch(order)

    def may_write(self) -> bool:
        """Whether no other run is at work on the card; if so, this one writes on it from now on."""
        free = self._tools.runs.is_free(self._card.key, self._run)
        if free:
            self._claim()
        return free

    async def update(self, message: Message, *, patience: float = LONG_S) -> bool:
        """Change the card that is watched.

        Returns:
            Whether this run may still write on it; false once a later one has taken it over.

        Raises:
            DeliveryError: Slack did not take it.
        """
        if not self._is_writer or self._card.posted is None:
            return False
        await self._tools.slack.update(self._card.posted, message, patience=patience)
        return True

    async def say(self, message: Message) -> None:
        """Post into the card's thread; what fails is logged."""
        await self._say_more(lambda: (message,))

    @property
    def posted(self) -> Posted | None:
        """Where the card stands."""
        return self._card.posted

    @property
    def _is_writer(self) -> bool:
        """Whether no later run has taken the card over."""
        return self._tools.runs.writes(self._card.key, self._run)

    async def _live(self, finding: asyncio.Task[Found | TakenBack]) -> None:
        await self._wait_for_grace(finding)
        if not finding.done():
            await self._open_card()
        self._tools.turns.opened(self)
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
        """Until there is an answer or the target was let in, but not so long that people wonder."""
        allowed = asyncio.create_task(self._progress.allowed.wait())
        waited = {finding, allowed}
        await asyncio.wait(waited, timeout=self._work.grace, return_when=asyncio.FIRST_COMPLETED)
        allowed.cancel()

    async def _open_card(self) -> None:
        self._claim()
        await self._card.open(self._looking())
        self._claim()
        self._open = True
        FIRST_POST_SECONDS.observe(monotonic() - self._order.begun)

    def _claim(self) -> None:
        self._tools.runs.claim(self._card.key, self._run)

    def _on_stage(self) -> None:
        if self._open and self._is_writer:
            self._card.progress(self._looking())

    def _looking(self) -> Message:
        return looking(
            self._work.name,
            understood=self._work.understood,
            run_id=self._order.run_id,
            stage=self._progress.stage,
        )

    async def _show_verdict(self, found: Found) -> None:
        if found.amend and found.health_first and not self._card.changeable:
            self._unread = found.without_health
            await self._show(await found.amend())
            return
        alone = None if self._card.changeable or not found.amend else found.without_health
        await self._show(found, alone and alone(PRIVATE))
        if found.amend and not found.watch and self._card.changeable:
            await self._amend(found, found.amend)

    async def _show(self, shown: Shown, message: Message | None = None) -> None:
        """Show an answer, then its thread, then watch it."""
        if not self._is_writer:
            return
        self._answer = message or shown.message
        await self._card.show(self._answer)
        self._claim()
        if not self._open:
            self._open = True
            FIRST_POST_SECONDS.observe(monotonic() - self._order.begun)
        self._tools.runs.end(self._run)
        shown.on_shown(self._card.posted)
        await self._say_more(shown.thread)
        if shown.watch:
            await self._watch(shown.watch)

    async def _amend(self, found: Found, amend: Callable[[], Awaitable[Shown]]) -> None:
        """The card is complete already; backend health is added when it comes."""
        self._unread = found.without_health
        if found.interim:
            async for message in found.interim():
                with contextlib.suppress(DeliveryError):  # the next one says all of it again
                    await self.update(message)
        amended = await amend()
        self._unread = None
        await self._show(amended)

    async def _say_more(self, thread: Callable[[], Sequence[ThreadItem]]) -> None:
        """What the card has no room for stands in its thread."""
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
        """From here on the watch updates the card; one that Slack refused says so already."""
        self._claim()
        if self._card.refused:
            order.target.close()
        elif refused := self._tools.watching.begin(self, order):
            asker = replace(self._order.invocation, response_url=None)
            await self._tools.slack.send_ephemeral(asker, refusal(refused))

    async def _last_update(self) -> None:
        """What a run that is cut short still says, in the seconds that a stopping process has."""
        if message := self._ending(cut_short, RESTARTED):
            try:
                await asyncio.wait_for(self._card.show(message), LAST_UPDATE_S)
            except Exception as error:  # noqa: BLE001 -- the process stops, whatever goes wrong here
                log.warning(
                    "a card could not be marked as cut short",
                    extra={"reason": type(error).__name__},
                )

    async def _after_error(self) -> None:
        try:
            self._answer = None
            if message := self._ending(failed, NOT_READ):
                await self._card.show(message)
        except Exception:
            log.exception("a card could not be marked as failed")

    def _ending(self, without_verdict: _Ending, reason: str) -> Message | None:
        """What the card is to say at an early end, `None` when it says everything already."""
        if not self._is_writer:
            return None
        if not self._card.shown:
            return self._answer or without_verdict(
                self._work.name, run_id=self._order.run_id, command=self._work.command
            )
        return self._unread(reason) if self._unread else None


class _Ending(Protocol):
    def __call__(self, name: str, *, run_id: str, command: str) -> Message: ...
