"""Subscriptions, schedules, mutes, the damped state of each backend, and digest contents.

Instants are time zone aware and in UTC; a wall-clock time always comes with its IANA zone.
Everything from a certificate, from ARM or from a user (`subject`, `label`, `reason`) is hostile
text that must be escaped where it is shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bot.domain.backend_key import BackendKey
from bot.domain.gateway_ref import GatewayRef
from chainlib import Code, Severity
from chainlib.frozen import dataclass


class TargetKind(StrEnum):
    """What a channel can follow."""

    GATEWAY = "gateway"
    HOST = "host"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedTarget:
    """A followed target.

    Attributes:
        key: targets with the same key are observed once for all channels: the ARM ID of a gateway
            in lower case, `host:port`, or `site:` and a public name.
        text: as users write it, for example `gw:prod-gw/shop/https-be`.
        pool, setting: only this part of the gateway; `None` takes all.
    """

    kind: TargetKind
    key: str
    text: str
    pool: str | None = None
    setting: str | None = None

    @property
    def gateway(self) -> GatewayRef | None:
        """The gateway with the followed pool and setting; `None` for a host or a site."""
        whole = GatewayRef.read(self.key) if self.kind is TargetKind.GATEWAY else None
        return replace(whole, pool=self.pool, setting=self.setting) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a digest is due: five cron fields in one time zone.

    Attributes:
        cron: minute, hour, day of month, month, day of week.
        zone: IANA name.
        text: in words, for example `weekdays 09:00`.
    """

    cron: str
    zone: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription; it belongs to the channel, not to the user who created it.

    Attributes:
        id: 0 until it is stored.
        minimum: the least severity that is listed.
        only_changes: list changes alone. The first digest is posted, later ones only after a
            change.
        heartbeat: post every digest, also without news.
        exclude: patterns such as `pool:test*`; what one of them matches is left out.
        next_run_at: when the next digest is due.
        rev: counts edits.
        paused: why nothing is sent; `None` while it is active.
    """

    id: int = 0
    team: str
    channel: str
    target: FollowedTarget
    schedule: Schedule
    minimum: Severity = Severity.WARNING
    only_changes: bool = False
    heartbeat: bool = False
    exclude: tuple[str, ...] = ()
    created_by: str
    created_at: datetime
    next_run_at: datetime
    rev: int = 1
    paused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A weekly period of wall-clock time, for example Saturdays 22:00-23:30.

    An end before the start is on the next day.

    Attributes:
        days: weekdays on which it begins; Monday is 0.
        start, end: minutes since local midnight.
        zone: IANA name.
    """

    days: tuple[int, ...]
    start: int
    end: int
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A mute: target, end, reason and author.

    Attributes:
        id: 0 until it is stored.
        target: what is muted; its `pool` and `setting` restrict it.
        ends: when it ends.
        window: mute only in this weekly period; `None` mutes from `begins` to `ends`.
    """

    id: int = 0
    team: str
    channel: str
    target: FollowedTarget
    begins: datetime
    ends: datetime
    reason: str
    by: str
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in one observation.

    Attributes:
        cause: the key for grouping: backends with equal causes are one line.
        subject: what the cause concerns (the missing certificate, the setting, the host); hostile
            text.
        not_before, not_after: validity of the certificate that expires, else `None`.
        is_ca: that certificate is a CA certificate.
    """

    code: Code
    severity: Severity
    cause: str
    subject: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    is_ca: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NextBreak:
    """When accepted backends will be refused next, if nothing is done.

    Attributes:
        at: the first second at which they are refused.
        subject: the certificate whose date it is; hostile text.
        sha256: its fingerprint.
        turn: whether it expires or becomes valid.
        backends: how many backends are refused with it.
    """

    at: datetime
    subject: str
    sha256: str
    turn: str
    backends: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was observed of one backend.

    With `backend` off it is about the target itself, because ARM failed.

    Attributes:
        key: stable identity: target, pool, setting, server.
        label: display name of the backend.
        gateway: the gateway's name; empty for a single host.
        fingerprint: of the presented chain, to detect changes; empty if none was presented.
        not_after: end of the leaf's validity; `None` if there is no leaf.
        next_break: when it will be refused next; `None` if not soon or unknown.
    """

    key: str
    target_key: str
    label: str
    gateway: str = ""
    pool: str = ""
    setting: str = ""
    problems: tuple[Problem, ...] = ()
    fingerprint: str = ""
    not_after: datetime | None = None
    next_break: NextBreak | None = None
    backend: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetObservation:
    """One observation of one target.

    Attributes:
        complete: every backend was observed. Backends that are missing in an incomplete observation
            keep their state.
    """

    target_key: str
    seen: tuple[Observation, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemState:
    """A problem and its recent observations.

    Attributes:
        open: whether it counts as a problem, after damping.
        since: the first failed observation of an open problem, or the first good one of a closed
            problem.
        recent: the last observations, newest last: `x` bad, `.` good.
    """

    problem: Problem
    open: bool
    since: datetime
    recent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendState:
    """The damped state of one backend: the last observation and its problems."""

    seen: Observation
    problems: tuple[ProblemState, ...]
    first_seen: datetime
    last_seen: datetime


class Change(StrEnum):
    """The kind of a backend event."""

    OPENED = "opened"
    CLOSED = "closed"
    CHAIN = "chain"
    APPEARED = "appeared"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendEvent:
    """One change of one backend, for `history` and for the line about changes on a card."""

    key: str
    target_key: str
    at: datetime
    change: Change
    detail: str


class LineKind(StrEnum):
    """The kind of a digest line, in the order in which equal severities are listed."""

    PROBLEM = "problem"
    SWITCHED_OFF = "switched-off"
    RENEWAL = "renewal"


class News(StrEnum):
    """Why a line is news compared with the last digest that was sent."""

    NONE = "none"
    NEW = "new"
    GROWN = "grown"
    STEP = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A backend on a digest line."""

    key: str
    label: str

    @property
    def setting(self) -> str:
        """The backend setting; empty for a single host."""
        return BackendKey.read(self.key).setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One cause with all its backends.

    Attributes:
        members: the backends with this cause.
        gateways: names of their gateways.
        since: when the first of them failed.
        not_after: for a renewal, when the certificate ends.
        step: for a renewal, the reminder threshold in days.
        flapping: it opens and closes repeatedly.
    """

    kind: LineKind
    code: Code
    severity: Severity
    cause: str
    subject: str
    members: tuple[Member, ...]
    gateways: tuple[str, ...]
    since: datetime
    news: News = News.NONE
    not_after: datetime | None = None
    step: int | None = None
    flapping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MutedNote:
    """What a mute leaves out of the digest now."""

    text: str
    lines: int
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContent:
    """The content of a digest; the next digest is compared with it.

    Attributes:
        at: when it was made.
        lines: what is listed, in order.
        standing: open and not news; only listed if the subscription lists more than changes.
        muted_lines: open and muted, as last reported before the mute. Problems that began during
            the mute were not reported yet.
        fixed: causes of the last sent digest that have ended.
        fine: number of backends without a listed problem.
        since: when the last digest was sent; `None` before the first.
        ahead: what will be refused next, for a weekly digest; `None` if nothing is known.
    """

    at: datetime
    target: FollowedTarget
    schedule: Schedule
    lines: tuple[DigestLine, ...]
    standing: tuple[DigestLine, ...] = ()
    muted_lines: tuple[DigestLine, ...] = ()
    fixed: tuple[DigestLine, ...] = ()
    muted: tuple[MutedNote, ...] = ()
    fine: int = 0
    since: datetime | None = None
    ahead: NextBreak | None = None

    @property
    def known(self) -> tuple[DigestLine, ...]:
        """Every open cause that was reported to the channel."""
        return (*self.lines, *self.standing, *self.muted_lines)

    @property
    def news(self) -> tuple[DigestLine, ...]:
        """The listed lines that are news."""
        return tuple(line for line in self.lines if line.news is not News.NONE)

    @property
    def critical(self) -> bool:
        """Whether a listed problem makes requests fail."""
        return any(line.severity is Severity.CRITICAL for line in self.lines)
