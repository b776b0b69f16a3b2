"""Channels in which alerts are answered, and the problems that were answered there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

SAME_PROBLEM = timedelta(hours=1)
"""How long a problem is the same one: its card is updated, and no second one is posted."""
PLACING = timedelta(minutes=2)
"""A problem without a card after this time was begun by a process that has ended."""
MOST_MARKED = 20
PER_CHANNEL, PER_TEAM = 10, 30
"""Alerts taken within `LIMITED`, by all replicas that share a database together."""
LIMITED = timedelta(minutes=1)


class Taken(StrEnum):
    """What became of an alert's message when it was to be taken."""

    NEW = "new"
    KNOWN = "known"
    CHANNEL_LIMIT = "channel limit"
    TEAM_LIMIT = "team limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What makes two alerts the same: the gateway, the pool and the cause.

    Attributes:
        gateway: key of its ARM id.
        pool: of the worst member, empty where the gateway itself is concerned.
        cause: the headline's code.
    """

    gateway: str
    pool: str
    cause: str

    @property
    def key(self) -> str:
        """One text for all three."""
        return f"{self.gateway}|{self.pool}|{self.cause}".lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSwitch:
    """That alerts are answered in a channel: who switched it on, and when."""

    team: str
    channel: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAnswer:
    """The answer to alerts about one problem in one channel.

    Attributes:
        team, channel: Slack ids.
        problem: what it is about.
        command: the line that asks it again, without the slash command.
        alerts: timestamps of the alerts' messages, oldest first.
        thread: timestamp of the message under which the card stands.
        card: timestamp of the card, empty until it stands.
        begun: when the first alert came.
        until: when a further alert is a new problem.
        green: whether it was accepted at the last look.
    """

    team: str
    channel: str
    problem: Problem
    command: str
    alerts: tuple[str, ...]
    thread: str
    begun: datetime
    until: datetime
    card: str = ""
    green: bool = False

    @property
    def id(self) -> str:
        """What it is stored under."""
        return sha256(f"{self.team}|{self.channel}|{self.problem.key}".encode()).hexdigest()

    def is_over(self, now: datetime) -> bool:
        """Whether a further alert is a new problem."""
        return now >= self.until or (not self.card and now >= self.begun + PLACING)

    def with_alert(self, other: AlertAnswer) -> AlertAnswer:
        """The same with another alert about it."""
        alerts = tuple(dict.fromkeys((*self.alerts, *other.alerts)))[-MOST_MARKED:]
        return replace(self, alerts=alerts, until=other.until)
