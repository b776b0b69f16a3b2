"""How tests wait: for an event, with a limit that is long enough for any busy machine.

No test sleeps for a fixed time. A later event shows that something did not happen, and a limit of
the program is reached by moving the event loop's clock. `tests/test_waiting.py` refuses everything
else.
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
"""Seconds after which an awaited event counts as missing."""
_EVERY_S = 0.01
_REST = 9.0  # an answer that takes time, as a query does, is asked for the less often
_SELDOM_S = 0.25


async def until(
    found: Callable[[], T | Awaitable[T]], what: str = "", *, limit_s: float = LIMIT_S
) -> T:
    """Call `found` repeatedly until the answer is truthy, and return it.

    A `LookupError` counts as not yet.

    Raises:
        TimeoutError: not within `limit_s`; the text contains `what` and the last answer.
    """
    last: Any = None
    try:
        async with asyncio.timeout(limit_s):
            begun = monotonic()
            # What is asked for tells of no event.
            while not (last := await _asked(found)):
                rest = _REST * (monotonic() - begun)
                await asyncio.sleep(min(max(_EVERY_S, rest), _SELDOM_S))
                begun = monotonic()
    except TimeoutError as error:
        raise TimeoutError(f"not within {limit_s:g} s: {what or found}; last: {last!r}") from error
    answer: T = last
    return answer


async def _asked(found: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever the caller asks for
    try:
        answer = found()
        return await answer if isawaitable(answer) else answer
    except LookupError:
        return None


async def within_limit(awaited: Awaitable[T]) -> T:
    """The awaited result; raises `TimeoutError` after `LIMIT_S`."""
    async with asyncio.timeout(LIMIT_S):
        return await awaited


async def for_ever() -> None:
    """Wait until cancelled: a peer that never answers."""
    await asyncio.Event().wait()


class _Clock:
    """The clock of every event loop of this process, in all threads, moved by tests."""

    def __init__(self) -> None:
        self.moved = 0.0
        self._loops: WeakValueDictionary[int, asyncio.AbstractEventLoop] = WeakValueDictionary()

    def time(self, loop: asyncio.AbstractEventLoop) -> float:
        """The time that `loop.time()` returns."""
        if id(loop) not in self._loops:
            self._loops[id(loop)] = loop
        return monotonic() + self.moved

    def advance(self, seconds: float) -> None:
        """Move the clock, and wake the loops for timers that are due."""
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

    No limit ends then, however busy the machine is. Threads and sockets continue; `asyncio.sleep`
    of more than 0 and `until` wait for `advance`.
    """
    stopped = monotonic()
    asyncio.get_running_loop().time = lambda: stopped + _CLOCK.moved  # type: ignore[method-assign]


def resume_time() -> None:
    """Let the clock of the running loop go on, for servers whose end takes time."""
    del asyncio.get_running_loop().time  # type: ignore[method-assign]


def advance(seconds: float) -> None:
    """Move the clock of every loop, so that each limit within that time ends.

    The clock is never moved back, because loops need a monotonic clock.
    """
    _CLOCK.advance(seconds)
