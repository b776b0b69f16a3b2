"""One check of a backend from its card to its thread.

Looking card, probe, verdict, the gateway's word, details.

The card appears as soon as the guard has let the target in, within a second whatever the backend
does; a refusal is told to the asker
alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Protocol

from bot.cards.check_card import CardContext, check_card
from bot.cards.details import details, whole_word
from bot.cards.gateway_card import remedy_message
from bot.cards.parts import Message
from bot.cards.progress import broke, cut_short, looking
from bot.cards.usage import how_to_invite, notice, refusal
from bot.checks import both_words, word_missing
from bot.checks.last_healthy import Memory, RecentFacts, changed_since_green
from bot.checks.service import HostAnswer, Options, Refused
from bot.commands import HostTarget
from bot.domain.azure import ArmRefusal
from bot.domain.delivery import DeliveryError, PlaceRefused
from bot.domain.report import GatewayReport
from bot.observability.metrics import CHECK_SECONDS, CHECKS, FIRST_POST_SECONDS
from bot.slack.handlers.files import Filing, Kept
from bot.slack.handlers.watch import Watching, watched_for
from bot.slack.handlers.watched import HealthReader, HostLook, backend_change_key
from bot.slack.handlers.wording import command_of, judged_as, target_of, understood
from bot.slack.inbound.routing import note
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import card_for, last_word, standing
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Run, Runs
from bot.slack.outbound.turns import Turns

log = logging.getLogger(__name__)

GRACE_S = 0.15
LOOKED_UP_S = 0.8
GATEWAY_ASKED = "asked for its own word; that takes ten seconds or more."
GATEWAY_UNHEARD = "not heard, the bot was restarted before its word came; Check again asks anew."


class Backends(Protocol):
    """The use case: `bot.checks.service.CheckService` is it."""

    async def host(
        self, target: HostTarget, options: Options, on_stage: Callable[[str], None] | None = None
    ) -> HostAnswer | Refused:
        """Probe one backend and judge it."""

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """The gateway's own word added; takes ten seconds or more."""


@dataclass(slots=True, kw_only=True)
class Tools:
    """What a check works with.

    Attributes:
        backends: the use case.
        slack: the way to Slack.
        runs: what runs now.
        probe_origin: from where the bot looks, for the small print.
        bot_name: what to invite.
        watching: where a failing card goes on when `watch` was asked for.
        filing: remembers what the cards were made of, for their files.
        last_healthy: the last good facts of each backend.
        turns: cards first, then probes.
    """

    backends: Backends
    slack: SlackClient
    runs: Runs
    probe_origin: str
    bot_name: str
    watching: Watching
    filing: Filing
    last_healthy: Memory = field(default_factory=RecentFacts)
    turns: Turns = field(default_factory=Turns)


