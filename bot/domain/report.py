"""The report about a gateway and its members; a member contains the report of its backend."""

from __future__ import annotations

from datetime import datetime

from bot.domain.azure import BackendServer, Gateway, GatewayHealth, Health, PoolUse
from bot.domain.check_report import AddressReport, BrowserView, CheckReport, CheckRequest
from bot.domain.refusal import Refusal
from bot.domain.request import NOTHING_TYPED, ProbeOptions, Via
from chainlib import Code, Finding, Severity, headline_of, in_headline_order
from chainlib.frozen import dataclass

__all__ = [
    "DISAGREEMENT_CODES",
    "AddressReport",
    "BrowserView",
    "CheckReport",
    "CheckRequest",
    "GatewayReport",
    "MemberCheck",
    "MemberReport",
]
NOT_REACHED = "not-reached"
"""`evidence.kind` of a server that is healthy for the gateway and out of the bot's reach."""

DISAGREEMENT_CODES = frozenset({Code.HEALTH_UNKNOWN, Code.VANTAGE_DIFFERS, Code.PROBE_DISAGREES})
"""Findings from comparing probe and backend health, not from a chain."""

PROBE_FAULTS = frozenset(
    {
        Code.SNI_REQUIRED,
        Code.TLS_FAILED,
        Code.NAME_MISMATCH,
        Code.LIVE_NAME_MISMATCH,
        Code.PROBE_TIMEOUT,
        Code.HTTP_STATUS_MISMATCH,
        Code.HTTP_BODY_MISMATCH,
        Code.HTTP_FAILED,
    }
)
"""Faults that the host name and the path of a health probe can cause."""
TRUST_FAULTS = frozenset(
    {
        Code.SELF_SIGNED_NOT_CA,
        Code.SERVER_UNKNOWN_CA,
        Code.INTERMEDIATE_UNKNOWN_CA,
        Code.INTERMEDIATE_MISSING,
        Code.ROOT_NOT_ATTACHED,
    }
)
"""Faults that a setting without a trusted root can cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something in the gateway's configuration that would explain a failure.

    Attributes:
        sentence: for users; ends with the step that helps.
        explains: the faults that it can cause.
    """

    sentence: str
    explains: frozenset[Code] = PROBE_FAULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCheck:
    """What to probe for one member of a pool under one setting.

    Attributes:
        pool, setting: names on the gateway.
        member: the member as configured, FQDN or address; shown, and used to match ARM's answer.
        request: the probe; `None` for a setting without TLS or a member without an address.
        skipped: why there is no request, one sentence; otherwise empty.
        hints: what in the gateway's configuration would explain a failure.
    """

    pool: str
    setting: str
    member: str
    request: CheckRequest | None
    skipped: str = ""
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReport:
    """Probe and backend health of one member of a pool under one setting.

    Attributes:
        pool, setting: names on the gateway.
        member: the member as configured, FQDN or address.
        report: our own probe; `None` for a setting without TLS or an address that may not be
            probed.
        server: backend health; `None` until ARM has answered or if it does not list the member.
        findings: the findings of the probe and of the comparison with backend health, in headline
            order.
        skipped: why it was not probed, one sentence; otherwise empty.
        hints: what in the gateway's configuration would explain a failure.
        routes: the rules and paths by which a site leads to it, for users.
    """

    pool: str
    setting: str
    member: str
    report: CheckReport | None = None
    server: BackendServer | None = None
    findings: tuple[Finding, ...] = ()
    skipped: str = ""
    hints: tuple[Hint, ...] = ()
    routes: tuple[str, ...] = ()

    @property
    def headline(self) -> Code:
        """The first critical finding, else the first warning, else `OK`."""
        return headline_of(self.findings)

    @property
    def healthy(self) -> bool:
        """Whether no finding is critical and backend health, if comparable, is not Unhealthy."""
        refused = any(f.severity is Severity.CRITICAL for f in self.findings)
        return not refused and (
            self.hypothetical or self.server is None or self.server.health is not Health.UNHEALTHY
        )

    @property
    def useful_hints(self) -> tuple[str, ...]:
        """The sentences of the hints that explain a fault which was found."""
        critical = {f.code for f in self.findings if f.severity is Severity.CRITICAL}
        return tuple(one.sentence for one in self.hints if one.explains & critical)

    @property
    def hypothetical(self) -> bool:
        """Whether the probe used other options than the gateway."""
        return self.report is not None and self.report.request.hypothetical

    @property
    def unseen(self) -> bool:
        """Whether it was neither probed nor reported as healthy by backend health."""
        return bool(self.skipped) and not (
            self.server is not None and self.server.health is Health.HEALTHY
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReport:
    """A gateway, or one pool or setting of it, with probes and backend health.

    Attributes:
        gateway: its configuration.
        members: worst first.
        health: the answer with backend health; `None` until it came.
        refusal: why backend health is missing; `None` if it is there or still being read.
        scope: name of the requested gateway, pool or setting, for users.
        at: when the probes ran, time zone aware, UTC.
        via: the requested sources; with backend health alone, nothing was probed.
        findings: about the gateway itself, in headline order.
        uses: the requested pairs of pool and setting.
        typed: options that replaced those of the settings; none if the settings were used.
        typed_text: the same in words, for users.
        site: the requested public name; the members are those behind it.
        redirects: where rules of that site redirect, one sentence each.
    """

    gateway: Gateway
    members: tuple[MemberReport, ...]
    at: datetime
    health: GatewayHealth | None = None
    refusal: Refusal | None = None
    scope: str = ""
    via: Via = Via.BOTH
    typed: ProbeOptions = NOTHING_TYPED
    typed_text: str = ""
    findings: tuple[Finding, ...] = ()
    uses: tuple[PoolUse, ...] = ()
    site: str = ""
    redirects: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether every member is healthy and no finding about the gateway is critical."""
        fine = not any(f.severity is Severity.CRITICAL for f in self.findings)
        return fine and all(member.healthy for member in self.members)

    @property
    def headline(self) -> Code:
        """The headline of all findings about the gateway and its members."""
        found = (*self.findings, *(f for member in self.members for f in member.findings))
        return headline_of(in_headline_order(found))

    @property
    def unanswered(self) -> bool:
        """Whether nothing is known: only backend health was requested, and it is missing."""
        return self.via is Via.GATEWAY and self.health is None

    @property
    def silent_pairs(self) -> tuple[str, ...]:
        """Pairs of pool and setting with members none of which backend health lists.

        Empty until backend health was read.
        """
        if self.health is None or self.typed:
            return ()
        shown: dict[str, bool] = {}
        for member in self.members:
            pair = f"{member.pool}/{member.setting}"
            shown[pair] = shown.get(pair, False) or member.server is not None
        return tuple(pair for pair, listed in shown.items() if not listed)

    @property
    def is_only_redirected(self) -> bool:
        """Whether all rules of the site redirect, so that it has no server."""
        return bool(self.redirects) and not self.uses and not self.members

    @property
    def doubtful(self) -> bool:
        """Whether some of it is unknown: no members, members not seen, or no backend health."""
        nobody = not self.members and not self.findings and not self.is_only_redirected
        unseen = any(member.unseen for member in self.members)
        return bool(nobody or unseen or self.refusal or self.silent_pairs)

    @property
    def confirmed_healthy(self) -> bool:
        """Whether it is healthy.

        With backend health alone, every member must be reported as healthy.
        """
        return self.healthy and not (
            self.via is Via.GATEWAY and any(member.unseen for member in self.members)
        )
