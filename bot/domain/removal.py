"""What would break if a root were removed from a gateway.

Each backend's verdict before and after, as values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.gateway_ref import GatewayId
from chainlib import Code


class Impact(StrEnum):
    """The effect on one server when the root is removed."""

    BREAKS = "breaks"
    HOLDS = "holds"
    FAILS_ALREADY = "fails already"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberImpact:
    """One server under one setting that trusts the root.

    Attributes:
        pool, setting, member: names on the gateway.
        impact: what becomes of it.
        before, after: the headlines with and without the root; `None` where no chain was seen.
        reason: why no chain was seen, one sentence, empty otherwise.
    """

    pool: str
    setting: str
    member: str
    impact: Impact
    before: Code | None = None
    after: Code | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The rehearsal of removing one root from a gateway.

    Attributes:
        gateway: from which gateway.
        root: the root's name on it (v1: the authentication certificate's).
        sha256: its fingerprint, `None` where its data is no certificate.
        settings: names of the settings that trust it, those included that no rule uses.
        left_bare: those of them that no root is left to, which then trust the well-known CAs.
        members: every server behind these settings, those that break first.
        at: when the chains were looked at, aware, UTC.
        scope: the pool or setting that was asked for; empty for the whole gateway.
    """

    gateway: GatewayId
    root: str
    sha256: str | None
    settings: tuple[str, ...]
    left_bare: tuple[str, ...]
    members: tuple[MemberImpact, ...]
    at: datetime
    scope: str = ""

    def count(self, impact: Impact) -> int:
        """How many servers have this impact."""
        return sum(member.impact is impact for member in self.members)
