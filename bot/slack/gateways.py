"""`health` in chat: a gateway's card from our own probe, then the gateway's word added to the same card; details in its thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.blocks.check_card import Circumstances
from bot.blocks.details import Attachment
from bot.blocks.gateway_card import gateway_card, member_details, no_word_card, overview_card, remedy_message
from bot.blocks.looking import broke, cut_short, looking
from bot.blocks.parts import Message
from bot.blocks.usage import how_to_invite, notice
from bot.language import GatewayTarget
from bot.model.azure import ArmRefusal, ArmTrouble
from bot.model.report import GatewayReport
from bot.slack.asking import Asked
from bot.slack.cards import Card, card_for, last_word, standing
from bot.slack.delivery import Delivery
from bot.slack.logs import run_scope
from bot.slack.places import DeliveryError, NotAMember
from bot.slack.repeats import earlier, key_of, point_to
from bot.slack.runs import Run, Runs
from bot.slack.watched import Ear, GatewayLook, gateway_face
from bot.slack.watching import Watching, watched_for
from bot.slack.wording import command_of, narrowed, target_of, understood

log = logging.getLogger(__name__)

_EVERY_GATEWAY = "health of every gateway that I can see"
UNHEARD = ArmRefusal(
    trouble=ArmTrouble.UNAVAILABLE, sentence="the bot was restarted before it came; below is our own probe, Check again asks anew."
)
_TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS})


async def _nothing_followed(_channel: str) -> Sequence[GatewayTarget]:
    return ()


class Gateways(Protocol):
    """The use case: `bot.checkup.desk.Desk` is it."""

    async def gateway(self, target: GatewayTarget) -> GatewayReport | ArmRefusal:
        """Our own witness."""

    async def listen(self, report: GatewayReport) -> GatewayReport:
        """The gateway's word added."""

    async def every_gateway(self) -> tuple[GatewayTarget, ...] | ArmRefusal:
        """What can be asked about."""


