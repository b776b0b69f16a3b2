"""`health` in chat.

A gateway's card from our own probe, then the gateway's word added to the same card; details in its
thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment, member_details
from bot.cards.gateway_card import gateway_card, no_word_card, overview_card, remedy_message
from bot.cards.parts import Message
from bot.cards.progress import broke, cut_short, looking
from bot.cards.usage import how_to_invite, notice, refusal
from bot.checks.service import Options, Refused
from bot.commands import GatewayTarget, HostTarget
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.delivery import DeliveryError, PlaceRefused
from bot.domain.report import GatewayReport, Via
from bot.observability.logs import run_scope
from bot.slack.handlers.repeats import earlier, key_of, point_to
from bot.slack.handlers.watch import Watching, watched_for
from bot.slack.handlers.watched import GatewayLook, HealthReader, gateway_change_key
from bot.slack.handlers.wording import command_of, narrowed, target_of, understood, understood_of
from bot.slack.inbound.routing import note
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import Card, card_for, last_word, standing
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Run, Runs

log = logging.getLogger(__name__)

_EVERY_GATEWAY = "health of every gateway that I can see"
UNHEARD = ArmRefusal(
    trouble=ArmTrouble.UNAVAILABLE,
    sentence="the bot was restarted before it came; below is our own probe, Check again asks anew.",
)
NOTHING_KNOWN = ArmRefusal(
    trouble=ArmTrouble.UNAVAILABLE,
    sentence="the bot was restarted before it came; Check again asks anew.",
)
GRACE_S = 0.5
_TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS})


async def _nothing_followed(_channel: str) -> Sequence[GatewayTarget]:
    return ()


class Gateways(Protocol):
    """The use case: `bot.checks.service.CheckService` is it."""

    async def gateway(self, target: GatewayTarget, options: Options) -> GatewayReport | ArmRefusal:
        """Our own witness."""

    async def placement(self, target: HostTarget, options: Options) -> GatewayTarget | Refused:
        """Where a host stands, for a question to its gateway alone."""

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """The gateway's word added."""

    async def every_gateway(self) -> tuple[GatewayTarget, ...] | ArmRefusal:
        """What can be asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Which gateway is meant, and what was found about it; both `None` for every gateway."""

    target: GatewayTarget | None
    found: GatewayReport | ArmRefusal | Refused | None


