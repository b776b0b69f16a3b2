"""The result of a forecast: the verdicts at every date on which something changes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bot.domain.gateway_ref import GatewayId
from chainlib import Code
from chainlib.frozen import dataclass


class ValidityChange(StrEnum):
    """What happens to a certificate on a date: it expires or becomes valid."""

    EXPIRES = "expires"
    BEGINS = "becomes valid"


class ChainPosition(StrEnum):
    """The position of a certificate in a chain."""

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
class ForecastCause:
    """The certificate whose date changes a verdict.

    Attributes:
        at: the first second with the new verdict, time zone aware, UTC.
        turn: whether it expires or becomes valid.
        subject: RFC 4514 text, hostile.
        sha256: fingerprint in lower-case hex.
        place: its position in the chain.
    """

    at: datetime
    turn: ValidityChange
    subject: str
    sha256: str
    place: ChainPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """The effect of one date on one backend.

    Attributes:
        cause: the certificate and the date.
        effect: how the verdict changes.
        code: the headline from then on.
    """

    cause: ForecastCause
    effect: Effect
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastMember:
    """One server under one setting.

    Attributes:
        pool, setting, member: names on the gateway.
        code: its headline: from the date on, or today's.
        reason: why it was not judged, one sentence; empty if it was.
    """

    pool: str
    setting: str
    member: str
    code: Code = Code.OK
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChain:
    """A chain made of available certificates that is accepted after the date too.

    Attributes:
        member: the first server that should send it.
        servers: how many servers should.
        pem: leaf first, without root.
    """

    member: str
    servers: int
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastDay:
    """One cause with every backend whose verdict it changes."""

    cause: ForecastCause
    breaks: tuple[ForecastMember, ...] = ()
    recovers: tuple[ForecastMember, ...] = ()
    stays_refused: tuple[ForecastMember, ...] = ()
    chains: tuple[PreparedChain, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How the verdicts on a gateway's backends will change.

    Attributes:
        gateway: the gateway.
        scope: the requested pool or setting; empty for the whole gateway.
        at, until: the forecast period, time zone aware, UTC.
        days: its length in days.
        changes: by date; causes that change no verdict are left out.
        members: how many servers were judged.
        refused: the servers that are refused today.
        unseen: the servers that presented no chain, with the reason.
        next_end: when the first certificate in use ends after `until`; `None` if none does.
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
        """The dates on which a server that was accepted until then is refused."""
        return tuple(one for one in self.changes if one.breaks)
