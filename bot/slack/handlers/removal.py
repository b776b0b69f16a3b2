"""`rehearse gw:... without=...` in chat.

What breaks if a root is removed from a gateway, on a card; every server in its thread.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment
from bot.cards.gateway_card import no_word_card, remedy_message
from bot.cards.progress import broke, cut_short, looking
from bot.cards.removal_card import removal_card, removal_details
from bot.cards.usage import how_to_invite, notice
from bot.checks import rehearse_removal
from bot.checks.removal import GatewayReader
from bot.commands import GatewayTarget
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.delivery import DeliveryError, PlaceRefused
from bot.observability.logs import run_scope
from bot.slack.handlers.wording import command_of, narrowed, target_of
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import Card, card_for
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.runs import Runs

log = logging.getLogger(__name__)

_CUT_SHORT_S = 5.0
_TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """Answers `rehearse` where it names a gateway and a root.

    `probe_origin` is from where the bot looks, `bot_name` whom to invite.
    """

    gateways: GatewayReader
    slack: SlackClient
    runs: Runs
    probe_origin: str
    bot_name: str

    async def handle(self, admitted: AdmittedInvocation) -> None:
        """Probe, judge without the root, and show.

        The same question twice at a time is answered once.
        """
        key = (
            admitted.invocation.channel,
            admitted.invocation.thread,
            "rehearse",
            command_of(admitted.request),
        )
        if self.runs.running(key, ended_too=False):
            await self.slack.send_ephemeral(
                admitted.invocation,
                notice("This is being rehearsed already; its card is in this channel.", ""),
            )
            return
        run = self.runs.begin(key)
        run.card = card = card_for(self.slack, admitted)
        try:
            with run_scope(admitted.run_id):
                await self._perform(admitted, card)
        finally:
            self.runs.end(run)

    async def _perform(self, admitted: AdmittedInvocation, card: Card) -> None:
        name, command = target_of(admitted.request), f"rehearse {command_of(admitted.request)}"
        try:
            await card.open(looking(name, understood=command, run_id=admitted.run_id))
            await self._show(admitted, card, command)
        except PlaceRefused:
            await self.slack.send_ephemeral(
                admitted.invocation, how_to_invite(self.bot_name, admitted.invocation.channel)
            )
        except asyncio.CancelledError:
            await asyncio.wait_for(
                card.finish(cut_short(name, run_id=admitted.run_id, command=command)), _CUT_SHORT_S
            )
            raise
        except Exception:
            log.exception("a rehearsal ended with an error of our own", extra={"target": name})
            await card.finish(broke(name, run_id=admitted.run_id, command=command))

    async def _show(self, admitted: AdmittedInvocation, card: Card, command: str) -> None:
        target, options = admitted.request.target, admitted.request.options
        assert isinstance(target, GatewayTarget)
        context = CardContext(
            command=command,
            understood=command,
            run_id=admitted.run_id,
            probe_origin=self.probe_origin,
            user=admitted.invocation.user,
        )
        found = await rehearse_removal(
            self.gateways, narrowed(target, options), str(options["without"])
        )
        if isinstance(found, ArmRefusal):
            await self._refused(admitted, found, card, context)
            return
        await card.finish(removal_card(found, context))
        if card.posted and found.members:
            file = Attachment(
                name="without-root.txt",
                title="Every server, with and without the root",
                content=removal_details(found),
            )
            try:
                await self.slack.attach(card.posted, file)
            except DeliveryError as error:
                log.warning("the thread is incomplete", extra={"reason": error.reason})

    async def _refused(
        self, admitted: AdmittedInvocation, refusal: ArmRefusal, card: Card, context: CardContext
    ) -> None:
        """A name that is not there stays between the bot and the asker.

        The rest stands on the card.
        """
        if refusal.trouble in _TYPING_ERRORS and card.posted and admitted.invocation.card is None:
            await self.slack.remove(card.posted)
            example = next(iter(refusal.suggestions), "rehearse gw:prod-gw without=corp-root-2019")
            example = (
                example
                if example.startswith("rehearse")
                else f"rehearse {example} without={admitted.request.options['without']}"
            )
            await self.slack.send_ephemeral(
                admitted.invocation, notice(refusal.sentence, f"/appgw-check {example}")
            )
            return
        await card.finish(no_word_card(target_of(admitted.request), refusal, context))
        if refusal.remedy and card.posted:
            await self.slack.post(card.posted.thread, remedy_message(refusal))
