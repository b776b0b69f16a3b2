"""When a sweep also shakes hands without a server name: once a day with each backend.

What another default certificate says is a remark; it is worth a second connection to every backend
when somebody asks, and once a day where nobody does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chainlib import Target

DAILY = timedelta(days=1)
MOST = 100_000
_Key = tuple[str, int, str | None]


class DailyLooks:
    """Remembers when each backend was last asked without a server name.

    Args:
        every: the least time between two such looks.
        most: how many backends are remembered; the one that was looked at first is forgotten first.
    """

    def __init__(self, *, every: timedelta = DAILY, most: int = MOST) -> None:
        self._every, self._most = every, most
        self._looked: dict[_Key, datetime] = {}

    def due(self, target: Target, at: datetime) -> bool:
        """Whether to look now; a look that is due counts as made. `at` is aware."""
        key = (target.address or target.host, target.port, target.server_name)
        last = self._looked.get(key)
        if last is not None and at - self._every < last <= at:
            return False
        self._looked.pop(key, None)
        self._looked[key] = at
        if len(self._looked) > self._most:
            del self._looked[next(iter(self._looked))]
        return True
