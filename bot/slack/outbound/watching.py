"""`Watch until green`: the last part of a card's life.

A failing card is probed anew every few seconds and updated when something changes; one line in the
thread ends it.

A deleted card or a lost channel ends it in silence. So does a restart, unless the watches are
stored: then the next process goes on with them. Each look asks the target policy again; a target
that is not allowed any more is not probed any more. While a later run writes on the card
(`Check again`), the watch waits and goes on after its verdict.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from bot.cards.parts import Message, compose, say
from bot.domain.delivery import DeliveryError, Refused
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import Request, Watch
from bot.observability.metrics import WATCHES
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.calling import LONG_S
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Runs

log = logging.getLogger(__name__)

INTERVAL_S = 5.0
LONGEST_S = 900.0
REFRESH_S = 60.0
AT_MOST, EACH = 20, 3
_SLICE_S = 0.5
_MINUTE_S = 60
_IN_NO_CHANNEL = Refusal(
    kind=RefusalKind.REQUEST,
    sentence="Only a card in a channel can be watched; ask without private.",
)
_RESTARTING = Refusal(
    kind=RefusalKind.RESTART,
    sentence="The bot is restarting, so this card is not watched; try again in half a minute.",
)
_WATCHED_ALREADY = Refusal(kind=RefusalKind.REQUEST, sentence="This card is watched already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResult:
    """One look.

    Attributes:
        card: the card as it should stand now.
        change_key: what makes a difference worth an update; equal for looks that saw the same.
        green: the gateway would accept it.
        backend_health: what the gateway itself says, one sentence for the thread, empty when it was
            not asked.
    """

    card: Message
    change_key: Hashable
    green: bool
    backend_health: str = ""


class WatchedTarget(Protocol):
    """How one card's backends are looked at."""

    async def probe(self) -> WatchResult | None:
        """Probe now; `None` when the target policy does not allow it any more."""

    def close(self) -> None:
        """Cancel what is still running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOrder:
    """What is to be watched.

    Attributes:
        target: how to look; closed when the watch is over.
        change_key: of what the card shows now.
        seconds: how long at most.
        admitted: the request, with which the watch can go on after a restart.
    """

    target: WatchedTarget
    change_key: Hashable
    seconds: float
    admitted: AdmittedInvocation[Request]


class WatchedCard(Protocol):
    """The card that is watched: `bot.slack.outbound.card_life.CardLife` is it."""

    @property
    def posted(self) -> Posted | None:
        """Where it stands."""

    def may_write(self) -> bool:
        """Whether no other run is at work on it; if so, this one writes on it from now on."""

    async def update(self, message: Message, *, patience: float) -> bool:
        """Change it; false where another run has begun to write on it. Raises `DeliveryError`."""

    async def say(self, message: Message) -> None:
        """Post into its thread."""


class WatchStore(Protocol):
    """Where watches are kept beyond this process: `bot.slack.handlers.watch_store.SavedWatches`."""

    async def begun(
        self, posted: Posted, admitted: AdmittedInvocation[Request], seconds: float, already: float
    ) -> None:
        """Keep a watch."""

    async def ended(self, posted: Posted) -> None:
        """Forget it."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """The watches of one process.

    Attributes:
        runs: says when the process is asked to stop.
        interval: seconds between looks.
        refresh: seconds after which a card is updated although nothing changed, so that its time
            is right and its loss is noticed.
        longest: seconds that a watch takes at most.
        at_most: watches that run at once.
        each: the same of one channel, and of one person.
        store: keeps them over a restart; `None` lets them end with the process.
    """

    runs: Runs
    interval: float = INTERVAL_S
    refresh: float = REFRESH_S
    longest: float = LONGEST_S
    at_most: int = AT_MOST
    each: int = EACH
    store: WatchStore | None = None
    now: Callable[[], float] = monotonic
    _watched: dict[tuple[str, str], str] = field(default_factory=dict)

    def seconds(self, watch: Watch | None) -> float:
        """For how many seconds a card is watched, 0 for not at all."""
        if watch is None:
            return 0.0
        return self.longest if watch.seconds is None else min(float(watch.seconds), self.longest)

    def begin(self, card: WatchedCard, order: WatchOrder) -> Refusal | None:
        """Watch a card in a task of its own; `None` when a watch runs."""
        posted = card.posted
        person = order.admitted.invocation.user
        refused = self._refused(posted, person)
        if refused or posted is None:
            order.target.close()
            return refused
        self._watched[posted.place.channel, posted.ts] = person
        self.runs.spawn(self._until_over(_Watch(self, card, order), posted, order))
        return None

    def _refused(self, posted: Posted | None, person: str) -> Refusal | None:
        if posted is None:
            return _IN_NO_CHANNEL
        if self.runs.draining:
            return _RESTARTING
        if (posted.place.channel, posted.ts) in self._watched:
            return _WATCHED_ALREADY
        of_channel = sum(channel == posted.place.channel for channel, _ in self._watched)
        of_person = sum(known == person for known in self._watched.values())
        for count, most, where in (
            (of_channel, self.each, " in this channel"),
            (of_person, self.each, " for you"),
            (len(self._watched), self.at_most, ""),
        ):
            if count >= most:
                sentence = (
                    f"{most} cards are watched{where} already, the maximum; press Check again "
                    "later, or watch later."
                )
                return Refusal(kind=RefusalKind.LIMIT, sentence=sentence)
        return None

    async def _until_over(self, watch: _Watch, posted: Posted, order: WatchOrder) -> None:
        WATCHES.inc()
        try:
            if self.store:
                already = order.admitted.watched_s or 0.0
                await self.store.begun(posted, order.admitted, order.seconds, already)
            await watch.run()
        except DeliveryError as error:
            log.info("a watch ended: its card is out of reach", extra={"reason": error.reason})
        finally:
            WATCHES.dec()
            order.target.close()
            self._watched.pop((posted.place.channel, posted.ts), None)
            if self.store and not self.runs.draining:
                await self.store.ended(posted)


class _Watch:
    """One card that is watched."""

    def __init__(self, watching: Watching, card: WatchedCard, order: WatchOrder) -> None:
        self._watching, self._card, self._order = watching, card, order
        self._change_key = order.change_key
        self._updated = watching.now()
        self._begun = self._updated - (order.admitted.watched_s or 0.0)

    async def run(self) -> None:
        """Look until green, until the time is over, or until there is nothing to look at or update.

        Raises:
            DeliveryError: the card is out of reach.
        """
        while await self._pause():
            if not self._card.may_write():
                continue
            seen = await self._seen()
            if seen is None:
                return
            await self._show(seen)
            if seen.green:
                taken = f"Green after {duration(self._elapsed())}."
                await self._say(
                    f"{taken} {seen.backend_health}".rstrip(), f"{taken} {seen.card.text}"
                )
                return
            if self._elapsed() >= self._order.seconds:
                taken = f"Not green after {duration(self._order.seconds)}"
                await self._say(
                    f"{taken}; the watch has ended. Press Watch until green to start another.",
                    f"{taken}. {seen.card.text}",
                )
                return

    async def _pause(self) -> bool:
        """Wait for the next look in short slices; false once the process is asked to stop."""
        end = self._watching.now() + self._watching.interval
        while (left := end - self._watching.now()) > 0 and not self._watching.runs.draining:  # noqa: ASYNC110 -- the slices notice a drain
            await asyncio.sleep(min(left, _SLICE_S))
        return not self._watching.runs.draining

    async def _seen(self) -> WatchResult | None:
        try:
            return await self._order.target.probe()
        except Exception:
            log.exception("a watch ended with an error of our own")
            return None

    async def _show(self, seen: WatchResult) -> None:
        due = self._watching.now() - self._updated >= self._watching.refresh
        if seen.change_key == self._change_key and not due:
            return
        try:
            patience = LONG_S if seen.green else 0.0
            shown = await self._card.update(seen.card, patience=patience)
        except Refused:
            raise
        except DeliveryError as error:
            log.info("a watched card was not updated this time", extra={"reason": error.reason})
            return
        if shown:
            self._change_key, self._updated = seen.change_key, self._watching.now()

    async def _say(self, sentence: str, lock_screen: str) -> None:
        """One line in the thread.

        The notification also names the backend, for a lock screen does not show the card above it.
        """
        await self._card.say(compose(lock_screen, [say(sentence)]))

    def _elapsed(self) -> float:
        return self._watching.now() - self._begun


def watched_for(green: bool, seconds: float) -> str:  # noqa: FBT001 -- one fact of a sentence
    """The end of the context block of a card that is watched."""
    return f"; watched for {duration(seconds)}" if seconds and not green else ""


def duration(seconds: float) -> str:
    """Minutes and seconds as people say them: `6 min 12 s`."""
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return " ".join(
        filter(
            None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest or not minutes else "")
        )
    )
