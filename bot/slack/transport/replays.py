"""Recognises replayed requests: Slack's signatures stay valid for five minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import field
from time import time

from bot.access import ReplayCache
from chainlib.frozen import dataclass

log = logging.getLogger("bot.audit")


async def nowhere(_signature: str) -> bool:
    """The default: no other replica receives requests."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """The signatures that were used before.

    Attributes:
        known_elsewhere: whether another replica received the request with this signature.
        now: returns seconds since the epoch.
    """

    known_elsewhere: Callable[[str], Awaitable[bool]] = nowhere
    now: Callable[[], float] = time
    _cache: ReplayCache = field(default_factory=ReplayCache)

    async def is_replay(self, signature: str, timestamp: str) -> bool:
        """Whether a verified signature was used before, here or in another replica.

        The first request with it is stored; later ones are logged.
        """
        here = self._cache.is_replay(signature, timestamp=float(timestamp), now=self.now())
        replayed = here or await self.known_elsewhere(signature)
        if replayed:
            log.warning("asked", extra={"outcome": "refused", "what": "a replayed request"})
        return replayed
