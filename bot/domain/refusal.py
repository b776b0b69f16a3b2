"""A refusal as a value that any package can return: why there is no answer, and what helps."""

from __future__ import annotations

from enum import StrEnum

from chainlib.frozen import dataclass


class RefusalKind(StrEnum):
    """Which rule refused, or why Azure did not answer; shown in logs, JSON and cards."""

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
    DATABASE = "database"

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
        """Whether another name would work.

        Only the user sees it, if no card is posted yet.
        """
        return self in _TYPING_ERRORS

    @property
    def is_from_azure(self) -> bool:
        """Whether Azure did not answer; this is shown on the card."""
        return self in _FROM_AZURE

    @property
    def is_ephemeral(self) -> bool:
        """Whether the bot itself refuses; only the user sees it."""
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
        sentence: for the user; may repeat what was typed, so escape it where it is shown.
        example: a target or setting that works instead; empty if there is none.
        remedy: lines for the operator (role JSON, `az` command); may be empty.
        retry_after: seconds that Azure asks to wait; `None` if it gave none.
    """

    kind: RefusalKind
    sentence: str
    example: str = ""
    remedy: tuple[str, ...] = ()
    retry_after: float | None = None
