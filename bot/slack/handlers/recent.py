"""Stores what users check, for their App Home, in the background.

A slow database does not delay a card.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.commands.command_text import command_text
from bot.domain.outage import DatabaseUnavailable
from bot.domain.request import BackendRequest, HealthRequest, LastTarget, Request
from bot.slack.handlers.subscription_replies import SubscriptionReplies
from bot.slack.inbound.routing import Handler, Handlers, RunningWork
from bot.slack.invocation import AdmittedInvocation

_LONGEST = 400
_REMEMBERED: frozenset[type[Request]] = frozenset({BackendRequest, HealthRequest})


@dataclass(slots=True, kw_only=True)
class Recent:
    """Stores checked targets; those that arrive during a transaction are written by the next one.

    Attributes:
        replies: shared by the handlers of the digest verbs.
        runs: runs the background task.
        all_opened: waits until every command has posted its first message, so that the
            transaction delays none of them.
    """

    replies: SubscriptionReplies
    runs: RunningWork
    all_opened: Callable[[], Awaitable[None]]
    _waiting: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _writing: bool = False

    def storing(self, table: Handlers) -> Handlers:
        """Wrap the handlers so that the targets of checks are stored."""
        wrapped = {kind: self._wrapped(table[kind]) for kind in _REMEMBERED & set(table)}
        return {**table, **wrapped}

    def _wrapped(self, handler: Handler) -> Handler:

        async def handle(admitted: AdmittedInvocation[Request]) -> None:
            self._note(admitted)
            await handler(admitted)

        return handle

    def _note(self, admitted: AdmittedInvocation[Request]) -> None:
        target, words = admitted.request.target, command_text(admitted.request)
        if target is None or isinstance(target, LastTarget) or len(words) > _LONGEST:
            return
        self._waiting[admitted.invocation.user, words] = admitted.arrived
        if not self._writing:
            self._writing = True
            self.runs.spawn(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self.all_opened()
                hosts, self._waiting = self._waiting, {}
                await self.replies.service.records.remember_hosts(hosts)
        except DatabaseUnavailable:
            return  # the store logs an outage once
        finally:
            self._writing = False
