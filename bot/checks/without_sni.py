"""When to try a handshake without SNI as well: once a day per backend, once per check of a gateway.

A different default certificate is only informational. It is worth a second connection when a user
asks, and otherwise once a day; behind several settings of a gateway a server is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from bot.azure.single_flight import SingleFlight
from chainlib import Certificate, Target, UnreadableCertificate

DAILY = timedelta(days=1)
MAX_TARGETS = 100_000
_Key = tuple[str, int, str | None]
_Chain = tuple[Certificate | UnreadableCertificate, ...]


class ChainsWithoutSni:
    """What servers presented without SNI, asked once per server by checks that run together.

    Leaving the context cancels handshakes that are still running.
    """

    def __init__(self) -> None:
        self._presented: dict[Hashable, _Chain] = {}
        self._asking: SingleFlight[_Chain] = SingleFlight()

    async def of(self, server: Hashable, ask: Callable[[], Coroutine[Any, Any, _Chain]]) -> _Chain:
        """The chain of a server; `ask` is called unless another check has asked it."""
        if server not in self._presented:
            self._presented[server] = await self._asking.share(server, ask)
        return self._presented[server]

    async def __aenter__(self) -> Self:
        """Begin checks that share the chains."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel the handshakes that are still running."""
        await self._asking.close()


class DailyHandshakes:
    """Remembers when each backend was last probed without SNI.

    Args:
        every: the least time between two such probes.
        max_targets: how many backends are remembered; the oldest entry is dropped first.
    """

    def __init__(self, *, every: timedelta = DAILY, max_targets: int = MAX_TARGETS) -> None:
        self._every, self._max_targets = every, max_targets
        self._probed: dict[_Key, datetime] = {}

    def due(self, target: Target, at: datetime) -> bool:
        """Whether to probe without SNI now; if so, it counts as done. `at` is time zone aware."""
        key = (target.address or target.host, target.port, target.server_name)
        last = self._probed.get(key)
        if last is not None and at - self._every < last <= at:
            return False
        self._probed.pop(key, None)
        self._probed[key] = at
        if len(self._probed) > self._max_targets:
            del self._probed[next(iter(self._probed))]
        return True
