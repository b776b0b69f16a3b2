"""`rehearse gw:... without=...` in chat.

What breaks if a root is removed from a gateway, on a card; every server in its thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment
from bot.cards.removal_card import removal_card, removal_details
from bot.cards.unanswered_card import no_word_card, remedy_message
from bot.cards.usage import notice
from bot.checks.removal import GatewayReader, rehearse_removal
from bot.commands.wording import command_of, target_of
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.removal import Removal
from bot.domain.request import RemovalRequest
from bot.slack.handlers.repeats import answer_once
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import CardTools, Found, Progress, TakenBack, ThreadItem

_GRACE_S = 0.15
_TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """Answers `rehearse` where it names a gateway and a root.

    Attributes:
        cards: where its cards live.
        gateways: reads a gateway and probes its members.
        probe_origin: from where the bot looks.
    """

    cards: CardTools
    gateways: GatewayReader
    probe_origin: str

    async def handle(self, admitted: AdmittedInvocation[RemovalRequest]) -> None:
        """Probe, judge without the root, and show."""
        await answer_once(self.cards, admitted, RemovalCheck(tools=self, admitted=admitted))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalCheck:
    """One such rehearsal, as `bot.slack.outbound.card_life.Work` asks for it."""

    tools: Removing
    admitted: AdmittedInvocation[RemovalRequest]
    grace: float = _GRACE_S

    @property
    def name(self) -> str:
        """The gateway."""
        return target_of(self.admitted.request)

    @property
    def command(self) -> str:
        """What asks the same again."""
        return command_of(self.admitted.request)

    @property
    def understood(self) -> str:
        """The request in full."""
        return self.command

    async def find(self, progress: Progress) -> Found | TakenBack:  # noqa: ARG002 -- a gateway tells no stages
        """Probe every member and judge it with and without the root."""
        request = self.admitted.request
        found = await rehearse_removal(self.tools.gateways, request.target, request.root)
        context = CardContext(
            command=self.command,
            understood=self.understood,
            run_id=self.admitted.run_id,
            probe_origin=self.tools.probe_origin,
            user=self.admitted.invocation.user,
        )
        if isinstance(found, ArmRefusal):
            return self._no_answer(found, context)
        return Found(message=removal_card(found, context), thread=partial(_servers, found))

    def _no_answer(self, refused: ArmRefusal, context: CardContext) -> Found | TakenBack:
        """A name that is not there stays between the bot and the asker.

        The rest stands on the card.
        """
        if refused.trouble in _TYPING_ERRORS and self.admitted.invocation.card is None:
            example = next(iter(refused.suggestions), "rehearse gw:prod-gw without=corp-root-2019")
            if not example.startswith("rehearse"):
                example = f"rehearse {example} without={self.admitted.request.root}"
            return TakenBack(message=notice(refused.sentence, f"/appgw-check {example}"))
        return Found(
            message=no_word_card(self.name, refused, context),
            thread=lambda: [remedy_message(refused)] if refused.remedy else [],
        )


def _servers(found: Removal) -> Sequence[ThreadItem]:
    if not found.members:
        return []
    return [
        Attachment(
            name="without-root.txt",
            title="Every server, with and without the root",
            content=removal_details(found),
        )
    ]
