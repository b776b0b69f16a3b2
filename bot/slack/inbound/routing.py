"""Where every question arrives, whatever carried it.

Once, by somebody who may ask, understood, then handed to the verb's handler.

Refusals and usage errors are ephemeral and post nothing in the channel. Every question leaves one
record in the audit log.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol
from uuid import uuid4

from bot.cards.parts import Message
from bot.cards.usage import help_card, notice, refusal, usage
from bot.commands import Usage, Verb, parse, repeatable
from bot.observability.metrics import ASKS
from bot.slack.invocation import Ask, Asked
from bot.slack.outbound.client import Delivery
from bot.slack.outbound.runs import Runs

audit = logging.getLogger("bot.audit")


Handler = Callable[[Asked], Awaitable[None]]


class Gate(Protocol):
    """Who may ask: `bot.access` behind one method."""

    def refuse(self, ask: Ask, *, costs: bool) -> str | None:
        """A sentence when this person may not ask here and now, else `None`.

        `costs` counts it against the limits.
        """


@dataclass(slots=True, kw_only=True)
class Reception:
    """Lets questions in and hands them to the verb's handler.

    Later parts add their verbs to `handlers`.
    """

    gate: Gate
    delivery: Delivery
    runs: Runs
    handlers: dict[Verb, Handler] = field(default_factory=dict)
    now: Callable[[], float] = monotonic

    def receive(self, ask: Ask) -> None:
        """Take a question and answer it in a task of its own.

        What was delivered before is dropped.
        """
        if self.runs.is_new(ask.delivery):
            self.runs.spawn(self._answer(ask, self.now(), new_run_id()))

    def admit(
        self, ask: Ask, what: str, *, costs: bool = False, run_id: str | None = None
    ) -> str | None:
        """A refusal for what opens a form or changes nothing, audited; `None` when it may go on."""
        sentence = self._refusal(ask, costs=costs)
        outcome = {"outcome": "refused", "why": sentence} if sentence else {"outcome": "admitted"}
        note(ask.about(what), **outcome, run_id=run_id or new_run_id())
        return sentence

    def _refusal(self, ask: Ask, *, costs: bool) -> str | None:
        return (
            "I am being restarted; ask again in half a minute."
            if self.runs.draining
            else self.gate.refuse(ask, costs=costs)
        )

    def resume(self, asked: Asked) -> None:
        """Go on with what was being watched before a restart, where the person may still ask."""
        handler = self.handlers.get(asked.request.verb)
        if handler and not self.admit(asked.ask, asked.ask.text):
            self.runs.spawn(_awaited(handler(asked)))

    async def _answer(self, ask: Ask, begun: float, run_id: str) -> None:
        if sentence := self._refusal(ask, costs=True):
            note(ask, "refused", why=sentence, run_id=run_id)
            await self.delivery.whisper(ask, refusal(sentence))
            return
        if not ask.text.strip():
            note(ask, "help", run_id=run_id)
            await self.delivery.whisper(ask, help_card())
            return
        understood = parse(ask.text)
        if isinstance(understood, Usage):
            note(ask, "usage", run_id=run_id)
            await self.delivery.whisper(ask, usage_answer(understood, ask.text))
            return
        await self._hand_over(Asked(ask=ask, request=understood, run_id=run_id, begun=begun))

    async def _hand_over(self, asked: Asked) -> None:
        handler = self.handlers.get(asked.request.verb)
        note(
            asked.ask, asked.request.verb.value if handler else "unknown verb", run_id=asked.run_id
        )
        if handler is None:
            await self.delivery.whisper(
                asked.ask,
                notice(
                    f"I understood '{asked.request.verb.value}', but this bot is not set up for it."
                ),
            )
            return
        await handler(asked)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def usage_answer(misread: Usage, heard: str) -> Message:
    """The message for a line that runs nothing.

    Secrets in it are not repeated, for screens are shared.
    """
    return usage(
        misread.error,
        heard=repeatable(heard),
        suggestion=misread.did_you_mean,
        examples=misread.examples,
    )


def new_run_id() -> str:
    """Eight hex digits, enough to find a run in a log."""
    return uuid4().hex[:8]


def note(ask: Ask, outcome: str, *, run_id: str, **more: str) -> None:
    """One audit record.

    Who asked what where, what became of it, and under which run it is found.
    """
    ASKS.labels(source=ask.source.value, outcome=outcome).inc()
    who: Mapping[str, str | None] = {
        "user": ask.user,
        "team": ask.team,
        "channel": ask.channel,
        "thread_ts": ask.thread,
    }
    audit.info(
        "asked",
        extra={
            **who,
            "source": ask.source.value,
            "what": ask.text,
            "outcome": outcome,
            "run_id": run_id,
            **more,
        },
    )
