"""The database cannot be used now: what every room above the store may catch, and what it says."""

from __future__ import annotations


class DatabaseUnavailable(Exception):
    """The database does not do its work now; the text is one sentence for the person who asked.

    Args:
        reason: what is wrong, as a clause: `the database does not answer`.
        writing: whether something was to be saved.
        doubtful: the connection was lost while the change was being committed, so nobody knows
            whether it is saved.
    """

    def __init__(self, reason: str, *, writing: bool = False, doubtful: bool = False) -> None:
        self.reason, self.doubtful = reason, doubtful
        wanted = "save this" if writing else "look this up"
        super().__init__(
            f"I cannot tell whether this was saved: {reason}; look at it again in a minute."
            if doubtful
            else f"I cannot {wanted} now: {reason}; nothing was changed."
        )

    def of_saving(self) -> DatabaseUnavailable:
        """The same, for who wanted to save something, wherever on the way it was met."""
        return DatabaseUnavailable(self.reason, writing=True, doubtful=self.doubtful)
