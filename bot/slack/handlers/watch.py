"""`Watch until green`.

A failing card is probed anew every few seconds and edited when something changes; one line in the
thread ends it.

A deleted card or a lost channel ends it without a word, and so does a restart, unless a book keeps
the watches: then the next process goes
on with them. Each look may run into the guard again; a target that is not allowed any more is not
looked at any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from bot.cards.parts import Message, compose, say
from bot.domain.delivery import DeliveryError, MessageGone, PlaceRefused
from bot.observability.metrics import WATCHES
from bot.slack.invocation import AdmittedInvocation
from bot.slack.outbound.calling import LONG_S
from bot.slack.outbound.client import SlackClient
from bot.slack.outbound.places import Posted
from bot.slack.outbound.runs import Runs

log = logging.getLogger(__name__)

INTERVAL_S = 5.0
LONGEST_S = 900.0
REFRESH_S = 60.0
AT_MOST = 20
_SLICE_S = 0.5
_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look.

    Attributes:
        card: the card as it should stand now.
        change_key: what makes a difference worth an edit; two looks that saw the same are equal here.
        green: the gateway would accept it.
        word: what the gateway itself says, one sentence for the thread, empty when it was not
            asked.
    """

    card: Message
    change_key: Hashable
    green: bool
    word: str = ""


class Look(Protocol):
    """How one card's backends are looked at."""

    async def look(self) -> Seen | None:
        """Probe now; `None` when the guard does not allow it any more."""

    def close(self) -> None:
        """Nothing is looked at any more."""


