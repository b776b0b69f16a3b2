"""A refusal as one value, from any package."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalKind(StrEnum):
    """Which rule refused; the word of the audit record."""

    SPELLING = "spelling"
    NEVER = "never"
    NOT_ALLOWED = "not-allowed"
    PORT = "port"
    USER = "user"
    CHANNEL = "channel"
    TEAM = "team"
    BOT = "bot"
    RATE = "rate"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal.

    Attributes:
        kind: which rule refused.
        sentence: for the person who asked; may repeat a host name, so it must be escaped where it
            is shown.
        example: a command or setting that works instead; empty where there is none.
    """

    kind: RefusalKind
    sentence: str
    example: str = ""