@dataclass(slots=True, kw_only=True)
class GatewayChecking:
    """Answers `health`, and `check HOST via=gateway`.

    Attributes:
        gateways: the use case.
        slack: the way to Slack.
        runs: what runs now.
        probe_origin: from where the bot looks, for the small print.
        bot_name: what to invite.
        watching: where a card with broken servers goes on when `watch` was asked for.
        followed: the gateways that a channel follows; `health` shows those, and every gateway where
            there are none.
    """

    gateways: Gateways
    slack: SlackClient
    runs: Runs
    probe_origin: str
    bot_name: str
    watching: Watching
    followed: Callable[[str], Awaitable[Sequence[GatewayTarget]]] = _nothing_followed

    async def handle(self, admitted: AdmittedInvocation) -> None:
        """Show one gateway, or all of them in a line each.

        Or go on watching a card after a restart.
        """
        if admitted.watched_s is not None:
            await self._watch_on(admitted)
            return
        if found := earlier(self.runs, admitted):
            await point_to(self.slack, found, admitted)
            return
        run = self.runs.begin(key_of(admitted))
        run.card = card_for(self.slack, admitted)
        try:
            with run_scope(admitted.run_id):
                await self._perform(admitted, run, run.card)
        finally:
            self.runs.end(run)

    async def _perform(self, admitted: AdmittedInvocation, run: Run, card: Card) -> None:
        name, command = (
            target_of(admitted.request) or "gateways",
            command_of(admitted.request) or "health",
        )
        question = asyncio.create_task(self._question(admitted))
        try:
            if not await self._is_nowhere(question, admitted):
                self.runs.claim(standing(card), run)
                await card.open(
                    looking(
                        name,
                        understood=understood(admitted.request) or "health",
                        run_id=admitted.run_id,
                    )
                )
                self.runs.claim(standing(card), run)
                await self._answer(await question, admitted, card, run)
            run.card = card if card.shown else None
        except PlaceRefused:
            run.card = None
            await self.slack.send_ephemeral(
                admitted.invocation, how_to_invite(self.bot_name, admitted.invocation.channel)
            )
        except asyncio.CancelledError:
            if not card.shown:
                await last_word(card, cut_short(name, run_id=admitted.run_id, command=command))
            raise
        except Exception:
            log.exception("a gateway check ended with an error of our own", extra={"target": name})
            if not card.shown:
                await card.finish(broke(name, run_id=admitted.run_id, command=command))
        finally:
            question.cancel()

    async def _meant(self, admitted: AdmittedInvocation) -> GatewayTarget | Refused | None:
        """The gateway that is asked about, `None` for all of them."""
        target, options = admitted.request.target, admitted.request.options
        if isinstance(target, HostTarget):
            return await self.gateways.placement(target, options)
        return narrowed(target, options) if isinstance(target, GatewayTarget) else None

    async def _question(self, admitted: AdmittedInvocation) -> _Question:
        """Which gateway is meant, and what is found about it."""
        target = await self._meant(admitted)
        found = (
            await self.gateways.gateway(target, admitted.request.options)
            if isinstance(target, GatewayTarget)
            else target
        )
        return _Question(target=target if isinstance(target, GatewayTarget) else None, found=found)

    async def _is_nowhere(
        self, question: asyncio.Task[_Question], admitted: AdmittedInvocation
    ) -> bool:
        """Whether what was typed is soon found to name nothing.

        That is told to the asker alone, before there is a card.
        """
        await asyncio.wait({question}, timeout=GRACE_S)
        found = question.result().found if question.done() else None
        if isinstance(found, Refused) or (
            isinstance(found, ArmRefusal)
            and found.trouble in _TYPING_ERRORS
            and admitted.invocation.card is None
        ):
            await self._answer_asker(admitted, found)
            return True
        return False

    async def _answer_asker(
        self, admitted: AdmittedInvocation, found: Refused | ArmRefusal
    ) -> None:
        if isinstance(found, Refused):
            note(admitted.invocation, "refused", why=found.sentence, run_id=admitted.run_id)
            await self.slack.send_ephemeral(admitted.invocation, refusal(found.sentence))
            return
        example = " ".join(found.suggestions[:1]) or "gw:prod-gw"
        await self.slack.send_ephemeral(
            admitted.invocation, notice(found.sentence, f"/appgw-check {example}")
        )

    async def _answer(
        self, question: _Question, admitted: AdmittedInvocation, card: Card, run: Run
    ) -> None:
        found = question.found
        if found is None:
            await self._all(admitted, card, run)
        elif isinstance(found, GatewayReport) and question.target:
            await self._one(admitted, question.target, found, card, run)
        elif isinstance(found, ArmRefusal):
            await self._refused(admitted, found, card)
        elif isinstance(found, Refused):
            await self._take_back(admitted, card)
            await self._answer_asker(admitted, found)

    async def _take_back(self, admitted: AdmittedInvocation, card: Card) -> None:
        """Nothing of what names nothing stays in the channel."""
        if card.posted and admitted.invocation.card is None:
            await self.slack.remove(card.posted)

    async def _one(
        self,
        admitted: AdmittedInvocation,
        target: GatewayTarget,
        report: GatewayReport,
        card: Card,
        run: Run,
    ) -> None:
        context = self._card_context(admitted, understood_of(admitted.request, target))
        await card.finish(gateway_card(report, context))
        self.runs.end(run)
        if report.via is not Via.PROBE:
            report = await self._read_backend_health(report, card, run, context)
        if not self.runs.writes(standing(card), run):
            return
        log.info(
            "gateway checked", extra={"healthy": report.healthy, "members": len(report.members)}
        )
        await self._explain(card, report)
        if (
            seconds := self.watching.seconds(admitted.request.options.get("watch"))
        ) and not report.green:
            await self._watch(admitted, target, card, gateway_change_key(report), seconds)

    async def _read_backend_health(
        self, report: GatewayReport, card: Card, run: Run, context: CardContext
    ) -> GatewayReport:
        """The card is complete already.

        The gateway's word is added when it comes, unless a later look has taken the card over.
        """
        try:
            answered = await self.gateways.read_backend_health(report)
        except asyncio.CancelledError:
            if self.runs.writes(standing(card), run):
                unheard = UNHEARD if report.via is Via.BOTH else NOTHING_KNOWN
                await last_word(card, gateway_card(replace(report, refusal=unheard), context))
            raise
        if self.runs.writes(standing(card), run):
            await card.finish(gateway_card(answered, context))
        return answered

    async def _watch_on(self, admitted: AdmittedInvocation) -> None:
        target = await self._meant(admitted)
        if isinstance(target, GatewayTarget):
            seconds = self.watching.seconds(admitted.request.options.get("watch"))
            await self._watch(admitted, target, card_for(self.slack, admitted), None, seconds)

    async def _watch(
        self,
        admitted: AdmittedInvocation,
        target: GatewayTarget,
        card: Card,
        change_key: Hashable,
        seconds: float,
    ) -> None:
        options = admitted.request.options
        health_reader = (
            None
            if options.get("via") == Via.PROBE
            else HealthReader(self.gateways.read_backend_health)
        )
        context = self._card_context(admitted, understood_of(admitted.request, target))
        context = replace(
            context, understood=context.understood + watched_for(green=False, seconds=seconds)
        )
        look = GatewayLook(
            gateways=self.gateways,
            target=target,
            options=options,
            context=context,
            health_reader=health_reader,
        )
        if refused := self.watching.begin(
            card.posted, look, change_key=change_key, seconds=seconds, admitted=admitted
        ):
            await self.slack.send_ephemeral(
                replace(admitted.invocation, response_url=None), notice(refused)
            )

    async def _refused(self, admitted: AdmittedInvocation, trouble: ArmRefusal, card: Card) -> None:
        """A name that is not there is a typing error, which stays between the bot and the asker.

        The rest stands on the card.
        """
        if trouble.trouble in _TYPING_ERRORS and card.posted and admitted.invocation.card is None:
            await self._take_back(admitted, card)
            await self._answer_asker(admitted, trouble)
            return
        await card.finish(
            no_word_card(target_of(admitted.request), trouble, self._card_context(admitted))
        )
        if trouble.remedy and card.posted:
            await self._quietly(self.slack.post(card.posted.thread, remedy_message(trouble)))

    async def _all(self, admitted: AdmittedInvocation, card: Card, run: Run) -> None:
        targets: Sequence[GatewayTarget] | ArmRefusal = await self.followed(
            admitted.invocation.channel
        )
        every = "health of what this channel follows" if targets else _EVERY_GATEWAY
        context = self._card_context(admitted, understood(admitted.request) or every)
        targets = targets or await self.gateways.every_gateway()
        if isinstance(targets, ArmRefusal):
            await self._refused(admitted, targets, card)
            return
        options = admitted.request.options
        answers = list(
            await asyncio.gather(*(self.gateways.gateway(target, options) for target in targets))
        )
        await card.finish(_overview(answers, context))
        self.runs.end(run)
        answered = await asyncio.gather(*map(self._answered, answers))
        if self.runs.writes(standing(card), run):
            await card.finish(_overview(answered, context))

    async def _answered(self, answer: GatewayReport | ArmRefusal) -> GatewayReport | ArmRefusal:
        if isinstance(answer, ArmRefusal) or answer.via is Via.PROBE:
            return answer
        return await self.gateways.read_backend_health(answer)

    async def _explain(self, card: Card, report: GatewayReport) -> None:
        if card.posted is None:
            return
        await self._quietly(
            self.slack.attach(
                card.posted,
                Attachment(
                    name="servers.txt", title="Every server", content=member_details(report)
                ),
            )
        )
        if report.refusal and report.refusal.remedy:
            await self._quietly(self.slack.post(card.posted.thread, remedy_message(report.refusal)))

    async def _quietly(self, sending: object) -> None:
        try:
            await sending  # type: ignore[misc]
        except DeliveryError as error:
            log.warning("the thread is incomplete", extra={"reason": error.reason})

    def _card_context(self, admitted: AdmittedInvocation, understood_as: str = "") -> CardContext:
        return CardContext(
            command=command_of(admitted.request) or "health",
            understood=understood_as or understood(admitted.request) or _EVERY_GATEWAY,
            run_id=admitted.run_id,
            probe_origin=self.probe_origin,
            user=admitted.invocation.user,
        )


def _overview(answers: Sequence[GatewayReport | ArmRefusal], context: CardContext) -> Message:
    reports = [answer for answer in answers if isinstance(answer, GatewayReport)]
    return overview_card(
        reports, [answer for answer in answers if isinstance(answer, ArmRefusal)], context
    )
