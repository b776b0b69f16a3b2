"""Rate limits per user and channel, and signatures that were already used.

Memory is bounded, and time is an argument.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from math import ceil

from bot.domain.refusal import Refusal, RefusalKind
from chainlib import counted

WINDOW_S = 60.0
PER_USER = 20
PER_CHANNEL = 60
MAX_KEYS = 10_000
REPLAY_WINDOW_S = 300.0
MAX_SIGNATURES = 50_000


@dataclass(slots=True, kw_only=True)
class RateLimiter:
    """Allows 20 requests per minute for a user and 60 for a channel.

    A refused request is not counted. When more users and channels ask than are remembered, the one
    with the oldest last request is forgotten.
    """

    per_user: int = PER_USER
    per_channel: int = PER_CHANNEL
    max_keys: int = MAX_KEYS
    _seen: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def refuse(self, *, user: str, channel: str, now: float) -> Refusal | None:
        """Refuse with the seconds to wait, or count the request and return `None`.

        Args:
            user: Slack ID of the user.
            channel: Slack ID of the channel; when empty, only the user is counted.
            now: monotonic seconds.
        """
        limits = [
            (f"user {user}", self.per_user, "You have"),
            *([(f"channel {channel}", self.per_channel, "This channel has")] if channel else []),
        ]
        for key, limit, who in limits:
            wait = self._wait(key, limit, now)
            if wait:
                return Refusal(
                    kind=RefusalKind.RATE,
                    sentence=(
                        f"{who} sent {counted(limit, 'request')} within a minute; try again in "
                        f"{wait} s."
                    ),
                )
        for key, _, _ in limits:
            self._count(key, now)
        return None

    def _wait(self, key: str, limit: int, now: float) -> int:
        times = self._seen.get(key, deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        return ceil(times[0] + WINDOW_S - now) if len(times) >= limit else 0

    def _count(self, key: str, now: float) -> None:
        self._seen.setdefault(key, deque()).append(now)
        self._seen.move_to_end(key)
        if len(self._seen) > self.max_keys:
            self._seen.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class ReplayCache:
    """Signatures of verified requests, kept while Slack's time window allows to replay them.

    Pass only verified requests, so that nobody else can fill it. When it is full, the oldest
    signature is forgotten.
    """

    max_signatures: int = MAX_SIGNATURES
    _until: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def is_replay(self, signature: str, *, timestamp: float, now: float) -> bool:
        """Whether this signature was used before; otherwise store it.

        Args:
            signature: the value of `X-Slack-Signature`, already verified.
            timestamp: the value of `X-Slack-Request-Timestamp`; a request from a clock that is
                ahead can be replayed for longer.
            now: seconds since the epoch.
        """
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)
        if self._until.get(signature, now - 1) >= now:
            return True
        self._until[signature] = max(now, timestamp) + REPLAY_WINDOW_S
        self._until.move_to_end(signature)
        if len(self._until) > self.max_signatures:
            self._until.popitem(last=False)
        return False
