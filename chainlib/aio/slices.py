"""Keeps the TLS steps of many connections from holding up the event loop.

A step, such as the key exchange after a ServerHello, takes about a millisecond, and the loop runs
everything that is ready before it checks its timers again. Without slices, timers were 20 to 30 ms
late with 24 connections at once and over 100 ms with 200; with slices, about as late as a slice is
long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

SLICE_S: Final = 0.008
"""Seconds of steps before the timers are checked; a shorter slice costs more system calls."""

Step = Callable[[], None]


class Slices:
    """The steps of one event loop: those that fit run at once, the others in its next iteration.

    Steps run in the order in which they came.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._spent = 0.0
        self._queue: deque[Step] = deque()

    @property
    def full(self) -> bool:
        """Whether the next step will wait."""
        return bool(self._queue) or self._spent >= SLICE_S

    def run(self, step: Step) -> None:
        """Run a step now, or later if the slice is used up."""
        if not self.full:
            self._run(step)
            return
        if not self._queue:
            self._loop.call_soon(self._next_slice)
        self._queue.append(step)

    def _run(self, step: Step) -> None:
        begun = self._loop.time()
        try:
            step()
        finally:
            self._spent += self._loop.time() - begun

    def _next_slice(self) -> None:
        # Not begun anew by each look of the loop: that would wake an idle one after every step.
        self._spent = 0.0
        try:
            while self._queue:
                self._run(self._queue.popleft())
                if self._spent >= SLICE_S:
                    break
        finally:
            if self._queue:
                self._loop.call_soon(self._next_slice)


_OF_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, Slices] = WeakKeyDictionary()


def slices() -> Slices:
    """The slices of the running loop."""
    loop = asyncio.get_running_loop()
    found = _OF_LOOP.get(loop)
    return _OF_LOOP.setdefault(loop, Slices(loop)) if found is None else found
