"""When a call may be sent: never before the `Retry-After` of its method and channel is over.

Every call of the process asks here, whoever makes it (checks, threads, digests). After a refusal
the waiting calls go out one a second, which is the rate that Slack documents for a channel
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
MAX_GATES = 10_000


@dataclass(slots=True, kw_only=True)
class Pacer:
    """The methods and channels that Slack has asked to leave alone for a while.

    A key is a method and a channel. `now` is a monotonic clock, `sleep` how waiting is done.
    """

    now: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _opens: dict[Key, float] = field(default_factory=dict)

    def close(self, key: Key, seconds: float) -> None:
        """Slack asked to wait; an earlier, longer wait stays."""
        opens = self.now() + seconds
        self._opens[key] = max(opens, self._opens.pop(key, opens))
        while len(self._opens) > MAX_GATES:
            del self._opens[next(iter(self._opens))]

    def wait(self, key: Key) -> float:
        """Seconds until a call may be sent, 0 for now."""
        return max(self._opens.get(key, 0.0) - self.now(), 0.0)

    async def turn(self, key: Key, until: float) -> float:
        """Wait for this call's turn.

        Args:
            key: method and channel.
            until: the instant on the clock at which waiting is given up.

        Returns:
            0 when it is the call's turn; otherwise the seconds that it would still have to wait.
        """
        while (wait := self.wait(key)) > 0:
            if self.now() + wait > until:
                return wait
            await self.sleep(wait)
        return 0.0

    def sent(self, key: Key) -> None:
        """Record a call. After a rate limit, calls stay a second apart until `CALM_AFTER_S`."""
        opened = self._opens.get(key)
        if opened is None:
            return
        if self.now() - opened > CALM_AFTER_S:
            del self._opens[key]
        else:
            self._opens[key] = self.now() + SPACING_S
