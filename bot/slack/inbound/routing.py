"""The router: every invocation passes here, is checked and parsed, and goes to its handler.

It drops duplicates, applies the access policy, and shows refusals and usage errors as ephemeral
messages. Each invocation leaves one record in the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol, TypeVar

from bot.cards.parts import Message
from bot.cards.usage import failed, help_card, notice, refusal, usage
from bot.commands.parse import parse
from bot.commands.usage import Usage, repeatable
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
from bot.domain.sharing import Sharing
from bot.slack.inbound.audit import new_run_id, write_audit
from bot.slack.invocation import AdmittedInvocation, Invocation
from chainlib.frozen import dataclass

log = logging.getLogger(__name__)

_RESTARTING = Refusal(
    kind=RefusalKind.RESTART, sentence="The bot is restarting; try again in half a minute."
)
Handler = Callable[[AdmittedInvocation[Any]], Awaitable[None]]
Handlers = Mapping[type[Request], Handler]
"""The table of handlers by type of request."""
_NEVER_POSTS = (HelpRequest, WhoamiRequest, VersionRequest)
_POSTS_LATER = (SubscribeRequest, AlertsRequest)
R = TypeVar("R", bound=Request)


def answers(kind: type[R], handler: Callable[[AdmittedInvocation[R]], Awaitable[None]]) -> Handlers:
    """One entry of the table of handlers, with the handler's argument type checked."""
    return {kind: handler}


async def _at_once() -> None:
    """The default for transports without pending acks, such as Socket Mode."""


