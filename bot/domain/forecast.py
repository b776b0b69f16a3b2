"""What breaks on which day, as values: verdicts at every date at which something changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.gateway_ref import GatewayId
from chainlib import Code


class Turn(StrEnum):
    """What happens to a certificate on a date."""

    EXPIRES = "expires"
    BEGINS = "becomes valid"


class Place(StrEnum):
    """Where a certificate stands in a chain."""

    LEAF = "leaf certificate"
    INTERMEDIATE = "intermediate"
    CROSS_SIGN = "cross-sign"
    ROOT = "root"


class Effect(StrEnum):
    """What a date does to one backend."""

    BREAKS = "breaks"
    RECOVERS = "recovers"
    STAYS_REFUSED = "stays refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The certificate whose date it is.

    Attributes:
        at: the first second at which the verdict is another one, aware, UTC.
        turn: whether it expires or becomes valid.
        subject: RFC 4514 text, hostile.
        sha256: fingerprint in lower-case hex.
        place: where it stands in the chain.
    """

    at: datetime
    turn: Turn
    subject: str
    sha256: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one date does to one backend.

    Attributes:
        cause: the certificate and the date.
        effect: what becomes of the backend.
        code: the headline from then on.
    """

    cause: Cause
    effect: Effect
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastMember:
    """One server under one setting.

    Attributes:
        pool, setting, member: names on the gateway.
        code: its headline: from the date on, or today's.
        reason: why it was not judged, one sentence; empty where it was.
    """

    pool: str
    setting: str
    member: str
    code: Code = Code.OK
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChain:
    """A chain that is accepted after the date too, made of certificates that are at hand.

    Attributes:
        member: the first server that should send it.
        servers: how many should.
        pem: leaf first, no root.
    """

    member: str
    servers: int
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastDay:
    """One cause with every backend that it changes."""

    cause: Cause
    breaks: tuple[ForecastMember, ...] = ()
    recovers: tuple[ForecastMember, ...] = ()
    stays_refused: tuple[ForecastMember, ...] = ()
    chains: tuple[PreparedChain, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is going to happen to a gateway's backends.

    Attributes:
        gateway: which gateway.
        scope: the pool or setting that was asked for; empty for the whole gateway.
        at, until: from when to when was looked, aware, UTC.
        days: how many days that are.
        changes: by date; causes that change nothing are left out.
        members: how many servers were judged.
        refused: those that are refused today already.
        unseen: those that sent no chain, with the reason.
        next_end: when the first certificate in use ends after `until`; `None` where none does.
    """

    gateway: GatewayId
    scope: str = ""
    at: datetime
    until: datetime
    days: int
    changes: tuple[ForecastDay, ...]
    members: int
    refused: tuple[ForecastMember, ...] = ()
    unseen: tuple[ForecastMember, ...] = ()
    next_end: datetime | None = None

    @property
    def breaking(self) -> tuple[ForecastDay, ...]:
        """The dates on which something breaks that is accepted until then."""
        return tuple(one for one in self.changes if one.breaks)
