"""Decides when a call may be made: not before the Retry-After of its method and channel is over.

All calls of the process use it (checks, threads, digests). After a rate limit the waiting calls are
made one per second, the rate that Slack documents for a channel
(docs.slack.dev/apis/web-api/rate-limits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic

Key = tuple[str, str]

SPACING_S = 1.0
CALM_AFTER_S = 30.0
MAX_KEYS = 10_000


@dataclass(slots=True, kw_only=True)
class Pacer:
    """The methods and channels with a running Retry-After.

    A key is a method and a channel. `now` returns monotonic seconds, `sleep` waits.
    """

    now: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _opens: dict[Key, float] = field(default_factory=dict)

    def close(self, key: Key, seconds: float) -> None:
        """Store a Retry-After; an earlier, longer one stays."""
        opens = self.now() + seconds
        self._opens[key] = max(opens, self._opens.pop(key, opens))
        while len(self._opens) > MAX_KEYS:
            del self._opens[next(iter(self._opens))]

    def wait(self, key: Key) -> float:
        """Seconds until a call may be made, 0 for now."""
        return max(self._opens.get(key, 0.0) - self.now(), 0.0)

    async def turn(self, key: Key, until: float) -> float:
        """Wait until this call may be made.

        Args:
            key: method and channel.
            until: the monotonic instant at which waiting ends.

        Returns:
            0 if the call may be made; otherwise the remaining seconds.
        """
        while (wait := self.wait(key)) > 0:
            if self.now() + wait > until:
                return wait
            await self.sleep(wait)
        return 0.0

    def sent(self, key: Key) -> None:
        """Record a call. After a rate limit, calls are a second apart until `CALM_AFTER_S`."""
        opened = self._opens.get(key)
        if opened is None:
            return
        if self.now() - opened > CALM_AFTER_S:
            del self._opens[key]
        else:
            self._opens[key] = self.now() + SPACING_S
