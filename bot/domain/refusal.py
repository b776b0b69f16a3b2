"""A refusal as one value, from any package: why there is no answer, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalKind(StrEnum):
    """Which rule refused, or why Azure did not answer; the word of logs, JSON and cards."""

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
    REQUEST = "request"
    LIMIT = "limit"

    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    OUT_OF_SCOPE = "out-of-scope"

    NOT_CONFIGURED = "not-configured"
    NO_CREDENTIAL = "no-credential"
    FORBIDDEN = "forbidden"
    STOPPED = "stopped"
    UPDATING = "updating"
    LOCKED = "locked"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    TIMED_OUT = "timed-out"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"

    @property
    def is_typing_error(self) -> bool:
        """Another name would be answered; the asker alone is told, where no card stands yet."""
        return self in _TYPING_ERRORS

    @property
    def is_from_azure(self) -> bool:
        """Azure did not answer what was asked; that stands on the card."""
        return self in _FROM_AZURE

    @property
    def is_ephemeral(self) -> bool:
        """The bot itself refuses; the asker alone is told."""
        return not (self.is_typing_error or self.is_from_azure)


_TYPING_ERRORS = frozenset({RefusalKind.NOT_FOUND, RefusalKind.AMBIGUOUS, RefusalKind.OUT_OF_SCOPE})
_FROM_AZURE = frozenset(
    {
        RefusalKind.NOT_CONFIGURED,
        RefusalKind.NO_CREDENTIAL,
        RefusalKind.FORBIDDEN,
        RefusalKind.STOPPED,
        RefusalKind.UPDATING,
        RefusalKind.LOCKED,
        RefusalKind.CONFLICT,
        RefusalKind.THROTTLED,
        RefusalKind.TIMED_OUT,
        RefusalKind.UNAVAILABLE,
        RefusalKind.MALFORMED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal.

    Attributes:
        kind: which rule refused, or why Azure did not answer; it decides who sees the refusal.
        sentence: for the person who asked; may repeat what was typed, so it must be escaped where
            it is shown.
        example: a target or setting that works instead; empty where there is none.
        remedy: lines for the operator (role JSON, `az` command), may be empty.
        retry_after: seconds that Azure asks to wait, `None` where it named none.
    """

    kind: RefusalKind
    sentence: str
    example: str = ""
    remedy: tuple[str, ...] = ()
    retry_after: float | None = None
