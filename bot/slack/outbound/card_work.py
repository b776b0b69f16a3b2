"""What a verb hands to the life of its card: the work, what it finds, and whose card it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.cards.details import Attachment
from bot.cards.parts import Message
from bot.domain.alerts import Problem
from bot.slack.invocation import Invocation
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Runs
from bot.slack.outbound.turns import Turns
from bot.slack.outbound.watching import Watching, WatchOrder

ThreadItem = Message | Attachment


def _nothing(_posted: Posted | None) -> None:
    """The default: nothing is kept of a card."""


def _no_thread() -> Sequence[ThreadItem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An answer as it is to stand on the card.

    Attributes:
        message: the card.
        thread: makes what goes into its thread; what of it fails leaves the card as it is.
        on_shown: called with the card's place once it stands.
        watch: how the card goes on being watched, `None` for not at all.
        problem: what is wrong and where, `None` where no one gateway can be named.
        green: whether it is accepted.
    """

    message: Message
    thread: Callable[[], Sequence[ThreadItem]] = _no_thread
    on_shown: Callable[[Posted | None], None] = _nothing
    watch: WatchOrder | None = None
    problem: Problem | None = None
    green: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Shown):
    """The verdict of our own probe.

    Attributes:
        amend: reads backend health and makes the amended card; `None` where there is none to read.
        interim: the cards that stand while parts of backend health arrive, each in place of the
            one before; `None` where it comes at once.
        without_health: makes the card that says why backend health is missing.
        health_first: a card that cannot be changed later waits for backend health; otherwise it
            says that Check again reads it.
    """

    amend: Callable[[], Awaitable[Shown]] | None = None
    interim: Callable[[], AsyncIterator[Message]] | None = None
    without_health: Callable[[str], Message] | None = None
    health_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """Nothing of this stays in the channel; `message` is for the asker alone."""

    message: Message


class Work(Protocol):
    """What one verb hands in.

    Attributes:
        name: what is looked at.
        command: what `Check again` asks.
        understood: the request as it was understood.
        grace: seconds for which the card waits for a refusal or a quick answer.
    """

    @property
    def name(self) -> str:
        """See above."""

    @property
    def command(self) -> str:
        """See above."""

    @property
    def understood(self) -> str:
        """See above."""

    @property
    def grace(self) -> float:
        """See above."""

    async def find(self, progress: Progress) -> Found | TakenBack:
        """Do the work."""


@dataclass(slots=True)
class Progress:
    """How far the work came.

    Attributes:
        allowed: set when the target was let in, so that the card may appear.
        stage: the one that has just begun.
        on_stage: called when it changes.
    """

    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    stage: str | None = None
    on_stage: Callable[[], None] = lambda: None

    def begin(self, stage: str) -> None:
        """A stage begins; the first one, resolving, still says nothing about the target."""
        if stage != "resolve":
            self.allowed.set()
        self.stage = stage
        self.on_stage()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTools:
    """What every card works with.

    Attributes:
        slack: the way to Slack.
        runs: what runs now.
        bot_name: whom to invite.
        watching: where a failing card goes on when `watch` was asked for.
        turns: cards first, then probes.
    """

    slack: SlackClient
    runs: Runs
    bot_name: str
    watching: Watching
    turns: Turns = field(default_factory=Turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrder:
    """Whose card it is: the invocation, its run id, when it began (monotonic), who may see it."""

    invocation: Invocation
    run_id: str
    begun: float
    private: bool = False
