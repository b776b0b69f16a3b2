"""What a handler gives to the life of a card: the work, its results, and the card's identity."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import field
from typing import Generic, Protocol

from bot.cards.details import Attachment
from bot.cards.parts import Message
from bot.commands.command_text import command_text, target_of
from bot.domain.alerts import AlertProblem
from bot.slack.invocation import AdmittedInvocation, Invocation, R_co
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Runs
from bot.slack.outbound.turns import Turns
from bot.slack.outbound.watching import Watching, WatchOrder
from chainlib.frozen import dataclass

ThreadItem = Message | Attachment


def _nothing(_posted: Posted | None) -> None:
    """The default: do nothing once a card is shown."""


def _no_thread() -> Sequence[ThreadItem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An answer for the card.

    Attributes:
        message: the card.
        thread: makes the messages and files for its thread; errors there do not change the card.
        on_shown: called with the card's place once it is shown.
        watch: how to watch the card; `None` for not at all.
        problem: cause, gateway and pool; `None` if it does not concern exactly one gateway.
        healthy: whether the target is healthy.
    """

    message: Message
    thread: Callable[[], Sequence[ThreadItem]] = _no_thread
    on_shown: Callable[[Posted | None], None] = _nothing
    watch: WatchOrder | None = None
    problem: AlertProblem | None = None
    healthy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Shown):
    """The verdict of our own probe.

    Attributes:
        amend: reads backend health and makes the amended card; `None` if there is none to read.
        interim: cards to show while parts of backend health arrive, each replacing the one before;
            `None` if it arrives at once.
        without_health: makes the card that says why backend health is missing.
        health_first: whether an ephemeral card, which cannot be updated, waits for backend health;
            otherwise it says that Check again reads it.
    """

    amend: Callable[[], Awaitable[Shown]] | None = None
    interim: Callable[[], AsyncIterator[Message]] | None = None
    without_health: Callable[[str], Message] | None = None
    health_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The target was refused: the card is deleted, and `message` is shown as an ephemeral one."""

    message: Message


class Work(Protocol):
    """The work of one verb.

    Attributes:
        name: display name of the target.
        command: the command of `Check again`.
        understood: the request in words.
        grace: seconds for which the card waits for a refusal or a quick answer.
    """

    @property
    def name(self) -> str:
        """Display name of the target."""

    @property
    def command(self) -> str:
        """The command of `Check again`."""

    @property
    def understood(self) -> str:
        """The request in words."""

    @property
    def grace(self) -> float:
        """Seconds for which the card waits for a refusal or a quick answer."""

    async def find(self, progress: Progress) -> Found | TakenBack:
        """Do the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWork(Generic[R_co]):
    """What the work of every verb takes from its request."""

    admitted: AdmittedInvocation[R_co]

    @property
    def name(self) -> str:
        """Display name of the target."""
        return target_of(self.admitted.request)

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return command_text(self.admitted.request)


@dataclasses.dataclass(slots=True)
class Progress:
    """The progress of the work.

    Attributes:
        allowed: set when the target policy has allowed the target, so that the card may appear.
        stage: the present stage.
        on_stage: called when it changes.
    """

    allowed: asyncio.Event = field(default_factory=asyncio.Event)
    stage: str | None = None
    on_stage: Callable[[], None] = lambda: None

    def begin(self, stage: str) -> None:
        """Begin a stage; the first one, resolving, does not mean that the target is allowed."""
        if stage != "resolve":
            self.allowed.set()
        self.stage = stage
        self.on_stage()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTools:
    """What every card needs.

    Attributes:
        slack: the Slack client.
        runs: the running work.
        bot_name: the name to invite.
        watching: watches a failing card if `watch` was requested.
        turns: lets cards appear before probes begin.
    """

    slack: SlackClient
    runs: Runs
    bot_name: str
    watching: Watching
    turns: Turns = field(default_factory=Turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrder:
    """The identity of a card: invocation, run ID, monotonic start, and whether it is ephemeral."""

    invocation: Invocation
    run_id: str
    begun: float
    private: bool = False
