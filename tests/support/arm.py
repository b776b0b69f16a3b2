"""Shared by the tests of `bot.azure`: a token, short waits, a clock that tests move."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.azure.settings import ArmTiming
from playground.lab import pki

TOKEN = "standin-token-that-must-not-leak"
FAST = ArmTiming(
    poll_interval=0.01, health_budget=20.0, read_budget=20.0, retry_after_limit=1.0, retries=1
)


class MovableClock:
    """An instant that tests push forward."""

    def __init__(self) -> None:
        self.now = pki.NOW

    def __call__(self) -> datetime:
        """The present instant."""
        return self.now

    def pass_(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)
