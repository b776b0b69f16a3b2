"""The running work of the process: tasks, duplicates, and the drain at shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from bot.observability.metrics import RUNNING
from bot.slack.outbound.card import Card

log = logging.getLogger(__name__)

SAME_TARGET_S = 10.0
# For the last updates of runs that are cut short, however long they could finish before that.
LAST_UPDATES_S = 7.0
REMEMBERED_S = 600.0
MAX_REMEMBERED = 20_000


@dataclass(slots=True)
class Run:
    """One check: when it began, its card (`None` if there is none), and whether it has ended."""

    begun: float
    card: Card | None = None
    ended: bool = False


@dataclass(slots=True, kw_only=True)
class Runs:
    """The running work of one process; `now` returns monotonic seconds."""

    now: Callable[[], float] = monotonic
    draining: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _recent: OrderedDict[Hashable, Run] = field(default_factory=OrderedDict)
    _writers: OrderedDict[Hashable, Run] = field(default_factory=OrderedDict)
    _delivered: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def is_new(self, dedupe_key: str) -> bool:
        """Whether this event was not received before; Slack may deliver it twice.

        An empty ID is always new.
        """
        self._forget(self._delivered, REMEMBERED_S, lambda seen: seen)
        if not dedupe_key:
            return True
        fresh = dedupe_key not in self._delivered
        self._delivered.setdefault(dedupe_key, self.now())
        return fresh

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in a task of its own.

        In the listener itself, an exception right after the ack would replace the ack.
        """
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def running(self, key: Hashable, *, ended_too: bool) -> Run | None:
        """The run with the same key that began less than ten seconds ago.

        With `ended_too` also one whose card already shows its verdict.
        """
        self._forget(self._recent, SAME_TARGET_S, lambda run: run.begun)
        found = self._recent.get(key)
        return found if found and (not found.ended or (ended_too and found.card)) else None

    def begin(self, key: Hashable) -> Run:
        """Record a run that begins now."""
        run = Run(begun=self.now())
        self._recent[key] = run
        self._recent.move_to_end(key)
        RUNNING.inc()
        return run

    def end(self, run: Run) -> None:
        """Record that a run has its verdict; a second call has no effect."""
        if not run.ended:
            run.ended = True
            RUNNING.dec()

    def claim(self, card: Hashable | None, run: Run) -> None:
        """Make this run the only one that updates the card.

        Results of earlier runs are then dropped. `None` is a card that nobody shares.
        """
        if card is None:
            return
        self._writers[card] = run
        self._writers.move_to_end(card)
        while len(self._writers) > MAX_REMEMBERED:
            self._writers.popitem(last=False)

    def writes(self, card: Hashable | None, run: Run) -> bool:
        """Whether no later run has claimed the card."""
        return self._writers.get(card, run) is run

    def is_free(self, card: Hashable | None, run: Run) -> bool:
        """Whether this run may update the card again, because no other one works on it."""
        writer = self._writers.get(card, run)
        return writer is run or writer.ended

    async def drain(self, seconds: float) -> None:
        """Start no new work, wait for running work, then cancel the rest.

        Each cancelled run updates its own card.
        """
        self.draining = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            log.warning("running checks were cut short", extra={"count": len(left)})
            await asyncio.wait(left, timeout=LAST_UPDATES_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("work ended with an unexpected error", exc_info=error)

    def _forget(
        self, remembered: OrderedDict[Any, Any], seconds: float, since: Callable[[Any], float]
    ) -> None:
        oldest = self.now() - seconds
        while remembered and (
            since(next(iter(remembered.values()))) < oldest or len(remembered) > MAX_REMEMBERED
        ):
            remembered.popitem(last=False)
