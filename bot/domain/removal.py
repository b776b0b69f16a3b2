"""The result of a removal rehearsal: which backends fail if a root is removed from a gateway."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bot.domain.gateway_ref import GatewayId
from chainlib import Code
from chainlib.frozen import dataclass


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
        impact: the effect on it.
        before, after: the headlines with and without the root; `None` if it presented no chain.
        reason: why it presented no chain, one sentence; otherwise empty.
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
        gateway: the gateway.
        root: the root's name on it (v1: the authentication certificate's).
        sha256: its fingerprint; `None` if its data is no certificate.
        settings: names of the settings that trust it, including those that no rule uses.
        left_bare: those of them that would have no root left and would trust the well-known CAs.
        members: every server behind these settings, those that would fail first.
        at: when the chains were captured, time zone aware, UTC.
        scope: the requested pool or setting; empty for the whole gateway.
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
