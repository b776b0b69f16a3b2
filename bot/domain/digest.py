"""What channels follow.

Subscriptions, schedules, mutes, the damped state of each backend, and what one digest says.

Instants are aware and UTC; a wall-clock time always travels with its IANA zone. Everything that
came from a certificate, from
ARM or from a person's keyboard (`subject`, `label`, `reason`) is hostile text for whoever shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.backend_key import BackendKey
from bot.domain.gateway_ref import GatewayRef
from chainlib import Code, Severity


class TargetKind(StrEnum):
    """What a channel can follow."""

    GATEWAY = "gateway"
    HOST = "host"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedTarget:
    """What is followed.

    Attributes:
        key: observed once per tick for all channels: a gateway's folded ARM
            id, `host:port`, or `site:` and a public name.
        text: as people write it, for example `gw:prod-gw/shop/https-be`.
        pool, setting: narrow a gateway; `None` takes all.
    """

    kind: TargetKind
    key: str
    text: str
    pool: str | None = None
    setting: str | None = None

    @property
    def gateway(self) -> GatewayRef | None:
        """The gateway, narrowed as it was followed; `None` for a host or a site."""
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
    """A subscription; it belongs to the channel, not to the person who made it.

    Attributes:
        id: 0 until it is stored.
        minimum: the least severity that is listed.
        only_changes: lists what changed and nothing else; the first run speaks, then silence until
            something changes.
        heartbeat: every due run posts, also without news.
        exclude: patterns such as `pool:test*`, each drops what it matches.
        next_run_at: the next due instant.
        rev: counts edits.
        paused: why nothing is sent, `None` while it runs.
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
    """A weekly stretch of wall-clock time, for example Saturdays 22:00-23:30.

    An end before the start lies on the next day.

    Attributes:
        days: Monday is 0; on which the window begins.
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
        target: what is muted; its `pool` and `setting` narrow it.
        ends: when it ends.
        window: mutes only inside this weekly window, `None` mutes from `begins` to `ends`.
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
        cause: what it is folded by: equal causes behind many backends are one line.
        subject: what the cause is about (the missing certificate, the setting, the host); hostile
            text.
        not_before, not_after: lifetime of the certificate that expires, else `None`.
        is_ca: that certificate is a CA.
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
    """When accepted backends break next, if nothing is done.

    Attributes:
        at: the first second at which they are refused.
        subject: the certificate whose date it is; hostile text.
        sha256: its fingerprint.
        turn: what happens to it. backends: how many break with it.
    """

    at: datetime
    subject: str
    sha256: str
    turn: str
    backends: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was observed of one backend, or (`backend` off: ARM failed) of the target itself.

    Attributes:
        key: stable identity: target, pool, setting, server.
        label: the backend for people.
        gateway: the gateway's name, empty for a bare host.
        fingerprint: of the presented list, to tell what changed; empty when none came.
        not_after: end of the leaf's life, `None` when there is none.
        next_break: when it breaks next, `None` where that is not soon or not known.
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
        complete: every backend was seen; backends that an incomplete observation does not mention
            keep their state.
    """

    target_key: str
    seen: tuple[Observation, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemState:
    """A problem and its recent observations.

    Attributes:
        open: whether it counts, after damping.
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
    """What happened to a backend."""

    OPENED = "opened"
    CLOSED = "closed"
    CHAIN = "chain"
    APPEARED = "appeared"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendEvent:
    """One change of one backend, for `history` and for `what changed since green`."""

    key: str
    target_key: str
    at: datetime
    change: Change
    detail: str


class LineKind(StrEnum):
    """What a digest line is about, in the order in which equal severities are listed."""

    PROBLEM = "problem"
    SWITCHED_OFF = "switched-off"
    RENEWAL = "renewal"


class News(StrEnum):
    """Why a line is news against the last digest that was sent."""

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
        """The HTTP setting that it is behind; empty for a host of its own."""
        return BackendKey.read(self.key).setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One cause with everything behind it.

    Attributes:
        members: the backends behind the cause.
        gateways: names of their gateways.
        since: the earliest of them.
        not_after: for a renewal, when the certificate ends.
        step: for a renewal, the reminder threshold in days.
        flapping: it comes and goes.
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
    """What a mute hides right now."""

    text: str
    lines: int
    until: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContent:
    """The content of a digest, with which the next one is compared.

    Attributes:
        at: its instant.
        lines: what is listed, in order.
        standing: open and not news; listed only when the subscription lists more than changes.
        hushed: open and muted, as it was told before the mute; what began inside the mute has been
            told to nobody yet.
        fixed: causes of the last sent digest that are gone.
        fine: backends without a listed problem.
        since: when the last digest was sent, `None` before the first.
        ahead: what breaks next, for a weekly digest; `None` where nothing does.
    """

    at: datetime
    target: FollowedTarget
    schedule: Schedule
    lines: tuple[DigestLine, ...]
    standing: tuple[DigestLine, ...] = ()
    hushed: tuple[DigestLine, ...] = ()
    fixed: tuple[DigestLine, ...] = ()
    muted: tuple[MutedNote, ...] = ()
    fine: int = 0
    since: datetime | None = None
    ahead: NextBreak | None = None

    @property
    def known(self) -> tuple[DigestLine, ...]:
        """Every open cause that the channel was informed of."""
        return (*self.lines, *self.standing, *self.hushed)

    @property
    def news(self) -> tuple[DigestLine, ...]:
        """The listed lines that are news."""
        return tuple(line for line in self.lines if line.news is not News.NONE)

    @property
    def critical(self) -> bool:
        """Whether something listed makes requests fail."""
        return any(line.severity is Severity.CRITICAL for line in self.lines)
