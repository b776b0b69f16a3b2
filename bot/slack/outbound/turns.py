"""Orders the work of many simultaneous checks: all cards first, then the probes, a few at a time.

A probe uses the processor for its handshakes; a hundred at once would delay everybody's first
message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

AT_ONCE = 12
CROWD = 4
PROGRESS_S, LONGEST_WAIT_S = 1.0, 5.0
"""Probes wait for first messages as long as one is posted within each second, at most five."""


@dataclass(slots=True, kw_only=True)
class Turns:
    """Which checks of this process have not posted their first message, and which may probe."""

    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _opening: set[str] = field(default_factory=set)
    _all_open: asyncio.Event = field(default_factory=asyncio.Event)

    def opening(self, run_id: str) -> None:
        """Record that the first message of this run is not posted yet; probes wait for it."""
        self._opening.add(run_id)
        self._all_open.clear()

    def opened(self, run_id: str) -> None:
        """Record that it is posted, or that there will be none."""
        self._opening.discard(run_id)
        if not self._opening:
            self._all_open.set()

    async def all_opened(self) -> None:
        """Wait until every first message is posted.

        At most `LONGEST_WAIT_S`, and not after `PROGRESS_S` in which their number did not fall.
        """
        now = asyncio.get_running_loop().time
        ends = now() + LONGEST_WAIT_S
        while (pending := len(self._opening)) and now() < ends:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_open.wait(), PROGRESS_S)
            if len(self._opening) >= pending:
                return

    @asynccontextmanager
    async def probing(self, must_wait: Callable[[], None]) -> AsyncIterator[None]:
        """Wait for the turn to probe; `must_wait` is called if it does not come at once."""
        if self._is_crowded or self._slots.locked():
            must_wait()
        async with self._slots:
            if self._is_crowded:
                await self.all_opened()
            yield

    @property
    def _is_crowded(self) -> bool:
        """Whether so many first messages are not posted yet that a probe would delay them."""
        return len(self._opening) > CROWD