class OneCheck:
    """One check from its card to its thread."""

    def __init__(self, tools: Tools, admitted: AdmittedInvocation, run: Run) -> None:
        self._tools = tools
        self._asked = admitted
        self._run = run
        self._name = target_of(admitted.request)
        self._card = run.card = card_for(tools.slack, admitted)
        self._connected = asyncio.Event()
        self._open = False
        self._described = False
        self._stage: str | None = None

    async def perform(self) -> None:
        """Run it; whatever happens, its card says so."""
        self._tools.turns.opening(self)
        probe = asyncio.create_task(self._probe())
        try:
            await self._until_let_in(probe)
            if not probe.done() or not isinstance(probe.result(), Refused):
                await self._open_card()
            self._tools.turns.opened(self)
            await self._conclude(await probe)
        except PlaceRefused:
            self._run.card = None
            await self._tools.slack.send_ephemeral(
                self._asked.invocation,
                how_to_invite(self._tools.bot_name, self._asked.invocation.channel),
            )
        except asyncio.CancelledError:
            if not self._described:
                await last_word(self._card, self._without_verdict(cut_short))
            raise
        except Exception:
            log.exception("a check ended with an error of our own", extra={"target": self._name})
            if not self._described:
                await self._card.finish(self._without_verdict(broke))
        finally:
            self._tools.turns.opened(self)
            probe.cancel()

    async def _probe(self) -> HostAnswer | Refused:
        target, options = self._asked.request.target, self._asked.request.options
        assert isinstance(target, HostTarget)
        async with self._tools.turns.probing(must_wait=self._connected.set):
            return await self._tools.backends.host(target, options, self._on_stage)

    def _on_stage(self, stage: str) -> None:
        if stage != "resolve":
            self._connected.set()
        self._stage = stage
        if self._open:
            self._card.progress(self._looking())

    async def _until_let_in(self, probe: asyncio.Task[HostAnswer | Refused]) -> None:
        """Until the guard has let the target in or refused it, but not so long that somebody wonders."""
        let_in = asyncio.create_task(self._connected.wait())
        patience = (
            LOOKED_UP_S if "root" in self._asked.request.options else GRACE_S
        )  # a name may be mistyped: no card for that
        await asyncio.wait({probe, let_in}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        let_in.cancel()

    async def _open_card(self) -> None:
        self._claim()
        await self._card.open(self._looking())
        self._claim()
        self._open = True
        FIRST_POST_SECONDS.observe(monotonic() - self._asked.begun)

    def _claim(self) -> None:
        self._tools.runs.claim(standing(self._card), self._run)

    @property
    def _is_writer(self) -> bool:
        """Whether no later check has taken the card over."""
        return self._tools.runs.writes(standing(self._card), self._run)

    async def _conclude(self, answer: HostAnswer | Refused) -> None:
        if isinstance(answer, Refused):
            await self._take_back(answer)
            return
        report = answer.report
        await self._card.finish(check_card(report, self._card_context(answer, _first_word(answer))))
        self._described = True
        self._tools.runs.end(self._run)
        CHECKS.labels(headline=report.verdict.headline.value).inc()
        CHECK_SECONDS.observe(monotonic() - self._asked.begun)
        log.info("checked", extra={"target": self._name, "headline": report.verdict.headline.value})
        self._keep(answer, answer.gateway)
        if self._card.posted:
            await self._explain(self._card.posted, answer)
            await self._remedy(answer.arm)
        if self._watched and not report.verdict.accepted:
            await self._watch(answer)
        elif answer.gateway:
            await self._amend_with_health(answer, answer.gateway)

    async def _amend_with_health(self, answer: HostAnswer, gateway: GatewayReport) -> None:
        """The card is complete already.

        The gateway's word is added when it comes, unless a later check has taken the card over.
        """
        try:
            listened = await self._tools.backends.read_backend_health(gateway)
        except asyncio.CancelledError:
            if self._is_writer:
                await last_word(
                    self._card,
                    check_card(answer.report, self._card_context(answer, GATEWAY_UNHEARD)),
                )
            raise
        if self._is_writer:
            self._keep(answer, listened)
            answered, said = both_words(answer.report, listened)
            await self._card.finish(check_card(answered, self._card_context(answer, said)))
            await self._say_more(whole_word(said))
            await self._remedy(listened.refusal)

    async def _remedy(self, arm: ArmRefusal | None) -> None:
        """What an operator must do so that Azure answers, in the thread."""
        await self._say_more(remedy_message(arm) if arm and arm.remedy else None)

    async def _say_more(self, message: Message | None) -> None:
        """What the card has no room for stands in its thread."""
        if message and self._card.posted:
            try:
                await self._tools.slack.post(self._card.posted.thread, message)
            except DeliveryError as error:
                log.warning("the thread is incomplete", extra={"reason": error.reason})

    def _keep(self, answer: HostAnswer, gateway: GatewayReport | None) -> None:
        self._tools.filing.keep(
            self._card.posted,
            Kept(report=answer.report, gateway=gateway, run_id=self._asked.run_id),
        )

    async def watch_on(self) -> None:
        """Take a watch up again where a restart cut it off.

        Its next look shows how things stand.
        """
        await self._watch(None)

    async def _watch(self, answer: HostAnswer | None) -> None:
        """From here on the watch edits the card and asks the gateway."""
        target, options = self._asked.request.target, self._asked.request.options
        assert isinstance(target, HostTarget)
        backends = self._tools.backends
        look = HostLook(
            backends=backends,
            target=target,
            options=options,
            context=self._card_context,
            health_reader=HealthReader(backends.read_backend_health),
        )
        change_key = (backend_change_key(answer.report), "") if answer else None
        refused = self._tools.watching.begin(
            self._card.posted,
            look,
            change_key=change_key,
            seconds=self._watched,
            admitted=self._asked,
        )
        if refused:
            await self._tools.slack.send_ephemeral(
                replace(self._asked.invocation, response_url=None), notice(refused)
            )

    @property
    def _watched(self) -> float:
        """Seconds that the card is to be watched, 0 for not at all."""
        return self._tools.watching.seconds(self._asked.request.options.get("watch"))

    async def _take_back(self, refused: Refused) -> None:
        """Nothing of a refused target stays in the channel."""
        self._run.card = None
        if self._open and self._card.posted and self._asked.invocation.card is None:
            with suppress(DeliveryError):
                await self._tools.slack.remove(self._card.posted)
        note(self._asked.invocation, "refused", why=refused.sentence, run_id=self._asked.run_id)
        await self._tools.slack.send_ephemeral(self._asked.invocation, refusal(refused.sentence))

    async def _explain(self, posted: Posted, answer: HostAnswer) -> None:
        found = details(answer.report)
        try:
            await self._tools.slack.post(posted.thread, found.message)
            for file in found.files:
                await self._tools.slack.attach(posted, file)
        except DeliveryError as error:
            log.warning("the thread is incomplete", extra={"reason": error.reason})

    def _without_verdict(self, make: Callable[..., Message]) -> Message:
        """How the check ended."""
        return make(self._name, run_id=self._asked.run_id, command=command_of(self._asked.request))

    def _looking(self) -> Message:
        return looking(
            self._name,
            understood=understood(self._asked.request),
            run_id=self._asked.run_id,
            stage=self._stage,
        )

    def _card_context(self, answer: HostAnswer, gateway_says: str) -> CardContext:
        request = self._asked.request
        return CardContext(
            command=command_of(request),
            understood=judged_as(request, answer.report, answer.gateway)
            + watched_for(answer.report.verdict.accepted, self._watched),
            run_id=self._asked.run_id,
            probe_origin=self._tools.probe_origin,
            user=self._asked.invocation.user,
            gateway_says=gateway_says,
            gateway=answer.gateway,
            changed=changed_since_green(answer.report, self._tools.last_healthy),
        )


def _first_word(answer: HostAnswer) -> str:
    """What the card says of the gateway before it was heard."""
    if answer.gateway:
        return GATEWAY_ASKED
    return word_missing(answer.arm) if answer.arm else ""
