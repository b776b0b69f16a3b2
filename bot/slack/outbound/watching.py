"""`Watch until green`: the last part of a card's life.

A failing card is checked every few seconds and updated when something changes; one line in the
thread ends the watch. If the card is deleted or the channel lost, it ends without a message. It
also ends with a restart, unless watches are stored: then the next process continues them. Each
observation applies the target policy again, and a target that is no longer allowed is not probed.
While a later run (`Check again`) updates the card, the watch waits for its verdict.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Hashable
from dataclasses import field
from time import monotonic
from typing import Protocol

from bot.cards.parts import Message, compose, say
from bot.domain.delivery import DeliveryError, MessageRefused
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.request import Request, Watch
from bot.observability.metrics import WATCHES
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.calling import LONG_S
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Runs
from chainlib.frozen import dataclass

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
    """One observation.

    Attributes:
        card: the card as it should look now.
        change_key: equal for observations without a difference that is worth an update.
        healthy: whether the gateway would accept the target.
        backend_health: one sentence for the thread; empty if backend health was not read.
    """

    card: Message
    change_key: Hashable
    healthy: bool
    backend_health: str = ""


class WatchedTarget(Protocol):
    """Observes the targets of one card."""

    async def probe(self) -> WatchResult | None:
        """Probe now; `None` if the target policy no longer allows it."""

    def close(self) -> None:
        """Cancel what is still running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOrder:
    """What to watch.

    Attributes:
        target: makes the observations; closed when the watch ends.
        change_key: of what the card shows now.
        seconds: the longest duration.
        admitted: the request, with which the watch can continue after a restart.
    """

    target: WatchedTarget
    change_key: Hashable
    seconds: float
    admitted: AdmittedInvocation[Request]


class WatchedCard(Protocol):
    """The watched card; implemented by `bot.slack.outbound.card_life.CardLife`."""

    @property
    def posted(self) -> Posted | None:
        """Its place."""

    def may_write(self) -> bool:
        """Whether no other run works on it; if so, claim it for this one."""

    async def update(self, message: Message, *, patience: float) -> bool:
        """Update it; false if another run has claimed it. Raises `DeliveryError`."""

    async def post_in_thread(self, message: Message) -> None:
        """Post into its thread."""


class WatchStore(Protocol):
    """Stores watches; implemented by `bot.slack.handlers.watch_store.SavedWatches`."""

    async def begun(
        self, posted: Posted, admitted: AdmittedInvocation[Request], seconds: float, already: float
    ) -> None:
        """Store a watch."""

    async def ended(self, posted: Posted) -> None:
        """Delete a watch."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Watching:
    """The watches of one process.

    Attributes:
        runs: says whether the process is stopping.
        interval: seconds between two observations.
        refresh: seconds after which a card is updated without a change, so that its time is right
            and its deletion is noticed.
        longest: greatest duration of a watch in seconds.
        at_most: greatest number of watches at once.
        each: greatest number per channel, and per user.
        store: stores them across a restart; `None` lets them end with the process.
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
        """How many seconds a card is watched, 0 for not at all."""
        if watch is None:
            return 0.0
        return self.longest if watch.seconds is None else min(float(watch.seconds), self.longest)

    def begin(self, card: WatchedCard, order: WatchOrder) -> Refusal | None:
        """Watch a card in a task of its own; returns a refusal if there are too many."""
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
        over = False
        try:
            if self.store:
                already = order.admitted.watched_s or 0.0
                await self.store.begun(posted, order.admitted, order.seconds, already)
            over = await watch.run()
        except DeliveryError as error:
            over = True
            log.info("a watch ended: its card is out of reach", extra={"reason": error.reason})
        finally:
            WATCHES.dec()
            order.target.close()
            self._watched.pop((posted.place.channel, posted.ts), None)
            # A watch that a stop interrupts continues after the restart; an ended one does not.
            if self.store and (over or not self.runs.draining):
                await self.store.ended(posted)


class _Watch:
    """One watched card."""

    def __init__(self, watching: Watching, card: WatchedCard, order: WatchOrder) -> None:
        self._watching, self._card, self._order = watching, card, order
        self._change_key = order.change_key
        self._updated = watching.now()
        self._begun = self._updated - (order.admitted.watched_s or 0.0)

    async def run(self) -> bool:
        """Observe until the target is healthy, the time ends, or nothing can be updated.

        Returns:
            Whether it is over; false where the process is asked to stop before that.

        Raises:
            DeliveryError: the card can no longer be updated.
        """
        while await self._pause():
            if not self._card.may_write():
                continue
            seen = await self._seen()
            if seen is None:
                return True
            await self._show(seen)
            if seen.healthy:
                taken = f"Green after {duration(self._elapsed())}."
                await self._say(
                    f"{taken} {seen.backend_health}".rstrip(), f"{taken} {seen.card.text}"
                )
                return True
            if self._elapsed() >= self._order.seconds:
                taken = f"Not green after {duration(self._order.seconds)}"
                await self._say(
                    f"{taken}; the watch has ended. Press Watch until green to start another.",
                    f"{taken}. {seen.card.text}",
                )
                return True
        return False

    async def _pause(self) -> bool:
        """Wait for the next observation in short steps; false once the process is stopping."""
        end = self._watching.now() + self._watching.interval
        while (left := end - self._watching.now()) > 0 and not self._watching.runs.draining:  # noqa: ASYNC110 -- the short steps notice a drain
            await asyncio.sleep(min(left, _SLICE_S))
        return not self._watching.runs.draining

    async def _seen(self) -> WatchResult | None:
        try:
            return await self._order.target.probe()
        except Exception:
            log.exception("a watch ended with an unexpected error")
            return None

    async def _show(self, seen: WatchResult) -> None:
        due = self._watching.now() - self._updated >= self._watching.refresh
        if seen.change_key == self._change_key and not due:
            return
        try:
            patience = LONG_S if seen.healthy else 0.0
            shown = await self._card.update(seen.card, patience=patience)
        except MessageRefused:
            raise
        except DeliveryError as error:
            log.info("a watched card was not updated this time", extra={"reason": error.reason})
            return
        if shown:
            self._change_key, self._updated = seen.change_key, self._watching.now()

    async def _say(self, sentence: str, lock_screen: str) -> None:
        """Post one line in the thread.

        The notification text also names the backend, because it does not show the card above.
        """
        await self._card.post_in_thread(compose(lock_screen, [say(sentence)]))

    def _elapsed(self) -> float:
        return self._watching.now() - self._begun


def watched_for(healthy: bool, seconds: float) -> str:  # noqa: FBT001 -- one fact of a sentence
    """The last words of the context block of a watched card."""
    return f"; watched for {duration(seconds)}" if seconds and not healthy else ""


def duration(seconds: float) -> str:
    """Minutes and seconds in words: `6 min 12 s`."""
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return " ".join(
        filter(
            None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest or not minutes else "")
        )
    )
