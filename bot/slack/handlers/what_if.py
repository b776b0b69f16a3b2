"""Handles the what-if verbs: `forecast gw:...` and `rehearse gw:... without=...`.

Both probe the gateway's members once and judge what they presented under another condition.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.cards.check_card import CardContext
from bot.cards.details import Attachment
from bot.cards.forecast_card import forecast_card, forecast_files
from bot.cards.parts import Message
from bot.cards.removal_card import removal_card, removal_files
from bot.checks.forecast import forecast_gateway
from bot.checks.removal import rehearse_removal
from bot.checks.service import CheckService
from bot.domain.forecast import Forecast
from bot.domain.forecast_days import DEFAULT_DAYS
from bot.domain.refusal import Refusal
from bot.domain.removal import Removal
from bot.domain.request import ForecastRequest, RemovalRequest, Request
from bot.slack.handlers.refusals import ExampleLine, refused
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.card_life import answer_once
from bot.slack.outbound.card_work import CardTools, Found, Progress, RequestWork, TakenBack
from chainlib.frozen import dataclass

_GRACE_S = 0.15
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfHandler:
    """Handles both verbs.

    Attributes:
        cards: what every card needs.
        gateways: reads a gateway and probes its members.
        probe_origin: the machine that probes.
    """

    cards: CardTools
    gateways: CheckService
    probe_origin: str

    async def forecast(self, admitted: AdmittedInvocation[ForecastRequest]) -> None:
        """Answer what will break on which day."""
        await answer_once(self.cards, admitted, self.forecast_work(admitted))

    async def removal(self, admitted: AdmittedInvocation[RemovalRequest]) -> None:
        """Answer what would break if a root were removed."""
        await answer_once(self.cards, admitted, self.removal_work(admitted))

    def forecast_work(self, admitted: AdmittedInvocation[ForecastRequest]) -> WhatIfWork[Forecast]:
        """What a forecast's card needs: the dates on which something breaks, and their files."""
        request = admitted.request
        days = DEFAULT_DAYS if request.days is None else request.days
        return WhatIfWork(
            admitted=admitted,
            probe_origin=self.probe_origin,
            ask=lambda: forecast_gateway(self.gateways, request.target, days),
            card=forecast_card,
            files=lambda found: list(forecast_files(found)),
            line=lambda example: f"forecast {example}",
        )

    def removal_work(self, admitted: AdmittedInvocation[RemovalRequest]) -> WhatIfWork[Removal]:
        """What the card of a removal needs: who would be refused without the root."""
        request = admitted.request

        def line(example: str) -> str:
            whole = example.startswith("rehearse")
            return example if whole else f"rehearse {example} without={request.root}"

        return WhatIfWork(
            admitted=admitted,
            probe_origin=self.probe_origin,
            ask=lambda: rehearse_removal(self.gateways, request.target, request.root),
            card=removal_card,
            files=removal_files,
            line=line,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfWork(RequestWork[Request], Generic[Answer]):
    """One what-if request, in the form of `bot.slack.outbound.card_work.Work`.

    Attributes:
        ask: probes the members and judges.
        card: makes the card.
        files: makes the files for the card's thread.
        line: makes the command about another gateway, for examples.
    """

    probe_origin: str
    ask: Callable[[], Awaitable[Answer | Refusal]]
    card: Callable[[Answer, CardContext], Message]
    files: Callable[[Answer], Sequence[Attachment]]
    line: ExampleLine
    grace: float = _GRACE_S

    @property
    def understood(self) -> str:
        """The request in words."""
        return self.command

    async def find(self, progress: Progress) -> Found | TakenBack:  # noqa: ARG002 -- a gateway's check has no stages
        """Probe every member and judge it."""
        found = await self.ask()
        context = CardContext(
            command=self.command,
            understood=self.understood,
            run_id=self.admitted.run_id,
            probe_origin=self.probe_origin,
            user=self.admitted.invocation.user,
        )
        if isinstance(found, Refusal):
            return refused(self.admitted, found, context, self.line)
        return Found(message=self.card(found, context), thread=lambda: self.files(found))