class InvocationPolicy(Protocol):
    """The access policy, as the router calls it."""

    async def refuse(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        """Refuse a user who may not ask here or now, else `None`.

        `costs` counts it against the rate limits.
        """

    async def privileges(self, invocation: Invocation) -> Mapping[str, str]:
        """What this user may do here, for `whoami`."""


class EphemeralSender(Protocol):
    """Sends ephemeral messages; implemented by `bot.slack.outbound.client`."""

    async def send_ephemeral(self, invocation: Invocation, message: Message) -> None:
        """Show a message only to the user of the invocation."""


class Consent(Protocol):
    """Consent to cards in shared channels; implemented by `bot.slack.handlers.consent`."""

    async def is_wanted(self, invocation: Invocation) -> Sharing | None:
        """Why an answer in this channel needs a consent that is missing; else `None`."""

    async def ask(self, invocation: Invocation, sharing: Sharing, *, shown: bool) -> None:
        """Ask the user; `shown` if they got the card as an ephemeral message."""


class RunningWork(Protocol):
    """The running work; implemented by `bot.slack.outbound.runs`."""

    @property
    def draining(self) -> bool:
        """Whether the process is stopping and starts nothing new."""

    def is_new(self, dedupe_key: str, /) -> bool:
        """Whether this was not received before."""

    def spawn(self, work: Coroutine[Any, Any, None], /) -> None:
        """Run work in a task of its own.

        In the listener itself, an exception right after the ack would replace the ack.
        """


class FirstMessages(Protocol):
    """Which runs have not shown anything yet; implemented by `bot.slack.outbound.turns`."""

    def opening(self, run_id: str, /) -> None:
        """Record that a run has begun; the probes of others wait until it shows something."""

    def opened(self, run_id: str, /) -> None:
        """Record that it has shown something, or that it shows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationRouter:
    """Checks invocations and hands them to the handler of their request.

    Attributes:
        access: the access policy.
        slack: sends ephemeral messages.
        runs: runs the work.
        handlers: one for each type of request that this bot answers.
        consent: to cards in shared channels; `None` without a database.
        now: returns monotonic seconds.
        clock: returns the present instant, time zone aware.
        acknowledged: waits until the acks of concurrent requests are sent.
        first_messages: lets new runs post their first message before others probe.
    """

    access: InvocationPolicy
    slack: EphemeralSender
    runs: RunningWork
    handlers: Handlers
    consent: Consent | None = None
    now: Callable[[], float] = monotonic
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    acknowledged: Callable[[], Awaitable[None]] = _at_once
    first_messages: FirstMessages | None = None

    def receive(self, invocation: Invocation) -> None:
        """Take an invocation and answer it in a task of its own.

        A duplicate is dropped.
        """
        if self.runs.is_new(invocation.dedupe_key):
            run_id = new_run_id()
            work = self._first(self._answer(invocation, self.now(), self.clock(), run_id), run_id)
            self.spawn(invocation, work, run_id)

    async def _first(self, work: Awaitable[None], run_id: str) -> None:
        """Do work whose first message comes before the probes of other runs."""
        if self.first_messages is None:
            await work
            return
        self.first_messages.opening(run_id)
        try:
            await work
        finally:
            self.first_messages.opened(run_id)

    def spawn(
        self, invocation: Invocation, work: Awaitable[None], run_id: str | None = None
    ) -> None:
        """Run work in a task of its own; if it fails, the user gets an error message."""
        self.runs.spawn(self._answered(invocation, work, run_id or new_run_id()))

    async def _answered(self, invocation: Invocation, work: Awaitable[None], run_id: str) -> None:
        try:
            await work
        except DatabaseUnavailable as error:
            await self.slack.send_ephemeral(invocation, refusal(error.refusal))
        except Exception:
            log.exception("an invocation ended with an unexpected error", extra={"run_id": run_id})
            await self.slack.send_ephemeral(invocation, failed(run_id))

    async def admit(
        self, invocation: Invocation, what: str, *, costs: bool = False, run_id: str | None = None
    ) -> Refusal | None:
        """Apply the access policy to an action that opens a modal or changes nothing.

        Writes an audit record. Returns the refusal, or `None` if it may continue.
        """
        no = await self._refusal(invocation, costs=costs)
        outcome = {"outcome": "refused", "why": no.sentence} if no else {"outcome": "admitted"}
        write_audit(invocation.with_text(what), **outcome, run_id=run_id or new_run_id())
        return no

    async def _refusal(self, invocation: Invocation, *, costs: bool) -> Refusal | None:
        if self.runs.draining:
            return _RESTARTING
        return await self.access.refuse(invocation, costs=costs)

    async def resume(self, admitted: AdmittedInvocation[Request]) -> None:
        """Continue a watch after a restart, if its user may still ask."""
        handler = self.handlers.get(type(admitted.request))
        if handler and not await self.admit(admitted.invocation, admitted.invocation.text):
            self.spawn(admitted.invocation, handler(admitted), admitted.run_id)

    async def _answer(
        self, invocation: Invocation, begun: float, arrived: datetime, run_id: str
    ) -> None:
        await self.acknowledged()
        if no := await self._refusal(invocation, costs=True):
            write_audit(invocation, "refused", why=no.sentence, run_id=run_id)
            await self.slack.send_ephemeral(invocation, refusal(no))
            return
        if not invocation.text.strip():
            write_audit(invocation, "help", run_id=run_id)
            await self.slack.send_ephemeral(invocation, help_card())
            return
        understood = parse(invocation.text)
        if isinstance(understood, Usage):
            write_audit(invocation, "usage", run_id=run_id)
            await self.slack.send_ephemeral(invocation, usage_answer(understood, invocation.text))
            return
        await self._handle(
            AdmittedInvocation(
                invocation=invocation,
                request=understood,
                run_id=run_id,
                begun=begun,
                arrived=arrived,
            )
        )

    async def _handle(self, admitted: AdmittedInvocation[Request]) -> None:
        handler = self.handlers.get(type(admitted.request))
        write_audit(
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
        """Run the handler; without consent in a shared channel its answer is ephemeral.

        The user is then asked for consent.
        """
        invocation, request = admitted.invocation, admitted.request
        never_posts = isinstance(request, _NEVER_POSTS)
        why = None if never_posts else await self.consent_wanted(invocation)
        if why is None:
            await handler(admitted)
        elif isinstance(request, _POSTS_LATER):
            await self._ask_consent(invocation, why, shown=False)
        else:
            await handler(replace(admitted, invocation=replace(invocation, ephemeral_only=True)))
            await self._ask_consent(invocation, why, shown=True)

    async def consent_wanted(self, invocation: Invocation) -> Sharing | None:
        """Why an answer in this channel needs a consent that is missing; else `None`."""
        return await self.consent.is_wanted(invocation) if self.consent else None

    async def _ask_consent(self, invocation: Invocation, why: Sharing, *, shown: bool) -> None:
        if self.consent is not None:
            await self.consent.ask(invocation, why, shown=shown)


def usage_answer(misread: Usage, typed: str) -> Message:
    """The message for a line that cannot be understood.

    Secrets in it are not repeated, because others may see the screen.
    """
    return usage(
        misread.error,
        typed=repeatable(typed),
        suggestion=misread.did_you_mean,
        examples=misread.examples,
    )
