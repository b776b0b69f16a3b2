"""A clock that the playground can move forward.

It is the wall clock plus a shift. The shift is in a file, so that the bot's process reads the same
time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

FURTHEST_SECONDS: Final = 31 * 86_400.0


class MovableClock:
    """Seconds since 1970, as the playground wants them to be.

    Args:
        file: where the shift lies; absent means the wall clock.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def __call__(self) -> float:
        """The present instant in seconds since 1970."""
        return time.time() + self.shift

    @property
    def shift(self) -> float:
        """How far ahead of the wall clock it is, in seconds."""
        with suppress(OSError, ValueError):
            return float(self.file.read_text(encoding="ascii"))
        return 0.0

    def instant(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.fromtimestamp(self(), UTC)

    def until_morning(self, zone: str) -> float:
        """Seconds until the next 09:01 in a time zone, when most digests are due."""
        local = self.instant().astimezone(ZoneInfo(zone))
        morning = local.replace(hour=9, minute=1, second=0, microsecond=0)
        if morning <= local:
            morning = (morning + timedelta(days=1)).replace(fold=0)
        return morning.astimezone(UTC).timestamp() - local.timestamp()

    def move(self, seconds: float) -> None:
        """Move the clock forward.

        The file is replaced atomically for other processes.

        Raises:
            ValueError: not forward, or more than a month at once.
        """
        if not 0 < seconds <= FURTHEST_SECONDS:
            raise ValueError("the clock moves forward, by a month at most at once")
        fresh = self.file.with_suffix(".new")
        fresh.write_text(repr(self.shift + seconds), encoding="ascii")
        fresh.replace(self.file)
