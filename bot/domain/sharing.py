"""What Slack says about who outside the organisation can read a channel."""

from __future__ import annotations

from enum import Enum, auto


class Sharing(Enum):
    """Whether people of another organisation can read a channel.

    Attributes:
        SHARED: they can, or are about to.
        OWN: they cannot.
        UNSAID: Slack answered and did not say, for example without the scopes.
        UNANSWERED: Slack did not answer in time, or failed.
    """

    SHARED = auto()
    OWN = auto()
    UNSAID = auto()
    UNANSWERED = auto()
