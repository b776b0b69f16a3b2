"""The guard's no, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Which rule refused; the word of the audit record."""

    SPELLING = "spelling"
    NEVER = "never"
    NOT_ALLOWED = "not-allowed"
    PORT = "port"
    USER = "user"
    CHANNEL = "channel"
    TEAM = "team"
    RATE = "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal.

    Attributes:
        rule: which rule refused.
        sentence: for the asker alone; may repeat a host name, so it is hostile text for whoever
            shows it.
    """

    rule: Rule
    sentence: str
