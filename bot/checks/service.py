"""The check service: from a request to the report about a backend, a gateway or a site.

It finds the gateway and its settings, applies the target policy, probes, and reads backend health.
Commands, mentions, modals, buttons and digests call it; ARM and the target policy are passed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.azure.policies import NO_ADDRESS, MemberUse, member_uses, with_listed_servers
from bot.azure.single_flight import SingleFlight
from bot.azure.sites import rules_for, unnamed_addresses
from bot.azure.translation import with_nic_addresses
from bot.checks.admission import Admission
from bot.checks.answers import HostAnswer, of_worst
from bot.checks.backend_health import add_backend_health, listed, only_listed, worst_first
from bot.checks.gateway import MAX_PARALLEL_MEMBERS, check_gateway, settled
from bot.checks.gateway_state import gateway_findings
from bot.checks.known_gateways import KnownGateways
from bot.checks.ports import NOT_CONFIGURED, SLOW_ARM, Arm, TargetPolicy
from bot.checks.prepare import addresses_of, assumed, within_deadline
from bot.checks.probe import CheckContext, check
from bot.checks.selection import (
    chosen,
    is_named,
    is_named_pair,
    nearest_first,
    no_such_part,
    on_port_of,
    placement_of,
    uses_of_host,
)
from bot.checks.sites import (
    a_site,
    behind,
    is_site_alone,
    no_such_site,
    pairs_of,
    routed,
    serving,
    site_beside,
)
from bot.checks.typed_options import (
    TypedRoot,
    find_root,
    of_no_use,
    replacing,
    typed_checks,
)
from bot.domain.azure import Gateway, GatewayHealth, MemberKind
from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal, RefusalKind
from bot.domain.report import GatewayReport, MemberCheck
from bot.domain.request import NOTHING_TYPED, HostTarget, ProbeOptions, SiteTarget, Via

__all__ = [
    "NOT_CONFIGURED",
    "SLOW_ARM",
    "Arm",
    "CheckService",
    "HostAnswer",
    "Refusal",
    "TargetPolicy",
]

MAX_UNLISTED = 200
"""Servers that only backend health lists are probed up to this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """The places of a backend in the known gateways.

    Attributes:
        target, options: the request.
        gateways: the known gateways, those of the backend first.
        arm: why they are unknown, if Azure did not answer.
        uses: the backend's members that match `gw=`, `pool=` and `setting=`.
        root: the trusted root that was typed.
    """

    target: HostTarget
    options: ProbeOptions
    gateways: tuple[Gateway, ...]
    arm: Refusal | None
    uses: tuple[MemberUse, ...]
    root: TypedRoot | None


def _no_probe(target: HostTarget, options: ProbeOptions) -> Refusal | None:
    if options.via is not Via.GATEWAY:
        return None
    return Refusal(
        kind=RefusalKind.REQUEST,
        sentence=f"via=gateway probes nothing; write for example {target.host[:60]} via=both.",
    )


