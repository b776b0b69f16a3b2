"""Values for alert answers: channels where alerts are answered, and answered problems."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chainlib.frozen import dataclass

SAME_PROBLEM_FOR = timedelta(hours=1)
"""For this time a problem counts as the same one: its card is updated, and no other is posted."""
POST_WITHIN = timedelta(minutes=2)
"""A problem still without a card after this time was begun by a process that has ended."""
MAX_ALERTS = 20
PER_CHANNEL, PER_TEAM = 10, 30
"""How many alerts may be answered within `LIMIT_PERIOD`, over all replicas of a database."""
LIMIT_PERIOD = timedelta(minutes=1)


class AlertClaim(StrEnum):
    """The result of claiming an alert's message."""

    NEW = "new"
    KNOWN = "known"
    CHANNEL_LIMIT = "channel limit"
    TEAM_LIMIT = "team limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertProblem:
    """What two alerts must share to be the same problem: gateway, pool and cause.

    Attributes:
        gateway: the ARM ID in lower case.
        pool: of the worst member; empty if the cause is the gateway itself.
        cause: code of the headline.
    """

    gateway: str
    pool: str
    cause: str

    @property
    def key(self) -> str:
        """All three in one text."""
        return f"{self.gateway}|{self.pool}|{self.cause}".lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSwitch:
    """Who switched alert answers on in a channel, and when."""

    team: str
    channel: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAnswer:
    """The answer to alerts about one problem in one channel.

    Attributes:
        team, channel: Slack IDs.
        problem: the problem.
        command: the command that checks it again, without the slash command.
        alerts: `ts` of the alerts' messages, oldest first.
        thread: `ts` of the message in whose thread the card is.
        card: `ts` of the card; empty until it is posted.
        begun: when the first alert came.
        until: when a further alert counts as a new problem.
        healthy: whether the last check found it healthy.
    """

    team: str
    channel: str
    problem: AlertProblem
    command: str
    alerts: tuple[str, ...]
    thread: str
    begun: datetime
    until: datetime
    card: str = ""
    healthy: bool = False

    @property
    def id(self) -> str:
        """The key under which it is stored."""
        return sha256(f"{self.team}|{self.channel}|{self.problem.key}".encode()).hexdigest()

    def is_over(self, now: datetime) -> bool:
        """Whether a further alert is a new problem."""
        return now >= self.until or (not self.card and now >= self.begun + POST_WITHIN)

    def with_alert(self, other: AlertAnswer) -> AlertAnswer:
        """The same answer with another alert added."""
        alerts = tuple(dict.fromkeys((*self.alerts, *other.alerts)))[-MAX_ALERTS:]
        return replace(self, alerts=alerts, until=other.until)