class Book(Protocol):
    """Where watches are kept beyond this process: `bot.slack.handlers.watch_store.WatchBook` is it."""

    async def begun(
        self, posted: Posted, admitted: AdmittedInvocation, seconds: float, already: float
    ) -> None:
        """Keep a watch."""

    async def ended(self, posted: Posted) -> None:
        """Forget it."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """The watches of one process.

    Attributes:
        slack: the way to Slack.
        runs: tells when the process is asked to stop.
        interval: seconds between looks.
        refresh: seconds after which a card is edited although nothing changed, so that its time is
            right and its loss is noticed.
        longest: seconds that a watch takes at most.
        at_most: watches that run at once.
        book: keeps them over a restart; `None` lets them end with the process.
    """

    slack: SlackClient
    runs: Runs
    interval: float = INTERVAL_S
    refresh: float = REFRESH_S
    longest: float = LONGEST_S
    at_most: int = AT_MOST
    book: Book | None = None
    now: Callable[[], float] = monotonic
    _watched: set[tuple[str, str]] = field(default_factory=set)

    def seconds(self, option: object) -> float:
        """How long the option `watch` asks for: a number of seconds, or true for the longest.

        0 without it.
        """
        admitted = self.longest if option is True else option
        return min(float(admitted), self.longest) if isinstance(admitted, int | float) else 0.0

    def begin(
        self,
        posted: Posted | None,
        look: Look,
        *,
        change_key: Hashable,
        seconds: float,
        admitted: AdmittedInvocation | None = None,
    ) -> str | None:
        """Watch a card in a task of its own.

        Args:
            posted: the card; without a place in a channel there is nothing to watch.
            look: how to look; closed when the watch is over.
            change_key: of what the card shows now.
            seconds: how long at most.
            admitted: the question, with which the watch can go on after a restart.

        Returns:
            A sentence when no watch was begun; `None` when one runs.
        """
        refused = self._refused(posted)
        if refused or posted is None:
            look.close()
            return refused
        key = (posted.place.channel, posted.ts)
        self._watched.add(key)
        already = admitted.watched_s or 0.0 if admitted else 0.0
        self.runs.spawn(
            self._until_over(
                key, _Watch(self, posted, look, change_key, seconds, already), posted, admitted
            )
        )
        return None

    def _refused(self, posted: Posted | None) -> str | None:
        if posted is None:
            return "Only a card in a channel can be watched; ask without private."
        if self.runs.draining:
            return "I am being restarted, so this card is not watched; ask again in half a minute."
        if (posted.place.channel, posted.ts) in self._watched:
            return "This card is watched already."
        if len(self._watched) >= self.at_most:
            return (
                f"{self.at_most} cards are watched already, which is the most; tap Check again "
                "now and then, or watch later."
            )
        return None

    async def _until_over(
        self,
        key: tuple[str, str],
        watch: _Watch,
        posted: Posted,
        admitted: AdmittedInvocation | None,
    ) -> None:
        WATCHES.inc()
        try:
            if self.book and admitted:
                await self.book.begun(posted, admitted, watch.seconds, admitted.watched_s or 0.0)
            await watch.run()
        except (MessageGone, PlaceRefused) as error:
            log.info("a watch ended: its card is out of reach", extra={"reason": error.reason})
        finally:
            WATCHES.dec()
            watch.close()
            self._watched.discard(key)
            if self.book and not self.runs.draining:
                await self.book.ended(posted)


class _Watch:
    """One card that is watched."""

    def __init__(
        self,
        watching: Watching,
        posted: Posted,
        look: Look,
        change_key: Hashable,
        seconds: float,
        already: float,
    ) -> None:
        self._watching = watching
        self._posted = posted
        self._look = look
        self._change_key = change_key
        self._edited = watching.now()
        self._begun = self._edited - already
        self.seconds = seconds

    async def run(self) -> None:
        """Look until green, until the time is over, or until there is nothing to look at or to edit."""
        while await self._pause():
            seen = await self._seen()
            if seen is None:
                return
            await self._show(seen)
            if seen.green:
                taken = f"Green after {duration(self._elapsed())}."
                await self._say(f"{taken} {seen.word}".rstrip(), f"{taken} {seen.card.text}")
                return
            if self._elapsed() >= self.seconds:
                taken = f"Not green after {duration(self.seconds)}"
                await self._say(
                    f"{taken}; I stopped watching. Watch until green starts anew.",
                    f"{taken}. {seen.card.text}",
                )
                return

    def close(self) -> None:
        """Let go of what the looks hold."""
        self._look.close()

    async def _pause(self) -> bool:
        """Wait for the next look in short slices; false once the process is asked to stop."""
        end = self._watching.now() + self._watching.interval
        while (left := end - self._watching.now()) > 0 and not self._watching.runs.draining:  # noqa: ASYNC110 -- the slices notice a drain
            await asyncio.sleep(min(left, _SLICE_S))
        return not self._watching.runs.draining

    async def _seen(self) -> Seen | None:
        try:
            return await self._look.look()
        except Exception:
            log.exception("a watch ended with an error of our own")
            return None

    async def _show(self, seen: Seen) -> None:
        due = self._watching.now() - self._edited >= self._watching.refresh
        if seen.change_key == self._change_key and not due:
            return
        try:
            await self._watching.slack.update(
                self._posted, seen.card, patience=LONG_S if seen.green else 0
            )
        except (MessageGone, PlaceRefused):
            raise
        except DeliveryError as error:
            log.info("a watched card was not edited this time", extra={"reason": error.reason})
            return
        self._change_key, self._edited = seen.change_key, self._watching.now()

    async def _say(self, sentence: str, lock_screen: str) -> None:
        """One line in the thread.

        The notification also names the backend, for a lock screen does not show the card above it.
        """
        try:
            await self._watching.slack.post(
                self._posted.thread, compose(lock_screen, [say(sentence)])
            )
        except DeliveryError as error:
            log.warning("the end of a watch could not be told", extra={"reason": error.reason})

    def _elapsed(self) -> float:
        return self._watching.now() - self._begun


def watched_for(green: bool, seconds: float) -> str:  # noqa: FBT001 -- one fact of a sentence
    """The end of the small print of a card that is watched."""
    return f"; watched for {duration(seconds)}" if seconds and not green else ""


def duration(seconds: float) -> str:
    """Minutes and seconds as people say them: `6 min 12 s`."""
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    return " ".join(
        filter(
            None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest or not minutes else "")
        )
    )
