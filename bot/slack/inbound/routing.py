"""Where every question arrives, whatever carried it.

Once, by somebody who may ask, understood, then handed to the verb's handler.

Refusals and usage errors are ephemeral and post nothing in the channel. Every question leaves one
record in the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from bot.cards.parts import Message
from bot.cards.usage import failed, help_card, notice, refusal, usage
from bot.commands.parse import parse
from bot.commands.values import Usage, repeatable
from bot.domain.outage import DatabaseUnavailable
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import (
    AlertsRequest,
    HelpRequest,
    Request,
    SubscribeRequest,
    VersionRequest,
    WhoamiRequest,
)
from bot.observability.metrics import ASKS
from bot.slack.invocation import AdmittedInvocation, Invocation

log = logging.getLogger(__name__)
audit = logging.getLogger("bot.audit")

_RESTARTING = Refusal(
    kind=RefusalKind.RESTART, sentence="The bot is restarting; try again in half a minute."
)
Handler = Callable[[AdmittedInvocation[Any]], Awaitable[None]]
Handlers = Mapping[type[Request], Handler]
"""Who answers which type of request; an invocation is handed to the one of its request's type."""
_TELLING_NOTHING = (HelpRequest, WhoamiRequest, VersionRequest)
_POSTING_LATER = (SubscribeRequest, AlertsRequest)
R = TypeVar("R", bound=Request)


def answers(kind: type[R], handler: Callable[[AdmittedInvocation[R]], Awaitable[None]]) -> Handlers:
    """One entry of the table of handlers: the handler takes just this type of request."""
    return {kind: handler}


async def _at_once() -> None:
    """Where acks wait for nothing, as over Socket Mode."""


