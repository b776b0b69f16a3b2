"""How tests wait: for an event, under a limit that no busy machine reaches.

No test sleeps for a fixed time. That something does not happen is shown by a later event that does,
and a limit of the program is reached by moving the event loop's clock: `tests/test_waiting.py`
refuses everything else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")
LIMIT_S = 60.0
"""Seconds after which what is awaited is said to be missing."""
_EVERY_S = 0.01
_REST = 4.0  # an answer that takes time, as a query does, is asked for the less often
_SELDOM_S = 0.25


async def until(found: Callable[[], T | Awaitable[T]], what: str = "") -> T:
    """Ask again and again until the answer is truthy, and return it.

    A `LookupError` counts as not yet.

    Raises:
        TimeoutError: not within `LIMIT_S`; `what` and the last answer stand in it.
    """
    last: Any = None
    try:
        async with asyncio.timeout(LIMIT_S):
            begun = monotonic()
            # What is asked for tells of no event.
            while not (last := await _asked(found)):
                rest = _REST * (monotonic() - begun)
                await asyncio.sleep(min(max(_EVERY_S, rest), _SELDOM_S))
                begun = monotonic()
    except TimeoutError as error:
        raise TimeoutError(f"not within {LIMIT_S:g} s: {what or found}; last: {last!r}") from error
    answer: T = last
    return answer


async def _asked(found: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever the caller asks for
    try:
        answer = found()
        return await answer if isawaitable(answer) else answer
    except LookupError:
        return None


async def within_limit(awaited: Awaitable[T]) -> T:
    """What it gives; raises `TimeoutError` after `LIMIT_S`."""
    async with asyncio.timeout(LIMIT_S):
        return await awaited


async def for_ever() -> None:
    """Wait until cancelled: a peer that never answers."""
    await asyncio.Event().wait()


class _Clock:
    """The clock of every event loop of this process, in whatever thread, moved by tests."""

    def __init__(self) -> None:
        self.moved = 0.0
        self._loops: WeakValueDictionary[int, asyncio.AbstractEventLoop] = WeakValueDictionary()

    def time(self, loop: asyncio.AbstractEventLoop) -> float:
        """What `loop.time()` answers."""
        if id(loop) not in self._loops:
            self._loops[id(loop)] = loop
        return monotonic() + self.moved

    def advance(self, seconds: float) -> None:
        """Move it, and wake the loops that wait for what was due later."""
        self.moved += seconds
        for reference in self._loops.valuerefs():
            loop = reference()
            if loop is not None:
                with suppress(RuntimeError):  # it has been closed
                    loop.call_soon_threadsafe(_nothing)


def _nothing() -> None:
    """Wakes a loop."""


_CLOCK = _Clock()


def _time(loop: asyncio.AbstractEventLoop) -> float:
    return _CLOCK.time(loop)


asyncio.BaseEventLoop.time = _time  # type: ignore[method-assign]


def stop_time() -> None:
    """Stop the clock of the running loop, so that only `advance` moves it.

    No limit ends however busy the machine is. What runs in threads and what arrives from sockets
    goes on; `asyncio.sleep` of more than 0 and `until` wait for `advance`.
    """
    stopped = monotonic()
    asyncio.get_running_loop().time = lambda: stopped + _CLOCK.moved  # type: ignore[method-assign]


def advance(seconds: float) -> None:
    """Move the clock of every loop, so that each limit that ends by then has ended.

    It is not turned back: a clock that only grows is all that a loop knows.
    """
    _CLOCK.advance(seconds)
