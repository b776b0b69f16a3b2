"""`check` in chat: which backend is meant, whether its card is there already, and who answers.

A check of our own, or the gateway alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from bot.cards.usage import notice
from bot.commands import HostTarget, LastTarget, Request
from bot.domain.report import Via
from bot.observability.logs import run_scope
from bot.slack.handlers.one_check import OneCheck, Tools
from bot.slack.handlers.repeats import earlier, key_of, point_to
from bot.slack.inbound.routing import Handler
from bot.slack.invocation import Asked
from bot.slack.outbound.runs import Run

_REMEMBERED_PEOPLE = 10_000


@dataclass(slots=True, kw_only=True)
class Checking(Tools):
    """Answers `check`.

    Attributes:
        by_word: answers `via=gateway`, where the gateway that has the host in a pool is asked and
            nothing is probed.
    """

    by_word: Handler | None = None
    _last: OrderedDict[str, Request] = field(default_factory=OrderedDict)

    async def handle(self, asked: Asked) -> None:
        """Check what was asked, or point to the card that does so already.

        Or go on watching a card after a restart.
        """
        if asked.watched_s is not None:
            await self._watch_on(asked)
            return
        recalled = self._recalled(asked)
        if recalled is None:
            await self.delivery.whisper(
                asked.ask,
                notice(
                    "I do not remember a check of yours; name the backend.",
                    "/appgw-check backend.contoso.com",
                ),
            )
            return
        self._last[asked.ask.user] = recalled.request
        while len(self._last) > _REMEMBERED_PEOPLE:
            self._last.popitem(last=False)
        if _is_for_the_gateway(recalled):
            await self._ask_gateway(recalled)
            return
        if found := earlier(self.runs, recalled):
            await point_to(self.delivery, found, recalled)
            return
        run = self.runs.begin(key_of(recalled))
        try:
            with run_scope(asked.run_id):
                await OneCheck(self, recalled, run).perform()
        finally:
            self.runs.end(run)

    async def _watch_on(self, asked: Asked) -> None:
        if _is_for_the_gateway(asked):
            await self._ask_gateway(asked)
        else:
            await OneCheck(self, asked, Run(begun=asked.begun)).watch_on()

    async def _ask_gateway(self, asked: Asked) -> None:
        if self.by_word is None:
            await self.delivery.whisper(
                asked.ask,
                notice(
                    "This bot is not set up to ask gateways.", "/appgw-check backend.contoso.com"
                ),
            )
            return
        await self.by_word(asked)

    def _recalled(self, asked: Asked) -> Asked | None:
        if not isinstance(asked.request.target, LastTarget):
            return asked
        last = self._last.get(asked.ask.user)
        if last is None or not isinstance(last.target, HostTarget):
            return None
        typed = dict(asked.request.options)
        port = int(typed.pop("port", last.target.port))
        return replace(
            asked,
            request=replace(
                last, target=replace(last.target, port=port), options={**last.options, **typed}
            ),
        )


def _is_for_the_gateway(asked: Asked) -> bool:
    return asked.request.options.get("via") == Via.GATEWAY