class InvocationPolicy(Protocol):
    """Who may ask: `bot.access` behind one method."""

    async def refuse(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        """A refusal when this person may not ask here and now, else `None`.

        `costs` counts it against the limits.
        """


class Answers(Protocol):
    """The way back to one person; `bot.slack.outbound.client` is it."""

    async def send_ephemeral(self, invocation: Invocation, message: Message) -> None:
        """Show a message to nobody but the person who asked."""


class Consent(Protocol):
    """Consent to cards in shared channels; `bot.slack.handlers.consent` is it."""

    async def is_wanted(self, invocation: Invocation) -> bool:
        """Whether an answer in this place has to wait for consent."""

    async def ask(self, invocation: Invocation, *, shown: bool) -> None:
        """Ask the person; `shown` where they got their answer alone."""


class Work(Protocol):
    """What runs now; `bot.slack.outbound.runs` is it."""

    @property
    def draining(self) -> bool:
        """Whether the process is stopping and takes nothing new."""

    def is_new(self, dedupe_key: str, /) -> bool:
        """Whether this was not delivered before."""

    def spawn(self, work: Coroutine[Any, Any, None], /) -> None:
        """Run it in a task of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Lets questions in and hands them to the verb's handler.

    Attributes:
        access: who may ask.
        slack: the way back.
        runs: what runs now.
        handlers: one for each type of request that this bot answers.
        consent: to cards in shared channels; `None` where nothing is remembered.
        now: a monotonic clock.
        clock: the present instant, aware.
        acknowledged: waits until Slack has the acks of what arrived together.
    """

    access: InvocationPolicy
    slack: Answers
    runs: Work
    handlers: Handlers
    consent: Consent | None = None
    now: Callable[[], float] = monotonic
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    acknowledged: Callable[[], Awaitable[None]] = _at_once

    def receive(self, invocation: Invocation) -> None:
        """Take a question and answer it in a task of its own.

        What was delivered before is dropped.
        """
        if self.runs.is_new(invocation.dedupe_key):
            run_id = new_run_id()
            self.spawn(
                invocation, self._answer(invocation, self.now(), self.clock(), run_id), run_id
            )

    def spawn(
        self, invocation: Invocation, work: Awaitable[None], run_id: str | None = None
    ) -> None:
        """Do work in a task of its own; whatever it fails with, the person who asked is told."""
        self.runs.spawn(self._answered(invocation, work, run_id or new_run_id()))

    async def _answered(self, invocation: Invocation, work: Awaitable[None], run_id: str) -> None:
        try:
            await work
        except DatabaseUnavailable as error:
            await self.slack.send_ephemeral(invocation, refusal(error.refusal))
        except Exception:
            log.exception("an invocation ended with an error of our own", extra={"run_id": run_id})
            await self.slack.send_ephemeral(invocation, failed(run_id))

    async def admit(
        self, invocation: Invocation, what: str, *, costs: bool = False, run_id: str | None = None
    ) -> Refusal | None:
        """A refusal for what opens a form or changes nothing, audited; `None` when it may go on."""
        no = await self._refusal(invocation, costs=costs)
        outcome = {"outcome": "refused", "why": no.sentence} if no else {"outcome": "admitted"}
        note(invocation.about(what), **outcome, run_id=run_id or new_run_id())
        return no

    async def _refusal(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        if self.runs.draining:
            return _RESTARTING
        return await self.access.refuse(invocation, costs=costs)

    async def resume(self, admitted: AdmittedInvocation[Request]) -> None:
        """Go on with what was being watched before a restart, where the person may still ask."""
        handler = self.handlers.get(type(admitted.request))
        if handler and not await self.admit(admitted.invocation, admitted.invocation.text):
            self.spawn(admitted.invocation, handler(admitted), admitted.run_id)

    async def _answer(
        self, invocation: Invocation, begun: float, arrived: datetime, run_id: str
    ) -> None:
        await self.acknowledged()
        if no := await self._refusal(invocation, costs=True):
            note(invocation, "refused", why=no.sentence, run_id=run_id)
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        if not invocation.text.strip():
            note(invocation, "help", run_id=run_id)
            await self.slack.send_ephemeral(invocation, help_card())
            return
        understood = parse(invocation.text)
        if isinstance(understood, Usage):
            note(invocation, "usage", run_id=run_id)
            await self.slack.send_ephemeral(invocation, usage_answer(understood, invocation.text))
            return
        await self._hand_over(
            AdmittedInvocation(
                invocation=invocation,
                request=understood,
                run_id=run_id,
                begun=begun,
                arrived=arrived,
            )
        )

    async def _hand_over(self, admitted: AdmittedInvocation[Request]) -> None:
        handler = self.handlers.get(type(admitted.request))
        note(
            admitted.invocation,
            admitted.request.verb.value if handler else "unknown verb",
            run_id=admitted.run_id,
        )
        if handler is None:
            await self.slack.send_ephemeral(
                admitted.invocation,
                notice(
                    f"I understood '{admitted.request.verb.value}', "
                    "but this bot is not set up for it."
                ),
            )
            return
        try:
            await self._with_consent(handler, admitted)
        except DatabaseUnavailable as error:
            raise error.of_saving() if admitted.request.saves else error from None

    async def _with_consent(self, handler: Handler, admitted: AdmittedInvocation[Any]) -> None:
        """Without consent in a shared channel only the asker sees an answer, and is asked."""
        invocation, request = admitted.invocation, admitted.request
        if isinstance(request, _TELLING_NOTHING) or not await self.consent_wanted(invocation):
            await handler(admitted)
        elif isinstance(request, _POSTING_LATER):
            await self._ask_consent(invocation, shown=False)
        else:
            await handler(replace(admitted, invocation=replace(invocation, alone=True)))
            await self._ask_consent(invocation, shown=True)

    async def consent_wanted(self, invocation: Invocation) -> bool:
        """Whether an answer in this place has to wait for consent."""
        return self.consent is not None and await self.consent.is_wanted(invocation)

    async def _ask_consent(self, invocation: Invocation, *, shown: bool) -> None:
        if self.consent is not None:
            await self.consent.ask(invocation, shown=shown)


def usage_answer(misread: Usage, answered: str) -> Message:
    """The message for a line that runs nothing.

    Secrets in it are not repeated, for screens are shared.
    """
    return usage(
        misread.error,
        answered=repeatable(answered),
        suggestion=misread.did_you_mean,
        examples=misread.examples,
    )


def new_run_id() -> str:
    """Eight hex digits, enough to find a run in a log."""
    return uuid4().hex[:8]


def note(invocation: Invocation, outcome: str, *, run_id: str, **more: str) -> None:
    """One audit record.

    Who asked what where, what became of it, and under which run it is found.
    """
    ASKS.labels(source=invocation.source.value, outcome=outcome).inc()
    who: Mapping[str, str | None] = {
        "user": invocation.user,
        "team": invocation.team,
        "channel": invocation.channel,
        "thread_ts": invocation.thread,
    }
    audit.info(
        "asked",
        extra={
            **who,
            "source": invocation.source.value,
            "what": invocation.text,
            "outcome": outcome,
            "run_id": run_id,
            **more,
        },
    )
