"""What people asked about last, remembered for their Home tab beside the answer.

A slow memory holds no card up.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.wording import command_of
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import LastTarget, Request
from bot.slack.handlers.notebook import SubscriptionService
from bot.slack.inbound.routing import Handler, Work
from bot.slack.invocation import AdmittedInvocation

_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Remembers questions.

    Attributes:
        book: where.
        runs: what the remembering runs in.
    """

    book: SubscriptionService
    runs: Work

    def remembering(self, handler: Handler) -> Handler:
        """The same handler; what it is asked about is remembered."""

        async def handle(admitted: AdmittedInvocation[Request]) -> None:
            self.runs.spawn(self._keep(admitted))
            await handler(admitted)

        return handle

    async def _keep(self, admitted: AdmittedInvocation[Request]) -> None:
        target, words = admitted.request.target, command_of(admitted.request)
        if target is None or isinstance(target, LastTarget) or len(words) > _LONGEST:
            return
        try:
            await self.book.memory.remember_host(admitted.invocation.user, words, admitted.arrived)
        except DatabaseUnavailable:
            return  # the outage is logged once, by the store
