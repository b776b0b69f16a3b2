"""What people asked about last, remembered for their Home tab beside the answer.

A slow memory holds no card up.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from bot.commands import LastTarget
from bot.slack.handlers.notebook import Notebook
from bot.slack.handlers.wording import command_of
from bot.slack.inbound.routing import Handler
from bot.slack.invocation import Asked
from bot.slack.outbound.runs import Runs
from bot.store.last_known import remember_host

log = logging.getLogger(__name__)

_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Remembers questions.

    Attributes:
        book: where.
        runs: what the remembering runs in.
    """

    book: Notebook
    runs: Runs

    def remembering(self, handler: Handler) -> Handler:
        """The same handler; what it is asked about is remembered."""

        async def handle(asked: Asked) -> None:
            self.runs.spawn(self._keep(asked))
            await handler(asked)

        return handle

    async def _keep(self, asked: Asked) -> None:
        target, words = asked.request.target, command_of(asked.request)
        if target is None or isinstance(target, LastTarget) or len(words) > _LONGEST:
            return
        try:
            async with self.book.store.writing() as connection:
                await remember_host(
                    connection, self.book.team, asked.ask.user, words, self.book.clock()
                )
        except SQLAlchemyError:
            log.exception("what was asked about could not be remembered")
