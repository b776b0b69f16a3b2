"""When the observations of digests also try a handshake without SNI: once a day per backend.

A different default certificate is only informational. It is worth a second connection when a user
asks, and otherwise once a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chainlib import Target

DAILY = timedelta(days=1)
MOST = 100_000
_Key = tuple[str, int, str | None]


class DailyHandshakes:
    """Remembers when each backend was last probed without SNI.

    Args:
        every: the least time between two such probes.
        most: how many backends are remembered; the oldest entry is dropped first.
    """

    def __init__(self, *, every: timedelta = DAILY, most: int = MOST) -> None:
        self._every, self._most = every, most
        self._probed: dict[_Key, datetime] = {}

    def due(self, target: Target, at: datetime) -> bool:
        """Whether to probe without SNI now; if so, it counts as done. `at` is time zone aware."""
        key = (target.address or target.host, target.port, target.server_name)
        last = self._probed.get(key)
        if last is not None and at - self._every < last <= at:
            return False
        self._probed.pop(key, None)
        self._probed[key] = at
        if len(self._probed) > self._most:
            del self._probed[next(iter(self._probed))]
        return True