@dataclass(slots=True, kw_only=True)
class GatewayChecking:
    """Answers `health`.

    Attributes:
        gateways: the use case.
        delivery: the way to Slack.
        runs: what runs now.
        vantage: from where the bot looks, for the small print.
        bot_name: what to invite.
        watching: where a card with broken servers goes on when `watch` was asked for.
        followed: the gateways that a channel follows; `health` shows those, and every gateway where there are none.
    """

    gateways: Gateways
    delivery: Delivery
    runs: Runs
    vantage: str
    bot_name: str
    watching: Watching
    followed: Callable[[str], Awaitable[Sequence[GatewayTarget]]] = _nothing_followed

    async def handle(self, asked: Asked) -> None:
        """Show one gateway, or all of them in a line each; or go on watching a card after a restart."""
        if asked.watched_s is not None and isinstance(target := asked.request.target, GatewayTarget):
            await self._watch(
                asked, target, card_for(self.delivery, asked), None, self.watching.seconds(asked.request.options.get("watch"))
            )
            return
        if found := earlier(self.runs, asked):
            await point_to(self.delivery, found, asked)
            return
        run = self.runs.begin(key_of(asked))
        run.card = card_for(self.delivery, asked)
        try:
            with run_scope(asked.run_id):
                await self._perform(asked, run, run.card)
        finally:
            self.runs.end(run)

    async def _perform(self, asked: Asked, run: Run, card: Card) -> None:
        name, command = target_of(asked.request) or "gateways", command_of(asked.request) or "health"
        try:
            self.runs.claim(standing(card), run)
            await card.open(looking(name, understood=understood(asked.request) or "health", run_id=asked.run_id))
            self.runs.claim(standing(card), run)
            if isinstance(asked.request.target, GatewayTarget):
                await self._one(asked, asked.request.target, card, run)
            else:
                await self._all(asked, card, run)
            run.card = card if card.told else None
        except NotAMember:
            run.card = None
            await self.delivery.whisper(asked.ask, how_to_invite(self.bot_name, asked.ask.channel))
        except asyncio.CancelledError:
            if not card.told:
                await last_word(card, cut_short(name, run_id=asked.run_id, command=command))
            raise
        except Exception:
            log.exception("a gateway check ended with an error of our own", extra={"target": name})
            if not card.told:
                await card.finish(broke(name, run_id=asked.run_id, command=command))

    async def _one(self, asked: Asked, target: GatewayTarget, card: Card, run: Run) -> None:
        around = self._circumstances(asked)
        report = await self.gateways.gateway(narrowed(target, asked.request.options))
        if isinstance(report, ArmRefusal):
            await self._refused(asked, report, card)
            return
        await card.finish(gateway_card(report, around))
        self.runs.end(run)
        if asked.request.options.get("via") != "probe":
            report = await self._listen(report, card, run, around)
        if not self.runs.writes(standing(card), run):
            return
        log.info("gateway checked", extra={"healthy": report.healthy, "members": len(report.members)})
        await self._explain(card, report)
        if (seconds := self.watching.seconds(asked.request.options.get("watch"))) and not report.healthy:
            await self._watch(asked, target, card, gateway_face(report), seconds)

    async def _listen(self, report: GatewayReport, card: Card, run: Run, around: Circumstances) -> GatewayReport:
        """The card is complete already; the gateway's word is added when it comes, unless a later look has taken the card over."""
        try:
            heard = await self.gateways.listen(report)
        except asyncio.CancelledError:
            if self.runs.writes(standing(card), run):
                await last_word(card, gateway_card(replace(report, refusal=UNHEARD), around))
            raise
        if self.runs.writes(standing(card), run):
            await card.finish(gateway_card(heard, around))
        return heard

    async def _watch(self, asked: Asked, target: GatewayTarget, card: Card, face: Hashable, seconds: float) -> None:
        ear = None if asked.request.options.get("via") == "probe" else Ear(self.gateways.listen)
        around = self._circumstances(asked)
        around = replace(around, understood=around.understood + watched_for(green=False, seconds=seconds))
        look = GatewayLook(gateways=self.gateways, target=narrowed(target, asked.request.options), around=around, ear=ear)
        if refused := self.watching.begin(card.posted, look, face=face, seconds=seconds, asked=asked):
            await self.delivery.whisper(replace(asked.ask, response_url=None), notice(refused))

    async def _refused(self, asked: Asked, refusal: ArmRefusal, card: Card) -> None:
        """A name that is not there is a typing error, which stays between the bot and the asker; the rest stands on the card."""
        if refusal.trouble in _TYPING_ERRORS and card.posted and asked.ask.card is None:
            await self.delivery.remove(card.posted)
            examples = " ".join(refusal.suggestions[:1]) or "gw:prod-gw"
            await self.delivery.whisper(asked.ask, notice(refusal.sentence, f"/appgw-check {examples}"))
            return
        await card.finish(no_word_card(target_of(asked.request), refusal, self._circumstances(asked)))
        if refusal.remedy and card.posted:
            await self._quietly(self.delivery.post(card.posted.thread, remedy_message(refusal)))

    async def _all(self, asked: Asked, card: Card, run: Run) -> None:
        targets: Sequence[GatewayTarget] | ArmRefusal = await self.followed(asked.ask.channel)
        around = self._circumstances(asked, "health of what this channel follows" if targets else _EVERY_GATEWAY)
        targets = targets or await self.gateways.every_gateway()
        if isinstance(targets, ArmRefusal):
            await self._refused(asked, targets, card)
            return
        answers = list(await asyncio.gather(*map(self.gateways.gateway, targets)))
        await card.finish(_overview(answers, around))
        self.runs.end(run)
        heard = await asyncio.gather(*map(self._heard, answers))
        if self.runs.writes(standing(card), run):
            await card.finish(_overview(heard, around))

    async def _heard(self, answer: GatewayReport | ArmRefusal) -> GatewayReport | ArmRefusal:
        return answer if isinstance(answer, ArmRefusal) else await self.gateways.listen(answer)

    async def _explain(self, card: Card, report: GatewayReport) -> None:
        if card.posted is None:
            return
        await self._quietly(
            self.delivery.attach(card.posted, Attachment(name="servers.txt", title="Every server", content=member_details(report)))
        )
        if report.refusal and report.refusal.remedy:
            await self._quietly(self.delivery.post(card.posted.thread, remedy_message(report.refusal)))

    async def _quietly(self, sending: object) -> None:
        try:
            await sending  # type: ignore[misc]
        except DeliveryError as error:
            log.warning("the thread is incomplete", extra={"reason": error.reason})

    def _circumstances(self, asked: Asked, every: str = _EVERY_GATEWAY) -> Circumstances:
        return Circumstances(
            command=command_of(asked.request) or "health",
            understood=understood(asked.request) or every,
            run_id=asked.run_id,
            vantage=self.vantage,
            user=asked.ask.user,
        )


def _overview(answers: Sequence[GatewayReport | ArmRefusal], around: Circumstances) -> Message:
    reports = [answer for answer in answers if isinstance(answer, GatewayReport)]
    return overview_card(reports, [answer for answer in answers if isinstance(answer, ArmRefusal)], around)
