"""`forecast gw:...` in chat: on which day what breaks, on a card; the files in its thread."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cards.check_card import CardContext
from bot.cards.forecast_card import forecast_card, forecast_files
from bot.cards.unanswered_card import no_word_card, remedy_message
from bot.cards.usage import notice
from bot.checks.forecast import forecast_gateway
from bot.checks.removal import GatewayReader
from bot.commands.wording import command_of, target_of
from bot.domain.azure import ArmRefusal, ArmTrouble
from bot.domain.forecast_days import DEFAULT_DAYS
from bot.domain.request import ForecastRequest
from bot.slack.handlers.repeats import answer_once
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import CardTools, Found, Progress, TakenBack

_GRACE_S = 0.15
_TYPING_ERRORS = frozenset({ArmTrouble.NOT_FOUND, ArmTrouble.AMBIGUOUS, ArmTrouble.OUT_OF_SCOPE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasting:
    """Answers `forecast`.

    Attributes:
        cards: where its cards live.
        gateways: reads a gateway and probes its members.
        probe_origin: from where the bot looks.
    """

    cards: CardTools
    gateways: GatewayReader
    probe_origin: str

    async def handle(self, admitted: AdmittedInvocation[ForecastRequest]) -> None:
        """Probe, judge at every date, and show."""
        await answer_once(self.cards, admitted, ForecastCheck(tools=self, admitted=admitted))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCheck:
    """One forecast, as `bot.slack.outbound.card_life.Work` asks for it."""

    tools: Forecasting
    admitted: AdmittedInvocation[ForecastRequest]
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
        """Probe every member and judge it at every date."""
        request = self.admitted.request
        days = DEFAULT_DAYS if request.days is None else request.days
        found = await forecast_gateway(self.tools.gateways, request.target, days)
        context = CardContext(
            command=self.command,
            understood=self.understood,
            run_id=self.admitted.run_id,
            probe_origin=self.tools.probe_origin,
            user=self.admitted.invocation.user,
        )
        if isinstance(found, ArmRefusal):
            return self._no_answer(found, context)
        return Found(
            message=forecast_card(found, context), thread=lambda: list(forecast_files(found))
        )

    def _no_answer(self, refused: ArmRefusal, context: CardContext) -> Found | TakenBack:
        """A name that is not there stays between the bot and the asker, the rest on the card."""
        if refused.trouble in _TYPING_ERRORS and self.admitted.invocation.card is None:
            named = next(iter(refused.suggestions), "gw:prod-gw")
            return TakenBack(message=notice(refused.sentence, f"/appgw-check forecast {named}"))
        return Found(
            message=no_word_card(self.name, refused, context),
            thread=lambda: [remedy_message(refused)] if refused.remedy else [],
        )
