"""The exception for a database outage, which every package above the store may catch."""

from __future__ import annotations

from bot.domain.refusal import Refusal, RefusalKind


class DatabaseUnavailable(Exception):
    """The database is unavailable; the text is one sentence for the user.

    Args:
        reason: what is wrong, as a clause: `the database does not answer`.
        writing: whether something was to be stored.
        doubtful: the connection was lost during the commit, so it is unknown whether the change was
            stored.
    """

    def __init__(self, reason: str, *, writing: bool = False, doubtful: bool = False) -> None:
        self.reason, self.doubtful = reason, doubtful
        wanted = "save this" if writing else "read this"
        super().__init__(
            f"It is not known whether this was saved: {reason}; look at it again in a minute."
            if doubtful
            else f"I cannot {wanted} now: {reason}; nothing was changed."
        )

    @property
    def refusal(self) -> Refusal:
        """What the person who asked is shown."""
        return Refusal(kind=RefusalKind.DATABASE, sentence=str(self))

    def of_saving(self) -> DatabaseUnavailable:
        """The same error for an operation that writes."""
        return DatabaseUnavailable(self.reason, writing=True, doubtful=self.doubtful)