class CheckService:
    """Checks backends and gateways.

    Args:
        arm: the ARM client; `None` if Azure is not configured.
        target_policy: which targets may be probed.
        new_context: makes time and network for one check.
    """

    def __init__(
        self,
        *,
        arm: Arm | None,
        target_policy: TargetPolicy,
        new_context: Callable[[], CheckContext],
    ) -> None:
        self._arm, self._gateways = arm, KnownGateways(arm)
        self._admission = Admission(target_policy)
        self._new_context = new_context
        self._probes: SingleFlight[HostAnswer | Refusal] = SingleFlight()
        self._looks: SingleFlight[GatewayReport | Refusal] = SingleFlight()
        self._slots = asyncio.Semaphore(MAX_PARALLEL_MEMBERS)

    async def host(
        self,
        target: HostTarget,
        options: ProbeOptions,
        on_stage: Callable[[str], None] | None = None,
    ) -> HostAnswer | Refusal:
        """Probe one backend under the settings of the gateways that use it.

        Typed options replace the settings' values.
        """
        if refusal := self._admission.refuse_spelling(target.host) or _no_probe(target, options):
            return refusal
        begun = asyncio.get_running_loop().time()
        context = replace(self._new_context(), on_stage=on_stage)
        standing = self._standing(target, options, await self._gateways.soon(options))
        if isinstance(standing, Refusal):
            return standing
        addresses = await self._admitted(
            on_port_of(standing.uses, target),
            standing.gateways or self._gateways.remembered(),
            standing.arm,
            context,
        )
        if isinstance(addresses, Refusal):
            return addresses
        spent = asyncio.get_running_loop().time() - begun
        context = within_deadline(settled(context, addresses), spent)
        # Only one probe per target runs at a time; users who ask for the same target share it.
        return await self._probes.share((target, options), lambda: self._probe(standing, context))

    def _standing(
        self, target: HostTarget, options: ProbeOptions, known: tuple[Gateway, ...] | Refusal
    ) -> _Standing | Refusal:
        """Find the places of the backend and the trusted root that was typed."""
        gateways, arm = ((), known) if isinstance(known, Refusal) else (known, None)
        uses = chosen(uses_of_host(gateways, target), options)
        if not uses and is_site_alone(gateways, target.host):
            return Refusal(kind=RefusalKind.REQUEST, sentence=a_site(target.host))
        near = nearest_first(gateways, uses, options)
        root = find_root(options, near, arm if self._arm else NOT_CONFIGURED, target.host)
        if isinstance(root, Refusal):
            return root
        return _Standing(
            target=target, options=options, gateways=near, arm=arm, uses=tuple(uses), root=root
        )

    async def _probe(self, standing: _Standing, context: CheckContext) -> HostAnswer | Refusal:
        target, options, root = standing.target, standing.options, standing.root
        if not standing.uses:
            report = await check(assumed(target, options, standing.arm, root), context)
            return HostAnswer(report=report, arm=standing.arm)
        answer = await self._behind(standing, context)
        if isinstance(answer, Refusal):
            return answer
        return replace(answer, site=site_beside(standing.gateways, target.host))

    async def gateway(
        self, target: GatewayRef, options: ProbeOptions = NOTHING_TYPED
    ) -> GatewayReport | Refusal:
        """Probe every member of a gateway, or of one of its pools or settings.

        `read_backend_health` then adds backend health. Callers with the same request at the same
        time share the probes. With `via=gateway` nothing is probed.
        """
        return await self._looks.share((target, options), lambda: self._look_at(target, options))

    async def placement(self, target: HostTarget, options: ProbeOptions) -> GatewayRef | Refusal:
        """The gateway, pool and setting of a host, without resolving or probing it."""
        if refusal := self._admission.refuse_spelling(target.host):
            return refusal
        known = await self._gateways.soon(options) if self._arm else NOT_CONFIGURED
        if isinstance(known, Refusal):
            return replace(known, kind=RefusalKind.REQUEST)
        return placement_of(known, target, options)

    async def of_site(
        self, site: SiteTarget, options: ProbeOptions
    ) -> tuple[GatewayRef, ...] | Refusal:
        """The gateways that serve a public name, each restricted to it; `gw=` selects one.

        Returns:
            At least one gateway, or why there is none.
        """
        known = await self._arm.gateways() if self._arm else NOT_CONFIGURED
        if isinstance(known, Refusal):
            return known
        found = serving(known, site.host, options)
        if isinstance(found, Refusal) and self._arm and any(map(unnamed_addresses, known)):
            known = await self._arm.with_front_ends()
            if isinstance(known, Refusal):
                return known
            hidden = any(map(unnamed_addresses, known))
            found = serving(known, site.host, options, hidden=hidden)
        return found

    def is_site(self, target: HostTarget, options: ProbeOptions) -> bool:
        """Whether a known gateway serves this host and no pool contains it; makes no request."""
        if self._arm is None or options.via is Via.PROBE:
            return False
        return is_site_alone(self._arm.remembered() or (), target.host)

    async def _look_at(self, target: GatewayRef, options: ProbeOptions) -> GatewayReport | Refusal:
        gateway = await self._gateways.find(target)
        if isinstance(gateway, Refusal):
            return gateway
        if target.site:
            return await self._site_of(gateway, target, options)
        return await self._members_of(gateway, target, options)

    async def _site_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | Refusal:
        """Check the members behind a public name, each with the rules that lead to it."""
        rules = rules_for(gateway, target.site or "")
        if not rules:
            return no_such_site(gateway, target.site or "")
        report = await self._members_of(gateway, target, options)
        if isinstance(report, Refusal):
            return report
        return replace(routed(report, rules), site=target.site or "")

    async def _members_of(
        self, gateway: Gateway, target: GatewayRef, options: ProbeOptions
    ) -> GatewayReport | Refusal:
        uses = [use for use in member_uses(gateway) if is_named(use, target.pool, target.setting)]
        pairs = tuple(
            use for use in gateway.uses if is_named_pair(use, target.pool, target.setting)
        )
        if target.site:
            rules = rules_for(gateway, target.site)
            uses, pairs = behind(uses, rules), pairs_of(pairs, rules)
        if not pairs and (target.pool or target.setting):
            return no_such_part(gateway, target)
        about = gateway_findings(gateway, pairs)
        via, scope = options.via or Via.BOTH, target.part
        if via is Via.GATEWAY:
            at, said = self._new_context().clock(), of_no_use(options)
            return GatewayReport(
                gateway=gateway,
                members=listed(uses),
                at=at,
                scope=scope,
                via=via,
                said=said,
                findings=about,
                uses=pairs,
            )
        gateways = await self._gateways.beside(gateway)
        root = find_root(options, gateways, None, gateway.id.text)
        if isinstance(root, Refusal):
            return root
        checks, said = typed_checks(uses, gateways, options, root)
        report = await self._check(gateway, checks, gateways)
        return replace(
            report,
            scope=scope,
            via=via,
            typed=replacing(options),
            said=said,
            findings=about,
            uses=pairs,
        )

    async def read_backend_health(self, report: GatewayReport) -> GatewayReport:
        """Read backend health and add it to the report; takes ten seconds or more."""
        if self._arm is None:
            return add_backend_health(report, NOT_CONFIGURED)
        health = await self._arm.health(report.gateway.id)
        if not isinstance(health, Refusal) and any(
            member.skipped == NO_ADDRESS for member in report.members
        ):
            report = await self._with_interfaces(report, health)
        if not isinstance(health, Refusal) and report.via is not Via.GATEWAY:
            report = await self._with_listed(report, health)
        answered = add_backend_health(report, health)
        if not report.site:
            return answered
        return routed(answered, rules_for(report.gateway, report.site))

    async def _with_listed(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe the servers that backend health lists and the configuration does not contain."""
        servers = only_listed(report, health)[:MAX_UNLISTED]
        if not servers:
            return report
        gateway, uses = with_listed_servers(report.gateway, servers)
        probed = await self._probe_more(report, gateway, uses)
        return replace(report, members=worst_first((*report.members, *probed.members)))

    async def _with_interfaces(self, report: GatewayReport, health: GatewayHealth) -> GatewayReport:
        """Probe members that are network interfaces; backend health gives their addresses."""
        gateway = with_nic_addresses(report.gateway, health)
        pairs = {
            (member.pool, member.setting)
            for member in report.members
            if member.skipped == NO_ADDRESS
        }
        interfaces = [
            u
            for u in member_uses(gateway)
            if u.member.kind is MemberKind.NIC and (u.use.pool, u.setting.name) in pairs
        ]
        probed = await self._probe_more(report, gateway, interfaces)
        kept = tuple(member for member in report.members if member.skipped != NO_ADDRESS)
        return replace(report, gateway=gateway, members=worst_first((*kept, *probed.members)))

    async def _probe_more(
        self, report: GatewayReport, gateway: Gateway, uses: Sequence[MemberUse]
    ) -> GatewayReport:
        """Probe members that became known after the first round, with the typed options."""
        gateways = await self._gateways.beside(gateway)
        root = find_root(report.typed, gateways, None, gateway.id.name)
        checks, _ = typed_checks(
            uses, gateways, report.typed, None if isinstance(root, Refusal) else root
        )
        return await self._check(gateway, checks, (gateway,))

    async def find(self, target: GatewayRef) -> Gateway | Refusal:
        """Find the gateway that the user named, without probing it."""
        return await self._gateways.find(target)

    async def refusal(self, target: HostTarget) -> Refusal | None:
        """Why a host may not be probed; `None` if it may, or if it has no address yet."""
        if refusal := self._admission.refuse_spelling(target.host):
            return refusal
        known = await self._gateways.soon(NOTHING_TYPED)
        gateways, arm = ((), known) if isinstance(known, Refusal) else (known, None)
        reached = on_port_of(uses_of_host(gateways, target), target)
        admitted = await self._admitted(reached, gateways, arm, self._new_context())
        return admitted if isinstance(admitted, Refusal) else None

    async def _admitted(
        self,
        target: HostTarget,
        gateways: Sequence[Gateway],
        arm: Refusal | None,
        context: CheckContext,
    ) -> tuple[str, ...] | Refusal:
        """The addresses of a target that may be probed.

        The rules are applied to the name first, then to every address.
        """
        if refusal := self._admission.refuse_unresolved(target, gateways, arm):
            return refusal
        addresses = await addresses_of(target, context)
        if refusal := self._admission.refusal(target.host, target.port, addresses, gateways):
            return self._admission.explained(refusal, target, addresses, arm)
        return addresses

    async def every_gateway(self) -> tuple[GatewayRef, ...] | Refusal:
        """Every gateway that can be read."""
        return await self._gateways.targets()

    async def _behind(self, standing: _Standing, context: CheckContext) -> HostAnswer | Refusal:
        """Make one report for each gateway that uses the backend.

        The worst member of the worst gateway is the answer.
        """
        reports = []
        for gateway in dict.fromkeys(use.gateway for use in standing.uses):
            uses = [use for use in standing.uses if use.gateway == gateway]
            checks, _ = typed_checks(uses, standing.gateways, standing.options, standing.root)
            reports.append(await self._check(gateway, checks, standing.gateways, context))
        return of_worst(reports)

    async def _check(
        self,
        gateway: Gateway,
        checks: Sequence[MemberCheck],
        gateways: Sequence[Gateway],
        context: CheckContext | None = None,
    ) -> GatewayReport:
        admit = self._admission.beside(gateways)
        return await check_gateway(
            gateway, checks, context or self._new_context(), admit=admit, slots=self._slots
        )
